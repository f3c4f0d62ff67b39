"""Each allocation of a guest with objects and exceptions fails once, on a watch: an error, nothing lost, on it goes."""

import gc
from itertools import count
from typing import Any

import pytest

from fusee import Engine, Func, Instance, Module, Store, Trap, WasmtimeError

GUEST = """(module
  (rec (type $node (sub (struct (field (mut (ref null $node))) (field (mut externref)))))
       (type $leaf (sub final $node (struct (field (mut (ref null $node))) (field (mut externref)) (field i64)))))
  (type $row (array (mut (ref null $node))))
  (tag $thrown (param (ref null $node) i64))
  (global $kept (mut (ref null $row)) (ref.null $row))
  (table $table 2 100 (ref null $node))
  (elem $leaves (ref null $node) (item (struct.new_default $leaf)) (item (ref.null $node)))
  (func $fail (param $node (ref null $node)) (throw $thrown (local.get $node) (i64.const 35)))
  (func $survive (param $node (ref null $node)) (result exnref)
    (block $caught (result (ref null $node) i64 exnref)
      (try_table (catch_ref $thrown $caught) (call $fail (local.get $node)))
      (unreachable))
    (local.set $node (ref.as_non_null (block (param (ref null $node) i64 exnref) (result (ref null $node)) drop drop)))
    (ref.null exn))
  (func $start
    (global.set $kept (array.new_elem $row $leaves (i32.const 0) (i32.const 2)))
    (drop (table.grow $table (array.get $row (global.get $kept) (i32.const 0)) (i32.const 40)))
    (drop (call $survive (array.get $row (global.get $kept) (i32.const 0)))))
  (start $start)
  (func (export "run") (param $host externref) (param $count i32) (result i64)
    (local $node (ref null $node)) (local $rows (ref null $row)) (local $sum i64)
    (loop $again
      (local.set $node (struct.new $leaf (local.get $node) (local.get $host) (i64.extend_i32_u (local.get $count))))
      (local.set $rows (array.new $row (local.get $node) (i32.const 3000)))
      (array.set $row (local.get $rows) (i32.const 7) (ref.cast (ref $leaf) (local.get $node)))
      (local.set $sum (i64.add (local.get $sum)
        (struct.get $leaf 2 (ref.cast (ref $leaf) (array.get $row (local.get $rows) (i32.const 7))))))
      (drop (call $survive (local.get $node)))
      (br_if $again (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
    (local.get $sum)))"""

COUNT = 4


def life(engine: Engine) -> Any:
    """Of a module, a store and its instance, which throws and catches when it starts."""
    store = Store(engine)
    run = Instance(store, Module(engine, GUEST), []).exports(store)["run"]
    assert isinstance(run, Func)
    return run(store, object(), COUNT)


def test_every_allocation_may_fail(watch: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    native: Any = watch._native
    heap = native.device.heap
    assert life(watch) == life(watch) == sum(range(COUNT + 1))
    gc.collect()
    reuse, end, left = heap._reuse, heap.end, 0

    def reuse_or_fail(room: int) -> int:
        nonlocal left
        left -= 1
        heap.end = 0 if left == 0 else end
        return 0 if left == 0 else reuse(room)

    monkeypatch.setattr(heap, "_reuse", reuse_or_fail)
    used = set()
    for number in count(1):
        left = number
        try:
            answer = life(watch)
        except (WasmtimeError, Trap, MemoryError):
            assert left <= 0
        else:
            assert answer == sum(range(COUNT + 1))  # nothing has failed, or another way was found
        is_over = left > 0
        left = 0
        gc.collect()
        if is_over or number % 4 == 0:
            assert life(watch) == sum(range(COUNT + 1))
            gc.collect()
            used.add(heap.used_bytes)
        if is_over:
            break
    assert number > 30
    assert len(used) == 1  # what is kept for the next life is the same, whatever has failed
