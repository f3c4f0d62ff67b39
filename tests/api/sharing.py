"""A guest with a memory that several stores use, and threads that run it."""

import threading
import time
from collections.abc import Callable
from typing import Any

from fusee import Config, Engine, Instance, Limits, MemoryType, Module, SharedMemory, Store

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
