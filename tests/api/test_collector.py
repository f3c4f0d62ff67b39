"""Garbage collection as users see it: memory is given back, what is used stays, and limits hold."""

import signal
from typing import Any

import pytest

from fusee import Engine, Func, FuncType, Store, Trap, TrapCode, ValType
from fusee.kernel.scalars import u32
from tests.api import treeguest
from tests.api.guest import Guest
from tests.api.treeguest import TREES, tree_sum, used

engine = treeguest.engine
everything_is_dropped = treeguest.everything_is_dropped
store = treeguest.store
trees = treeguest.trees


@pytest.mark.parametrize("what", ["trees", "rings", "arrays"])
def test_garbage_is_freed_while_a_guest_runs(store: Store, trees: Guest, what: str) -> None:
    """Tens of megabytes of it with a limit of two."""
    store.set_limits(heap_size=2 << 20)
    trees.keep(10)
    if what == "trees":
        assert trees.churn(1000, 10) == 1000 * tree_sum(10)
    elif what == "rings":
        trees.rings(500_000)
    else:
        trees.arrays(2000, 5000)
    assert trees.kept() == 2 * tree_sum(10)
    trees.drop()
    assert store.gc()
    assert used(store) <= 1 << 15


@pytest.mark.parametrize("stress", [1, 2, 5])
def test_collections_at_any_allocation(store: Store, trees: Guest, stress: int) -> None:
    """What is in frames, registers, globals, tables and objects stays."""
    store._state.heap.stress = u32(stress)
    trees.keep(4)
    assert trees.churn(8, 5) == 8 * tree_sum(5)
    assert trees.sum(trees.make(5)) == tree_sum(5)
    trees.rings(50)
    assert trees.kept() == 2 * tree_sum(4)


def test_the_heaps_limit_is_a_trap(store: Store, trees: Guest) -> None:
    """And the store is usable after it."""
    store.set_limits(heap_size=1 << 20)
    for _ in range(3):
        with pytest.raises(Trap) as trap:
            trees.hoard(1 << 16)
        assert trap.value.trap_code is TrapCode.ALLOCATION_TOO_LARGE
        assert used(store) <= 1 << 20
        assert trees.churn(3, 8) == 3 * tree_sum(8)
    with pytest.raises(Trap):
        trees.arrays(1, 0xFFFF_FFFF)
    store.set_limits()
    assert trees.hoard(1 << 16) is not None


DEEP = """(module
  (import "" "look" (func $look))
  (type $node (struct (field (mut (ref null $node))) (field i64)))
  (func $dive (param $n i32) (result (ref null $node))
    (local $own (ref null $node))
    (if (i32.eqz (local.get $n)) (then (call $look) (return (ref.null $node))))
    (local.set $own (struct.new $node (ref.null $node) (i64.extend_i32_u (local.get $n))))
    (struct.set $node 0 (local.get $own) (call $dive (i32.sub (local.get $n) (i32.const 1))))
    (drop (struct.new $node (local.get $own) (i64.const -1)))
    (local.get $own))
  (func (export "sum") (param $n i32) (result i64)
    (local $at (ref null $node)) (local $sum i64)
    (local.set $at (call $dive (local.get $n)))
    (block $end
      (loop $next
        (br_if $end (ref.is_null (local.get $at)))
        (local.set $sum (i64.add (local.get $sum) (struct.get $node 1 (local.get $at))))
        (local.set $at (struct.get $node 0 (local.get $at)))
        (br $next)))
    (local.get $sum)))"""


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_guests_return_from_deep_frames_while_marking_goes_on(engine: Engine, store: Store, steps: int) -> None:
    """Objects that only frames have known go into others meanwhile."""
    look = Func(store, FuncType([], []), lambda: [store.gc(0) for _ in range(steps)] and None)
    g = Guest(DEEP, [look], store)
    for depth in (200, 5000):
        assert g.sum(depth) == depth * (depth + 1) // 2
        assert store.gc(1 << 40)


def test_a_store_ends_in_steps(store: Store, trees: Guest) -> None:
    trees.keep(15)
    held = trees.make(3)
    assert not store.end(0)
    with pytest.raises(ValueError, match="already closed"):
        trees.kept()
    with pytest.raises(ValueError, match="already closed"):
        held.field(store, 0)
    steps = 1
    while not store.end(0):
        steps += 1
    assert steps > 3
    assert store.end(0)
    store.close()
    del held


def test_slices(store: Store, trees: Guest) -> None:
    trees.keep(14)
    while not store.gc(0):
        pass
    slices = 1
    while not store.gc(0):
        slices += 1
        assert trees.churn(1, 3) == tree_sum(3)
    assert slices > 10
    assert trees.kept() == 2 * tree_sum(14)
    assert store.gc(10**10)


def test_a_host_function_may_collect(engine: Engine, store: Store) -> None:
    """While its guest waits with references in its frame alone."""
    text = """(module (import "" "f" (func $f (param i64)))
      (type $box (struct (field i64)))
      (func (export "run") (param $n i64) (result i64)
        (local $box (ref null $box)) (local $sum i64)
        (loop $again
          (local.set $box (struct.new $box (local.get $n)))
          (call $f (local.get $n))
          (local.set $sum (i64.add (local.get $sum) (struct.get $box 0 (local.get $box))))
          (br_if $again (i32.wrap_i64 (local.tee $n (i64.sub (local.get $n) (i64.const 1))))))
        (local.get $sum)))"""
    seen: list[Any] = []

    def collect(n: int) -> None:
        seen.append(store.gc() if n % 3 else store.gc(0))
        if n % 10 == 0:
            assert others.churn(5, 5) == 5 * tree_sum(5)

    others = Guest(TREES, [], store)
    guest = Guest(text, [Func(store, FuncType([ValType.i64()], []), collect)], store)
    assert guest.run(60) == 60 * 61 // 2
    assert len(seen) == 60


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="timers as POSIX has them")
def test_a_paused_guests_registers_are_roots(store: Store) -> None:
    """A signal handler collects, and makes objects where freed ones were; a loop has its only reference pinned."""
    guest = Guest(
        """(module (type $box (struct (field i64)))
          (func (export "run") (param $n i32) (result i64)
            (local $box (ref null $box)) (local $sum i64)
            (local.set $box (struct.new $box (i64.const 42)))
            (loop $again
              (local.set $sum (i64.add (local.get $sum) (struct.get $box 0 (local.get $box))))
              (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
            (local.get $sum)))""",
        [],
        store,
    )
    others = Guest(TREES, [], store)
    handled = 0

    def collect(number: int, frame: object) -> None:
        nonlocal handled
        handled += 1
        store.gc()
        others.churn(50, 6)

    previous = signal.signal(signal.SIGALRM, collect)
    try:
        while not handled:
            signal.setitimer(signal.ITIMER_REAL, 0.02)
            assert guest.run(100_000_000) == 4_200_000_000
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
