"""A store that another thread closes while it is waited for: typed errors, and nothing uses what has ended."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from fusee import (
    Engine,
    FieldType,
    Func,
    FuncType,
    Global,
    GlobalType,
    Instance,
    Limits,
    Memory,
    MemoryType,
    Store,
    StoreError,
    StructRef,
    StructType,
    Table,
    TableType,
    Tag,
    TagType,
    ValType,
    WasmException,
)
from fusee.api._native import HostNative
from fusee.api._python import WATCH_ADDRESS
from fusee.engine.python.state import Watch
from fusee.kernel.memory import view
from tests.api.closing import Closing, close_before
from tests.api.guest import Guest

I32, FUNCREF = ValType.i32(), ValType.funcref()
PAIR = StructType([FieldType(I32, True), FieldType(I32, True)])
TEXT = """(module
  (type $pair (struct (field (mut i32)) (field (mut i32)))) (type $g (func (param i32) (result i32)))
  (memory (export "memory") 1 9) (table (export "table") 2 9 externref) (tag (export "tag") (param i32))
  (func (export "one") (result i32) (i32.const 1))
  (func (export "same") (param i32) (result i32) (local.get 0)) (func (export "call") (param (ref $g)))
  (func (export "take") (param (ref null $pair))) (func (export "catch") (param exnref))
  (func (export "throw") (throw 0 (i32.const 7))) (func (export "trap") unreachable))"""

_watch = view(Watch, WATCH_ADDRESS)


class World(Guest):
    """A guest's store and what it can be asked for."""

    def __init__(self) -> None:
        super().__init__(TEXT, store=Store(Engine()))
        self.made = {export: self[export] for export in self.instance.exports(self.store)}
        self.pair = StructRef.new(self.store, PAIR, [1, 2])
        self.thrown = WasmException(self.made["tag"], [3])
        for name in ("take", "catch", "call", "one"):
            self.made[name].type(self.store)


USES: dict[str, Callable[[World, Store], object]] = {
    "memory": lambda w, s: Memory(s, MemoryType(Limits(1))),
    "memory.grow": lambda w, s: w.made["memory"].grow(s, 1),
    "table": lambda w, s: Table(s, TableType(FUNCREF, Limits(1)), None),
    "table.grow": lambda w, s: w.made["table"].grow(s, 1, None),
    "table.get": lambda w, s: w.made["table"].get(s, 0),
    "table.set": lambda w, s: w.made["table"].set(s, 0, None),
    "global": lambda w, s: Global(s, GlobalType(I32), 1),
    "tag": lambda w, s: Tag(s, TagType(FuncType([], []))),
    "function": lambda w, s: Func(s, FuncType([], []), lambda: None),
    "instance": lambda w, s: Instance(s, w.module, []),
    "gc": lambda w, s: s.gc(),
    "gc in steps": lambda w, s: s.gc(0),
    "struct": lambda w, s: StructRef.new(s, PAIR, [1, 2]),
    "struct.field": lambda w, s: w.pair.field(s, 0),
    "struct.set_field": lambda w, s: w.pair.set_field(s, 0, 1),
    "struct.type": lambda w, s: w.pair.type(s),
    "a struct's own type": lambda w, s: w.pair._declaration(),
    "a struct as a parameter": lambda w, s: w.made["take"](s, w.pair),
    "a function as a parameter": lambda w, s: w.made["call"](s, w.made["same"]),
    "an exception as a parameter": lambda w, s: w.made["catch"](s, w.thrown),
    "what is kept": lambda w, s: s._keep(w.pair._address),
    "a structure's kind": lambda w, s: s._kind_of_object(w.pair._address),
    "objects": lambda w, s: s._trace((s._native.word * 1)()),
    "parked": lambda w, s: s._park(w.instance._address, 0),
    "no longer parked": lambda w, s: s._drop_parked(0),
    "an exception": lambda w, s: w.made["throw"](s),
    "a trap": lambda w, s: w.made["trap"](s),
}  # fmt: skip


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_who_waits_for_the_lock_finds_no_store(use: Callable[[World, Store], object]) -> None:
    w = World()
    close_before(w.store, w.store, "_lock")
    with pytest.raises(ValueError, match="already closed"):
        use(w, w.store)
    assert w.store._is_closed
    assert w.store._lock.acquire(blocking=False)


@pytest.mark.parametrize(
    "use", [lambda s: s.set_limits(1), lambda s: s.set_total_limits(1, 1)], ids=["set_limits", "set_total_limits"]
)
def test_limits(use: Callable[[Store], object]) -> None:
    w = World()
    close_before(w.store, w.store.engine._gate, "clock")
    with pytest.raises(ValueError, match="already closed"):
        use(w.store)


@pytest.mark.parametrize(
    "use", [lambda w: w.made["one"](w.store), lambda w: w.made["one"].call_raw(w.store, [])], ids=["call", "call_raw"]
)
def test_calls(use: Callable[[World], object]) -> None:
    """They take the lock in native code."""
    w = World()
    embedding: Any = w.store._embedding
    closing = Closing(w.store._lock, w.store.close).acquire
    at = list(embedding._words).index(id(embedding._methods[0]))
    embedding._words[at] = id(closing)
    entries = int(_watch.entries)
    with pytest.raises(ValueError, match="already closed"):
        use(w)
    assert embedding.depth == 0
    assert int(_watch.entries) == entries  # no guest was begun


def test_a_tag_without_a_store_has_no_name() -> None:
    w = World()
    close_before(w.store, w.store, "_lock")
    assert w.made["tag"]._name() is None


def test_a_module_that_is_closed_while_its_imports_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    w = World()
    monkeypatch.setattr(Instance, "_import_addresses", lambda *arguments: w.module.close())
    with pytest.raises(ValueError, match="already closed"):
        Instance(w.store, w.module, [])


def test_a_use_is_not_ended_in_its_middle_by_its_own_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a signal handler or a finalizer would."""
    w = World()
    native: Any = w.store._native
    grow = native.grow_memory
    for close in (w.store.close, partial(w.store.end, 0)):
        monkeypatch.setattr(native, "grow_memory", lambda *arguments, close=close: (close(), grow(*arguments))[1])
        with pytest.raises(StoreError, match="being used"):
            w.made["memory"].grow(w.store, 1)
    monkeypatch.undo()
    assert isinstance(native, HostNative)
    assert w.made["memory"].grow(w.store, 1) == 1
    w.store.close()
