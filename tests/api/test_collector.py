"""Garbage collection as users see it: memory is given back, what is used stays, and limits hold."""

import gc
import signal
import threading
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

from fusee import Engine, Func, FuncType, Store, Trap, TrapCode, ValType, WasmException
from fusee.kernel.scalars import u32
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


def test_the_hosts_references_keep_objects(store: Store, trees: Guest) -> None:
    """However many, and whoever drops them, in any order."""
    held = [trees.make(number % 7) for number in range(700)]
    store.gc()
    trees.churn(100, 8)
    assert [trees.sum(one) for one in held] == [tree_sum(number % 7) for number in range(700)]
    size = used(store)
    half = held[::2]
    del held[::2]
    dropper = threading.Thread(target=half.clear)
    dropper.start()
    dropper.join()
    gc.collect()
    store.gc()
    assert [trees.sum(one) for one in held] == [tree_sum(number % 7) for number in range(1, 700, 2)]
    held.clear()
    gc.collect()
    store.gc()
    assert used(store) < size // 4


def test_a_reference_is_the_same_object_as_long_as_somebody_has_it(store: Store, trees: Guest) -> None:
    one = trees.make(1)
    store.gc()
    assert trees.churn(10, 6)
    assert trees.make(1) is not one
    assert trees.sum(one) == tree_sum(1)


# What the embedder has given to guests.

HOLDING = """(module
  (type $box (struct (field (mut externref)) (field (mut anyref))))
  (tag $carries (param externref))
  (global $box (mut (ref null $box)) (ref.null $box))
  (global $exception (mut exnref) (ref.null exn))
  (table $any 2 anyref)
  (func (export "box") (param externref externref)
    (global.set $box (struct.new $box (local.get 0) (any.convert_extern (local.get 1)))))
  (func (export "unbox") (result externref externref)
    (struct.get $box 0 (global.get $box)) (extern.convert_any (struct.get $box 1 (global.get $box))))
  (func (export "throw") (param externref)
    (global.set $exception
      (block $caught (result exnref) (try_table (catch_all_ref $caught) (throw $carries (local.get 0))) unreachable)))
  (func (export "thrown") (result externref)
    (block $caught (result externref)
      (try_table (catch $carries $caught) (throw_ref (global.get $exception))) unreachable))
  (func (export "table") (param externref) (table.set $any (i32.const 1) (any.convert_extern (local.get 0))))
  (func (export "tabled") (result externref) (extern.convert_any (table.get $any (i32.const 1))))
  (func (export "uncaught") (param externref) (throw $carries (local.get 0)))
  (func (export "forget")
    (global.set $box (ref.null $box)) (global.set $exception (ref.null exn))
    (table.set $any (i32.const 1) (ref.null any))))"""


class Thing:
    pass


def test_objects_and_exceptions_keep_what_the_host_gave(store: Store) -> None:
    holder = Guest(HOLDING, [], store)
    things = [Thing() for _ in range(4)]
    holder.box(things[0], things[1])
    holder.throw(things[2])
    holder.table(things[3])
    known = [weakref.ref(thing) for thing in things]
    del things
    store.gc()
    assert all(one() is not None for one in known)
    assert list(holder.unbox()) == [known[0](), known[1]()]
    assert holder.thrown() is known[2]()
    assert holder.tabled() is known[3]()
    holder.forget()
    store.gc()
    assert all(one() is None for one in known)


def test_an_exception_that_the_host_has_keeps_what_it_carries(store: Store) -> None:
    holder = Guest(HOLDING, [], store)
    thing = Thing()
    with pytest.raises(WasmException) as caught:
        holder.uncaught(thing)
    known = weakref.ref(thing)
    del thing
    store.gc()
    assert caught.value.values == (known(),)
    assert known() is not None


def test_what_a_call_gives_is_held_before_anything_is_let_go(store: Store, trees: Guest) -> None:
    """There are more of the host's objects than guests hold, and the result is in no place that marking knows."""
    holder = Guest(HOLDING, [], store)
    for number in range(9000):
        holder.box(Thing(), Thing())
        if number % 500 == 0:
            store._are_many = True
            tree = trees.make(4)
            store.gc()
            assert trees.sum(tree) == tree_sum(4)
            store._are_many = True
            thing = Thing()
            holder.table(thing)
            assert holder.tabled() is thing


def test_an_exception_is_the_callers_whoever_uses_the_store_meanwhile(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signal's handler or a finalizer may, before the caller has looked at what was thrown."""
    holder, backtrace = Guest(HOLDING, [], store), Store._backtrace
    thing = Thing()

    def meanwhile(self: Store) -> Any:
        monkeypatch.setattr(Store, "_backtrace", backtrace)
        holder.throw(Thing())  # and catches it
        with pytest.raises(WasmException):
            holder.uncaught(Thing())
        self.gc()
        return backtrace(self)

    monkeypatch.setattr(Store, "_backtrace", meanwhile)
    with pytest.raises(WasmException) as caught:
        holder.uncaught(thing)
    assert caught.value.values == (thing,)


def test_an_exception_that_nobody_looked_at_is_over(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next host function that returns has thrown nothing."""
    holder = Guest(HOLDING, [], store)
    calls = Guest(
        """(module (import "" "f" (func $f (result i32)))
          (func (export "run") (result i32)
            (block $caught (return (try_table (result i32) (catch_all $caught) (call $f)))) (i32.const -1)))""",
        [Func(store, FuncType([], [ValType.i32()]), lambda: 7)],
        store,
    )

    def interrupted(self: Store) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Store, "_backtrace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            holder.uncaught(1)
    assert calls.run() == 7


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


@pytest.fixture(autouse=True)
def everything_is_dropped() -> Iterator[None]:
    yield
    gc.collect()
