"""What was inside of a memory once is so ever after; what traps, where, and what has been stored is as interpreted."""

from random import Random
from typing import Final

import pytest

from fusee.api.text import wat2wasm
from fusee.kernel.target import Target
from fusee.native.body import body_of
from fusee.native.code import Place
from fusee.native.compile import Compiler, plan
from fusee.native.function import FunctionCompiler
from fusee.native.inside import MOST_KNOWN, MOST_LOOPS
from fusee.native.resume import LoopCompiler
from fusee.native.unit import Options
from tests.native.parts import natively
from tests.native.test_joined import PAGE, WHOLE, above, load, seen

A, B = "(local.get 0)", "(local.get 1)"
CALL: Final = "(call $g)"
AGAIN: Final = f"(br_if 0 {B})"


def checks(body: str, memory: str = "1", index: str = "i32") -> int:
    """How often a function looks whether an access is inside."""
    text = f"(module (memory {memory}) (func (param {index} i32) {body}) (func $g))"
    compiler = Compiler(plan(bytes(wat2wasm(text))), Options(Target.host()))
    unit = compiler.new_unit()
    unit.begin([0])
    FunctionCompiler(unit, 0).compile()
    return unit.text().count("icmp ugt i64")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (load(A) + CALL + load(A), 1),
        (load(A, 8) + CALL + load(A, 4) + CALL + load(A), 1),
        (load(A) + CALL + load(A, 1), 2),
        (load(A) + "(drop (memory.grow (i32.const 1)))" + load(A), 1),
        (load(above(4), 8) + CALL + load(above(8)), 1),
        (load(above(4), 8) + CALL + load(f"(i32.sub {A} (i32.const -8))"), 1),
        (load(above(4)) + CALL + load(f"(i32.sub {A} (i32.const 4))"), 2),
        (load(above(-4), 8) + CALL + load(A), 1),
        (load(above(-8)) + CALL + load(f"(i32.sub (i32.const 8) {A})"), 2),
        (load(above(4), 8) + CALL + load(A, 8), 2),  # the lower index may have wrapped round
        (load(A) + f"(local.set 0 {B})" + CALL + load(A), 2),
        (f"(local.set 0 {B})" + load(A) + CALL + load(B), 1),
        (f"(drop (local.tee 1 {above(8)}))" + load(A, 8) + CALL + load(B), 1),
        (f"(drop (local.tee 1 {above(8)}))" + load(B) + CALL + load(above(8)), 1),
        (f"(block (br_if 0 {B}) {load(A)})" + load(A), 2),
        (f"(block {load(A)} (br_if 0 {B}) {CALL})" + load(A), 1),
        (f"(block {CALL} {load(A)})" + CALL + load(A), 1),
        (load(A) + f"(block (br_if 0 {B}) (local.set 0 {B}))" + load(A), 2),
        (load(B) + f"(block (br_if 0 {B}) (local.set 0 {B}))" + load(A), 2),
        (load(A) + f"(block (br_if 0 {B}) {load(A, 4)})" + load(A, 4), 3),
        (load(A) + f"(block (local.set 0 {B}) {CALL})" + load(B), 2),
        (f"(block (block (br_if 1 {B}) {CALL}) {load(A)})" + load(A), 2),
        (f"(block (block (block (br_if 2 {B})) {load(A)} (br_if 0 {B})) {CALL})" + load(A), 2),
        (f"(block {load(A)} (block {CALL} (br_if 1 {B})) {CALL})" + load(A), 1),
        (f"(block (block (br_table 0 1 0 {B})) {load(A)})" + load(A), 2),
        (f"(if {B} (then {load(A)}))" + load(A), 2),
        (f"(if {B} (then {load(A)}) (else {load(A)}))" + load(A), 3),
        (load(A) + f"(if {B} (then (local.set 0 {B})) (else {CALL} {load(A)}))", 2),  # of this arm nothing is known
        (load(A) + f"(if {B} (then {CALL} {load(A)}) (else {CALL} {load(A)}))" + load(A), 1),
        (f"(loop {load(A)} {CALL} {load(A)} {AGAIN})" + load(A), 1),
        (load(A) + f"(loop {CALL} {load(A)} {AGAIN})", 1),
        (load(A) + f"(loop {CALL} {load(A)} (local.set 0 {above(4)}) {AGAIN})", 2),
        (load(A) + f"(loop {CALL} {load(A)} (drop (local.tee 0 {B})) {AGAIN})", 2),
        (load(A) + f"(loop (loop (local.set 0 {B}) (br_if 1 {B})) {CALL} {load(A)} {AGAIN})", 2),
        (load(A) + f"(loop {CALL} {load(A)} (loop (local.set 0 {B}) {AGAIN}) {AGAIN})", 2),
        (f"(block (loop {CALL} (br_if 1 {B}) {load(A)} (br 0)))" + load(A), 2),
        (load(A) + f"(loop {CALL} " * MOST_LOOPS + load(A) + ")" * MOST_LOOPS, 1),
        (load(A) + f"(loop {CALL} " * (MOST_LOOPS + 2) + load(A) + ")" * (MOST_LOOPS + 2), 2),
        (load(A) + f"(block (try_table (catch_all 0) {CALL}))" + load(A), 2),
        (load(A) + f"try {CALL} catch_all end" + load(A), 2),
        ("".join(load(A, 100 - by) + CALL for by in range(40)), 1),
        ("".join(load(above(-by)) + CALL for by in range(40)) * 2, 80 - MOST_KNOWN),
        (load("(i32.const 0x20000)") + CALL + load("(i32.const 0x20000)"), 1),
    ],
)
def test_what_is_checked_again(body: str, expected: int) -> None:
    assert checks(body) == expected


@pytest.mark.parametrize(
    ("memory", "index", "expected"), [("1", "i32", 1), ("1 2 shared", "i32", 2), ("i64 1", "i64", 2)]
)
def test_of_which_memories(memory: str, index: str, expected: int) -> None:
    body = load(A) + CALL + load(A)
    assert checks(body, memory, index) == expected


def test_what_is_known_of_a_memory_is_not_of_another() -> None:
    other = f"(drop (i32.load 1 {A}))"
    assert checks(load(A) + CALL + other + CALL + load(A) + other, "2) (memory 1") == 2


@pytest.mark.parametrize(("number", "expected"), [(0, 2), (1, 3)])
def test_code_that_begins_in_a_loop_knows_nothing_of_what_comes_before(number: int, expected: int) -> None:
    """Of the outer loop it executes what is before the inner one, too, but only once the inner one has ended."""
    body = load(A) + f"(loop {CALL} {load(A)} (loop {CALL} {load(A)} {CALL} {load(A)} {AGAIN}) {AGAIN})"
    binary = bytes(wat2wasm(f"(module (memory 1) (func (param i32 i32) {body}) (func $g))"))
    compiler = Compiler(plan(binary), Options(Target.host()))
    unit = compiler.new_unit()
    unit.begin([0])
    loops = [offset for op, _, offset in body_of(compiler.plan.module, 0).instructions if op.mnemonic == "loop"]
    LoopCompiler(unit, Place(0, loops[number], 2, 0, 16), may_leave=False).compile()
    assert unit.text().count("icmp ugt i64") == expected


OVERLAPPING: Final = (
    load(A, 28) + "(block)" + load(above(4)) + load(above(4), 4) + load(above(4), 8)
    + f"(i32.store {B} (i32.const 7))" + load(above(4), 12) + load(B, 4) + load(B, 8) + load(B, 12)
)  # fmt: skip
"""Of two groups that are checked at once, the second begins in the first and ends behind it."""


def test_where_a_check_fails_nothing_of_what_comes_behind_it_is_known() -> None:
    assert checks(OVERLAPPING) == 8
    code, edges = f"(param i32 i32) {OVERLAPPING}", [0, PAGE - 16, PAGE - 14, PAGE - 2, PAGE, WHOLE - 1]
    with natively("none"):
        expected = seen(1, [code], edges)
    with natively("all"):
        found = seen(1, [code], edges)
    assert found == expected


def random_code(random: Random, depth: int) -> str:
    """Accesses, calls, and blocks of all kinds with ways out of them; all of it ends."""
    lines = []
    for _ in range(random.randrange(2, 6)):
        local, other = random.choice((0, 0, 1)), random.choice((0, 1))
        index = f"(local.get {local})"
        if random.randrange(2):
            index = above(random.choice((-8, -4, 3, 4, 8, 16)), index)
        offset = random.choice((0, 0, 4, 8, 20))
        lines.append(
            random.choice(
                (
                    f"(local.set 2 (i32.sub (i32.load offset={offset} {index}) (local.get 2)))",
                    f"(local.set 2 (i32.xor (i32.load offset={offset} {index}) (local.get 2)))",
                    f"(i32.store offset={offset} {index} (local.get 2))",
                    "(drop (memory.grow (i32.const 0)))",
                    f"(local.set {other} {index})",
                    f"(local.set {local} (i32.xor (local.get {local}) (i32.and (local.get 2) (i32.const 4))))",
                )
            )
        )
        odd = f"(i32.and (local.get 2) (i32.const {random.choice((1, 2, 4))}))"
        if depth and random.randrange(2):
            inner = random_code(random, depth - 1)
            lines.append(
                random.choice(
                    (
                        f"(block {inner} (br_if 0 {odd}) {random_code(random, depth - 1)})",
                        f"(if {odd} (then {inner}) (else {random_code(random, depth - 1)}))",
                        f"(if {odd} (then {inner}))",
                        f"(block (block {inner} (br_if 1 {odd})) {random_code(random, depth - 1)})",
                        f"(loop {inner} (br_if 0 (i32.lt_u (local.tee 4 {above(1, '(local.get 4)')}) (i32.const 9))))",
                    )
                )
            )
    return " ".join(lines)


@pytest.mark.parametrize(("pages", "seed"), [(1, 1), (1, 2), (65536, 3)])
def test_random_code_at_the_edges(pages: int, seed: int) -> None:
    random = Random(seed)
    functions = [
        f"(param i32 i32) (result i64) (local i32 i64 i32) {random_code(random, 3)} (i64.extend_i32_u (local.get 2))"
        for _ in range(16)
    ]
    length = pages * PAGE
    edges = sorted({edge % WHOLE for edge in (0, 4, 64, length - 3, length - 8, length - 12, length - 40, -2, -8)})
    with natively("none"):
        expected = seen(pages, functions, edges)
    with natively("all") as part:
        found = seen(pages, functions, edges)
    assert found == expected
    assert part.native == len(functions)
    assert any(isinstance(line, tuple) for line in found) and any(isinstance(line, int) for line in found)
