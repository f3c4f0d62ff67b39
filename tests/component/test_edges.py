"""Edges of the canonical ABI: the last byte of memory, the longest string, the last handle that is lent."""

import struct
from typing import Any

import pytest

from fusee import Store, Trap, WasmtimeError
from fusee.component import ResourceAny, ResourceHost
from tests.component.guests import World, lifting
from tests.component.test_resources import FILE, Files

END = 65536
AREAS = """(component
  (import "give" (func $give (result (tuple u8 u8))))
  (core module $libc (memory (export "memory") 1))
  (core instance $libc (instantiate $libc))
  (alias core export $libc "memory" (core memory $memory))
  (core func $give' (canon lower (func $give) (memory $memory)))
  (core module $m (import "h" "give" (func $give (param i32))) (import "libc" "memory" (memory 1))
    (data (i32.const 65533) "\\01\\02\\03")
    (func (export "give") (param i32) (call $give (local.get 0)))
    (func (export "get") (param i32) (result i32) (local.get 0)))
  (core instance $i (instantiate $m (with "libc" (instance $libc)) (with "h" (instance (export "give" (func $give'))))))
  (func (export "give") (param "p" u32) (canon lift (core func $i "give")))
  (func (export "get") (param "p" u32) (result (tuple u8 u8)) (canon lift (core func $i "get") (memory $memory))))"""


def test_areas_end_where_the_memory_does() -> None:
    """`ptr + elem_size(t) > len(memory)` traps (CanonicalABI, `lift_flat_values` and `lower_flat_values`)."""
    world = World(AREAS, give=lambda store: (7, 8))
    assert world.call("get", END - 3) == (1, 2)
    assert world.call("get", END - 2) == (2, 3)
    world.call("give", END - 2)
    assert world.call("get", END - 2) == (7, 8)
    for name in ("get", "give"):
        with pytest.raises(Trap, match="pointer out of bounds of memory"):
            World(AREAS, give=lambda store: (7, 8)).call(name, END - 1)


@pytest.mark.parametrize(("encoding", "most", "tag"), [("utf8", 8, 0), ("utf16", 4, 0), ("latin1+utf16", 8, 0),
                                                      ("latin1+utf16", 4, 1 << 31)])  # fmt: skip
def test_the_longest_string(encoding: str, most: int, tag: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """`MAX_STRING_BYTE_LENGTH` bytes may be in a string, here 8 instead of 2²⁸ - 1."""
    monkeypatch.setattr("fusee.component.codecs.strings.MOST_STRING_BYTES", 8)
    seen: list[str] = []
    text = lifting("string", "i32 i32", encoding, b"a\0" * 8)
    World(text, echo=lambda store, value: seen.append(value)).call("f", 16, most | tag)
    assert len(seen[0]) == most
    with pytest.raises(Trap, match="string content too long"):
        World(text, echo=lambda store, value: None).call("f", 16, most + 1 | tag)


@pytest.mark.parametrize("tag", [0, 1 << 31])
@pytest.mark.parametrize("encoding", ["utf8", "utf16", "latin1+utf16"])
def test_strings_that_are_all_at_one_place(encoding: str, tag: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each call has room for itself, whatever was lifted before."""
    monkeypatch.setattr("fusee.component.codecs.context.MOST_REPEATED", END)
    tag = tag if encoding == "latin1+utf16" else 0
    data = struct.pack("<II", 16, 768 | tag) * 768
    text = lifting("(list string)", "i32 i32", encoding, data)
    seen: list[Any] = []
    world = World(text, echo=lambda store, value: seen.append(len(value)))
    for _ in range(20):
        world.call("f", 16, 20)
    assert seen == [20] * 20
    with pytest.raises(Trap, match="the values of one call take more memory than the instance may use for them"):
        world.call("f", 16, 768)


def test_a_handle_is_lent_until_the_last_call_ends() -> None:
    """To one instance, and from there, by the host, to another one: the inner call's end is not the outer's."""
    files = Files()
    other = files.linker.instantiate(files.store, files.component)
    owned = ResourceHost.own(1, FILE).to_any(files.store)
    depth: list[ResourceAny] = []

    def size(store: Store, file: ResourceAny) -> int:
        depth.append(file)
        if len(depth) == 1:
            function = other.get_func(store, "pass")
            assert function is not None
            assert function(store, owned) == 2
            with pytest.raises(WasmtimeError, match="lent to a call"):
                owned.drop(store)
        return len(depth)

    files.on_size = size
    assert files.call("pass", owned) == 2
    owned.drop(files.store)
    assert files.closed == [1]


def test_an_owned_handle_is_made_into_one_once() -> None:
    store = Files().store
    owned, borrowed = ResourceHost.own(1, FILE), ResourceHost.borrow(1, FILE)
    owned.to_any(store)
    with pytest.raises(WasmtimeError, match="the handle has ended"):
        owned.to_any(store)
    assert [borrowed.to_any(store).owned for _ in range(2)] == [False, False]


RESOURCES = """(component
  (type $r (resource (rep i32)))
  (core func $new (canon resource.new $r))
  (core func $drop (canon resource.drop $r))
  (core func $rep (canon resource.rep $r))
  (core module $m
    (import "h" "new" (func $new (param i32) (result i32)))
    (import "h" "drop" (func $drop (param i32)))
    (import "h" "rep" (func $rep (param i32) (result i32)))
    (func (export "f") (result i32) (call $new (i32.const 5)))
    (func (export "drop") (param i32) (call $drop (local.get 0)))
    (func (export "new") (param i32) (drop (call $new (i32.const 6))))
    (func (export "rep") (param i32) (if (i32.ne (call $rep (local.get 0)) (i32.const 5)) (then unreachable)))
    (func (export "again") (result i32) (local $first i32)
      (local.set $first (call $new (i32.const 1)))
      (drop (call $new (i32.const 2)))
      (call $drop (local.get $first))
      (i32.eq (call $new (i32.const 3)) (local.get $first))))
  (core instance $i (instantiate $m (with "h" (instance
    (export "new" (func $new)) (export "drop" (func $drop)) (export "rep" (func $rep))))))
  (func (export "drop") (result u32) (canon lift (core func $i "f") (post-return (func $i "drop"))))
  (func (export "new") (result u32) (canon lift (core func $i "f") (post-return (func $i "new"))))
  (func (export "rep") (result u32) (canon lift (core func $i "f") (post-return (func $i "rep"))))
  (func (export "again") (result bool) (canon lift (core func $i "again"))))"""


@pytest.mark.parametrize("name", ["drop", "new"])
def test_resources_are_not_made_or_dropped_where_a_component_cannot_be_left(name: str) -> None:
    """`trap_if(not thread.task.inst.may_leave)` (CanonicalABI, `canon_resource_new`, `canon_resource_drop`)."""
    with pytest.raises(Trap, match="cannot leave component instance"):
        World(RESOURCES).call(name)


def test_what_a_handle_stands_for_may_be_asked_there() -> None:
    """`canon_resource_rep` has no such condition."""
    assert World(RESOURCES).call("rep") == 1


def test_indices_of_handles_are_used_again() -> None:
    """The one that became free last comes first (CanonicalABI, "Table State")."""
    assert World(RESOURCES).call("again") is True
