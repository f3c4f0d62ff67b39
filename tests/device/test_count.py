"""Executed instructions: the same number whoever counts, as often as one likes."""

import gc
from typing import Any

from fusee import Engine, Func, Instance, Module, Store
from fusee.emulator.count import InstructionCount

SUM = """(module (func (export "sum") (param i32) (result i32) (local i32)
  (loop $again
    (local.set 1 (i32.add (local.get 1) (local.get 0)))
    (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
  (local.get 1)))"""


def test_counting_again(watch: Engine) -> None:
    """Who counted before and is gone does not count any more: the memory that it counted in is another's."""
    gc.collect()  # what others have left is released by the next call
    store = Store(watch)
    called = Instance(store, Module(watch, SUM), []).exports(store)["sum"]
    assert isinstance(called, Func)
    assert called(store, 100) == 5050
    native: Any = watch._native
    totals = []
    for _ in range(3):
        count = InstructionCount(native.device)
        called(store, 100)
        totals.append(count.total)
        gc.collect()
    assert totals[0] > 300
    assert set(totals) == {totals[0]}
