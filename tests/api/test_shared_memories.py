"""Memories that several stores use, and threads that wait for each other by them."""

import linecache
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from fusee import (
    Config,
    Engine,
    Instance,
    LimitError,
    Limits,
    LinkError,
    Memory,
    MemoryType,
    Module,
    SharedMemory,
    Store,
    StoreError,
    Trap,
    TrapCode,
    WasmtimeError,
)
from fusee.api._waiting import wait

PAGE = 65536

GUEST = """(module (import "" "memory" (memory 1 4 shared))
  (func (export "wait") (param i32 i32 i64) (result i32)
    (memory.atomic.wait32 (local.get 0) (local.get 1) (local.get 2)))
  (func (export "wait64") (param i32 i64 i64) (result i32)
    (memory.atomic.wait64 (local.get 0) (local.get 1) (local.get 2)))
  (func (export "notify") (param i32 i32) (result i32) (memory.atomic.notify (local.get 0) (local.get 1)))
  (func (export "store") (param i32 i32) (i32.atomic.store (local.get 0) (local.get 1)))
  (func (export "load") (param i32) (result i32) (i32.atomic.load (local.get 0)))
  (func (export "plain") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "size") (result i32) (memory.size))
  (func (export "spin") (param i32) (loop (br_if 0 (i32.eqz (i32.load (local.get 0))))))
  (func (export "count") (param i32 i32)
    (loop
      (drop (i32.atomic.rmw.add (local.get 0) (i32.const 1)))
      (local.set 1 (i32.sub (local.get 1) (i32.const 1)))
      (br_if 0 (local.get 1))))
  (func (export "locked") (param $lock i32) (param $rounds i32)
    (loop $again
      (block $taken (loop $try
        (br_if $taken (i32.eqz (i32.atomic.rmw.cmpxchg (local.get $lock) (i32.const 0) (i32.const 1))))
        (drop (memory.atomic.wait32 (local.get $lock) (i32.const 1) (i64.const -1)))
        (br $try)))
      (i32.store offset=4 (local.get $lock) (i32.add (i32.load offset=4 (local.get $lock)) (i32.const 1)))
      (i32.atomic.store (local.get $lock) (i32.const 0))
      (drop (memory.atomic.notify (local.get $lock) (i32.const 1)))
      (local.set $rounds (i32.sub (local.get $rounds) (i32.const 1)))
      (br_if $again (local.get $rounds)))))"""


class World:
    """A memory, and guests that share it."""

    def __init__(self, config: Config | None = None) -> None:
        self.engine = Engine(config)
        self.module = Module(self.engine, GUEST)
        self.memory = SharedMemory(self.engine, MemoryType(Limits(1, 4), shared=True))

    def guest(self) -> tuple[Store, Any]:
        store = Store(self.engine)
        return store, Instance(store, self.module, [self.memory]).exports(store)

    def word(self, place: int) -> int:
        return int.from_bytes(bytes(self.memory.data_ptr()[place : place + 4]), "little")


def started(*works: Callable[[], object]) -> list[threading.Thread]:
    threads = [threading.Thread(target=work, daemon=True) for work in works]
    for thread in threads:
        thread.start()
    return threads


def joined(threads: list[threading.Thread]) -> bool:
    for thread in threads:
        thread.join(30)
    return not any(thread.is_alive() for thread in threads)


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_a_memory_in_two_stores() -> None:
    world = World()
    (first, one), (second, other) = world.guest(), world.guest()
    one["store"](first, 8, 77)
    assert (other["load"](second, 8), world.word(8)) == (77, 77)
    pointer = world.memory.data_ptr()
    pointer[PAGE - 1] = 9
    assert one["grow"](first, 1) == 1
    assert (other["size"](second), world.memory.size(), world.memory.data_len()) == (2, 2, 2 * PAGE)
    assert world.memory.grow(1) == 2
    assert (one["size"](first), other["plain"](second, 2 * PAGE + 8), pointer[PAGE - 1]) == (3, 0, 9)
    with pytest.raises(LimitError):
        world.memory.grow(2)
    with pytest.raises(WasmtimeError, match="negative"):
        world.memory.grow(-1)
    assert one["grow"](first, 2) == -1
    assert str(world.memory.type()) == str(MemoryType(Limits(3, 4), shared=True))
    world.memory.close()
    assert (other["load"](second, 8), pointer[PAGE - 1]) == (77, 9)
    with pytest.raises(ValueError, match="closed"):
        world.memory.size()


def test_what_does_not_fit() -> None:
    world = World()
    store = Store(world.engine)
    with pytest.raises(LinkError, match="incompatible"):
        Instance(store, Module(world.engine, '(module (import "" "" (memory 1 4)))'), [world.memory])
    with pytest.raises(LinkError, match="incompatible"):
        Instance(store, Module(world.engine, '(module (import "" "" (memory 1 3 shared)))'), [world.memory])
    with pytest.raises(LinkError, match="incompatible"):
        Instance(store, Module(world.engine, '(module (import "" "" (global i32)))'), [world.memory])
    with pytest.raises(LinkError, match="incompatible"):
        Instance(store, world.module, [Memory(store, MemoryType(Limits(1, 4)))])
    with pytest.raises(WasmtimeError, match="SharedMemory"):
        Memory(store, MemoryType(Limits(1, 1), shared=True))
    with pytest.raises(WasmtimeError, match="shared type"):
        SharedMemory(world.engine, MemoryType(Limits(1, 1)))
    with pytest.raises(StoreError, match="another engine"):
        Instance(Store(other := Engine()), Module(other, GUEST), [world.memory])


def test_a_memory_that_a_module_makes() -> None:
    """It lives as long as somebody uses it, whatever becomes of the store that it was made in."""
    engine = Engine()
    text = '(module (memory (export "m") 1 4 shared) (data (i32.const 4) "\\05\\06"))'
    maker = Store(engine)
    memory: Any = Instance(maker, Module(engine, text), []).exports(maker)["m"]
    assert isinstance(memory, SharedMemory)
    store = Store(engine)
    guest: Any = Instance(store, Module(engine, GUEST), [memory]).exports(store)
    maker.close()
    del maker, memory
    assert guest["load"](store, 4) == 0x0605
    assert guest["grow"](store, 3) == 1
    assert guest["load"](store, 4 * PAGE - 4) == 0


MAKER = '(module (memory (export "memory") 1 4 shared) (data (i32.const 8) "\\07"))'


def test_a_store_that_is_closed_while_its_memory_is_lent(monkeypatch: pytest.MonkeyPatch) -> None:
    """By another thread: it ends when nobody uses the memory any more."""
    world, opened = World(), SharedMemory._opened
    maker = Store(world.engine)
    made: Any = Instance(maker, Module(world.engine, MAKER), []).exports(maker)
    world.memory = made["memory"]
    closing = threading.Thread(target=maker.close)

    def slowly(self: SharedMemory) -> Store:
        owner = opened(self)
        if closing.ident is None:
            closing.start()
            closing.join(0.02)
        return owner

    monkeypatch.setattr(SharedMemory, "_opened", slowly)
    store, guest = world.guest()
    closing.join()
    assert maker._is_closed
    assert guest["load"](store, 8) == 7
    store.close()
    maker.close()
    with pytest.raises(ValueError, match="already closed"):
        world.guest()


def test_a_store_that_is_closed_before_its_memory_grows() -> None:
    """By another thread, which has the store meanwhile."""
    world = World()
    maker = Store(world.engine)
    made: Any = Instance(maker, Module(world.engine, MAKER), []).exports(maker)
    memory, failures = made["memory"], []

    def grow() -> None:
        try:
            memory.grow(1)
        except ValueError as error:
            failures.append(error)

    growing = threading.Thread(target=grow)
    with maker._lock:
        growing.start()
        growing.join(0.02)
        maker.close()
    growing.join()
    assert len(failures) == 1


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


def test_growth_is_seen_by_guests_that_run() -> None:
    world = World()
    store = Store(world.engine)
    text = """(module (import "" "memory" (memory 1 4 shared)) (func (export "f") (result i32)
      (loop (br_if 0 (i32.eqz (i32.load (i32.const 0))))) (i32.load (i32.const 131072))))"""
    f: Any = Instance(store, Module(world.engine, text), [world.memory]).exports(store)["f"]
    found: list[int] = []
    threads = started(lambda: found.append(f(store)))
    other, writer = world.guest()
    assert writer["grow"](other, 2) == 1
    writer["store"](other, 131072, 5)
    writer["store"](other, 0, 1)
    assert joined(threads)
    assert found == [5]


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
