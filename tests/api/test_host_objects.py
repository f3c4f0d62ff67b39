"""Objects of Python's that guests are given: how long they are kept, and when they are looked for."""

import ctypes
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from fusee import Func, FuncType, Global, GlobalType, Limits, Store, Table, TableType, ValType
from fusee.engine.state.runtime import HANDLE_SHIFT
from tests.api.guest import Guest, engine

EXTERNREF = ValType.externref()


class Thing:
    """Something to hold a weak reference to."""


def test_objects_that_guests_hold_no_more_are_collected() -> None:
    store = Store(engine())
    t = Table(store, TableType(EXTERNREF, Limits(1)), None)
    g = Guest("""(module (global (export "g") (mut externref) (ref.null extern)))""", store=store)
    h = Global(store, GlobalType(EXTERNREF, True), None)
    holders: list[Callable[[Any], None]] = [
        lambda x: t.set(store, 0, x),
        lambda x: g["g"].set_value(store, x),
        lambda x: h.set_value(store, x),
    ]
    for hold in holders:
        thing = Thing()
        gone = weakref.ref(thing)
        hold(thing)
        del thing
        store.gc()
        assert gone() is not None
        hold(None)
        store.gc()
        assert gone() is None


def test_fresh_objects_do_not_pile_up() -> None:
    """Without `gc()`: as arguments, as results of host functions, and both ways; references are used again."""
    store = Store(engine())
    alive = most = 0

    class Fresh:
        def __init__(self) -> None:
            nonlocal alive, most
            alive += 1
            most = max(most, alive)

        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    make = Func(store, FuncType([], [EXTERNREF]), Fresh)
    g = Guest(
        """(module (import "" "make" (func $make (result externref))) (table (export "t") 9 externref)
          (func (export "take") (param externref i32) (result i32) (local.get 1))
          (func (export "give") (result externref) (call $make))
          (func (export "keep") (param externref i32) (table.set (local.get 1) (local.get 0))))""",
        [make],
        store,
    )
    kept = [Fresh() for _ in range(9)]
    for at, thing in enumerate(kept):
        g.keep(thing, at)
    for number in range(100_000):
        if number % 2:
            assert g.take(Fresh(), number) == number
        else:
            assert type(g.give()) is Fresh
    assert most < 5_000
    assert all(g["t"].get(store, at) is thing for at, thing in enumerate(kept))
    references = [store._intern(object()) for _ in range(9)]
    assert max(reference >> HANDLE_SHIFT for reference in references) < 5_000


def test_one_calls_objects_are_let_go_of_while_it_runs() -> None:
    """But neither what is in its frame, nor what it returns."""
    store = Store(engine())
    made: list[weakref.ref[Thing]] = []
    alive: list[int] = []

    def make() -> Thing:
        thing = Thing()
        made.append(weakref.ref(thing))
        if len(made) % 1000 == 0:
            assert g.nothing() is None  # a call inside of the call
            alive.append(sum(thing() is not None for thing in made))
        return thing

    g = Guest(
        """(module (import "" "make" (func $make (result externref)))
          (func (export "nothing"))
          (func (export "many") (param i32) (result externref) (local externref)
            (local.set 1 (call $make))
            (loop (drop (call $make)) (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
            (local.get 1)))""",
        [Func(store, FuncType([], [EXTERNREF]), make)],
        store,
    )
    first = g.many(20_000)
    assert first is made[0]()
    assert len(alive) == 20
    assert max(alive) < 2500
    store.gc()
    assert sum(thing() is not None for thing in made) == 1


def test_arguments_stay_while_others_are_converted() -> None:
    """Converting one may run any code, which may look for objects that nobody refers to."""
    store = Store(engine())
    g = Guest("""(module (func (export "f") (param externref i32) (result externref) (local.get 0)))""", store=store)

    class Number(int):
        def __index__(self) -> int:
            store.gc()
            return 7

        def __and__(self, other: int) -> int:
            store.gc()
            return 7 & other

        def __add__(self, other: int) -> int:
            store.gc()
            return 7 + other

    for _ in range(3):
        thing = Thing()
        assert g.f(thing, Number(7)) is thing


def test_what_is_given_while_it_is_looked_for_objects_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another thread may ask for references: for an object that is known, for a number used again, or for a new one."""
    store = Store(engine())
    known, more = Thing(), [Thing() for _ in range(3)]
    reference = store._intern(known)
    given: list[int] = []
    trace = store._trace

    def meanwhile(marks: "ctypes.Array[ctypes.c_ubyte]") -> int:
        looked_at = trace(marks)
        given[:] = [store._intern(known), *map(store._intern, more)]
        return looked_at

    with monkeypatch.context() as patch:
        patch.setattr(store, "_trace", meanwhile)
        store.gc()
    assert given[0] == reference
    assert [store._interned(each) for each in given] == [known, *more]
    store.gc()
    assert not store._objects


def test_looking_for_objects_is_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table of a million places is not looked through for a thousand objects."""
    store = Store(engine())
    Table(store, TableType(EXTERNREF, Limits(1_000_000)), None)
    looked: list[int] = []
    trace = store._trace

    def count(marks: Any) -> int:
        looked.append(trace(marks))
        return looked[-1]

    monkeypatch.setattr(store, "_trace", count)
    g = Guest('(module (func (export "f") (param externref)))', store=store)
    for _ in range(20_000):
        g.f(Thing())
    assert len(looked) == 1
    assert looked[0] > 1_000_000
