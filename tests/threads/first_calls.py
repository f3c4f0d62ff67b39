"""Threads that call the functions of one module for the first time, all at once, each from another place on.

What is translated twice, led to twice, and searched while it grows, must give every thread what one alone gets.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import pytest

from fusee import Engine, Instance, Module, Store, Trap
from fusee.api.text import wat2wasm
from tests.threads.together import THREADS, together

PARTS: Final = 100
MASK: Final = 0xFFFF_FFFF
FACTOR: Final = 0x0100_0193
CAUGHT: Final = 16  # every so many functions there is one that throws


def guest(count: int) -> str:
    """`count` functions in `PARTS` parts: called directly, by tail calls, some throw; a part through a table."""
    each = count // PARTS
    functions = "\n".join(_function(number) for number in range(count))
    parts = "\n".join(_part(number, each) for number in range(PARTS))
    names = " ".join(f"$p{number}" for number in range(PARTS))
    return f"""(module (tag $thrown (param i32)) (type $part (func (param i32) (result i32)))
      {functions} {parts}
      (table funcref (elem {names}))
      (func (export "run") (param $first i32) (param $value i32) (result i32) (local $left i32)
        (local.set $left (i32.const {PARTS}))
        (loop $again
          (local.set $value (call_indirect (type $part) (local.get $value) (local.get $first)))
          (local.set $first (i32.rem_u (i32.add (local.get $first) (i32.const 1)) (i32.const {PARTS})))
          (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
        (local.get $value))
      (func $deep (export "deep") (param $depth i32) (result i32)
        (if (i32.eqz (local.get $depth)) (then unreachable))
        (call $deep (i32.sub (local.get $depth) (i32.const 1)))))"""


def _function(number: int) -> str:
    body = f"(i32.mul (i32.xor (local.get 0) (i32.const {number})) (i32.const {FACTOR}))"
    if number % CAUGHT == 1:
        body = f"(throw $thrown {body})"
    elif number % CAUGHT == 2:
        body = f"(return_call $f{number - 2} {body})"
    return f"(func $f{number} (param i32) (result i32) {body})"


def _part(number: int, each: int) -> str:
    """Its functions one after the other."""
    calls = "(local.get 0)"
    for index in range(number * each, (number + 1) * each):
        calls += f"(call $f{index})"
        if index % CAUGHT == 1:
            calls = f"(local.set 0 (block $b (result i32) (try_table (catch $thrown $b) {calls} return) unreachable))"
            calls += "(local.get 0)"
    return f"(func $p{number} (param i32) (result i32) {calls})"


def expected(count: int, first: int, value: int) -> int:
    """What `run` gives."""
    each = count // PARTS
    for part in range(first, first + PARTS):
        for number in range(part % PARTS * each, (part % PARTS + 1) * each):
            value = (value ^ number) * FACTOR & MASK
            if number % CAUGHT == 2:
                value = (value ^ (number - 2)) * FACTOR & MASK
    return value


@cache
def binary(count: int) -> bytes:
    return bytes(wat2wasm(guest(count)))


@cache
def answers(count: int) -> dict[int, int]:
    """By thread."""
    return {number: expected(count, first_part(number), number) for number in range(THREADS)}


def first_part(thread: int) -> int:
    """Two threads each begin at the same place."""
    return thread // 2 * PARTS // (THREADS // 2)


def call_for_the_first_time(engine: Engine, count: int) -> None:
    """One round, with a module that nothing has been called of yet."""
    module, right = Module(engine, binary(count)), answers(count)

    def work(number: int) -> None:
        store = Store(engine)
        exports: Any = Instance(store, module, []).exports(store)
        for again in range(2):
            assert exports["run"](store, first_part(number), number) & MASK == right[number], (number, again)
            with pytest.raises(Trap) as caught:
                exports["deep"](store, number)
            assert [frame.func_name for frame in caught.value.frames] == ["deep"] * (number + 1)

    together(work)


def rounds(engine: Engine, count: int, most: int) -> Iterator[int]:
    """Numbers of rounds that have gone well."""
    for number in range(most):
        call_for_the_first_time(engine, count)
        yield number + 1
