"""Loops look ahead whether accesses will be inside; what traps, where, and what has been stored is as interpreted."""

from random import Random
from typing import Any, Final
from unittest import mock

import pytest

from fusee import Trap
from fusee.api.text import wat2wasm
from fusee.kernel.target import Target
from fusee.native.compile import Compiler, plan
from fusee.native.function import FunctionCompiler
from fusee.native.strides import LEAST_TURNS, MOST_BRANCHES, MOST_TURNS, Strides
from fusee.native.unit import Options
from tests.native.parts import instance_of, natively
from tests.native.test_joined import PAGE, WHOLE, above, load, seen

A, B, C = "(local.get 0)", "(local.get 1)", "(local.get 2)"
TURN: Final = f"(br_if 0 (local.tee 2 {above(-1, C)}))"
NEXT: Final = f"(local.set 0 {above(4)})"


def loops(body: str, options: Options, memory: str = "1", index: str = "i32") -> list[Strides]:
    """What is known of the loops of a function that look ahead."""
    text = f"(module (memory {memory}) (global i32 (i32.const 0)) (func (param {index} {index} i32) {body}) (func $g))"
    compiler = Compiler(plan(bytes(wat2wasm(text))), options)
    unit = compiler.new_unit()
    unit.begin([0])
    return [loop.strides for loop in FunctionCompiler(unit, 0).ahead.loops]


def rows(body: str) -> list[tuple[int, int, int]]:
    """Step, least constant and end of each row of a function's only loop; none if it does not look ahead."""
    found = loops(f"(loop {body})", Options(Target.host()))
    return [(row.step, row.least, row.end) for one in found for row in one.rows]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (load(A) + NEXT + TURN, [(4, 0, 4)]),
        (NEXT + load(A) + TURN, [(4, 4, 4)]),
        (NEXT + load(A) + NEXT + TURN, [(8, 4, 4)]),
        (load(A, 8) + load(above(-4)) + f"(local.set 0 {above(-1)})" + TURN, [(-1, -4, 16)]),
        (load(f"(i32.add {B} (i32.shl {C} (i32.const 3)))") + TURN, [(-8, 0, 4)]),
        (load(f"(i32.sub {B} (i32.mul (i32.const 3) {C}))") + TURN, [(3, 0, 4)]),
        (load(f"(i32.shl {C} (i32.const 33))") + TURN, [(-2, 0, 4)]),
        (load(A) + load(f"(i32.sub {A} (i32.const 8))") + NEXT + TURN, [(4, -8, 12)]),
        (f"(i32.store {A} {C})" + NEXT + TURN, [(4, 0, 4)]),
        (load(A) + load(f"(i32.add {A} {B})") + NEXT + TURN, [(4, 0, 4), (4, 0, 4)]),
        (load(A) + f"(if {B} (then {load(A, 4)}))" + NEXT + TURN, [(4, 0, 8)]),
        (load(B) + TURN, [(0, 0, 4)]),
        (load(A) + f"(if {B} (then (local.set 0 {above(4)})) (else (local.set 0 {above(4)})))" + TURN, [(4, 0, 4)]),
        (f"(block {NEXT} (br_if 0 {B}) {load(A)})" + TURN, [(4, 4, 4)]),
        (load(A) + NEXT + f"(br_if 0 {B})" + TURN, [(4, 0, 4)]),
        (load(A) + f"(br_if 1 {B}) (local.set 0 (i32.const 8)) (br_if 1 {B})" + TURN, []),
        (load(A) + f"(if {B} (then {NEXT} (br 1)))" + TURN, []),
        (load(A) + f"(br_if 0 {B})" + NEXT + TURN, []),  # some turns go on from the same address
        (load(A) + f"(if {B} (then {NEXT}))" + TURN, []),
        (load(A) + f"(block (br_if 0 {B}) {NEXT})" + TURN, []),
        (load(A) + f"(block (br_table 0 1 0 {B}))" + NEXT + TURN, []),
        (load(A) + f"(local.set 0 (i32.load {A}))" + TURN, []),
        (load(A) + f"(local.set 0 {B}) (local.set 1 {above(4, B)})" + TURN, []),  # the first turn is another
        (load(f"(i32.and {A} (i32.const 255))") + NEXT + TURN, []),
        (load(f"(i32.mul {A} {B})") + NEXT + TURN, []),
        (load(f"(i32.shl {B} {C})") + TURN, []),
        (load(f"(i32.shl {A} (i32.const 16))") + NEXT + TURN, []),  # too far from turn to turn
        (load("(i32.const 8)") + TURN, []),
        (load(A) + "(call $g)" + NEXT + TURN, []),
        (load(A) + "(nop)" * 60 + NEXT + TURN, []),
        (load(A) * 9 + f"(block (br_if 0 {B}))" * MOST_BRANCHES + NEXT + TURN, []),
    ],
)
def test_what_is_known_of_a_turn(body: str, expected: list[tuple[int, int, int]]) -> None:
    with mock.patch("fusee.native.ahead.MOST_COPIED", 60 if "nop" in body else 1000):
        assert rows(body) == expected


@pytest.mark.parametrize(("step", "turns"), [(1, MOST_TURNS), (4, MOST_TURNS), (-16, 256), (1000, LEAST_TURNS)])
def test_as_far_as_a_few_kilobytes(step: int, turns: int) -> None:
    (found,) = loops(f"(loop {load(A)} (local.set 0 {above(step)}) {TURN})", Options(Target.host()))
    assert found.turns == turns


@pytest.mark.parametrize(
    ("memory", "index", "options", "count"),
    [
        ("1", "i32", {}, 1),
        ("1", "i32", {"is_metered": True}, 0),
        ("1", "i32", {"polls": False}, 0),
        ("1", "i32", {"looks_ahead": False}, 0),
        ("1", "i32", {"for_this_process": False}, 0),  # on a device, code is to be small
        ("1 2 shared", "i32", {}, 0),
        ("i64 1", "i64", {}, 0),
    ],
)
def test_which_code_looks_ahead(memory: str, index: str, options: dict[str, Any], count: int) -> None:
    body = f"(loop {load(A)} (local.set 0 ({index}.add {A} ({index}.const 4))) {TURN})"
    assert len(loops(body, Options(Target.host())._replace(**options), memory, index)) == count


def test_what_is_made_in_haste_does_not() -> None:
    """Its text is what it is where nothing looks ahead."""
    text = f"(module (memory 1) (func (param i32 i32 i32) (loop {load(A)} {NEXT} {TURN})))"
    options, the_plan = Options(Target.host()), plan(bytes(wat2wasm(text)))
    compiler = Compiler(the_plan, options)
    without = Compiler(the_plan, options._replace(looks_ahead=False)).text(0)
    with mock.patch.object(compiler.machine, "object") as made:
        compiler.object(0, is_quick=True)
        made.assert_called_once_with(without, is_quick=True)
    assert compiler.text(0) != without


STEPS: Final = (-256, -24, -8, -1, 0, 1, 4, 8, 12, 64, 300)


def random_loop(random: Random) -> str:
    """Accesses that step, in one loop or two, with conditions, other traps, and ways out of it."""
    lines = [f"(br_if 1 (i32.eqz (local.tee 4 {above(-1, '(local.get 4)')})))"]
    steps = [f"(local.set {local} {above(random.choice(STEPS), f'(local.get {local})')})" for local in (0, 1)]
    for _ in range(random.randrange(2, 9)):
        local, offset = random.choice((0, 0, 1)), random.choice((0, 0, 1, 4, 13, 40))
        index = f"(local.get {local})"
        if random.randrange(2):
            index = above(random.choice((-24, -8, -1, 3, 4, 16, 100)), index)
        if random.randrange(4) == 0:
            index = f"(i32.add (i32.shl (local.get {local}) (i32.const {random.randrange(3)})) (local.get 5))"
        lines.append(
            random.choice(
                (
                    f"(local.set 2 (i32.sub (i32.load offset={offset} {index}) (local.get 2)))",
                    f"(local.set 3 (i64.xor (i64.load offset={offset} {index}) (local.get 3)))",
                    f"(i32.store offset={offset} {index} (local.get 2))",
                    f"(i64.store16 offset={offset} {index} (i64.add (local.get 3) (i64.const 77)))",
                    f"(i32.store8 offset={offset} {index} (i32.load8_u (i32.add {index} (i32.const 1))))",
                    f"(v128.store offset={offset} {index} (i32x4.splat (i32.add (local.get 2) (i32.const 5))))",
                    f"(if (i32.and (local.get 2) (i32.const 1)) (then (local.set 3 (i64.load {index}))))",
                    f"(if (i32.and (local.get 2) (i32.const 3)) (then (i32.store {index} (local.get 4)))"
                    f" (else (i32.store offset=8 {index} (local.get 2))))",
                    "(local.set 2 (i32.rotl (i32.add (local.get 2) (i32.const 0x9e3779b9)) (i32.const 5)))",
                    "(br_if 1 (i32.eq (i32.and (local.get 2) (i32.const 1023)) (i32.const 77)))",
                    "(block (br_if 0 (i32.and (local.get 2) (i32.const 1))) (i32.store8 (local.get 0) (i32.const 1)))",
                    f"(local.set 5 {index})" * (random.randrange(6) == 0) or "(nop)",
                )
            )
        )
    lines.insert(random.randrange(1, len(lines) + 1), steps[0])
    lines.insert(random.randrange(1, len(lines) + 1), steps[1])
    if random.randrange(3) == 0:
        lines.append("(br_if 0 (i32.and (local.get 2) (i32.const 2)))")
    body = f"(block (loop {' '.join(lines)} (br 0)))"
    times = random.choice((1, 3, 40, 300, 1100, 2500))
    return (
        "(param i32 i32) (result i64) (local i32 i64 i32 i32)"
        f" (local.set 4 (i32.const {times})) {body} (local.set 4 (i32.const 5)) {body}"
        " (i64.add (local.get 3) (i64.extend_i32_u (i32.add (local.get 2) (local.get 0))))"
    )


@pytest.mark.parametrize(("pages", "seed"), [(1, 1), (1, 2), (1, 3), (65536, 4), (65536, 5)])
def test_random_loops_at_the_edges(pages: int, seed: int) -> None:
    """Where a memory has 4 GiB, addresses come from its end to its beginning, and all of them are inside."""
    random = Random(seed)
    functions = [random_loop(random) for _ in range(12)]
    length = pages * PAGE
    edges = sorted({edge % WHOLE for edge in (0, 30, 700, 4000, length - 3, length - 300, length - 5000, -2, -30)})
    with natively("none"):
        expected = seen(pages, functions, edges)
    with natively("all") as part, mock.patch("fusee.native.ahead.MOST_COPIED", 1000):
        found = seen(pages, functions, edges)
    assert found == expected
    assert part.native == len(functions)
    assert any(isinstance(line, tuple) for line in found) and any(isinstance(line, int) for line in found)


TWO: Final = """(memory (export "m") 2) (memory 1) (func (export "f") (param i32 i32) (result i32) (local i32)
  (loop
    (i32.store (local.get 0) (i32.const 7))
    (local.set 2 (i32.add (local.get 2) (i32.load 1 (local.get 0))))
    (local.set 0 (i32.add (local.get 0) (i32.const 4)))
    (br_if 0 (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
  (local.get 2))"""


@pytest.mark.parametrize("turns", [5, 2000])
def test_each_memory_has_its_own_length(turns: int) -> None:
    found = list[Any]()
    for name in ("none", "all"):
        with natively(name):
            store, exports = instance_of(f"(module {TWO})")
            with pytest.raises(Trap) as caught:
                exports["f"](store, PAGE - 8, turns)
            found.append((caught.value.frames[0].module_offset, bytes(exports["m"].read(store))))
    assert found[0] == found[1]


WAITING: Final = """(module (memory (export "m") 1) (func (export "f") (param i32 i32) (result i64) (local i64)
  (local.set 2 (i64.const 7))
  (i64.const 1000)
  (i64.extend_i32_u (local.get 0))
  (loop (param i64) (result i64)
    (i64.add (i64.load8_u (local.get 0)))
    (local.set 0 (i32.add (local.get 0) (i32.const 1)))
    (local.tee 2)
    (br_if 0 (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
  (i64.add) (i64.mul (local.get 2))))"""


@pytest.mark.parametrize("start", [0, PAGE - 3000, PAGE - 40])
def test_what_a_loop_takes_and_gives_comes_from_either_way(start: int) -> None:
    """Its parameter, its result, and what waits on the stack around it."""
    results = list[Any]()
    for name in ("none", "all"):
        with natively(name) as part:
            store, exports = instance_of(WAITING)
            exports["m"].write(store, bytes(range(256)) * (PAGE // 256), 0)
            results += [exports["f"](store, start, turns) for turns in (1, 30, min(2500, PAGE - start))]
    assert part.native == 1
    assert results[:3] == results[3:]
    assert len(set(results)) > 1
