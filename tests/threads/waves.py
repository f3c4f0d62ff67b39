"""Guests in one module's code of which some shall stop, some pause, and all others go on: deadlines, growth, forks.

Each guest counts in loops and functions that all share, and what it counts must be right however often its cells have
been other than its own.
"""

import os
import random
import threading
import time
from typing import Any, Final

import pytest

from fusee import Config, Engine, Instance, Limits, MemoryType, Module, SharedMemory, Store, Trap, TrapCode
from tests.threads.together import THREADS, together

PAGES: Final = 4096

GUEST: Final = f"""(module (import "" "memory" (memory 1 {PAGES} shared))
  (func $step (param i32) (result i32) (i32.add (i32.mul (local.get 0) (i32.const 5)) (i32.const 1)))
  (func $walk (param $n i32) (param $x i32) (result i32)
    (loop $again
      (local.set $x (call $step (local.get $x)))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $x))
  (func (export "count") (param $n i32) (param $x i32) (result i32)
    (loop $again
      (local.set $x (call $walk (i32.const 20) (local.get $x)))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $x))
  (func (export "grow") (result i32) (local $at i32)
    (local.set $at (memory.grow (i32.const 1)))
    (if (i32.eq (local.get $at) (i32.const -1)) (then (return (i32.const -1))))
    (i32.store (i32.shl (local.get $at) (i32.const 16)) (i32.const 7))
    (i32.load (i32.shl (local.get $at) (i32.const 16))))
  (func (export "touch") (param $rounds i32) (result i32) (local $seen i32)
    (loop $again
      (local.set $seen (i32.add (local.get $seen)
        (i32.load (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 4)))))
      (br_if $again (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
    (local.get $seen))
  (func (export "forever") (loop (br 0))))"""


def counted(count: int, value: int) -> int:
    for _ in range(count * 20):
        value = (value * 5 + 1) & 0xFFFF_FFFF
    return value


class Wave:
    """An engine with deadlines, a module, and a memory that all guests share."""

    def __init__(self) -> None:
        config = Config()
        config.epoch_interruption = True
        self.engine = Engine(config)
        self.module = Module(self.engine, GUEST)
        self.memory = SharedMemory(self.engine, MemoryType(Limits(1, PAGES), shared=True))
        self.interruptions = 0
        self.is_over = False

    def guest(self) -> tuple[Store, Any]:
        store = Store(self.engine)
        exports: Any = Instance(store, self.module, [self.memory]).exports(store)
        return store, exports

    def steady(self, number: int) -> None:
        """A guest that nobody wants anything of."""
        store, guest = self.guest()
        right = counted(500, number)
        while not self.is_over:
            assert guest["count"](store, 500, number) & 0xFFFF_FFFF == right
            assert guest["touch"](store, 100) == 0

    def stopped(self) -> None:
        """Guests that run until their time is over."""
        while not self.is_over:
            store, guest = self.guest()
            store.set_epoch_deadline(1)
            with pytest.raises(Trap) as caught:
                guest["forever"](store)
            assert caught.value.trap_code == TrapCode.INTERRUPT
            self.interruptions += 1

    def growing(self) -> None:
        store, guest = self.guest()
        while not self.is_over:
            assert guest["grow"](store) in (7, -1)
            self.interruptions += 1
            time.sleep(0.002)

    def dividing(self) -> None:
        """Processes that are made while guests run, and end."""
        while not self.is_over:
            child = os.fork()
            if child == 0:
                store, guest = self.guest()
                right = counted(50, 1)
                os._exit(0 if guest["count"](store, 50, 1) & 0xFFFF_FFFF == right else 1)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
            self.interruptions += 1
            time.sleep(0.02)


def run_waves(seconds: float, *, forks: bool = True) -> int:
    """Have them all do so; gives how many interruptions there were."""
    wave = Wave()
    choice = random.Random(3)

    def tick() -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            wave.engine.increment_epoch()
            time.sleep(choice.random() * 0.004)
        wave.is_over = True
        while threading.active_count() > others + 1:  # those that have begun meanwhile
            wave.engine.increment_epoch()
            time.sleep(0.002)

    others = threading.active_count()
    works = [*([wave.stopped] * 2), wave.growing, *([wave.dividing] if forks else [])]
    ticking = threading.Thread(target=tick, daemon=True)
    ticking.start()
    together(lambda number: works[number]() if number < len(works) else wave.steady(number), THREADS)
    ticking.join(10)
    return wave.interruptions
