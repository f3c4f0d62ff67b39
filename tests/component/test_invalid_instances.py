"""Rules for aliases, and for instances and what they are given, each beside a component that keeps it."""

import pytest

from tests.component.rules import CORE, OWN, check_rule

INSTANCE = '(component $c (import "x" (func $x)) (export "y" (func $x))) (import "x" (func $f))'
TAKES = '(core module $n (import "i" "f" (func (param i32 i32))))'

RULES = {
    "an export of an instance that it has": (
        f'{INSTANCE} (instance $i (instantiate $c (with "x" (func $f)))) (alias export $i "y" (func))',
        'export $i "y"', 'export $i "z"', "instance 0 has no export named `z`",
    ),
    "an export of a core instance that it has": (
        f'{CORE} (alias core export $i "f" (core func))',
        '$i "f" (core func))', '$i "z" (core func))', "core instance 0 has no export named `z`",
    ),
    "an outer component": (
        "(type $t u8) (component (alias outer 1 0 (type)))",
        "outer 1", "outer 2", "invalid outer alias count of 2",
    ),
    "a sort of an export": (
        f'{INSTANCE} (instance $i (instantiate $c (with "x" (func $f)))) (alias export $i "y" (func))',
        '(alias export $i "y" (func))', '(alias export $i "y" (instance))', "export `y` for instance 0 is not a",
    ),
    "a sort of a core export": (
        f'{CORE} (alias core export $i "f" (core func))',
        '"f" (core func))', '"f" (core memory))', "export `f` for core instance 0 is not a",
    ),
    "resources of outer components": (
        f"{OWN} (type $u u8) (component (alias outer 1 $u (type)))",
        "outer 1 $u", "outer 1 $r", "cannot alias outer type which transitively refers to resources",
    ),
    "one argument by each name": (
        f'{TAKES} {CORE} (core instance (instantiate $n (with "i" (instance $i)) (with "j" (instance $i))))',
        '"j"', '"i"',
        "duplicate module instantiation argument named `i`",
    ),
    "an argument for each import": (
        f'{TAKES} {CORE} (core instance (instantiate $n (with "i" (instance $i))))',
        '(with "i"', '(with "j"',
        "missing module instantiation argument named `i`",
    ),
    "an export for each import": (
        f'{TAKES} {CORE} (core instance (instantiate $n (with "i" (instance $i))))',
        '(import "i" "f"', '(import "i" "z"',
        "does not export an item named `z`",
    ),
    "its type": (
        f'{TAKES} {CORE} (core instance (instantiate $n (with "i" (instance $i))))',
        '(import "i" "f" (func (param i32 i32)))', '(import "i" "f" (func (param i64 i32)))',
        "type mismatch for export `f` of `i`",
    ),
    "one core export by each name": (
        f'{CORE} (core instance (export "a" (func $f)) (export "b" (func $f)))',
        '"b" (func $f)', '"a" (func $f)', "duplicate instantiation export name `a`",
    ),
    "one component's argument by each name": (
        f'{INSTANCE} (instance (instantiate $c (with "x" (func $f)) (with "z" (func $f))))',
        '"z"', '"x"', "instantiation argument `x` conflicts with previous argument",
    ),
    "an argument for each component's import": (
        f'{INSTANCE} (instance (instantiate $c (with "x" (func $f))))',
        '(with "x"', '(with "z"', "missing import named `x`",
    ),
    "its component type": (
        f'{INSTANCE} (instance (instantiate $c (with "x" (func $f))))',
        '(import "x" (func $f))', '(import "x" (func $f (param "a" u8)))', "type mismatch for import `x`",
    ),
    "names of what instances have no resource for": (
        '(import "x" (func $f)) (instance (export "r-m" (func $f)))',
        "r-m", "[method]r.m", "instance export `[method]r.m`: resource used in it does not have a name in this context",
    ),
    "its sort": (
        f'{INSTANCE} (type $t (instance)) (import "q" (instance $q (type $t))) (instance (instantiate $c (with '
        '"x" (func $f))))',
        '(with "x" (func $f))', '(with "x" (instance $q))', "type mismatch for import `x`",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "right", "wrong", "message"), RULES.values(), ids=RULES)
def test_rules(text: str, right: str, wrong: str, message: str) -> None:
    check_rule(text, right, wrong, message)
