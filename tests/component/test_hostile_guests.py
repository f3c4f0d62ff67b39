"""Guests that lie about their memory, and values that are none."""

import struct
from typing import Any

import pytest

from fusee import Engine, LinkError, Store, Trap
from fusee.component import Component, Linker
from tests.component.guests import World, echo, lifting

GIVER = """(component
  (core module $m
    (memory (export "memory") 1)
    (func (export "f") (param i32 i32) (result i32)
      (i32.store (i32.const 0) (local.get 0)) (i32.store (i32.const 4) (local.get 1)) (i32.const 0))
    (func (export "g") (param i32) (result i32) (local.get 0))
    (data (i32.const 16) "a\\ff\\c3")
    (data (i32.const 32) "\\00\\d8a\\00"))
  (core instance $i (instantiate $m))
  (alias core export $i "memory" (core memory $memory))
  (func (export "f") (param "p" u32) (param "n" u32) (result {ty})
    (canon lift (core func $i "f") (memory $memory) {options}))
  (func (export "g") (param "p" u32) (result (tuple u64 string))
    (canon lift (core func $i "g") (memory $memory) {options})))"""
END = 65536


@pytest.mark.parametrize(
    ("ty", "encoding", "pointer", "length", "message"),
    [
        ("string", "utf8", END, 0, ""),
        ("string", "utf8", END - 1, 1, ""),
        ("string", "utf8", END - 1, 2, "out of bounds"),
        ("string", "utf8", END + 1, 0, "out of bounds"),
        ("string", "utf8", 0xFFFF_FFFF, 0xFFFF_FFFF, "too long"),
        ("string", "utf8", 16, 2, "invalid utf-8"),
        ("string", "utf8", 18, 1, "incomplete utf-8"),
        ("string", "utf16", END - 2, 1, ""),
        ("string", "utf16", END - 2, 2, "out of bounds"),
        ("string", "utf16", END - 1, 0, "not aligned"),
        ("string", "utf16", 0, 0x8000_0000, "too long"),
        ("string", "utf16", 32, 2, "unpaired surrogate"),
        ("string", "latin1+utf16", END - 2, 2, ""),
        ("string", "latin1+utf16", END - 2, 3, "out of bounds"),
        ("string", "latin1+utf16", END - 2, 0x8000_0001, ""),
        ("string", "latin1+utf16", END - 2, 0x8000_0002, "out of bounds"),
        ("string", "latin1+utf16", 1, 1, "not aligned"),
        ("(list u8)", "utf8", END, 0, ""),
        ("(list u8)", "utf8", END, 1, "out of bounds"),
        ("(list u64)", "utf8", END - 8, 1, ""),
        ("(list u64)", "utf8", END - 8, 2, "out of bounds"),
        ("(list u64)", "utf8", END - 4, 0, "not aligned"),
        ("(list u64)", "utf8", 0, 0xFFFF_FFFF, "too long"),
        ("(list (tuple u8 string))", "utf8", 4, 0xFFFF_FFFF, "too long"),
        ("(list (list u8))", "utf8", 0, 1, ""),
        ("(list char)", "utf8", 32, 1, "not a valid `char`"),
    ],
)
def test_pointers_at_the_end_of_memory(ty: str, encoding: str, pointer: int, length: int, message: str) -> None:
    world = World(GIVER.format(ty=ty, options=f"string-encoding={encoding}"))
    if not message:
        world.call("f", pointer, length)
        return
    with pytest.raises(Trap, match=message):
        world.call("f", pointer, length)


@pytest.mark.parametrize(("pointer", "message"), [(END - 8, "out of bounds"), (4, "not aligned"), (1 << 31, "bounds")])
def test_results_at_the_end_of_memory(pointer: int, message: str) -> None:
    with pytest.raises(Trap, match=message):
        World(GIVER.format(ty="string", options="")).call("g", pointer)


ALLOCATOR = """(component
  (core module $m
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const {pointer}))
    (func (export "f") (param i32 i32)))
  (core instance $i (instantiate $m))
  (alias core export $i "memory" (core memory $memory))
  (func (export "f") (param "x" {ty})
    (canon lift (core func $i "f") (memory $memory) (realloc (core func $i "realloc")))))"""


@pytest.mark.parametrize("encoding", ["utf8", "utf16", "latin1+utf16"])
@pytest.mark.parametrize("element", ["string", "(list u8)", "(list bool)", "(map u8 bool)"])
def test_values_that_are_all_at_one_place(element: str, encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list of lists that are itself, whose elements are it again."""
    seen: list[Any] = []
    data = struct.pack("<II", 16, 768) * 768
    text = lifting(f"(list (list {element}))", "i32 i32", encoding, data)
    monkeypatch.setattr("fusee.component.codecs.context.MOST_REPEATED", 2 << 20)
    with pytest.raises(Trap, match="the values of one call take more memory than the instance may use for them"):
        World(text, echo=lambda store, value: seen.append(value)).call("f", 16, 768)
    assert not seen
    world = World(text, echo=lambda store, value: seen.append(len(value)))
    for _ in range(10):
        world.call("f", 16, 1)  # each call for itself
    assert seen == [1] * 10


@pytest.mark.parametrize(
    ("ty", "pointer", "value", "message"),
    [
        ("string", END, "", ""),
        ("string", END - 2, "abc", "beyond end of memory"),
        ("string", -1, "", "beyond end of memory"),
        ("(list u32)", 2, [1], "not aligned"),
        ("(list u32)", END - 4, [1, 2], "beyond end of memory"),
        ("(list string)", END - 8, ["a", "b"], "beyond end of memory"),
        ("(list u32)", 0, [7] * 16384, ""),
    ],
)
def test_allocators_that_lie(ty: str, pointer: int, value: Any, message: str) -> None:
    world = World(ALLOCATOR.format(ty=ty, pointer=pointer))
    if not message:
        assert world.call("f", value) is None
        return
    with pytest.raises(Trap, match=message):
        world.call("f", value)


BAD_VALUES = """(component
  (core module $m (func (export "f") (param i32) (result i32) (local.get 0)))
  (core instance $i (instantiate $m))
  (type $e' (enum "a" "b")) (export $e "e" (type $e'))
  (func (export "char") (param "x" u32) (result char) (canon lift (core func $i "f")))
  (func (export "enum") (param "x" u32) (result $e) (canon lift (core func $i "f")))
  (func (export "result") (param "x" u32) (result (result)) (canon lift (core func $i "f")))
  (func (export "bool") (param "x" u32) (result bool) (canon lift (core func $i "f")))
  (func (export "u8") (param "x" u32) (result u8) (canon lift (core func $i "f")))
  (func (export "s16") (param "x" u32) (result s16) (canon lift (core func $i "f"))))"""


@pytest.mark.parametrize(
    ("function", "given", "message"),
    [
        ("char", 0x110000, "not a valid `char`"),
        ("char", 0xD800, "not a valid `char`"),
        ("char", 0xFFFF_FFFF, "not a valid `char`"),
        ("enum", 2, "invalid variant discriminant"),
        ("enum", 0xFFFF_FFFF, "invalid variant discriminant"),
        ("result", 2, "invalid variant discriminant"),
    ],
)
def test_values_that_are_none(function: str, given: int, message: str) -> None:
    with pytest.raises(Trap, match=message):
        World(BAD_VALUES).call(function, given)


def test_values_that_are_cut() -> None:
    world = World(BAD_VALUES)
    assert world.call("bool", 0x100) is True and world.call("bool", 0) is False
    assert world.call("u8", 0x1FF) == 255
    assert world.call("s16", 0x1_8000) == -32768


def test_imports_that_do_not_fit() -> None:
    engine = Engine()
    component = Component(engine, echo("string", "i32 i32"))
    linker = Linker(engine)
    with linker.root() as root:
        root.add_instance("echo").close()
    with pytest.raises(LinkError):
        linker.instantiate(Store(engine), component)
