"""Stores: how long they live, what belongs to which, and modules in two of them."""

import gc
import weakref

import pytest

from fusee import Func, FuncType, Linker, Module, Store, StoreError, Trap
from tests.api.guest import Guest, engine


def test_use_with_another_store() -> None:
    g = Guest('(module (func (export "f")) (memory (export "m") 1))')
    other = Store(engine())
    with pytest.raises(StoreError):
        g["f"](other)
    with pytest.raises(StoreError):
        g["m"].read(other)
    with pytest.raises(TypeError):
        g["f"](None)
    with pytest.raises(StoreError):
        Linker(engine()).define(other, "a", "b", g["f"])


def test_objects_keep_their_store_alive() -> None:
    f = Guest('(module (func (export "f") (result i32) (i32.const 5)))')["f"]
    gc.collect()
    assert f(f._store) == 5


def test_stores_are_collected() -> None:
    g = Guest('(module (memory (export "m") 1) (func (export "f")))')
    g.f()
    store = weakref.ref(g.store)
    module = weakref.ref(g.module)
    del g
    gc.collect()
    assert store() is None
    assert module() is None


def test_start_function_runs_once() -> None:
    store = Store(engine())
    calls: list[int] = []
    f = Func(store, FuncType([], []), lambda: calls.append(1))
    Guest('(module (import "" "f" (func $f)) (start $f))', [f], store)
    assert calls == [1]
    with pytest.raises(Trap):
        Guest("(module (func $f (unreachable)) (start $f))")


def test_one_module_in_two_stores() -> None:
    module = Module(
        engine(),
        """(module (global $g (mut i32) (i32.const 0))
          (func (export "next") (result i32)
            (global.set $g (i32.add (global.get $g) (i32.const 1))) (global.get $g)))""",
    )
    linker = Linker(engine())
    stores = [Store(engine()), Store(engine())]
    nexts = [linker.instantiate(s, module).exports(s)["next"] for s in stores]
    for f, s, expected in [(0, 0, 1), (0, 0, 2), (1, 1, 1), (0, 0, 3)]:
        function = nexts[f]
        assert isinstance(function, Func)
        assert function(stores[s]) == expected
