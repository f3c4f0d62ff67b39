"""Values as text: what is written is read again, and `fusee run --invoke` calls functions with it."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from fusee import Engine, wat2wasm
from fusee.cli.commands import fusee
from fusee.component import Component, FuncType, Record, ValType, Variant
from fusee.component.wave import WaveError, parse, show
from tests.component.guests import named


def type_of(text: str) -> ValType:
    """A type by its text."""
    is_plain = text.isalnum() or text.startswith(("(list", "(option", "(result", "(tuple", "(future"))
    definitions, name = ("", text) if is_plain else (named(text), "$t")
    component = Component(Engine(), f'(component {definitions} (import "f" (func (param "x" {name}))))')
    function = component.type.imports(component._engine)["f"].ty
    assert isinstance(function, FuncType)
    return function.params[0][1]


@pytest.mark.parametrize(
    ("ty", "value", "text"),
    [
        ("bool", True, "true"), ("u8", 7, "7"), ("s64", -7, "-7"), ("f64", 0.5, "0.5"), ("f32", 0.1, "0.1"),
        ("f64", float("-inf"), "-inf"), ("f64", 3.0, "3"), ("char", "'", "'\\''"),
        ("string", 'a "b"\n\\', '"a \\"b\\"\\n\\\\"'), ("(list u8)", b"\1\2", "[1, 2]"),
        ("(list string)", ["a", ""], '["a", ""]'), ("(tuple u8 char)", (1, "x"), "(1, 'x')"),
        ("(option u8)", None, "none"), ("(option u8)", 3, "some(3)"),
        ("(option (option u8))", Variant("some", None), "some(none)"),
        ("(result)", Variant("ok"), "ok"), ("(result u8 (error string))", "no", 'err("no")'),
        ('(enum "a" "some")', "some", "%some"), ('(flags "a" "b" "c")', {"c", "a"}, "{a, c}"),
        ('(record (field "a-b" u8) (field "c" string))', Record(**{"a-b": 1, "c": "x"}), '{a-b: 1, c: "x"}'),
        ('(variant (case "a") (case "b" u8))', 5, "b(5)"),
    ],
)  # fmt: skip
def test_text_and_back(ty: str, value: Any, text: str) -> None:
    found = type_of(ty)
    assert show(found, value) == text
    assert parse(found, text) == value


@pytest.mark.parametrize(
    ("ty", "text", "value"),
    [
        ("(list u8)", " [ 1 ,2, ] // rest", b"\1\2"),
        ("(option string)", '"plain"', "plain"),
        ("(result u8 (error string))", "3", 3),
        ("string", '"\\u{1f600}"', "😀"),
        ('(record (field "a" u8) (field "b" (option u8)))', "{a: 1}", Record(a=1, b=None)),
    ],
)
def test_other_spellings(ty: str, text: str, value: Any) -> None:
    assert parse(type_of(ty), text) == value


@pytest.mark.parametrize(
    ("ty", "text", "message"),
    [
        ("u8", "x", "expected an integer"), ("u8", "1.5", "an integer"), ("u8", "1 2", "the end"),
        pytest.param("u8", "9" * 5000, "expected an integer at character 5000", id="long"),
        ("string", '"open', "closing quote"), ("(list u8)", "[1", "expected `,`"), ("bool", "maybe", "true or false"),
        ("(tuple u8 u8)", "(1)", "2 values"), ("(tuple u8)", "(1, 2)", r"`\)`"), ("(result)", "fine", "a case"),
        ('(record (field "a" u8))', "{b: 1}", "not `b`"), ('(record (field "a" u8))', "{}", "the field `a`"),
        ("string", '"\\u{110000}"', "scalar value"), ('(variant (case "a"))', "b", "a case, not `b`"),
        ("(future u8)", "1", "values of type FutureType cannot be written"),
    ],
)  # fmt: skip
def test_texts_that_are_no_values(ty: str, text: str, message: str) -> None:
    with pytest.raises(WaveError, match=message):
        parse(type_of(ty), text)


GREETER = """(component
  (core module $m
    (memory (export "memory") 1)
    (global $top (mut i32) (i32.const 64))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (global.get $top) (global.set $top (i32.add (global.get $top) (local.get 3))))
    (func (export "same") (param i32 i32 i32) (result i32)
      (i32.store (i32.const 0) (local.get 0)) (i32.store (i32.const 4) (local.get 1)) (i32.const 0))
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))
  (core instance $i (instantiate $m))
  (alias core export $i "memory" (core memory $memory))
  (func $same (param "text" string) (param "n" u32) (result string)
    (canon lift (core func $i "same") (memory $memory) (realloc (core func $i "realloc"))))
  (func $add (param "a" s32) (param "b" s32) (result s32) (canon lift (core func $i "add")))
  (instance $tools (export "add" (func $add)))
  (export "same" (func $same))
  (export "test:tools/sums@1.0.0" (instance $tools)))"""


@pytest.mark.parametrize(
    ("arguments", "status", "output"),
    [
        (["--invoke", 'same("hi, there", 1)', "FILE"], 0, '"hi, there"\n'),
        (["--invoke", "same", "FILE", '"hi"', "2"], 0, '"hi"\n'),
        (["--invoke", "add", "FILE", "-3", "5"], 0, "2\n"),
        (["--invoke", "test:tools/sums@1.0.0#add(1, 2)", "FILE"], 0, "3\n"),
        (["--invoke", "none", "FILE"], 2, "--invoke can call same, test:tools/sums@1.0.0#add"),
        (["--invoke", "add(1)", "FILE"], 2, "expected `,`"),
        (["--invoke", "add(1, x)", "FILE"], 2, "expected an integer"),
    ],
)
def test_functions_are_invoked(arguments: list[str], status: int, output: str, tmp_path: Path) -> None:
    file = tmp_path / "tools.wasm"
    file.write_bytes(wat2wasm(GREETER))
    result = CliRunner().invoke(fusee, ["run", *(str(file) if word == "FILE" else word for word in arguments)])
    assert output in result.output
    assert result.exit_code == status
