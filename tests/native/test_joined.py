"""Several accesses are checked at once; what traps, where, and what has been stored by then is as interpreted."""

from random import Random
from typing import Any
from unittest import mock

import pytest

from fusee import Engine, Instance, Module, Store, Trap
from fusee.api.text import wat2wasm
from fusee.kernel.target import Target
from fusee.native.body import body_of
from fusee.native.compile import Compiler, plan
from fusee.native.groups import Group, groups_of
from fusee.native.sections import read_module
from fusee.native.unit import Options
from tests.native.parts import natively

PAGE = 1 << 16
WHOLE = 1 << 32


def groups(body: str, has_uncertain: bool = True) -> list[Group]:
    """Those of a function of two addresses."""
    text = f"(module (memory 1) (memory 1) (global i32 (i32.const 9)) (func (param i32 i32) {body}))"
    module = read_module(bytes(wat2wasm(text)))
    return groups_of(body_of(module, 0).instructions, {0: PAGE, 1: PAGE}, has_uncertain)


def load(index: str, offset: int = 0) -> str:
    return f"(drop (i32.load offset={offset} {index}))"


def whatever_is_copied() -> Any:
    """A check is saved, however much is copied for it."""
    return mock.patch("fusee.native.groups.LESS", -1000)


A, B = "(local.get 0)", "(local.get 1)"
CHOSEN = f"(select (result i32) {A} {B} {A})"
SHUFFLED = f"(i32x4.extract_lane 0 (i8x16.shuffle 3 2 1 0 0 0 0 0 0 0 0 0 0 0 0 0 (i32x4.splat {A}) (i32x4.splat {B})))"


def above(by: int, index: str = A) -> str:
    return f"(i32.add {index} (i32.const {by}))"


@pytest.mark.parametrize(
    ("body", "end", "distances"),
    [
        (load(A) + load(A, 4), 8, [0, 0]),
        (load(A) + load(A, 8) + load(A, 4), 12, [0, 0]),  # LLVM knows the last one to be inside
        (load(above(16)) + load(above(-4)) + load(A), 24, [20, 0, 4]),
        (load(A) + load(f"(i32.sub {A} (i32.const -8))"), 12, [0, 8]),
        (load(f"(i32.add {A} {B})") + load(above(4, f"(i32.add {B} {A})")), 8, [0, 4]),
        (load(f"(i32.shl {above(1)} (i32.const 2))") + load(f"(i32.shl {A} (i32.const 2))"), 8, [4, 0]),
        (load(f"(i32.shl {above(1)} (i32.const 34))") + load(f"(i32.shl {A} (i32.const 2))"), 8, [4, 0]),
        (load(A) + f"(local.set 0 {above(12)})" + load(A, 4), 20, [0, 12]),
        (load(A) + f"(i64.store {above(4)} (i64.const 1))", 12, [0, 4]),
        (load("(global.get 0)") + load("(global.get 0)", 12), 16, [0, 0]),
        (load(CHOSEN) + load(CHOSEN, 4), 8, [0, 0]),
        (load(SHUFFLED) + load(SHUFFLED, 4), 8, [0, 0]),
    ],
)
def test_what_is_checked_at_once(body: str, end: int, distances: list[int]) -> None:
    with whatever_is_copied():
        (group,) = groups(body)
    assert group.end == end
    assert [group.distances[number] for number in sorted(group.distances)] == distances


@pytest.mark.parametrize(
    "body",
    [
        load(A, 4) + load(A),  # the first check does
        load(A) + load(B, 4),
        load(f"(i32.sub {A} {B})") + load(f"(i32.sub {B} {A})", 4),
        load(A) + f"(drop (i32.load 1 offset=4 {A}))",
        load(A) + f"(if {B} (then (nop)))" + load(A, 4),
        load(A) + "(drop (memory.grow (i32.const 0)))" + load(A, 4),
        load(A) + f"(local.set 0 (i32.load {A}))" + load(A, 4),
        load(f"(i32.load {A})") + f"(i32.store {B} (i32.const 1))" + load(f"(i32.load {A})", 4),
        load("(i32.const 8)") + load("(i32.const 12)"),
        load(A) + load(A, PAGE - 3),  # further than the memory is long
        load(A) + load(above(PAGE - 3)),
        load(A) + "(nop)" * 30 + load(A, 4),
    ],
)
def test_what_is_not(body: str) -> None:
    with whatever_is_copied():
        assert not groups(body)


def test_what_is_copied_is_less_than_what_is_saved() -> None:
    assert len(groups(load(A) + load(A, 4))) == 1
    assert not groups(load(A) + "(nop)" * 2 + load(A, 4))
    assert len(groups(load(A) + "(nop)" * 9 + load(A, 4) + load(A, 8))) == 1
    assert not groups(load(A) + "(nop)" * 12 + load(A, 4) + load(A, 8))


def test_without_pauses_no_code_comes_back_from_where_a_check_fails() -> None:
    certain, uncertain = load(A) + load(A, 4) + load(A, 8), "".join(load(above(by, B)) for by in (1, 2, 3))
    assert [group.is_certain for group in groups(certain + uncertain)] == [True, False]
    assert [group.is_certain for group in groups(certain + uncertain, has_uncertain=False)] == [True]


@pytest.mark.parametrize(
    ("memory", "index", "is_metered", "is_joined"),
    [
        ("1", "i32", False, True),
        ("1", "i32", True, False),  # what is paid for is written once
        ("1 2 shared", "i32", False, False),  # another thread may make it longer from one access to the next
        ("i64 1", "i64", False, False),
    ],
)
def test_where_accesses_are_joined(memory: str, index: str, is_metered: bool, is_joined: bool) -> None:
    body = "(drop (i32.load (local.get 0))) (drop (i32.load offset=4 (local.get 0)))"
    binary = bytes(wat2wasm(f"(module (memory {memory}) (func (param {index}) {body}))"))
    with mock.patch("fusee.native.joined.groups_of", wraps=groups_of) as looked:
        Compiler(plan(binary), Options(Target.host(), is_metered=is_metered)).text(0)
    assert looked.called == is_joined


def test_what_is_inside_of_another_ends_before() -> None:
    """Of two that overlap the first one is longer, since behind it two ways come together."""
    with whatever_is_copied():
        first, second = groups("".join(load(above(by, index)) for by in (0, 4, 8, 12) for index in (A, B)))
    assert first.first < second.first < second.last == first.last


def random_function(random: Random) -> str:
    """Accesses at two addresses which change, with other traps, sums and branches between."""
    lines = []
    for _ in range(random.randrange(4, 24)):
        local, offset = random.choice((0, 0, 1)), random.choice((0, 0, 1, 4, 8, 13, 40))
        index = f"(local.get {local})"
        if random.randrange(2):
            index = above(random.choice((-24, -8, -1, 3, 4, 8, 16, 100)), index)
        lines.append(
            random.choice(
                (
                    f"(local.set 2 (i32.sub (i32.load offset={offset} {index}) (local.get 2)))",
                    f"(local.set 3 (i64.xor (i64.load offset={offset} {index}) (local.get 3)))",
                    f"(local.set 2 (i32.xor (i32.load8_s offset={offset} {index}) (local.get 2)))",
                    f"(i32.store offset={offset} {index} (local.get 2))",
                    f"(i64.store16 offset={offset} {index} (i64.add (local.get 3) (i64.const 77)))",
                    f"(v128.store offset={offset} {index} (i32x4.splat (i32.add (local.get 2) (i32.const 5))))",
                    f"(local.set 2 (i32x4.extract_lane 2 (v128.load32_lane offset={offset} 2 {index}"
                    " (i32x4.splat (local.get 2)))))",
                    "(local.set 2 (i32.div_u (i32.const 1000) (i32.and (local.get 2) (i32.const 63))))",
                    f"(local.set {local} {index})",
                    f"(local.set {local} (i32.add {index} (i32.and (local.get 2) (i32.const 3))))",
                    f"(if (i32.and (local.get 2) (i32.const 1)) (then (local.set 2 {index})))",
                    f"(i32.load offset={offset} {index}) (i32.store offset=4 {index} (local.get 2)) (local.set 2)",
                )
            )
        )
    body = "\n".join(lines)
    return (
        f"(param i32 i32) (result i64) (local i32 i64) {body} (i64.add (local.get 3) (i64.extend_i32_u (local.get 2)))"
    )


def seen(pages: int, functions: list[str], edges: list[int]) -> list[Any]:
    """What every function does at every pair of edges, and what is in memory there afterwards."""
    text = "".join(f'(func (export "f{number}") {code})' for number, code in enumerate(functions))
    store = Store(Engine())
    exports: Any = Instance(store, Module(store.engine, f'(module (memory (export "m") {pages}) {text})'), []).exports(
        store
    )
    lines, memory, length = list[Any](), exports["m"], pages * PAGE
    for number in range(len(functions)):
        for first in edges:
            for second in edges:
                arguments = [edge - WHOLE if edge >= WHOLE // 2 else edge for edge in (first, second)]
                try:
                    lines.append(exports[f"f{number}"](store, *arguments))
                except Trap as trap:
                    lines.append((trap.trap_code, [(frame.func_index, frame.module_offset) for frame in trap.frames]))
        for start in (0, length - 256):
            lines.append(bytes(memory.read(store, start, start + 256)))
    return lines


@pytest.mark.parametrize(("pages", "seed"), [(1, 1), (1, 2), (65536, 4)])
def test_random_accesses_at_the_edges(pages: int, seed: int) -> None:
    """Where a memory has 4 GiB, addresses come from its end to its beginning, and all of them are inside."""
    random = Random(seed)
    functions = [random_function(random) for _ in range(12)]
    length = pages * PAGE
    edges = sorted(
        {edge % WHOLE for edge in (0, 2, 30, 64, length - 3, length - 20, length - 60, length - 128, -2, -30)}
    )
    with natively("none"):
        expected = seen(pages, functions, edges)
    with natively("all") as part, whatever_is_copied():
        found = seen(pages, functions, edges)
    assert found == expected
    assert part.native == len(functions)
    assert any(isinstance(line, tuple) for line in found) and any(isinstance(line, int) for line in found)


def test_what_waits_on_the_stack_comes_from_either_way() -> None:
    """The first operand is loaded where the check fails, or does not, and used behind both."""
    code = """(param i32 i32) (result i64)
      (i64.load32_u (i32.add (local.get 0) (i32.const 4))) (i64.load32_u (i32.add (local.get 0) (i32.const 8)))
      (i64.shl (i64.const 32)) (i64.or)
      (if (result i64) (local.get 1) (then (i64.const 5)) (else (i64.const 6))) (i64.add)"""
    edges = [0, 4, WHOLE - 12, WHOLE - 11, WHOLE - 8, WHOLE - 4]
    code = code.replace("(if (result", "(local.get 1) (if (result", 1).replace(
        "(if (result i64) (local.get 1)", "(if (result i64)"
    )
    with natively("none"):
        expected = seen(65536, [code], edges)
    with natively("all") as part, whatever_is_copied():
        assert seen(65536, [code], edges) == expected
    assert part.native == 1
