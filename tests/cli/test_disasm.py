"""`fusee disasm` and `fusee isa`."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from fusee import Engine, Module
from fusee.cli.commands import fusee
from fusee.disasm.listing import show_function
from fusee.disasm.wasm import read_instructions, show_float
from fusee.engine.isa.pairs import PAIRS
from fusee.engine.isa.table import HANDLER_COUNT, ROWS

MODULE = """
(module $m
  (import "host" "f" (func $imported))
  (func $first (export "one") (result i32) (i32.const 1))
  (func $second (param i64) (result i64) (local.get 0)))
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "m.wat"
    path.write_text(MODULE)
    return path


def run(*arguments: object) -> str:
    result = CliRunner().invoke(fusee, [str(argument) for argument in arguments], standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return result.output


@pytest.mark.parametrize("index", [0, 3])
def test_a_function_that_the_module_does_not_define(index: int) -> None:
    """It is imported, or there is none."""
    with pytest.raises(IndexError, match=f"the module defines no function {index}"):
        list(show_function(Module(Engine(), MODULE), index))


def test_all_functions(file: Path) -> None:
    listing = run("disasm", file)
    assert "func 1 'one' () -> (i32)" in listing
    assert "func 2 'second' (i64) -> (i64)" in listing
    assert "return_int_c               1" in listing


@pytest.mark.parametrize("wanted", ["2", "second"])
def test_one_function(file: Path, wanted: str) -> None:
    assert run("disasm", "--function", wanted, file).startswith("func 2 ")


@pytest.mark.parametrize("wanted", ["0", "3", "third", "imported", "", pytest.param("9" * 5000, id="long")])
def test_no_such_function(file: Path, wanted: str) -> None:
    with pytest.raises(Exception, match="the module defines no such function"):
        run("disasm", "--function", wanted, file)


def test_metered_code(file: Path) -> None:
    assert "tick" in run("disasm", "-W", "fuel=1", file)
    assert "tick" not in run("disasm", file)


def test_atomic_instructions(tmp_path: Path) -> None:
    path = tmp_path / "shared.wat"
    path.write_text("(module (memory 1 1 shared) (func (drop (i64.atomic.rmw16.add_u (i32.const 8) (i64.const 1)))))")
    assert re.search(r"atomic_add +offset=0, memory=0, at=s0, flags=1", run("disasm", path))


def test_the_instruction_set() -> None:
    lines = run("isa").splitlines()
    assert [line.split()[0] for line in lines[1:-1]] == [row.name for row in ROWS]
    assert lines[-1] == f"{len(ROWS)} instructions, {HANDLER_COUNT} handlers, and {len(PAIRS)} of pairs"


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (b"\x41\x7f", "i32.const -1"),
        (b"\x42\x80\x80\x80\x80\x08", "i64.const 2147483648"),
        (b"\x43\xcd\xcc\xcc\x3d", "f32.const 0.1"),
        (b"\x44\x00\x00\x00\x00\x00\x00\xf8\x7f", "f64.const nan:0x7ff8000000000000"),
        (b"\x02\x40", "block"),
        (b"\x03\x7e", "loop (result i64)"),
        (b"\x04\x80\x01", "if (type 128)"),
        (b"\x02\x63\x70", "block (result (ref null func))"),
        (b"\x0e\x02\x00\x01\x02", "br_table 0 1 2"),
        (b"\x1c\x01\x6f", "select (result externref)"),
        (b"\x28\x42\x01\x04", "i32.load 1 offset=4 align=4"),
        (b"\xd0\x03", "ref.null 3"),
        (b"\xfc\x0a\x00\x01", "memory.copy 0 1"),
        (b"\xfd\x0c" + bytes(15) + b"\x80", f"v128.const 0x80{'0' * 30}"),
        (b"\x1f\x40\x02\x00\x01\x02\x02\x03", "try_table (catch 1 2) (catch_all 3)"),
    ],
)
def test_wasm_instructions_as_text(code: bytes, text: str) -> None:
    assert [instruction.text for instruction in read_instructions(code, 0, len(code))] == [text]


@pytest.mark.parametrize(
    ("encoded", "text"),
    [
        ("cdcccc3d", "0.1"), ("ffff7f7f", "3.4028235e+38"), ("000080ff", "-inf"), ("00000080", "-0.0"),
        ("9a9999999999b93f", "0.1"), ("0100000000000000", "5e-324"), ("0000c07f", "nan:0x7fc00000"),
    ],
)  # fmt: skip
def test_floats(encoded: str, text: str) -> None:
    assert show_float(bytes.fromhex(encoded)) == text
