"""Handles that are closed or copied: typed errors, and nothing crashes."""

import copy
import gc
import pickle
import weakref
from collections.abc import Callable
from typing import Any

import pytest

import fusee
import fusee.component
from fusee import (
    Engine,
    Frame,
    Func,
    FuncType,
    Global,
    GlobalType,
    Instance,
    Limits,
    Linker,
    Memory,
    MemoryType,
    Module,
    SharedMemory,
    Store,
    StoreContext,
    StoreError,
    Table,
    TableType,
    Tag,
    TagType,
    Trap,
    ValType,
    WasiConfig,
    WasmtimeError,
)
from tests.api.guest import Guest, engine

I32, FUNCREF, EXTERNREF = ValType.i32(), ValType.funcref(), ValType.externref()
TEXT = """(module (memory (export "m") 1) (table (export "t") 2 funcref) (global (export "g") (mut i32) (i32.const 1))
  (func (export "f") (result i32) (i32.const 7)) (func (export "r") (result externref) (ref.null extern)))"""

USES: dict[str, Callable[[Store, Any], object]] = {
    "call": lambda s, x: x["f"](s),
    "call_raw": lambda s, x: x["f"].call_raw(s, []),
    "function's type": lambda s, x: x["r"].type(s),
    "memory.read": lambda s, x: x["m"].read(s),
    "memory.write": lambda s, x: x["m"].write(s, b"1"),
    "memory.grow": lambda s, x: x["m"].grow(s, 1),
    "memory.size": lambda s, x: x["m"].size(s),
    "memory.type": lambda s, x: x["m"].type(s),
    "memory.buffer": lambda s, x: x["m"].buffer(s),
    "memory.data_ptr": lambda s, x: x["m"].data_ptr(s),
    "table.get": lambda s, x: x["t"].get(s, 0),
    "table.set": lambda s, x: x["t"].set(s, 0, None),
    "table.grow": lambda s, x: x["t"].grow(s, 1, None),
    "table.type": lambda s, x: x["t"].type(s),
    "global.value": lambda s, x: x["g"].value(s),
    "global.set_value": lambda s, x: x["g"].set_value(s, 3),
    "new memory": lambda s, x: Memory(s, MemoryType(Limits(1))),
    "new table": lambda s, x: Table(s, TableType(FUNCREF, Limits(1)), None),
    "new global": lambda s, x: Global(s, GlobalType(I32), 1),
    "new function": lambda s, x: Func(s, FuncType([], []), lambda: None),
    "new tag": lambda s, x: Tag(s, TagType(FuncType([], []))),
    "instantiate": lambda s, x: Instance(s, Module(s.engine, TEXT), []),
    "linker": lambda s, x: Linker(s.engine).instantiate(s, Module(s.engine, TEXT)),
    "set_epoch_deadline": lambda s, x: s.set_epoch_deadline(1),
    "set_limits": lambda s, x: s.set_limits(),
    "set_total_limits": lambda s, x: s.set_total_limits(1, 1),
    "set_fuel": lambda s, x: s.set_fuel(1),
    "set_wasi": lambda s, x: s.set_wasi(WasiConfig()),
    "gc": lambda s, x: s.gc(),
    "data": lambda s, x: s.data(),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_a_closed_store_is_of_no_use(use: Callable[[Store, Any], object]) -> None:
    g = Guest(TEXT)
    exports = g.instance.exports(g.store)
    made = {name: exports[name] for name in ("m", "t", "g", "f", "r")}
    g.store.close()
    g.store.close()
    with pytest.raises(ValueError, match="already closed"):
        use(g.store, made)
    with pytest.raises(ValueError, match="already closed"):
        g.instance.exports(g.store)
    with pytest.raises(ValueError, match="already closed"):
        exports["m"]


def test_with_ends_a_store_and_what_its_host_functions_hold() -> None:
    class Thing:
        pass

    thing = Thing()
    gone = weakref.ref(thing)
    with Store(engine(), thing) as store:
        assert store.data() is thing
        t = Table(store, TableType(EXTERNREF, Limits(1)), thing)
        f = Func(store, FuncType([], []), lambda held=thing: None)
        view = Memory(store, MemoryType(Limits(1))).buffer(store)
    del thing, store, t, f
    gc.collect()
    assert gone() is None
    view[0] = 3  # what it showed ended with the store, but it is still memory
    assert view[0] == 3


def test_a_store_cannot_be_closed_by_its_guest() -> None:
    store = Store(engine())
    f = Func(store, FuncType([], []), lambda: store.close())
    g = Guest('(module (import "" "" (func $f)) (func (export "run") (call $f)))', [f], store)
    with pytest.raises(StoreError, match="running"):
        g.run()
    store.close()


def test_a_closed_module_lives_as_long_as_its_instances() -> None:
    with Module(engine(), TEXT) as module:
        store = Store(engine())
        f = Instance(store, module, []).exports(store)["f"]
    kind = FuncType([], [I32])
    module.close()
    for use in (lambda: module.exports, lambda: module.imports, module.serialize, lambda: Instance(store, module, [])):
        with pytest.raises(ValueError, match="already closed"):
            use()
    gc.collect()
    assert isinstance(f, Func)
    assert (f(store), f.type(store)) == (7, kind)


def test_a_module_that_nobody_uses_ends_when_it_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []
    e = Engine()
    monkeypatch.setattr(e, "_end_module", ended.append)
    module = Module(e, TEXT)
    module.close()
    assert ended == [module._address]


def test_a_closed_engine_makes_nothing_more_but_its_stores_stay() -> None:
    with Engine() as e:
        g = Guest(TEXT, store=Store(e))
    for use in (lambda: Store(e), lambda: Module(e, TEXT), lambda: Linker(e), e.increment_epoch, e.is_pulley):
        with pytest.raises(ValueError, match="already closed"):
            use()
    assert g.f() == 7


HANDLES: dict[str, Callable[[Guest], Any]] = {
    "store": lambda g: g.store,
    "engine": lambda g: g.store.engine,
    "module": lambda g: Module(g.store.engine, TEXT),
    "instance": lambda g: g.instance,
    "linker": lambda g: Linker(g.store.engine),
    "prepared instance": lambda g: Linker(g.store.engine).instantiate_pre(Module(g.store.engine, TEXT)),
    "shared memory": lambda g: SharedMemory(g.store.engine, MemoryType(Limits(1, 1), shared=True)),
    "function": lambda g: g["f"],
    "memory": lambda g: g["m"],
    "table": lambda g: g["t"],
    "global": lambda g: g["g"],
    "tag": lambda g: Tag(g.store, TagType(FuncType([], []))),
}


@pytest.mark.parametrize("make", HANDLES.values(), ids=HANDLES)
def test_a_copy_of_a_handle_is_the_handle(make: Callable[[Guest], Any]) -> None:
    """Two objects would each end what both are of."""
    handle = make(Guest(TEXT))
    assert copy.copy(handle) is handle
    assert copy.deepcopy({"kept": handle})["kept"] is handle
    with pytest.raises(TypeError, match="cannot pickle"):
        pickle.dumps(handle)
    assert weakref.ref(handle)() is handle


def test_a_store_outlives_the_name_that_it_was_copied_from() -> None:
    store = Store(Engine())
    other = copy.copy(store)
    del store
    gc.collect()
    assert Guest(TEXT, store=other).f() == 7


def test_closed_linkers() -> None:
    module = Module(engine(), '(module (import "a" "b" (func $f (result i32))) (export "f" (func $f)))')
    with Linker(engine()) as linker:
        linker.define_func("a", "b", FuncType([], [I32]), lambda: 5)
        pre = linker.instantiate_pre(module)
    store = Store(engine())
    with pytest.raises(ValueError, match="already closed"):
        linker.instantiate(store, module)
    with pytest.raises(ValueError, match="already closed"):
        linker.define_func("a", "c", FuncType([], []), lambda: None)
    f = pre.instantiate(store).exports(store)["f"]  # has what it needs
    assert isinstance(f, Func)
    assert f(store) == 5
    assert pre.module is module
    pre.close()
    with pytest.raises(ValueError, match="already closed"):
        pre.instantiate(store)


@pytest.mark.parametrize(
    "value", [I32, FuncType([], []), Limits, Trap("x"), Frame(0, None, None, 0, 0), WasmtimeError("x")]
)
def test_what_holds_nothing_can_be_closed_without_effect(value: Any) -> None:
    if isinstance(value, fusee.Managed):
        with value as same:
            assert same is value
        value.close()
        assert str(value)


def test_a_lent_store() -> None:
    g = Guest(TEXT)
    context = StoreContext(g.store)
    assert g["f"](context) == 7
    assert g["m"].size(StoreContext(context)) == 1
    context._invalidate()
    with pytest.raises(ValueError, match="no longer valid"):
        g["f"](context)
