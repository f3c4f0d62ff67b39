"""Nothing native outlives the Python objects that it belongs to: counted on the checked build's heap."""

import gc

import pytest

from fusee import Config, Engine, Func, FuncType, Global, GlobalType, Store, Trap, ValType
from fusee.kernel.checking import checked_heap
from tests.api.guest import Guest

TEXT = """(module
  (import "" "f" (func $f (param i32))) (import "" "g" (global $g (mut i32)))
  (memory (export "m") 1) (table (export "t") 5 funcref) (elem func $f) (data "passive")
  (func (export "run") (call $f (i32.const 1)))
  (func (export "grow") (result i32) (memory.grow (i32.const 2)))
  (func (export "trap") (unreachable)))"""


def live_a_life() -> None:
    config = Config()
    config.checked = True
    store = Store(Engine(config))
    f = Func(store, FuncType([ValType.i32()], []), lambda x: None)
    g = Guest(TEXT, [f, Global(store, GlobalType(ValType.i32(), True), 1)], store)
    g.run()
    assert g.grow() == 1
    g["t"].grow(store, 100, None)
    with pytest.raises(Trap):
        g.trap()


def test_everything_is_released() -> None:
    live_a_life()
    gc.collect()
    before = set(checked_heap()._live)
    live_a_life()
    gc.collect()
    assert set(checked_heap()._live) <= before
