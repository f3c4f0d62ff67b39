"""What the host's references, guests' objects and exceptions keep, and for how long."""

import gc
import threading
import weakref
from typing import Any

import pytest

from fusee import Func, FuncType, Store, ValType, WasmException
from tests.api import treeguest
from tests.api.guest import Guest
from tests.api.treeguest import tree_sum, used

engine = treeguest.engine
everything_is_dropped = treeguest.everything_is_dropped
store = treeguest.store
trees = treeguest.trees


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
