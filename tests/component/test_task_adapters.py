"""Asynchronous calls from component to component, whose values adapters copy: when, and what ends them."""

import gc
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest

import fusee
from fusee import Config, Engine, Store, Trap
from fusee.component import Component, Linker
from fusee.component.types.primitive import U8, String
from tests.component.adapterfuzz import Both, with_adapters
from tests.component.guests import LIBC
from tests.component.randomtypes import RandomTypes
from tests.component.taskfuzz import check, stream
from tests.component.taskguests import INNER, PLAIN, RESOURCES, calls, text


@pytest.mark.parametrize("seed", range(30))
def test_random_types(seed: int) -> None:
    assert check(seed)


@pytest.mark.parametrize("name", ["at-once", "later", "plain"])
def test_arguments_and_results_are_copied(name: str) -> None:
    both = calls(name)
    assert both.outcome("call", 256, 5, 512).startswith("'first'; 'first'")
    assert both.outcome("wait", 257, 4, 512).startswith("'irst'; 'irst'")


@pytest.mark.parametrize("name", ["at-once", "later", "plain"])
def test_arguments_are_read_when_the_callee_begins(name: str) -> None:
    assert calls(name).outcome("held", 256, 5, 512).startswith("'other'; 'other'")


@pytest.mark.parametrize(
    ("pointer", "length", "result", "message"),
    [
        (65536, 1, 512, "string pointer/length out of bounds of memory (STRING_OUT_OF_BOUNDS)"),
        (0, 1 << 28, 512, "string content too long"),
        (256, 5, 514, "pointer not aligned (UNALIGNED_POINTER)"),
        (256, 5, 65532, "pointer out of bounds of memory"),
    ],
)
def test_places_that_are_wrong(pointer: int, length: int, result: int, message: str) -> None:
    for name in ("at-once", "later", "plain"):
        for function in ("call", "wait", "held"):
            found = calls(name).outcome(function, pointer, length, result)
            assert found.startswith(f"trap {message}")
            assert "; trap cannot enter component instance" in found


def test_what_never_begins_is_not_copied() -> None:
    """Cancelled while the callee wants no tasks: its string would be out of bounds (3 is CANCELLED_BEFORE_STARTED)."""
    assert calls("at-once").outcome("cancel-early", 65536, 1, 512).startswith("7003; 7003")


def test_what_is_cancelled_while_it_waits() -> None:
    """It has no result (4 is CANCELLED_BEFORE_RETURNED), or returns one all the same, of which the pointer is seen."""
    assert calls("waits").outcome("cancel", 256, 5, 512).startswith("7004; 7004")
    with with_adapters():
        instance, store = calls("waits").instantiate([])
    function = instance.get_func(store, "cancel")
    assert function is not None
    assert 1024 < function(store, 256, 3, 512) < 2048


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("twice", "`task.return` or `task.cancel` called more than once for a task"),
        ("none", "async-lifted export failed to produce a result"),
        ("wrong", "invalid utf-8 sequence"),
        ("throws", "an exception of the guest's crosses the border of its component"),
    ],
)
@pytest.mark.parametrize("function", ["call", "wait", "held"])
def test_callees_that_break_the_rules(name: str, message: str, function: str) -> None:
    found = calls(name).outcome(function, 256, 5, 512)
    assert message in found and found.startswith("trap")


def test_a_guest_that_never_goes_on() -> None:
    found = calls("waits").outcome("call", 256, 5, 512)
    assert found.startswith("trap deadlock detected: event loop cannot make further progress")


@pytest.mark.parametrize("name", ["at-once", "later", "plain"])
def test_calls_leave_no_circles_of_objects(name: str) -> None:
    """Else Python looks for them after every few calls."""
    instance, store = calls(name).instantiate([])
    function = instance.get_func(store, "call")
    assert function is not None
    gc.disable()
    try:
        assert min(_garbage(lambda: function(store, 256, 5, 512)) for _ in range(3)) < 100
    finally:
        gc.enable()


def _garbage(call: Callable[[], object]) -> int:
    """How many objects a hundred calls leave in circles; and what other tests have left, which may end meanwhile."""
    call()
    while gc.collect():
        pass
    for _ in range(100):
        call()
    return gc.collect()


def test_handles_are_lent_until_the_caller_knows_that_the_call_has_ended() -> None:
    both = Both(RESOURCES)
    assert both.outcome("run", 0).startswith("142; 142")
    assert both.outcome("run", 1).startswith("trap borrow handles still remain at the end of the call")
    assert both.outcome("run", 2).startswith("trap cannot remove owned resource while borrowed")


@pytest.mark.parametrize("more", ["", "(core func (canon backpressure.inc))"])
def test_functions_that_are_not_async(more: str) -> None:
    """`post-return` comes behind the copying; the caller has something asynchronous, or not."""
    both = Both(PLAIN.format(libc=LIBC, more=more))
    assert both.outcome("run", 4).startswith("'text'; 'uext'")
    assert both.outcome("run", 1 << 28).startswith("trap string content too long")


def test_copying_takes_fuel() -> None:
    config = Config()
    config.consume_fuel = True
    engine = Engine(config)
    store, linker = Store(engine), Linker(engine)
    store.set_fuel(100_000)
    instance = linker.instantiate(store, Component(engine, text("at-once")))
    call = instance.get_func(store, "call")
    assert call is not None and call(store, 256, 5, 512) == "first"
    left = store.get_fuel()
    assert len(call(store, 1024, 8000, 512)) == 8000 and left - store.get_fuel() > 2000
    store.set_fuel(1000)
    with pytest.raises(Trap) as caught:
        call(store, 1024, 8000, 512)
    assert caught.value.trap_code == fusee.TrapCode.OUT_OF_FUEL


def test_without_adapters() -> None:
    """If they would be too large, and where a core function's type is in a group of types."""
    with patch("fusee.component.adapters.cache.MOST_BYTES", 100):
        instance, store = calls("later").instantiate([])
    call = instance.get_func(store, "call")
    assert call is not None and call(store, 256, 5, 512) == "first"
    grouped = INNER.replace(
        '(func (export "later") (param i32 i32)',
        '(rec (type $t (func (param i32 i32))) (type (struct))) (func (export "later") (type $t)',
    )
    with patch(f"{__name__}.INNER", grouped):
        instance, store = calls("later").instantiate([])
    call = instance.get_func(store, "call")
    assert call is not None and call(store, 256, 5, 512) == "first"


@pytest.mark.parametrize("strategy", ["native", "tiered"])
def test_beside_native_code(strategy: str) -> None:
    config = Config()
    config.strategy = strategy
    engine = Engine(config)
    for name in ("at-once", "later", "plain"):
        store = Store(engine)
        instance = Linker(engine).instantiate(store, Component(engine, text(name)))
        for function in ("call", "wait", "held"):
            found = instance.get_func(store, function)
            assert found is not None
            values: list[Any] = [found(store, 256, 5, 512) for _ in range(2)]
            assert values == (["other"] * 2 if function == "held" else ["first"] * 2)


def test_components_and_their_streams_without_python() -> None:
    """Bytes and records of a stream are not lifted."""
    for ty in (U8(), String()):
        both = stream(RandomTypes(0), type(ty).__name__.lower(), ty, b"", None)
        with patch("fusee.component.asynchronous.streams.list_lifter", side_effect=AssertionError), with_adapters():
            instance, store = both.instantiate([])
            function = instance.get_func(store, "f")
            assert function is not None
            function(store)


def test_a_store_that_may_have_no_more_instances() -> None:
    """The guests run already when a stream's first elements are copied."""
    both = stream(RandomTypes(0), "string", String(), b"", None)
    instance, store = both.instantiate([])
    function = instance.get_func(store, "f")
    assert function is not None
    with patch("fusee.component.adapters.imports.Instance", side_effect=fusee.LimitError("too many")) as made:
        function(store)
    assert made.called
    with patch("fusee.component.adapters.copies.MOST_COPIERS", 0):
        instance, store = both.instantiate([])
        function = instance.get_func(store, "f")
        assert function is not None
        function(store)
