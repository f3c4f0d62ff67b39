"""Asynchronous functions of components on emulated devices, as on this machine; the app answers imports at once."""

from typing import Any

import pytest

from tests.component.asyncguests import WAITING, component
from tests.component.droppingguests import DROPPING, DROPPING_ITS_OWN
from tests.component.guests import World
from tests.component.reallocguests import in_realloc
from tests.component.taskguests import RESOURCES, text
from tests.device.components import DeviceTrap
from tests.device.taskapps import app_of, both, outcomes


def plus(store: Any, number: int) -> int:
    return number + 1


@pytest.mark.parametrize(
    ("name", "number", "expected"),
    [
        ("by-callback", 7, "8"), ("in-place", 7, "7063"), ("stackful", 7, "7063"), ("at-once", 7, "8"),
        ("spin", 9, "9"), ("cancel-one", 3, "unknown handle index"),
    ],
)  # fmt: skip
def test_functions_that_are_lifted_in_each_way(name: str, number: int, expected: str) -> None:
    assert both(WAITING, name, number, wait=plus)[0] == expected


def test_what_would_wait_for_ever() -> None:
    deadlock = "deadlock detected"
    assert both(WAITING, "never", wait=plus)[0] == deadlock
    app = app_of(WAITING, wait=plus)
    app.func("hold")()
    app.func("release")()
    assert app.func("stackful")(1) == 1057
    app.func("hold")()
    assert app.func("at-once")(1) == 2  # its type is not `async`
    with pytest.raises(DeviceTrap, match=deadlock):
        app.func("stackful")(1)
    with pytest.raises(DeviceTrap, match="cannot enter"):
        app.func("at-once")(1)
    app.close()


@pytest.mark.parametrize("name", ["at-once", "later", "plain", "twice", "none", "wrong"])
@pytest.mark.parametrize("function", ["call", "wait"])
def test_components_that_call_each_other(name: str, function: str) -> None:
    found = both(text(name), function, 256, 5, 512)
    assert found[0] == {
        "twice": "`task.return` or `task.cancel` called more than once for a task",
        "none": "async-lifted export failed to produce a result", "wrong": "invalid utf-8 sequence",
    }.get(name, "'first'")  # fmt: skip


def test_an_interrupt_ends_a_callback_that_is_an_import() -> None:
    """No guest's code runs then that would look for it."""
    guest = """(component
      (import "back" (func $back (param "event" u32) (param "a" u32) (param "b" u32) (result u32)))
      (core func $back (canon lower (func $back)))
      (core module $m (func (export "run") (result i32) (i32.const 1)))
      (core instance $m (instantiate $m))
      (func (export "run") async (canon lift (core func $m "run") async (callback $back))))"""
    seen: list[tuple[int, ...]] = []

    def back(store: Any, *event: int) -> int:
        seen.append(event)
        if len(seen) == 3:
            app.call("fusee_store_interrupt", app.store, 1)
        return 1 if len(seen) < 9 else 15  # which is no code

    app = app_of(guest, back=back)
    with pytest.raises(DeviceTrap, match="interrupt"):
        app.func("run")()
    assert seen == [(0, 0, 0)] * 3
    app.call("fusee_store_interrupt", app.store, 0)
    with pytest.raises(DeviceTrap, match="cannot enter"):
        app.func("run")()
    assert app.close() == 0


def test_a_result_is_there_before_its_memory_is_used_again() -> None:
    """Its task goes on until its callback has said that it is over. Here the call comes back before that."""
    guest = component(
        """
        (import "c" "return-string" (func $return (param i32 i32)))
        (import "c" "context.get" (func $get (result i32)))
        (import "c" "context.set" (func $set (param i32)))
        (import "c" "set.new" (func $new (result i32)))
        (import "c" "set.poll" (func $poll (param i32 i32) (result i32)))
        (import "c" "set.drop" (func $drop (param i32)))
        (data (i32.const 16) "said")
        (func (export "say") (param i32) (result i32)
          (if (call $get) (then (unreachable)))
          (call $set (local.get 0))
          (call $return (i32.const 16) (i32.const 4))
          (memory.fill (i32.const 16) (i32.const 46) (i32.const 4))
          (i32.const 1))
        (func (export "back") (param i32 i32 i32) (result i32) (local $set i32)
          (if (i32.or (i32.or (local.get 0) (local.get 1)) (local.get 2)) (then (unreachable)))
          (local.set $set (call $new))
          (if (call $poll (local.get $set) (i32.const 64)) (then (unreachable)))
          (call $drop (local.get $set))
          (if (i32.eqz (call $get))
            (then (memory.copy (i32.const 16) (i32.const 24) (i32.const 4)) (return (i32.const 0))))
          (call $set (i32.sub (call $get) (i32.const 1)))
          (i32.const 1))
        (data (i32.const 24) "more")
        """,
        """say | async (param "times" u32) (result string) | async callback back""",
    )
    app = app_of(guest)
    assert [app.func("say")(number) for number in (0, 3, 1)] == ["said", "more", "more"]
    assert app.close() == 0
    assert World(guest).call("say", 3) == "said"


@pytest.mark.parametrize("is_async", [False, True])
def test_realloc_has_a_context_of_its_own(is_async: bool) -> None:
    assert both(in_realloc(is_async), "run", "text")[0] == "7300"


def test_borrowed_handles_are_dropped_before_a_result_is_given() -> None:
    assert both(RESOURCES, "run", 1)[0] == "borrow handles still remain at the end of the call"


WIDE = """(component
  (import "f" (func $f async (param "a" (tuple u8 u64 f32 string)) (param "b" f64) (result (tuple string u8))))
  (core module $l (memory (export "memory") 1) (global $top (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (global.set $top (i32.and (i32.add (global.get $top) (i32.const 15)) (i32.const -8)))
      (global.get $top) (global.set $top (i32.add (global.get $top) (local.get 3)))))
  (core instance $l (instantiate $l))
  (alias core export $l "memory" (core memory $memory)) (alias core export $l "realloc" (core func $realloc))
  (core func $f (canon lower (func $f) async (memory $memory) (realloc $realloc)))
  (core func $return (canon task.return (result (tuple string u8)) (memory $memory)))
  (core module $m (import "l" "memory" (memory 1)) (import "" "f" (func $f (param i32 i32) (result i32)))
    (import "" "return" (func $return (param i32 i32 i32)))
    (func (export "f") (param $a i32) (param $b i64) (param $c f32) (param $text i32) (param $size i32) (param $e f64)
      (i32.store8 (i32.const 64) (local.get $a)) (i64.store (i32.const 72) (local.get $b))
      (f32.store (i32.const 80) (local.get $c)) (i32.store (i32.const 84) (local.get $text))
      (i32.store (i32.const 88) (local.get $size)) (f64.store (i32.const 96) (local.get $e))
      (if (i32.ne (call $f (i32.const 64) (i32.const 128)) (i32.const 2)) (then (unreachable)))
      (call $return (i32.load (i32.const 128)) (i32.load (i32.const 132)) (i32.load8_u (i32.const 136)))))
  (core instance $m (instantiate $m (with "l" (instance $l)) (with "" (instance
    (export "f" (func $f)) (export "return" (func $return))))))
  (func (export "f") async (param "a" (tuple u8 u64 f32 string)) (param "b" f64) (result (tuple string u8))
    (canon lift (core func $m "f") async (memory $memory) (realloc $realloc))))"""


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("(call $return (i32.const 6))", "`task.return` called by a task that was not lifted with `async`"),
        ("(call $set (i32.const 6))", "7"), ("(if (call $get) (then (unreachable)))", "7"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("guest", [DROPPING, DROPPING_ITS_OWN])
def test_a_destructor_has_nothing_of_the_task_that_drops(guest: str, body: str, expected: str) -> None:
    app = app_of(guest.replace("{body}", body))
    found = outcomes(app.func("run"), DeviceTrap)[0]
    assert found.split()[-4:] == expected.split()[-4:]
    assert app.close() == 0


def test_parameters_that_lie_in_memory() -> None:
    """Six core values are too many where an import is lowered with `async`."""
    seen: list[Any] = []

    def give(store: Any, first: Any, second: float) -> Any:
        seen.append((first, second))
        return first[3] + "!", first[0]

    found = both(WIDE, "f", (255, 1 << 63, 0.5, "größe"), -2.25, f=give)
    assert found == ["('größe!', 255)"] * 2
    assert seen == [((255, 1 << 63, 0.5, "größe"), -2.25)] * 4
