"""Functions get native code while guests of several threads run them on one memory."""

import gc
from collections.abc import Callable
from typing import Any

import pytest

from fusee import Engine, Instance, Limits, MemoryType, Module, SharedMemory, Store
from tests.api.sharing import started
from tests.native.tiering import LONGEST_SECONDS, engine, host, tells_native, until

pytestmark = pytest.mark.usefixtures("own_cache")

ROUNDS = 300
COUNTING = tells_native(f"""(module
  (import "" "host" (func $host (param i32) (result i32)))
  (import "" "memory" (memory 1 4 shared))
  (func $work (param $rounds i32) (result i32)
    (loop $again
      (block $taken (loop $try
        (br_if $taken (i32.eqz (i32.atomic.rmw.cmpxchg (i32.const 64) (i32.const 0) (i32.const 1))))
        (drop (memory.atomic.wait32 (i32.const 64) (i32.const 1) (i64.const 1000000)))
        (br $try)))
      (i32.store (i32.const 68) (i32.add (i32.load (i32.const 68)) (i32.const 1)))
      (i32.atomic.store (i32.const 64) (i32.const 0))
      (drop (memory.atomic.notify (i32.const 64) (i32.const 1)))
      (drop (i64.atomic.rmw.add (i32.const 72) (i64.const 1)))
      (br_if $again (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
    (i32.const 1111))
  (func (export "main") (result i32) (local $seen i32) (local $calls i32)
    (loop $again
      (local.set $seen (call $work (i32.const {ROUNDS})))
      (local.set $calls (i32.add (local.get $calls) (i32.const 1)))
      (br_if $again (i32.eqz (call $host (local.get $seen)))))
    (local.get $calls)))""")


def guest(engine: Engine, module: Module, memory: SharedMemory, seen: set[int]) -> tuple[Store, Any]:
    store = Store(engine)
    is_native = until(lambda number: number == 2222)

    def note(number: int) -> int:
        seen.add(number)
        return is_native(number)

    return store, Instance(store, module, [host(store, note), memory]).exports(store)


@pytest.mark.usefixtures("knowing")
def test_all_guests_go_on_in_native_code() -> None:
    """What is counted behind a lock, and without, is what they have counted together, interpreted and natively."""
    own = engine()
    module, memory = Module(own, COUNTING), SharedMemory(own, MemoryType(Limits(1, 4), shared=True))
    seen: list[set[int]] = [set() for _ in range(3)]
    guests = [guest(own, module, memory, numbers) for numbers in seen]
    calls: list[int] = []

    def work(number: int) -> None:
        store, exports = guests[number]
        calls.append(exports["main"](store))

    for thread in started(*(lambda number=number: work(number) for number in range(3))):
        thread.join(2 * LONGEST_SECONDS)
    assert len(calls) == 3
    assert all(2222 in numbers for numbers in seen)
    assert 1111 in set.union(*seen)
    place = memory.data_ptr()
    assert int.from_bytes(bytes(place[68:72]), "little") == sum(calls) * ROUNDS
    assert int.from_bytes(bytes(place[72:80]), "little") == sum(calls) * ROUNDS


class ClosingLock:
    """A store's lock: before the tier takes it, another thread has closed the store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = store._lock

    def acquire(self, blocking: bool) -> bool:
        self._store._lock = self._lock
        for thread in started(self._store.close):
            thread.join()
        return self._lock.acquire(blocking=blocking)


def noting(events: list[str], name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def note(*arguments: Any) -> Any:
        events.append(name)
        return function(*arguments)

    return note


def test_a_store_that_is_closed_while_it_is_told_ends_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(engine())
    module = Module(store.engine, COUNTING)
    tier, native, events = store.engine._tier, store._native, list[str]()
    assert tier is not None
    tier.stores.tell(tier.watcher._modules[module._address])
    gc.collect()  # no other store ends meanwhile
    for name in ("give_natives", "release_store"):
        monkeypatch.setattr(native, name, noting(events, name, getattr(native, name)))
    monkeypatch.setattr(store, "_lock", ClosingLock(store))
    tier.stores.give()
    assert events == ["give_natives", "release_store"]
    assert not tier.stores.are_waiting


def test_nobody_looks_at_a_store_that_is_closed_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(engine())
    tier = store.engine._tier
    assert tier is not None
    monkeypatch.setattr(tier.stores, "running", lambda: store)
    assert tier.watcher._ask()
    store.close()
    assert not tier.watcher._ask()
