"""Canonical types: equal in one engine exactly if equivalent, and gone with the last module that holds them."""

from collections.abc import Iterator

import pytest

from fusee.api.text import wat2wasm
from tests.engine.native_modules import Checker

FUNCTIONS = """(module
  (type $a (func (param i32) (result i64)))
  (type $b (func (param i32) (result i64)))
  (type $c (func (param i64) (result i32)))
  (rec (type $d (func (param i32) (result i64))) (type $e (func)))
  (rec (type $f (func (param (ref $g)))) (type $g (func (param (ref $f)))))
  (rec (type $h (func (param (ref $i)))) (type $i (func (param (ref $h)))))
  (rec (type $j (func (param (ref $g)))) (type $k (func (param (ref $f))))))"""

SUBTYPES = """(module
  (type $a (sub (struct)))
  (type $b (sub $a (struct (field i32))))
  (type $c (sub $a (struct (field i32))))
  (type $d (sub final $a (struct (field i32))))
  (type $e (sub $a (struct (field (mut i32))))))"""


@pytest.fixture
def checker() -> Iterator[Checker]:
    made = Checker()
    yield made
    made.close()


def canonical(checker: Checker, text: str) -> list[int]:
    with checker.module(bytes(wat2wasm(text))) as m:
        return [int(m.types[i].canonical) for i in range(int(m.type_count))]


def test_equivalence(checker: Checker) -> None:
    a, b, c, d, e, f, g, h, i, j, k = canonical(checker, FUNCTIONS)
    assert a == b
    assert len({a, c, d, e, f, g, j, k}) == 8, "a type in a larger group differs, and so does one that refers outside"
    assert (f, g) == (h, i)


def test_what_makes_subtypes_differ(checker: Checker) -> None:
    a, b, c, d, e = canonical(checker, SUBTYPES)
    assert b == c
    assert len({a, b, d, e}) == 4


def test_modules_share_types(checker: Checker) -> None:
    other = "(module (type (func)) (type (func (param i64) (result i32))) (type (func (param i32) (result i64))))"
    with checker.module(bytes(wat2wasm(FUNCTIONS))) as first, checker.module(bytes(wat2wasm(other))) as second:
        assert second.types[2].canonical == first.types[0].canonical
        assert second.types[1].canonical == first.types[2].canonical


def test_release(checker: Checker) -> None:
    with checker.module(bytes(wat2wasm(FUNCTIONS))):
        held = int(checker.registry.group_count)
        with checker.module(bytes(wat2wasm(SUBTYPES))):
            assert checker.registry.group_count == held + 4
        assert checker.registry.group_count == held
    assert checker.registry.group_count == 0


def test_ids_are_used_again(checker: Checker) -> None:
    for _ in range(3):
        canonical(checker, SUBTYPES)
        canonical(checker, FUNCTIONS)
    assert checker.registry.type_count < 20


def test_many_types(checker: Checker) -> None:
    """More than the registry starts with room for."""
    lines = [f"(type (func (param {'i32 ' * (i % 30)} {'i64 ' * (i // 30)})))" for i in range(900)]
    ids = canonical(checker, f"(module {' '.join(lines)})")
    assert len(set(ids)) == 900
    assert ids == canonical(checker, f"(module {' '.join(lines)})")


def test_a_module_that_fails_leaves_no_types(checker: Checker) -> None:
    text = "(module (type (func)) (type (func (param i32))) (func (result i32)))"
    assert checker.verdict(bytes(wat2wasm(text)))[0] == "invalid"
    assert checker.registry.group_count == 0
