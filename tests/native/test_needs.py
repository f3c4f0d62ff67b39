"""Where native code asks for room on the host's stack: as late as it can, once."""

import pytest

from fusee.api.text import wat2wasm
from fusee.kernel.target import Target
from fusee.native.compile import Compiler, plan
from fusee.native.function import FunctionCompiler
from fusee.native.needs import first_need
from fusee.native.reader import Reader
from fusee.native.rules import CALLING
from fusee.native.sections import read_module
from fusee.native.unit import Options

NO_NEED = "(func $f)"


def needed_before(code: str) -> str | None:
    """The instruction of the second function before which that is, with its number among all."""
    module = read_module(bytes(wat2wasm(f"(module (tag $e) {NO_NEED} (func (param i32) {code}))")))
    reader = Reader(module.binary, *module.body(1))
    assert reader.u32() == 0
    instructions = list(reader.instructions())
    found = first_need(instructions, CALLING)
    return None if found is None else f"{found} {instructions[found].op.mnemonic}"


@pytest.mark.parametrize(
    ("code", "place"),
    [
        ("nop", None),
        ("nop call $f", "1 call"),
        ("(block (br_if 0 (local.get 0)) (call $f) (call $f))", "3 call"),
        ("(if (local.get 0) (then (nop)) (else (call $f)))", "4 call"),
        ("(if (local.get 0) (then (call $f)) (else (call $f)))", "1 if"),
        ("(block (call $f)) (call $f)", "0 block"),
        ("nop (loop (if (local.get 0) (then (call $f) (br 1))))", "1 loop"),
        ("(block (loop (call $f)) (loop (call $f)))", "1 loop"),
        ("(block (block (nop)) (loop (nop)) (block (nop (call $f))) (nop))", "8 call"),
        ("try (block (call $f)) catch $e (call $f) end", "0 try"),
        ("(block nop) try nop delegate 0 (block (call $f))", "7 call"),
        ("(return (nop)) (return_call $f)", "2 return_call"),
    ],
)
def test_it_comes_before_all_that_calls(code: str, place: str | None) -> None:
    assert needed_before(code) == place


MAY_CALL = "(if (local.get 0) (then (call $f)))"


def written(code: str) -> str:
    """The text of a function with a parameter."""
    compiler = Compiler(plan(bytes(wat2wasm(f"(module {NO_NEED} (func (param i32) {code}))"))), Options(Target.host()))
    unit = compiler.new_unit()
    unit.begin([1])
    FunctionCompiler(unit, 1).compile()
    return unit.text()


@pytest.mark.parametrize(
    ("code", "where", "room"),
    [
        ("nop", None, 0),
        (MAY_CALL, "late", 0),
        ("nop " * 1100, "first", 0),
        ("nop " * 1100 + MAY_CALL, "first", 0),
        ("(local i64 i64)" + MAY_CALL, "late", 0),
        (f"(local {'i64 ' * 70}) {MAY_CALL}", "first", 16 * 72),
        ("nop " * 1100 + "(local.get 0) " * 80 + "drop " * 80, "first", 16 * 81),
    ],
)
def test_large_functions_look_where_they_begin(code: str, where: str | None, room: int) -> None:
    """And ask for what locals and operands may take of the stack; who looks late looks for a pause there, too."""
    text = written(code)
    looks = text.split("call ptr @llvm.stacksave.p0()")
    assert len(looks) == (1 if where is None else 2)
    if where is not None:
        assert ("\nbody:" in looks[0]) == (where == "late")
        assert text.count("ptr %wish monotonic") == int("call" in code)
        added = looks[1].split("icmp ult i64")[0]
        assert (f", {room}\n" in added) == bool(room)
