"""What translation costs: work and code that grow with the WebAssembly, whatever that is.

Work is counted, not timed: the translator runs un-compiled, and every call that CPython makes counts.
"""

import contextlib
import sys
from collections.abc import Callable
from typing import Any

import pytest

from fusee import Engine, Func, Instance, LimitError, Module, Store, Trap
from fusee.disasm.listing import list_function
from fusee.engine.translate.function import translate_for_listing
from fusee.kernel.arena import simulate
from fusee.kernel.lang import u32
from fusee.kernel.target import LP64
from tests.engine.simulated_world import World
from tests.engine.test_translate import handler_numbers


def work(text: str) -> int:
    """How many calls CPython makes while it translates function 0 of a module."""
    calls = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += 1

    with simulate(LP64):
        world = World()
        m, numbers = world.module(text), handler_numbers()
        sys.setprofile(count)
        try:
            translate_for_listing(world.engine, m, u32(0), numbers)
        finally:
            sys.setprofile(None)
    return calls


def locals_under_a_deep_stack(n: int) -> str:
    """Every value of a deep stack reads a local of its own, and those are set one after the other, the lowest first."""
    reads = " ".join(f"local.get {i}" for i in range(n))
    writes = " ".join(f"i32.const 1 local.set {i}" for i in range(n))
    return f"(module (func (local {'i32 ' * n}) {reads} {writes} {'drop ' * n}))"


def claims_above_a_deep_stack(n: int) -> str:
    """Above a deep stack a value waits whose operand is in the slot that the next one needs, again and again."""
    pair = "call 1 i32.add call 1 drop drop drop "
    return f"""(module (func (param i32) {"local.get 0 " * n} {pair * n} {"drop " * n})
        (func (result i32 i32) i32.const 1 i32.const 2))"""


def branches_with_many_values(n: int) -> str:
    """Many branches that take along many values, which lie elsewhere than the label expects them."""
    branches = "local.get 0 br_if 0 " * n
    values = "i32.const 5 " * n
    return f"""(module (func (param i32) (block (result {"i32 " * n}) i32.const 9 {values} {branches}
        br 0) {"drop " * n}))"""


@pytest.mark.parametrize(
    ("make", "few"),
    [(locals_under_a_deep_stack, 80), (claims_above_a_deep_stack, 70), (branches_with_many_values, 20)],
)
def test_work_grows_with_the_module(make: Callable[[int], str], few: int) -> None:
    assert work(make(few * 2)) < work(make(few)) * 2.4


def test_declared_locals_cost_nothing() -> None:
    def declares(count: int) -> str:
        return f"(module (func (local {'i64 ' * count} i32) local.get {count} drop))"

    assert work(declares(2000)) < work(declares(20)) * 1.2


# Code

MANY = 40


def sum_of(count: int) -> str:
    return "i32.add " * (count - 1)


def called(text: str, *arguments: int) -> Any:
    store = Store(Engine())
    function = Instance(store, Module(store.engine, text), []).exports(store)["f"]
    assert isinstance(function, Func)
    return function(store, *arguments)


def moves(text: str) -> int:
    """How many cells of function 0 only move a value between slots."""
    return sum(name.startswith("mov_s_s") for name in list_function(Module(Engine(), text), 0).names)


def branching(way: str, times: int) -> str:
    """A function of three i32 that leaves a block with many values in a way, again and again; the values' sum."""
    values = " ".join(f"i32.const {i} local.get 1 i32.add" for i in range(MANY))
    kind = "i32 " * MANY
    return f"""(module (func (export "f") (param i32 i32 i32) (result i32)
        (block (result {kind}) i32.const 9 {values} {way * times} br 0) {sum_of(MANY)}))"""


INSIDE = f"(param {'i32 ' * MANY}) (result {'i32 ' * MANY})"
WAYS = {
    "br_if": "local.get 0 br_if 0 ",
    "br": f"local.get 0 if {INSIDE} br 1 end ",
    "br_table": f"local.get 0 if {INSIDE} local.get 2 br_table 1 1 end ",
}
WAYS["all"] = "".join(WAYS.values())


@pytest.mark.parametrize("way", WAYS)
def test_branches_share_their_moves(way: str) -> None:
    text = branching(WAYS[way], 10)
    assert MANY <= moves(text) <= 2 * MANY
    for first in (0, 1):
        assert called(text, first, 100, 1) == sum(range(MANY)) + 100 * MANY


def test_branches_from_different_heights_do_not_share() -> None:
    """Each has its values one slot higher than the one before, which is the last of them that is pushed."""
    branches = " ".join(f"i32.const {i} local.get 0 i32.const {i} i32.eq br_if 0" for i in (1, 2))
    sum_of_three = "i32.const 100 i32.mul i32.add i32.const 100 i32.mul i32.add"
    text = f"""(module (func (export "f") (param i32) (result i32) (block (result i32 i32 i32)
        i32.const 7 i32.const 8 i32.const 9 {branches} unreachable) {sum_of_three}))"""
    assert called(text, 1) == 8 + 100 * (9 + 100 * 1)
    assert called(text, 2) == 9 + 100 * (1 + 100 * 2)


def test_returns_share_their_moves() -> None:
    kind = "i32 " * MANY
    values = " ".join(f"i32.const {i}" for i in range(MANY))
    text = f"""(module (func (export "f") (param i32) (result {kind}) i32.const 9 {values}
        {f"local.get 0 if {INSIDE} return end " * 10} local.get 0 br_if 0 return))"""
    assert MANY <= moves(text) <= 2 * MANY
    assert called(text, 0) == called(text, 1) == [*range(MANY)]


def heights(branches: int) -> str:
    """A block of a thousand results, and branches to it from different heights, which can share nothing."""
    return f"""(param i32) (block (result {"i32 " * 1000}) {"i32.const 1 " * 1000}
        {"i32.const 1 local.get 0 br_if 0 " * branches} br 0) {"drop " * 1000}"""


def test_the_code_of_a_function_is_limited() -> None:
    text = f"""(module (func (export "f") {heights(1000)})
        (func (export "g") (result i32) i32.const 42))"""
    store = Store(Engine())
    exports = Instance(store, Module(store.engine, text), []).exports(store)
    f, g = exports["f"], exports["g"]
    assert isinstance(f, Func)
    assert isinstance(g, Func)
    for _ in range(2):
        with pytest.raises(LimitError, match="function 0: the code of a function is too large for its size"):
            f(store, 0)
        assert g(store) == 42


def test_the_code_of_a_module_is_limited() -> None:
    functions = [f'(func (export "f{i}") {heights(50)})' for i in range(20)]
    store = Store(Engine())
    exports = Instance(store, Module(store.engine, f"(module {' '.join(functions)})"), []).exports(store)
    refused = []
    for i in range(len(functions)):
        function = exports[f"f{i}"]
        assert isinstance(function, Func)
        with contextlib.suppress(LimitError):
            function(store, 0)
            continue
        refused.append(i)
        with pytest.raises(LimitError, match=f"function {i}: the code of a module is too large for its size"):
            function(store, 0)
    assert 0 < len(refused) < len(functions)
    assert refused == [*range(refused[0], len(functions))]


def test_the_values_that_calls_pass_are_limited() -> None:
    kind = "i32 " * 1000
    chain = "call 0 " * 1000
    text = f"""(module (func (param {kind}) (result {kind}) unreachable)
        (func (export "f") {"i32.const 1 " * 1000} {chain} {"drop " * 1000})
        (func (export "g") {"i32.const 1 " * 1000} call 0 {"drop " * 1000}))"""
    store = Store(Engine())
    exports = Instance(store, Module(store.engine, text), []).exports(store)
    f, g = exports["f"], exports["g"]
    assert isinstance(f, Func)
    assert isinstance(g, Func)
    with pytest.raises(LimitError, match="function 1: the calls and blocks of a function pass too many"):
        f(store)
    with pytest.raises(Trap):
        g(store)
