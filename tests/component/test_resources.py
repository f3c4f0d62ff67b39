"""Resources: of guests and of the host, owned and borrowed, between components, and after their end."""

from collections.abc import Callable
from typing import Any

import pytest

from fusee import Engine, Store, Trap, WasmtimeError
from fusee.component import (
    BorrowType,
    Component,
    Func,
    Instance,
    Linker,
    OwnType,
    ResourceAny,
    ResourceHost,
    ResourceType,
)
from fusee.component.runtime.handles import HandleTable
from tests.component.guests import World
from tests.component.samples import COMPOSED


class Counters(World):
    """The composed sample."""

    def __init__(self) -> None:
        super().__init__(COMPOSED)

    def counter(self, name: str) -> Func:
        """A function of the interface `counters`."""
        index = self.component.get_export_index(name, self.component.get_export_index("counters"))
        assert index is not None
        found = self.instance.get_func(self.store, index)
        assert found is not None
        return found

    def make(self, start: int) -> ResourceAny:
        """A new counter."""
        made = self.counter("[constructor]counter")(self.store, start)
        assert isinstance(made, ResourceAny)
        return made

    @property
    def ended(self) -> int:
        """The digits of those that have ended."""
        return int(self.counter("ended")(self.store))


def test_components_pass_resources_to_each_other() -> None:
    world = Counters()
    assert world.call("sum", 3, 4) == 103 + 104 + 4
    assert world.ended == 34


def test_the_host_has_resources_of_guests() -> None:
    world = Counters()
    first, second = world.make(1), world.make(2)
    assert first.owned and first.type == second.type
    assert world.counter("[method]counter.value")(world.store, first) == 101
    assert world.counter("[static]counter.take")(world.store, second) == 2
    assert world.ended == 2
    first.drop(world.store)
    assert world.ended == 21
    for function in ("[method]counter.value", "[static]counter.take"):
        with pytest.raises(WasmtimeError, match="the handle has ended"):
            world.counter(function)(world.store, first)
    with pytest.raises(WasmtimeError, match="the handle has ended"):
        first.drop(world.store)
    with pytest.raises(WasmtimeError, match="not of the host's"):
        world.make(3).to_host(world.store)
    with pytest.raises(WasmtimeError, match="not a resource of the host's"):
        _ = world.make(3).rep
    with world.linker.root() as root, pytest.raises(WasmtimeError, match="resources of a linker are the host's"):
        root.add_resource("r", world.make(3).type, None)
    with pytest.raises(WasmtimeError, match="mismatched resource types"):
        world.counter("[static]counter.take")(world.store, ResourceHost.borrow(1, 1))
    with pytest.raises(TypeError, match="argument 1"):
        world.counter("[method]counter.value")(world.store, 1)
    with pytest.raises(WasmtimeError, match="mismatched resource types"):
        world.counter("[method]counter.value")(world.store, ResourceHost.own(1, 1))
    assert world.counter("ended")(world.store) == 21


def test_each_instance_has_resources_of_its_own() -> None:
    world, other = Counters(), Counters()
    second = world.linker.instantiate(world.store, world.component)
    function = second.get_func(world.store, world.component.get_export_index(
        "[method]counter.value", world.component.get_export_index("counters")))  # type: ignore[arg-type]  # fmt: skip
    assert function is not None
    with pytest.raises(WasmtimeError, match="mismatched resource types"):
        function(world.store, world.make(1))
    with pytest.raises(WasmtimeError):
        world.counter("[method]counter.value")(world.store, other.make(1))


def test_types_of_functions_have_the_instances_resources() -> None:
    world = Counters()
    made = world.counter("[constructor]counter").type(world.store).result
    taken = world.counter("[method]counter.value").type(world.store).params[0][1]
    assert isinstance(made, OwnType) and isinstance(taken, BorrowType)
    assert made.ty == taken.ty == world.make(1).type


@pytest.mark.parametrize(
    ("name", "args", "message"),
    [
        ("after-drop", (), "unknown handle index"),
        ("twice", (), "unknown handle index"),
        ("index", (0,), "unknown handle index 0"),
        ("index", (77,), "unknown handle index 77"),
        ("index", (0xFFFF_FFFF,), "unknown handle index"),
    ],
)
def test_handles_that_are_none(name: str, args: tuple[Any, ...], message: str) -> None:
    world = Counters()
    with pytest.raises(Trap, match=message):
        world.call(name, *args)
    with pytest.raises(Trap, match="cannot enter component instance"):
        world.call("sum", 1, 2)


FILES = """(component
  (import "file" (type $file (sub resource)))
  (import "other" (type $other (sub resource)))
  (import "open" (func $open (param "n" u32) (result (own $file))))
  (import "other-open" (func $other_open (result (own $other))))
  (import "size" (func $size (param "f" (borrow $file)) (result u32)))
  (import "close" (func $close (param "f" (own $file))))
  (core func $open' (canon lower (func $open)))
  (core func $other' (canon lower (func $other_open)))
  (core func $size' (canon lower (func $size)))
  (core func $close' (canon lower (func $close)))
  (core func $drop (canon resource.drop $file))
  (core module $m
    (import "h" "open" (func $open (param i32) (result i32)))
    (import "h" "other" (func $other (result i32)))
    (import "h" "size" (func $size (param i32) (result i32)))
    (import "h" "close" (func $close (param i32)))
    (import "h" "drop" (func $drop (param i32)))
    (global $kept (mut i32) (i32.const 0))
    (func (export "use") (param i32) (result i32) (local $f i32) (local $size i32)
      (local.set $f (call $open (local.get 0)))
      (local.set $size (call $size (local.get $f)))
      (call $drop (local.get $f))
      (local.get $size))
    (func (export "give") (param i32) (call $close (call $open (local.get 0))))
    (func (export "pass") (param i32) (result i32) (local $size i32)
      (local.set $size (call $size (local.get 0)))
      (call $drop (local.get 0))
      (local.get $size))
    (func (export "keep") (param i32) (result i32) (call $size (local.get 0)))
    (func (export "own-of-borrow") (param i32) (result i32) (call $close (local.get 0)) (i32.const 0))
    (func (export "confuse") (result i32) (call $size (call $other))))
  (core instance $i (instantiate $m (with "h" (instance
    (export "open" (func $open')) (export "other" (func $other')) (export "size" (func $size'))
    (export "close" (func $close')) (export "drop" (func $drop))))))
  (func (export "use") (param "n" u32) (result u32) (canon lift (core func $i "use")))
  (func (export "give") (param "n" u32) (canon lift (core func $i "give")))
  (func (export "pass") (param "f" (borrow $file)) (result u32) (canon lift (core func $i "pass")))
  (func (export "keep") (param "f" (borrow $file)) (result u32) (canon lift (core func $i "keep")))
  (func (export "own-of-borrow") (param "f" (borrow $file)) (result u32) (canon lift (core func $i "own-of-borrow")))
  (func (export "confuse") (result u32) (canon lift (core func $i "confuse"))))"""
FILE = 7


class Files:
    """A host with files, and its guest."""

    def __init__(self) -> None:
        self.store = Store(Engine())
        self.closed: list[int] = []
        self.given: list[ResourceAny] = []
        self.opened: Callable[[int, int], ResourceHost] = ResourceHost.own
        self.on_size: Callable[[Store, ResourceAny], int] | None = None
        self.component = component = Component(self.store.engine, FILES)
        self.linker = linker = Linker(self.store.engine)
        with linker.root() as root:
            root.add_resource("file", ResourceType.host(FILE), lambda store, rep: self.closed.append(rep))
            root.add_resource("other", ResourceType.host(FILE + 1), None)
            root.add_func("open", lambda store, number: self.opened(number, FILE))
            root.add_func("other-open", lambda store: ResourceHost.own(1, FILE + 1))
            root.add_func("size", self.size)
            root.add_func("close", self.close)
        self.instance: Instance = linker.instantiate(self.store, component)

    def size(self, store: Store, file: ResourceAny) -> int:
        """Of a file that is borrowed."""
        assert not file.owned
        self.given.append(file)
        return self.on_size(store, file) if self.on_size else file.rep * 1000

    def close(self, store: Store, file: ResourceAny) -> None:
        """What is owned, the host ends."""
        assert file.owned
        file.drop(store)

    def call(self, name: str, *args: Any) -> Any:
        """Call the guest."""
        function = self.instance.get_func(self.store, name)
        assert function is not None
        return function(self.store, *args)


def test_the_hosts_resources() -> None:
    files = Files()
    assert files.call("use", 5) == 5000
    assert files.closed == [5]
    files.call("give", 6)
    assert files.closed == [5, 6]
    assert files.call("pass", ResourceHost.borrow(8, FILE)) == 8000
    owned = ResourceHost.own(9, FILE).to_any(files.store)
    assert files.call("pass", owned) == files.call("pass", owned) == 9000
    assert files.closed == [5, 6]
    owned.drop(files.store)
    assert files.closed == [5, 6, 9]


def test_what_the_host_has_borrowed_ends_with_the_call() -> None:
    files = Files()
    files.call("use", 5)
    with pytest.raises(WasmtimeError, match="the handle has ended"):
        _ = files.given[0].rep


@pytest.mark.parametrize(
    ("name", "args", "message"),
    [
        ("keep", (ResourceHost.borrow(1, FILE),), "borrow handles still remain"),
        ("own-of-borrow", (ResourceHost.borrow(1, FILE),), "cannot lift own resource from a borrow"),
        ("confuse", (), "used with the wrong type"),
    ],
)
def test_what_guests_must_not_do(name: str, args: tuple[Any, ...], message: str) -> None:
    with pytest.raises(Trap, match=message):
        Files().call(name, *args)


def test_what_is_borrowed_is_not_given_away() -> None:
    files = Files()
    assert files.call("use", 5) == 5000
    files.opened = ResourceHost.borrow
    with pytest.raises(WasmtimeError, match="a borrowed handle cannot be given away"):
        files.call("use", 5)


def test_a_table_of_handles_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """As under CanonicalABI, "Table State", but with a limit that is soon reached: 2²⁸ - 1 handles take too much."""
    table = HandleTable()
    monkeypatch.setattr("fusee.component.runtime.handles.MOST_HANDLES", 3)
    assert [table.add(object()) for _ in range(3)] == [1, 2, 3]
    with pytest.raises(Trap, match="resource table has no free keys"):
        table.add(object())
    table.take(2, object)
    assert table.add(object()) == 2


def test_a_lent_handle_cannot_be_dropped() -> None:
    files = Files()
    owned = ResourceHost.own(1, FILE).to_any(files.store)

    def size(store: Store, file: ResourceAny) -> int:
        with pytest.raises(WasmtimeError, match="lent to a call"):
            owned.drop(store)
        with pytest.raises(WasmtimeError, match="lent to a call"):
            owned.to_host(store)
        return 1

    files.on_size = size
    assert files.call("pass", owned) == 1
    owned.drop(files.store)
    assert files.closed == [1]
