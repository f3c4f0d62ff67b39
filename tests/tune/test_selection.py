"""Selections: the notation, errors that name the line of a user's file, and the engine that one makes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fusee.engine.isa.forms import CONST, NOWHERE, SLOT
from fusee.engine.isa.row import cell, most_bytes
from fusee.engine.isa.selection import HOST
from fusee.engine.isa.table import SINGLES
from fusee.engine.isa.trees import Forest, PatternError, expression, parse, read_patterns, tree_rows
from fusee.engine.translate.encode import LARGEST_CELL_BYTES
from fusee.tune.choice import handlers_of


def test_the_default_selection_reads_back_as_it_was_written() -> None:
    patterns = [text for _, text in read_patterns(HOST.patterns)]
    assert len(patterns) > 100
    assert [str(parse(text)) for text in patterns] == [" ".join(text.split()) for text in patterns]


def test_a_cell_has_room_for_constants_where_a_tree_has_them() -> None:
    """With three vectors before a branch none of them is one: a cell of those would be larger than any may be."""
    found, _ = Forest(SINGLES).find(parse("br_i32_nz(v128_any_true(v128_or(s, v128_and(s, s))))"))
    assert most_bytes(found) <= LARGEST_CELL_BYTES
    with_constant, _ = Forest(SINGLES).find(parse("br_i32_nz(v128_any_true(v128_or(s, c)))"))
    assert most_bytes(with_constant) >= cell(with_constant, int(NOWHERE), (int(SLOT), int(CONST)), 8).size


def test_words_are_choices_of_places() -> None:
    forest = Forest(SINGLES)
    found, signatures = forest.find(parse("load32_u(add(ap, c)) -> as"))
    assert (found.name, found.sources) == ("load32_u__add0xc", ("i64", "i64"))
    assert signatures == ["aac", "apc", "sac", "spc"]
    assert expression(found, ("p", "c")) == "load32_u(add(p, c))"


def test_operands_that_commute_exist_in_one_order() -> None:
    forest = Forest(SINGLES)
    assert forest.find(parse("i32_shr_u(add(s, a), c) -> p")) == forest.find(parse("i32_shr_u(add(a, s), c) -> p"))
    assert forest.find(parse("add(a, mul(a, p)) -> a"))[1] == []  # one value cannot be in the accumulator twice
    assert forest.find(parse("store32(add(a, p), p)"))[1] == ["-app"]


def test_an_expression_is_one_row_whatever_its_places() -> None:
    (found,) = tree_rows("x", "add(s, mul(s, s)) -> a\nadd(p, mul(a, p)) -> ps", SINGLES)
    assert found.signatures == ("asss", "ppap", "spap")
    assert len(found.handlers) == sum(handlers_of(found, signature) for signature in found.signatures)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("add(s, mull(s, s)) -> a", "there is no instruction mull"),
        ("plus(s, mul(s, s)) -> a", "there is no instruction plus"),
        ("add(s, mul(s, s, s)) -> a", "there is no instruction mul with 3 operands"),
        ("add(s, mul(q, s)) -> a", "the operands of q are missing"),
        ("add(s, mul(s, s)) -> c", "'c' is no choice of places for a result"),
        ("add(s, mul(s, s))", "add has a result"),
        ("store32(add(s, s), s) -> a", "store32 has no result"),
        ("add(s, s) -> a", "one operand must be computed"),
        ("add(mul(s, s), mul(s, s)) -> a", "one operand must be computed"),
        ("add(s, add(s, add(s, s))) -> a", "4 operands are more than a tree may have"),
        ("add(s, mul(s, s) -> a", "ends too early"),
        ("add(s / mul(s, s)) -> a", "'/' between the operands of add"),
    ],
)
def test_errors_name_the_line(line: str, message: str) -> None:
    text = f"# comment\nadd(s, mul(s, s)) -> a\n\n{line}\n"
    with pytest.raises(PatternError) as caught:
        tree_rows("mine.txt", text, SINGLES)
    assert str(caught.value).startswith("mine.txt:4: ")
    assert message in str(caught.value)


def run(*command: str, trees: Path | None = None) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, **({"FUSEE_TUNE": str(trees)} if trees else {})}
    return subprocess.run([sys.executable, *command], env=environment, capture_output=True, text=True, check=False)


def test_an_engine_has_the_trees_of_its_selection(tmp_path: Path) -> None:
    trees = tmp_path / "mine.txt"
    trees.write_text("xor(s, i64_rotl(s, c)) -> a\n")
    program = "from fusee.engine.isa.table import TREES; print(*(row.name for row in TREES))"
    assert run("-c", program, trees=trees).stdout == "xor__i64_rotl1xxc\n"


def test_the_command_line_says_what_is_wrong_with_a_file(tmp_path: Path) -> None:
    trees, module = tmp_path / "mine.txt", tmp_path / "module.wasm"
    trees.write_text("\nxor(s, i64_rotle(s, c)) -> a\n")
    module.write_bytes(b"\0asm\1\0\0\0")
    message = f"fusee: {trees}:2: there is no instruction i64_rotle with 2 operands\n"
    done = run("-m", "fusee", "run", "--tune", str(trees), str(module))
    assert (done.returncode, done.stderr) == (1, message)
    target = ("--target", "arm64_32-apple-watchos")
    done = run("-m", "fusee", "build", *target, "--tune", str(trees), "-o", str(tmp_path / "library"))
    assert (done.returncode, done.stderr) == (1, message)


@pytest.mark.slow
def test_tuning_to_a_program(tmp_path: Path) -> None:
    """The tree and the pair of a tiny program are found, and the report counts its dispatches exactly."""
    program, trees = tmp_path / "program.wat", tmp_path / "mine.txt"
    program.write_text("""
        (module (func (export "f") (param i32) (result i32) (local i32)
          loop $again
            (local.set 1 (i32.xor (local.get 1) (i32.rotl (local.get 0) (i32.const 9))))
            (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))
          end
          local.get 1))""")
    done = run("-m", "fusee", "tune", "-o", str(trees), "--", f"--invoke f {program} 10")
    assert done.returncode == 0, done.stderr
    text = trees.read_text()
    assert "xor(p, i32_rotl(p, c)) -> p" in text
    assert "xor(p, i32_rotl(p, c)) -> p; step_brl_i32_nz(p, c)" in text
    assert "\n@ xor__i32_rotl1xxc_r1_r1_r0_c step_brl_i32_nz_r0_c  # 76.92\n" in text
    assert done.stderr.split("program ")[-1].replace("│", " ").split()[:2] == ["33", "13"]
    kept = [line for line in text.splitlines(keepends=True) if not line.startswith("@")]
    trees.write_text("@ mov_s_s\n" + "".join(kept))
    done = run("-m", "fusee", "tune", "--order", "-o", str(trees), "--", f"--invoke f {program} 10")
    assert (done.returncode, trees.read_text()) == (0, text), done.stderr


def test_an_order_is_for_a_selection_of_this_machine_that_exists(tmp_path: Path) -> None:
    trees = tmp_path / "mine.txt"
    done = run("-m", "fusee", "tune", "--order", "-o", str(trees), "bench:fib")
    assert (done.returncode, trees.exists()) == (1, False)
    trees.write_text("")
    done = run("-m", "fusee", "tune", "--order", "--target", "arm64_32-apple-watchos", "-o", str(trees), "bench:fib")
    assert done.returncode == 1
    assert "--order is for a selection of this machine that exists" in done.stderr


TAKEN_APART = """
(module
  (func $opposite (param i32) (result i32)
    (if (result i32) (i32.and (local.get 0) (i32.const 1)) (then (i32.const 2)) (else (i32.const 3))))
  (func $elsewhere (param i32 i32 i32) (result i32)
    (i32.clz (i32.add (local.get 0) (i32.mul (local.get 1) (local.get 2)))))
  (func $fitting (param i32 i32 i32) (result i32)
    (local.set 0 (i32.add (local.get 0) (i32.mul (local.get 1) (local.get 2))))
    (local.get 0)))
"""

LIST = """
import sys
from fusee.api.text import wat2wasm
from fusee.tune.lister import Lister
from fusee.tune.profile import Profile
profile = Profile(bytes(wat2wasm(sys.argv[1])), {index: [1] * 9 for index in range(3)})
print(*(c.name for block in Lister().blocks(profile) for c in block.cells))
"""


@pytest.mark.slow
def test_what_has_no_handler_where_it_is_wanted_is_taken_apart(tmp_path: Path) -> None:
    """An `if` needs the opposite branch, which has no tree here; and the other tree cannot write to the accumulator."""
    trees = tmp_path / "mine.txt"
    trees.write_text("br_i32_nz(and(aps, c))\nadd(s, mul(s, s)) -> s\n")
    done = run("-c", LIST, TAKEN_APART, trees=trees)
    assert done.stdout.split() == [
        "and_a_s_c", "br_i32_z_a", "mov_s_c", "br", "mov_s_c", "return_int_s",
        "mul_a_s_s", "add_a_a_s", "i32_clz_a_a", "return_int_a",
        "add__mul1xxx_s_s_s_s", "return_int_s",
    ], done.stderr  # fmt: skip


OTHER_OPERAND = """
(module
  (func (param i32 i32 f64 f64) (result f64)
    (f64.div (f64.convert_i32_u (i32.mul (local.get 0) (local.get 1))) (f64.sqrt (local.get 3))))
  (func) (func))
"""


@pytest.mark.slow
def test_what_is_taken_apart_keeps_its_other_operand(tmp_path: Path) -> None:
    """The quotient waits for the sum of which it could be a part; the divisor must leave the dividend's accumulator."""
    trees = tmp_path / "mine.txt"
    trees.write_text("f64_add(f64_div(f64_convert_i32_u(a), p), c) -> p\n")
    done = run("-c", LIST, OTHER_OPERAND, trees=trees)
    assert done.stdout.split()[:-2] == [
        "mul_a_s_s", "f64_sqrt_a_s", "fmov_s_a", "f64_convert_i32_u_a_a", "f64_div_a_a_s", "return_float_a",
    ], done.stderr  # fmt: skip


WIDE = """
import sys
from itertools import product
from fusee.engine.isa.selection import Selection, choose
choose(Selection("plain", 4, None))
from fusee.engine.isa.table import SINGLES
from fusee.engine.isa.trees import parse, tree_rows
from fusee.tune.selection import MOST_WIDE_HANDLERS, numbered
names = ["add", "mul", "and", "or", "xor", "i32_shl", "i32_shr_u", "i64_shl", "i64_shr_u", "i32_rotl"]
operations = [f"{outer}(aps, {inner}(aps, aps)) -> aps" for outer, inner in product(names, names)]
tests = [f"brl_{kind}_{test}" for kind in ("i32", "i64") for test in ("eq", "ne", "lt_s", "lt_u", "le_s", "le_u")]
operands = [places for name in (*names, "sub", "i32_rotr", "i64_rotl", "i64_rotr")
            for places in (f"aps, {name}(aps, aps)", f"{name}(aps, aps), aps")]
branches = [f"{test}({places})" for test, places in product(tests, operands)]
for patterns in (branches, operations):
    lines = list(map(str, numbered(map(parse, patterns))))
    assert len(lines) < len(patterns)
    text = "\\n".join(lines)
    assert sum(len(row.handlers) for row in tree_rows("wide", text, SINGLES)) <= MOST_WIDE_HANDLERS
    open(sys.argv[1], "w").write(text)
"""
NUMBERED = """
import sys
from fusee.engine.isa.selection import Selection, choose
choose(Selection("wide", 4, sys.argv[1]))
import fusee.engine.isa.pairs
"""


def test_as_many_handlers_as_are_looked_at_have_numbers(tmp_path: Path) -> None:
    """Of branches to the loop pointer there are twice as many as their patterns say."""
    for program in (WIDE, NUMBERED):
        command = [sys.executable, "-c", program, str(tmp_path / "wide.txt")]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
