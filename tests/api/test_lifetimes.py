"""Nothing native outlives the Python objects that it belongs to: counted on the checked build's heap."""

import gc
import mmap
from pathlib import Path

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
    before = set(checked_heap().live_blocks())
    live_a_life()
    gc.collect()
    assert set(checked_heap().live_blocks()) <= before


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="asks Linux for the size of the process")
def test_live_stores_take_little_memory_also_after_one_has_ended() -> None:
    """Of a stack only what is used counts, whatever the C library's heap makes of memory that it was given back."""
    engine = Engine()
    for _ in range(3):
        Store(engine)
    before = resident_bytes()
    stores = [Store(engine) for _ in range(50)]
    assert resident_bytes() - before < 50 * (64 << 10)
    assert len({store._address for store in stores}) == 50


def resident_bytes() -> int:
    """What this process has in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * mmap.PAGESIZE
