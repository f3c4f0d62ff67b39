"""What may be given where something else is expected (Explainer, "Type Checking"), each beside what may."""

import pytest

from fusee import Engine, ValidationError
from fusee.component import Component
from tests.component.rules import CORE, OWN, check_rule


def taker(expected: str, given: str, kind: str = "func") -> str:
    """A component with an import, which is given an import of another component: `{kind} $x`."""
    return (
        f'(component $c (import "x" {expected})) {given} (instance (instantiate $c (with "x" ({kind} $x))))'
    )  # fmt: skip


FUNC = '(func (param "a" u8) (result u16))'
GIVEN = '(import "y" (func $x (param "a" u8) (result u16)))'
RULES = {
    "the kind of a core item": (
        f'(core module $n (import "i" "f" (func (param i32 i32)))) {CORE} (core instance (instantiate $n (with "i" '
        "(instance $i))))",
        '"i" "f"', '"i" "m"', "type mismatch for export `m` of `i`: expected func, found memory",
    ),
    "whether a function is asynchronous": (
        taker("(func async)", '(import "y" (func $x async))'), "$x async", "$x",
        "one function is asynchronous, and the other is not",
    ),
    "names of parameters": (
        taker(FUNC, GIVEN), '$x (param "a"', '$x (param "b"', "expected parameter named `a`, found `b`",
    ),
    "types of parameters": (
        taker(FUNC, GIVEN), '$x (param "a" u8)', '$x (param "a" s8)', "type mismatch in parameter `a`",
    ),
    "number of parameters": (
        taker(FUNC, GIVEN), '$x (param "a" u8)', '$x (param "a" u8) (param "b" u8)', "expected 1 parameters, found 2",
    ),
    "the result": (taker(FUNC, GIVEN), "(result u16))) ", "(result u32))) ", "type mismatch in the result"),
    "that there is a result": (
        taker('(func (param "a" u8))', '(import "y" (func $x (param "a" u8)))'), '$x (param "a" u8)',
        '$x (param "a" u8) (result u8)', "type mismatch in the result",
    ),
    "the sort of an item": (
        taker("(instance)", '(import "y" (instance $x)) (import "z" (func $z))', "instance"), "(instance $x))))",
        "(func $z))))", "expected instance, found func",
    ),
    "exports of an instance": (
        taker('(instance (export "a" (func)))', '(import "y" (instance $x (export "a" (func))))', "instance"),
        '$x (export "a"', '$x (export "b"', "missing expected export `a`",
    ),
    "types of an instance's exports": (
        taker('(instance (export "a" (func)))', '(import "y" (instance $x (export "a" (func))))', "instance"),
        '$x (export "a" (func)', '$x (export "a" (func (param "b" u8))', "type mismatch in instance export `a`",
    ),
    "imports of a component": (
        taker('(component (import "a" (func)))', '(import "y" (component $x (import "a" (func))))', "component"),
        '$x (import "a"', '$x (import "b"', "missing expected import `b`",
    ),
    "types of a component's imports": (
        taker('(component (import "a" (func)))', '(import "y" (component $x (import "a" (func))))', "component"),
        '$x (import "a" (func)', '$x (import "a" (func (param "b" u8))', "expected 1 parameters, found 0",
    ),
    "exports of a component": (
        taker('(component (export "a" (func)))', '(import "y" (component $x (export "a" (func))))', "component"),
        '$x (export "a"', '$x (export "b"', "missing expected export `a`",
    ),
    "imports of a module": (
        taker('(core module (import "a" "b" (func)))', '(core module $x (import "a" "b" (func)))', "core module"),
        '$x (import "a" "b"', '$x (import "a" "c"', "missing expected import `a::c`",
    ),
    "exports of a module": (
        taker('(core module (export "a" (func)))', '(core module $x (func (export "a")))', "core module"),
        '(func (export "a"))', '(func (export "b"))', "missing expected export `a`",
    ),
    "a resource": (
        taker("(type (sub resource))", "(type $x (resource (rep i32))) (type $u u8)", "type"),
        "(type $x))))", "(type $u))))", "expected a resource",
    ),
    "a type of functions": (
        '(component $c (type $f (func)) (import "x" (type (eq $f)))) (type $t (func)) (type $u u8) '
        '(instance (instantiate $c (with "x" (type $t))))',
        "(type $t))))", "(type $u))))", "expected another kind of type",
    ),
    "a type of values": (
        '(component $c (type $f u8) (import "x" (type (eq $f)))) (type $t u8) (type $u (func)) '
        '(instance (instantiate $c (with "x" (type $t))))',
        "(type $t))))", "(type $u))))", "type mismatch: expected u8, found typeof",
    ),
    "the type of values": (
        '(component $c (type $f u8) (import "x" (type (eq $f)))) (type $t u8) '
        '(instance (instantiate $c (with "x" (type $t))))',
        "(type $t u8)", "(type $t u16)", "type mismatch: expected u8, found u16",
    ),
    "the type that an export is given": (
        '(import "f" (func $f)) (export "g" (func $f) (func))', "$f) (func)", '$f) (func (param "a" u8))',
        "ascribed type of export is not compatible with item's type: expected 1 parameters, found 0",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "right", "wrong", "message"), RULES.values(), ids=RULES)
def test_rules(text: str, right: str, wrong: str, message: str) -> None:
    check_rule(text, right, wrong, message)


def test_what_hides_that_an_export_is_a_resource_that_is_known() -> None:
    """Explainer, "Type Definitions": `wasm-tools` refuses both."""
    text = f'(component {OWN} (type $u u8) (export "e" (type $r) (type (sub resource))))'
    assert Component(Engine(), text)
    with pytest.raises(ValidationError, match="is not compatible with item's type: expected a resource") as caught:
        Component(Engine(), text.replace("(type $r) (", "(type $u) ("))
    assert caught.value.offset is not None
