"""Rules that components must keep: what a test of one is made of."""

import pytest

from fusee import Engine, ValidationError, wat2wasm
from fusee.component import Component
from tests.component.mutate import accepts

CORE = """(core module $m (memory (export "m") 1) (memory (export "m64") i64 1)
    (func (export "f") (param i32 i32)) (func (export "g") (param i32 i32 i32 i32) (result i32) (i32.const 0))
    (func (export "h")) (func (export "d") (param i32)) (func (export "r") (result i32) (i32.const 0))
    (func (export "k") (param i32 i32 i32) (result i32) (i32.const 0)))
  (core instance $i (instantiate $m)) (alias core export $i "m" (core memory $m))
  (alias core export $i "m64" (core memory $m64))
  (alias core export $i "f" (core func $f)) (alias core export $i "g" (core func $g))
  (alias core export $i "h" (core func $h)) (alias core export $i "d" (core func $d))
  (alias core export $i "r" (core func $r)) (alias core export $i "k" (core func $k))"""
"""A core module's instance, with functions of some types, and memories."""
OWN = "(type $r (resource (rep i32)))"
GIVEN = '(import "r" (type $r (sub resource)))'
"""A resource of the component's own, and one that it is given."""


def check_rule(text: str, right: str, wrong: str, message: str) -> None:
    """A component is valid, and is not with something wrong in place of what is right in it: for `wasm-tools`, too."""
    assert text.count(right) == 1
    valid, invalid = (bytes(wat2wasm(f"(component {found})")) for found in (text, text.replace(right, wrong)))
    assert Component(Engine(), valid)
    assert accepts(valid) and not accepts(invalid)
    with pytest.raises(ValidationError) as caught:
        Component(Engine(), invalid)
    assert message in caught.value.message
    assert caught.value.offset is not None
