"""Guests with trees of objects, and how much of the heap is in use."""

import gc
from collections.abc import Iterator

import pytest

from fusee import Engine, Store
from tests.api.guest import Guest

TREES = """(module
  (type $tree (struct (field (mut (ref null $tree))) (field (mut (ref null $tree))) (field i64)))
  (type $list (array (mut (ref null $tree))))
  (global $kept (mut (ref null $tree)) (ref.null $tree))
  (table $table 3 (ref null $tree))
  (func $make (export "make") (param $depth i32) (result (ref $tree))
    (if (i32.eqz (local.get $depth))
      (then (return (struct.new $tree (ref.null $tree) (ref.null $tree) (i64.const 1)))))
    (struct.new $tree
      (call $make (i32.sub (local.get $depth) (i32.const 1)))
      (call $make (i32.sub (local.get $depth) (i32.const 1)))
      (i64.extend_i32_u (local.get $depth))))
  (func $sum (export "sum") (param $tree (ref null $tree)) (result i64)
    (if (ref.is_null (local.get $tree)) (then (return (i64.const 0))))
    (i64.add (struct.get $tree 2 (local.get $tree))
      (i64.add (call $sum (struct.get $tree 0 (local.get $tree))) (call $sum (struct.get $tree 1 (local.get $tree))))))
  (func (export "keep") (param $depth i32)
    (global.set $kept (call $make (local.get $depth)))
    (table.set $table (i32.const 1) (call $make (local.get $depth))))
  (func (export "kept") (result i64)
    (i64.add (call $sum (global.get $kept)) (call $sum (table.get $table (i32.const 1)))))
  (func (export "drop")
    (global.set $kept (ref.null $tree))
    (table.fill $table (i32.const 0) (ref.null $tree) (i32.const 3)))
  (func (export "churn") (param $count i32) (param $depth i32) (result i64)
    (local $sum i64)
    (loop $again
      (local.set $sum (i64.add (local.get $sum) (call $sum (call $make (local.get $depth)))))
      (br_if $again (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
    (local.get $sum))
  (func (export "rings") (param $count i32)
    (local $a (ref null $tree)) (local $b (ref null $tree))
    (loop $again
      (local.set $a (struct.new $tree (local.get $a) (ref.null $tree) (i64.const 1)))
      (local.set $b (struct.new $tree (local.get $a) (ref.null $tree) (i64.const 2)))
      (struct.set $tree 1 (local.get $a) (local.get $b))
      (local.set $a (ref.null $tree))
      (br_if $again (local.tee $count (i32.sub (local.get $count) (i32.const 1))))))
  (func (export "arrays") (param $count i32) (param $length i32)
    (loop $again
      (drop (array.new $list (ref.null $tree) (local.get $length)))
      (br_if $again (local.tee $count (i32.sub (local.get $count) (i32.const 1))))))
  (func (export "hoard") (param $count i32) (result (ref $list))
    (local $list (ref $list))
    (local.set $list (array.new $list (ref.null $tree) (local.get $count)))
    (loop $again
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (array.set $list (local.get $list) (local.get $count) (call $make (i32.const 0)))
      (br_if $again (local.get $count)))
    (local.get $list)))"""


def tree_sum(depth: int) -> int:
    return 1 if depth == 0 else depth + 2 * tree_sum(depth - 1)


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
def store(engine: Engine) -> Store:
    return Store(engine)


@pytest.fixture
def trees(store: Store) -> Guest:
    return Guest(TREES, [], store)


def used(store: Store) -> int:
    return int(store._state.heap.used_bytes)


@pytest.fixture(autouse=True)
def everything_is_dropped() -> Iterator[None]:
    yield
    gc.collect()
