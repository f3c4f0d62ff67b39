"""Types that imports and exports use must have names outside: which of several equal types has one."""

import pytest

from fusee import Engine, ValidationError
from fusee.component import Component

CORE = '(core module $m (func (export "f") (param i32))) (core instance $i (instantiate $m))'
SIZE = '(type $size (record (field "width" u8)))'
OTHER = '(type $other (record (field "width" u8)))'
FUNC = f'{CORE} {SIZE} (func $f (param "of" $size) (canon lift (core func $i "f")))'
INNER = f'(component $inner {SIZE} (export "size" (type $size))) (instance $n (instantiate $inner))'

NAMED = '(import "size" (type $named (eq $size)))'
SHOWN = '(export "size" (type (eq $size)))'
MADE = '(export "b" (instance $b))'


def lifted(ty: str, name: str = "f") -> str:
    """A function with that parameter, exported."""
    return f'(func (export "{name}") (param "of" {ty}) (canon lift (core func $i "f")))'


def declared(ty: str) -> str:
    """The same in the type of an instance or component."""
    return f'(export "f" (func (param "of" {ty})))'


def taken(ty: str) -> str:
    """A component whose import has that parameter."""
    return f'(import "take" (func (param "of" {ty})))'


GOOD = {
    "the name that an export has given": f'{CORE} {SIZE} (export $named "size" (type $size)) {lifted("$named")}',
    "a type that is written down for it":
        f'{FUNC} (export $n "size" (type $size)) (export "f" (func $f) (func (param "of" $n)))',
    "an import's": f"{CORE} {SIZE} {NAMED} {lifted('$named')} ",
    "named twice": f'{CORE} {SIZE} {NAMED} (export $b "b" (type $named)) {lifted("$named")} {lifted("$b", "g")}',
    "an instance's that is imported":
        f'{CORE} (import "i" (instance $n {SIZE} {SHOWN})) (alias export $n "size" (type $s)) {lifted("$s")}',
    "an instance's that is exported":
        f'{CORE} {INNER} (alias export $n "size" (type $s)) (export "n" (instance $n)) {lifted("$s")}',
    "in the type of an instance":
        f'(import "i" (instance {SIZE} (export "size" (type $s (eq $size))) {declared("$s")}))',
    "in the type of an instance that nobody has": f"(type (instance {SIZE} {declared('$size')}))",
    "what an instance is made of":
        f'{FUNC} (instance $b (export "size" (type $size)) (export "f" (func $f))) {MADE}',
    "what a component inside was given":
        f"""{SIZE} {NAMED} (component $inner {SIZE} (import "s" (type $s (eq $size)))
        (type $box (record (field "of" $s))) (export "box" (type $box)))
        (instance $n (instantiate $inner (with "s" (type $named)))) (export "n" (instance $n))""",
    "what an instance inside was given":
        f"""(import "i" (instance $i {SIZE} {SHOWN}))
        (component $inner (import "j" (instance $j {SIZE} {SHOWN})) (alias export $j "size" (type $s))
          (type $box (record (field "of" $s))) (export "box" (type $box)))
        (instance $n (instantiate $inner (with "j" (instance $i)))) (export "n" (instance $n))""",
    "with a resource that is replaced":
        f"""(import "r" (type $r (sub resource))) (type $t (record (field "r" (own $r))))
        (import "t" (type $named (eq $t)))
        (import "i" (instance (alias outer 1 $named (type $n)) (export "q" (type (sub resource))) {declared("$n")}))""",
}  # fmt: skip

BAD = {
    "one that is equal": f'{CORE} {SIZE} {OTHER} (export "size" (type $size)) {lifted("$other")}',
    "what it was before": f'{CORE} {SIZE} (export "size" (type $size)) {lifted("$size")}',
    "what it was before it was imported": f"{CORE} {SIZE} {NAMED} {lifted('$size')}",
    "in a list": f"{SIZE} {NAMED} {taken('(list $size)')}",
    "in options": f"{SIZE} {NAMED} {taken('(option (option $size))')}",
    "in a result": f'{SIZE} {NAMED} (import "f" (func (result (result u8 (error $size)))))',
    "in a record":
        f'{SIZE} (export "size" (type $size)) (type $box (record (field "of" $size))) (export "box" (type $box))',
    "a type of lists": f'{SIZE} (export "size" (type $size)) (type $all (list $size)) (export "all" (type $all))',
    "an enum": f'(type $mood (enum "a")) (import "mood" (type (eq $mood))) {taken("$mood")}',
    "flags": f'(type $set (flags "a")) (import "set" (type (eq $set))) {taken("$set")}',
    "a variant": f'(type $case (variant (case "a"))) (import "case" (type (eq $case))) {taken("$case")}',
    "an export's in an import": f'{SIZE} (export $named "size" (type $size)) {taken("$named")}',
    "in the type of an instance": f'(import "i" (instance {SIZE} {SHOWN} {declared("$size")}))',
    "in the type of a component": f"(type (component {SIZE} {SHOWN} {declared('$size')}))",
    "an instance's that nobody sees": f'{CORE} {INNER} (alias export $n "size" (type $s)) {lifted("$s")}',
    "what an instance has that is made of others":
        f'{FUNC} {OTHER} (instance $b (export "size" (type $other)) (export "f" (func $f))) {MADE}',
    "what an instance has later": f'{FUNC} (instance $b (export "f" (func $f)) (export "size" (type $size))) {MADE}',
    "what a component inside was given, by another name":
        f"""{SIZE} {NAMED} (component $inner {SIZE} (import "s" (type $s (eq $size)))
        (type $box (record (field "of" $s))) (export "box" (type $box)))
        (instance $n (instantiate $inner (with "s" (type $size)))) (export "n" (instance $n))""",
    "with a resource":
        f"""(import "r" (type $r (sub resource))) (type $t (record (field "r" (own $r))))
        (import "t" (type (eq $t))) {taken("$t")}""",
}  # fmt: skip


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD)
def test_types_that_have_names(text: str) -> None:
    Component(Engine(), f"(component {text})")


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_types_that_have_none(text: str) -> None:
    with pytest.raises(ValidationError, match="has no name") as caught:
        Component(Engine(), f"(component {text})")
    assert caught.value.offset is not None


def test_equal_types_are_one_when_all_is_validated() -> None:
    named = '(import "a" (type $a (eq $size))) (import "b" (type $b (eq $other)))'
    text = f"(component {SIZE} {OTHER} {named} {taken('(tuple $a $b)')})"
    imports = Component(Engine(), text).type._imports
    assert imports["a"] is imports["b"] is imports["take"]._params[0][1]._elements[0]
