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
from tests.component.asyncguests import component
from tests.component.guests import LIBC
from tests.component.randomtypes import RandomTypes
from tests.component.taskfuzz import check, stream

INNER = component(
    """
    (import "c" "return-string" (func $return (param i32 i32)))
    (import "c" "task.cancel" (func $cancel))
    (import "c" "backpressure.inc" (func $inc))
    (import "c" "backpressure.dec" (func $dec))
    (import "c" "set.new" (func $new (result i32)))
    (import "c" "yield" (func $yield (result i32)))
    (tag $thrown)
    (global $how (mut i32) (i32.const 0))
    (data (i32.const 16) "\\ff")
    (func (export "hold") (call $inc))
    (func (export "release") (call $dec))
    (func (export "at-once") (param i32 i32) (result i32) (call $return (local.get 0) (local.get 1)) (i32.const 0))
    (func (export "later") (param i32 i32) (drop (call $yield)) (call $return (local.get 0) (local.get 1)))
    (func (export "plain") (param i32 i32) (result i32)
      (drop (call $yield))
      (i32.store (i32.const 32) (local.get 0)) (i32.store (i32.const 36) (local.get 1)) (i32.const 32))
    (func (export "twice") (param i32 i32)
      (call $return (local.get 0) (local.get 1)) (call $return (local.get 0) (local.get 1)))
    (func (export "none") (param i32 i32))
    (func (export "wrong") (param i32 i32) (call $return (i32.const 16) (i32.const 1)))
    (func (export "throws") (param i32 i32) (throw $thrown))
    (; Waits for nothing until it is cancelled; says so, or returns if its text has three bytes. ;)
    (func (export "waits") (param i32 i32) (result i32)
      (global.set $how (local.get 1)) (i32.or (i32.const 2) (i32.shl (call $new) (i32.const 4))))
    (func (export "back") (param i32 i32 i32) (result i32)
      (if (i32.eq (global.get $how) (i32.const 3))
        (then (call $return (i32.const 40) (i32.const 2))) (else (call $cancel)))
      (i32.const 0))
    """,
    """
    hold | |
    release | |
    at-once | async (param "s" string) (result string) | async callback back
    later | async (param "s" string) (result string) | async
    plain | async (param "s" string) (result string) |
    twice | async (param "s" string) (result string) | async
    none | async (param "s" string) (result string) | async
    wrong | async (param "s" string) (result string) | async
    throws | async (param "s" string) (result string) | async
    waits | async (param "s" string) (result string) | async callback back
    """,
).replace("(component", "(component $inner", 1)

OUTER = component(
    """
    (import "c" "f-later" (func $f_later (param i32 i32 i32) (result i32)))
    (import "c" "f-now" (func $f_now (param i32 i32 i32)))
    (import "c" "hold" (func $hold))
    (import "c" "release" (func $release))
    (import "c" "set.new" (func $new (result i32)))
    (import "c" "set.wait" (func $wait (param i32 i32) (result i32)))
    (import "c" "set.drop" (func $drop_set (param i32)))
    (import "c" "join" (func $join (param i32 i32)))
    (import "c" "subtask.cancel" (func $cancel (param i32) (result i32)))
    (import "c" "subtask.drop" (func $drop (param i32)))
    (data (i32.const 256) "first")
    (data (i32.const 288) "other")
    (func $until_returned (param $state i32) (local $set i32) (local $task i32)
      (if (i32.eq (local.get $state) (i32.const 2)) (then (return)))
      (local.set $set (call $new))
      (call $join (local.tee $task (i32.shr_u (local.get $state) (i32.const 4))) (local.get $set))
      (loop $more
        (drop (call $wait (local.get $set) (i32.const 0)))
        (br_if $more (i32.lt_u (i32.load (i32.const 4)) (i32.const 2))))
      (call $join (local.get $task) (i32.const 0))
      (call $drop (local.get $task))
      (call $drop_set (local.get $set)))
    (func (export "call") (param $pointer i32) (param $length i32) (param $result i32) (result i32)
      (call $until_returned (call $f_later (local.get $pointer) (local.get $length) (local.get $result)))
      (local.get $result))
    (func (export "wait") (param $pointer i32) (param $length i32) (param $result i32) (result i32)
      (call $f_now (local.get $pointer) (local.get $length) (local.get $result))
      (local.get $result))
    (; The text is another one when the callee begins. ;)
    (func (export "held") (param $pointer i32) (param $length i32) (param $result i32) (result i32)
      (local $state i32)
      (call $hold)
      (local.set $state (call $f_later (local.get $pointer) (local.get $length) (local.get $result)))
      (if (i32.and (local.get $state) (i32.const 15)) (then (unreachable)))
      (memory.copy (i32.const 256) (i32.const 288) (i32.const 5))
      (call $release)
      (call $until_returned (local.get $state))
      (local.get $result))
    (; The state in which it was cancelled, and what is where the result would be. ;)
    (func $cancelled (param $state i32) (param $result i32) (result i32)
      (i32.store (local.get $result) (i32.const 7000))
      (local.set $state (i32.shr_u (local.get $state) (i32.const 4)))
      (i32.add (call $cancel (local.get $state)) (i32.load (local.get $result)))
      (call $drop (local.get $state)))
    (func (export "cancel-early") (param $pointer i32) (param $length i32) (param $result i32) (result i32)
      (call $hold)
      (call $cancelled (call $f_later (local.get $pointer) (local.get $length) (local.get $result)) (local.get $result))
      (call $release))
    (func (export "cancel") (param $pointer i32) (param $length i32) (param $result i32) (result i32)
      (call $f_later (local.get $pointer) (local.get $length) (local.get $result))
      (call $cancelled (local.get $result)))
    """,
    """
    call | async (param "pointer" u32) (param "length" u32) (param "result" u32) (result string) |
    wait | async (param "pointer" u32) (param "length" u32) (param "result" u32) (result string) |
    held | async (param "pointer" u32) (param "length" u32) (param "result" u32) (result string) |
    cancel-early | async (param "pointer" u32) (param "length" u32) (param "result" u32) (result u32) |
    cancel | async (param "pointer" u32) (param "length" u32) (param "result" u32) (result u32) |
    """,
    imports="""(import "f" (func $f async (param "s" string) (result string))) (import "hold" (func $hold))
      (import "release" (func $release))""",
    lowered="""
    f-later $f async (memory $memory) (realloc $realloc)
    f-now $f (memory $memory) (realloc $realloc)
    hold $hold
    release $release
    """,
).replace("(component", "(component $outer", 1)

FUNCTIONS = ("call", "wait", "held", "cancel-early", "cancel")


def text(name: str) -> str:
    """A component whose functions call one of the inner one's."""
    exports = " ".join(f'(export "{function}" (func $o "{function}"))' for function in FUNCTIONS)
    return f"""(component {INNER} {OUTER} (instance $i (instantiate $inner))
      (instance $o (instantiate $outer (with "f" (func $i "{name}")) (with "hold" (func $i "hold"))
        (with "release" (func $i "release")))) {exports})"""


def calls(name: str) -> Both:
    """The same, both ways."""
    return Both(text(name))


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


# Handles.


RESOURCES = """(component
  (component $inner
    (type $r' (resource (rep i32)))
    (export $r "r" (type $r'))
    (core func $new (canon resource.new $r'))
    (core func $drop (canon resource.drop $r'))
    (core func $yield (canon thread.yield))
    (core func $return (canon task.return (result u32)))
    (core func $return-own (canon task.return (result (own $r))))
    (core module $m (import "" "new" (func $new (param i32) (result i32)))
      (import "" "yield" (func $yield (result i32)))
      (import "" "return" (func $return (param i32))) (import "" "return-own" (func $return_own (param i32)))
      (func (export "make") (param i32) (call $return_own (call $new (local.get 0))))
      (func (export "look") (param i32 i32) (drop (call $yield)) (call $return (i32.add (local.get 0) (local.get 1)))))
    (core instance $i (instantiate $m (with "" (instance (export "new" (func $new)) (export "yield" (func $yield))
      (export "return" (func $return)) (export "return-own" (func $return-own))))))
    (func (export "make") async (param "n" u32) (result (own $r)) (canon lift (core func $i "make") async))
    (func (export "look") async (param "r" (borrow $r)) (param "n" u32) (result u32)
      (canon lift (core func $i "look") async)))
  (component $middle
    (import "i" (instance $i (export "r" (type $r (sub resource)))
      (export "look" (func async (param "r" (borrow $r)) (param "n" u32) (result u32)))))
    (alias export $i "r" (type $r))
    (core func $look (canon lower (func $i "look")))
    (core func $drop (canon resource.drop $r))
    (core func $return (canon task.return (result u32)))
    (core module $m (import "" "look" (func $look (param i32 i32) (result i32)))
      (import "" "drop" (func $drop (param i32))) (import "" "return" (func $return (param i32)))
      (func (export "look") (param i32 i32)
        (local.get 0) (call $look (local.get 0) (i32.const 100))
        (if (i32.eq (local.get 1) (i32.const 1)) (then (call $return (i32.const 1))))
        (local.set 1) (call $drop) (call $return (local.get 1))))
    (core instance $i (instantiate $m (with "" (instance (export "look" (func $look)) (export "drop" (func $drop))
      (export "return" (func $return))))))
    (func (export "look") async (param "r" (borrow $r)) (param "n" u32) (result u32)
      (canon lift (core func $i "look") async)))
  (component $outer
    (import "i" (instance $i (export "r" (type $r (sub resource)))
      (export "make" (func async (param "n" u32) (result (own $r))))))
    (alias export $i "r" (type $r))
    (import "look" (func $look async (param "r" (borrow $r)) (param "n" u32) (result u32)))
    (core module $l (memory (export "memory") 1))
    (core instance $l (instantiate $l))
    (alias core export $l "memory" (core memory $memory))
    (core func $make (canon lower (func $i "make")))
    (core func $look (canon lower (func $look) async (memory $memory)))
    (core func $drop (canon resource.drop $r))
    (core func $new (canon waitable-set.new)) (core func $join (canon waitable.join))
    (core func $wait (canon waitable-set.wait (memory $memory)))
    (core module $m (import "l" "memory" (memory 1)) (import "" "make" (func $make (param i32) (result i32)))
      (import "" "look" (func $look (param i32 i32 i32) (result i32))) (import "" "drop" (func $drop (param i32)))
      (import "" "new" (func $new (result i32))) (import "" "join" (func $join (param i32 i32)))
      (import "" "wait" (func $wait (param i32 i32) (result i32)))
      (func (export "run") (param $n i32) (result i32) (local $r i32) (local $set i32) (local $state i32)
        (local.set $r (call $make (i32.const 42)))
        (local.set $state (call $look (local.get $r) (local.get $n) (i32.const 16)))
        (if (i32.eq (local.get $n) (i32.const 2)) (then (call $drop (local.get $r))))
        (local.set $set (call $new))
        (call $join (i32.shr_u (local.get $state) (i32.const 4)) (local.get $set))
        (loop $more
          (drop (call $wait (local.get $set) (i32.const 0)))
          (br_if $more (i32.ne (i32.load (i32.const 4)) (i32.const 2))))
        (call $drop (local.get $r))
        (i32.load (i32.const 16))))
    (core instance $i (instantiate $m (with "l" (instance $l)) (with "" (instance (export "make" (func $make))
      (export "look" (func $look)) (export "drop" (func $drop)) (export "new" (func $new)) (export "join" (func $join))
      (export "wait" (func $wait))))))
    (func (export "run") async (param "n" u32) (result u32) (canon lift (core func $i "run"))))
  (instance $i (instantiate $inner))
  (instance $m (instantiate $middle (with "i" (instance $i))))
  (instance $o (instantiate $outer (with "i" (instance $i)) (with "look" (func $m "look"))))
  (export "run" (func $o "run")))"""


def test_handles_are_lent_until_the_caller_knows_that_the_call_has_ended() -> None:
    both = Both(RESOURCES)
    assert both.outcome("run", 0).startswith("142; 142")
    assert both.outcome("run", 1).startswith("trap borrow handles still remain at the end of the call")
    assert both.outcome("run", 2).startswith("trap cannot remove owned resource while borrowed")


# Synchronous functions of such components, streams.


PLAIN = """(component
  (component $inner {libc}
    (core func $yield (canon backpressure.inc))
    (core module $m (import "l" "memory" (memory 1)) (data (i32.const 16) "text") (import "" "x" (func $x))
      (func (export "f") (param i32 i32) (result i32)
        (i32.store (i32.const 32) (i32.const 16)) (i32.store (i32.const 36) (local.get 1)) (i32.const 32))
      (func (export "after") (param i32)
        (i32.store8 (i32.load (local.get 0)) (i32.add (i32.const 1) (i32.load8_u (i32.load (local.get 0)))))))
    (core instance $i (instantiate $m (with "l" (instance $libc)) (with "" (instance (export "x" (func $yield))))))
    (func (export "f") (param "s" string) (result string) (canon lift (core func $i "f") (memory $memory)
      (realloc $realloc) (post-return (func $i "after")))))
  (component $outer {libc} (import "f" (func $f (param "s" string) (result string)))
    (core func $f (canon lower (func $f) (memory $memory) (realloc $realloc)))
    {more}
    (core module $m (import "l" "memory" (memory 1)) (import "" "f" (func $f (param i32 i32 i32)))
      (func (export "run") (param i32) (result i32)
        (call $f (i32.const 64) (local.get 0) (i32.const 96)) (i32.const 96)))
    (core instance $i (instantiate $m (with "l" (instance $libc)) (with "" (instance (export "f" (func $f))))))
    (func (export "run") (param "n" u32) (result string) (canon lift (core func $i "run") (memory $memory))))
  (instance $i (instantiate $inner)) (instance $o (instantiate $outer (with "f" (func $i "f"))))
  (export "run" (func $o "run")))"""


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
