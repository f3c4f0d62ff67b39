"""Threads that wait for each other by a shared memory."""

import linecache
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from fusee import Config, Trap, TrapCode
from fusee.api._waiting import wait
from tests.api.sharing import PAGE, World, joined, started, until


def test_what_waiting_gives() -> None:
    world = World()
    store, guest = world.guest()
    assert guest["wait"](store, 0, 1, -1) == 1  # another value
    assert guest["wait64"](store, 0, 1 << 40, -1) == 1
    assert guest["wait"](store, 0, 0, 0) == 2
    begun = time.monotonic()
    assert guest["wait64"](store, 8, 0, 30_000_000) == 2
    assert time.monotonic() - begun >= 0.03
    assert guest["notify"](store, 0, 1) == 0
    for name, place, code in (
        ("wait", 2, TrapCode.HEAP_MISALIGNED),
        ("wait64", 4, TrapCode.HEAP_MISALIGNED),
        ("wait", PAGE, TrapCode.MEMORY_OUT_OF_BOUNDS),
    ):
        with pytest.raises(Trap) as caught:
            guest[name](store, place, 0, 0)
        assert caught.value.trap_code == code


def test_who_waits_is_woken_in_turn() -> None:
    world = World()
    woken: list[int] = []

    def wait(number: int) -> None:
        store, guest = world.guest()
        assert guest["wait"](store, 16, 0, -1) == 0
        woken.append(number)

    threads = []
    for number in range(3):
        threads += started(lambda number=number: wait(number))  # type: ignore[misc]
        until(lambda number=number: len(world.engine._waiters.get(world_place(world, 16), ())) == number + 1)  # type: ignore[misc]
    store, guest = world.guest()
    assert guest["notify"](store, 20, -1) == 0  # nobody is there
    assert guest["notify"](store, 16, 1) == 1
    until(lambda: woken == [0])
    assert guest["notify"](store, 16, -1) == 2
    assert joined(threads)
    assert sorted(woken) == [0, 1, 2]
    assert guest["notify"](store, 16, -1) == 0
    assert not world.engine._waiters


def world_place(world: World, place: int) -> int:
    from ctypes import addressof

    return addressof(world.memory.data_ptr().contents) + place


@pytest.mark.parametrize("name", ["count", "locked"])
def test_threads_count_together(name: str) -> None:
    """A word that all change at once, and one behind a lock that they wait for."""
    world = World()

    def work() -> None:
        store, guest = world.guest()
        guest[name](store, 64, 2000)

    assert joined(started(*[work] * 4))
    assert world.word(64 if name == "count" else 68) == 8000


def test_who_spins_lets_others_run() -> None:
    """A guest reads a word again and again, without an instruction that waits, until another has written it."""
    world = World()
    store, guest = world.guest()
    threads = started(lambda: guest["spin"](store, 128))
    other, writer = world.guest()
    time.sleep(0.05)
    writer["store"](other, 128, 1)
    assert joined(threads)


def test_deadlines_end_waiting() -> None:
    config = Config()
    config.epoch_interruption = True
    world = World(config)
    codes = []

    def wait() -> None:
        store, guest = world.guest()
        store.set_epoch_deadline(1)
        with pytest.raises(Trap) as caught:
            guest["wait"](store, 0, 0, -1)
        codes.append(caught.value.trap_code)

    threads = started(wait)
    until(lambda: bool(world.engine._waiters))
    world.engine.increment_epoch()
    assert joined(threads)
    assert codes == [TrapCode.INTERRUPT]
    assert not world.engine._waiters


def test_who_does_not_begin_to_wait_is_not_woken() -> None:
    """Whatever line a signal handler raises in, up to the one that waits."""
    world = World()
    store, guest = world.guest()
    lines: list[int] = []
    places: list[int] = []

    def trace(frame: FrameType, event: str, argument: object) -> "Callable[..., Any] | None":
        if frame.f_code is not wait.__code__:
            return None
        if event == "line":
            lines.append(frame.f_lineno)
            if len(lines) == len(places) + 1:
                sys.settrace(None)
                raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    while not places or "_sleep(" not in linecache.getline(wait.__code__.co_filename, places[-1]):
        lines.clear()
        sys.settrace(trace)
        try:
            with pytest.raises(KeyboardInterrupt):
                guest["wait"](store, 0, 0, 1)
        finally:
            sys.settrace(before)
        places.append(lines[-1])
        assert guest["notify"](store, 0, 1) == 0, places
    assert len(places) > 5


def test_signals_end_waiting() -> None:
    """On the main thread, where Python runs the handlers of signals."""
    import signal

    world = World()
    store, guest = world.guest()

    class Enough(Exception):
        pass

    def enough(number: int, frame: object) -> None:
        raise Enough

    before = signal.signal(signal.SIGALRM, enough)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(Enough):
            guest["wait"](store, 0, 0, -1)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert not world.engine._waiters
    assert guest["wait"](store, 0, 0, 0) == 2
