"""What a batch of the tier has, and how it is compiled."""

import subprocess
import sys

from fusee import Engine
from fusee import Module as WebAssembly
from fusee.api.text import wat2wasm
from fusee.native import serving
from fusee.native.batch import (
    CALLEE_BYTES,
    FULL_LINES,
    LEAST_BYTES,
    MOST_TARGETS,
    Wish,
    batch_options,
    choose,
    compile_batch,
)  # fmt: skip
from fusee.native.code import Place, mapped
from fusee.native.compile import Compiler, Plan
from fusee.native.kernels import kernels_for
from fusee.native.sections import read_module


def test_a_batch_has_what_its_functions_call() -> None:
    many = " i64" * 4001
    module = read_module(
        bytes(
            wat2wasm(f"""(module
      (func $a (call $b) (call $c)) (func $b) (func $c (call $d)) (func $d) (func $e (local{many})))""")
        )
    )

    def chosen(wish: Wish) -> tuple[list[int], dict[int, str]]:
        made = choose(module, wish)
        return made.units[0], made.reasons

    assert chosen(Wish([0], [], [], 1000)) == ([0, 1, 2, 3], {})
    assert chosen(Wish([0], [], [2], 1000)) == ([0, 1], {})
    assert chosen(Wish([0, 1], [], [], 0)) == ([0], {})
    assert chosen(Wish([9, 3], [], [], 1000)) == ([3], {})
    assert chosen(Wish([4, 1], [], [], 1000)) == ([1], {4: "too many locals"})
    assert chosen(Wish([0], [], [], 1000, called=[2])) == ([0, 2], {})
    assert chosen(Wish([3], [], [], 1000, called=[])) == ([3], {})


def test_a_batch_has_what_its_functions_may_call_through_a_table() -> None:
    """If that is one of a few functions."""

    def chosen(count: int) -> list[int]:
        targets = "".join(f"(func $f{number} (param i32))" for number in range(count))
        module = read_module(
            bytes(
                wat2wasm(f"""(module (type $t (func (param i32))) (table funcref (elem
          {" ".join(f"$f{number}" for number in range(count))} $other))
          (func (call_indirect (type $t) (i32.const 1) (i32.const 0))) {targets} (func $other) (func (param i32)))""")
            )
        )
        return choose(module, Wish([0], [], [], 1000)).units[0]

    assert chosen(2) == [0, 1, 2]
    assert chosen(MOST_TARGETS) == list(range(MOST_TARGETS + 1))
    assert chosen(MOST_TARGETS + 1) == [0]


def test_a_batch_has_long_functions_only_if_they_are_hot() -> None:
    long = "(nop)" * CALLEE_BYTES
    module = read_module(bytes(wat2wasm(f"(module (func (call 1) (call 2)) (func {long}) (func))")))
    assert choose(module, Wish([0], [], [], 10_000)).units == [[0, 2]]
    assert choose(module, Wish([0, 1], [], [], 10_000)).units == [[0, 1, 2]]


def test_a_loop_has_what_is_called_in_it_however_long() -> None:
    """Who is in such a function is seen in the loop. What is called elsewhere is not there if it is long."""
    long = "(nop)" * CALLEE_BYTES
    text = f"""(module
      (func (call 3) (loop (call 1) (if (i32.const 1) (then (call 2))) (loop (call 4) (call 5))) (call 6))
      (func {long}) (func {long}) (func {long}) (func {long}) (func) (func {long}))"""
    module = read_module(bytes(wat2wasm(text)))
    loop = [Place(0, module.body(0)[0] + 3, 0, 0, 0)]
    assert choose(module, Wish([], loop, [], 10_000)).units == [[1, 2, 5]]
    assert choose(module, Wish([], loop, [], 10_000, called=[2, 5])).units == [[2, 5]]
    assert choose(module, Wish([], loop, [], 3 * LEAST_BYTES // 4)).units == [[1, 5]]


def test_loops_take_room_but_not_all_of_it() -> None:
    long = "(nop)" * (LEAST_BYTES - 10)
    text = f"(module (func (loop (call 1)) {long}) (func {'(nop)' * (LEAST_BYTES // 2 - 9)} (call 2)) (func {long}))"
    module = read_module(bytes(wat2wasm(text)))
    loop = [Place(0, module.body(0)[0] + 1, 0, 0, 0)]
    hot = [1, 2]
    assert choose(module, Wish(hot, loop, [], 3 * LEAST_BYTES)).units == [[1, 2]]
    assert choose(module, Wish(hot, loop, [], 2 * LEAST_BYTES)).units == [[1]]
    assert choose(module, Wish([], loop, [], 1)).units == [[]]
    assert choose(module, Wish([1], loop, [], 1)).units == [[1]]
    assert choose(module, Wish([], loop, [], LEAST_BYTES)).units == [[1]]


def test_what_is_long_is_compiled_in_haste_at_first() -> None:
    lines = "(local.set 0 (i32.mul (local.get 0) (i32.add (local.get 0) (i32.const 3))))" * FULL_LINES
    binary = bytes(wat2wasm(f"(module (func (param i32) (result i32) {lines} (local.get 0)) (func))"))
    wish = Wish([0], [], [], 1000)
    assert mapped(compile_batch(read_module(binary), wish)).is_quick
    assert not mapped(compile_batch(read_module(binary), wish._replace(is_last=True))).is_quick
    assert not mapped(compile_batch(read_module(binary), wish._replace(hot=[1]))).is_quick


def test_who_compiles_loads_little() -> None:
    """Guests wait for it: no instructions of the interpreter, and nothing that writes or reads Python."""
    program = "import sys, fusee.native.serving; print(*sys.modules)"
    made = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(made.stdout.split())
    assert not {name for name in loaded if "engine.isa" in name}
    assert not loaded & {"dataclasses", "hashlib", "inspect", "json", "selectors", "subprocess"}


def test_what_is_usual_is_done_while_nobody_waits() -> None:
    """So that the first batch has less to do; who asks meanwhile waits for one step at most."""
    assert WebAssembly(Engine(), serving._USUAL)  # it is valid
    kernels_for.cache_clear()
    kernels = Compiler(Plan(read_module(serving._USUAL), [], {}), batch_options()).kernels
    serving._warm_up(lambda: True)
    assert not kernels._made
    serving._warm_up(lambda: False)
    known = {key for key, _ in kernels._made}
    compile_batch(read_module(serving._USUAL), Wish([0], [], [], 1000))
    assert {key for key, _ in kernels._made} - known <= {("inlined", "unreachable_code")}
    assert {("meaning", "i32.add"), ("inlined", "near_place_32"), ("load", "i32.load")} <= known


def test_a_batch_may_be_empty() -> None:
    binary = bytes(wat2wasm(f"(module (func (local{' i64' * 4001})))"))
    code = mapped(compile_batch(read_module(binary), Wish([0], [], [], 1000)))
    assert (code.functions, code.loops, code.reasons) == ({}, {}, {0: "too many locals"})
