"""Functions get native code while they run."""

import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from fusee import Config, Engine, Instance, Module, Store, Trap, TrapCode
from fusee.api import _load
from fusee.tier import compiling
from tests.native.tiering import (
    CALLING,
    LONGEST_SECONDS,
    engine,
    host,
    is_kept,
    main_of,
    no_worker,
    tells_native,
    until,
)

pytestmark = pytest.mark.usefixtures("own_cache")


def test_a_function_gets_native_code_between_calls(knowing: None) -> None:
    store = Store(engine())
    instance = Instance(store, Module(store.engine, CALLING), [host(store, until(lambda number: number == 2222))])
    assert main_of(instance, store) == 2222


TURNS = b"\xc0\x9a\x0c", b"\x8a\x80\x00"  # 200000 and 10, both in three bytes

SHORT = CALLING.replace(*TURNS)


def test_a_guest_that_calls_the_host_all_the_time_gets_native_code(knowing: None) -> None:
    """From one of its calls to the next it takes less time than it takes somebody to wake up and look."""
    assert SHORT != CALLING
    store = Store(engine())
    instance = Instance(store, Module(store.engine, SHORT), [host(store, until(lambda number: number == 2222))])
    assert main_of(instance, store) == 2222


def test_a_guest_that_is_called_all_the_time_gets_native_code(knowing: None) -> None:
    store = Store(engine())
    instance = Instance(store, Module(store.engine, SHORT), [host(store, lambda number: 1)])
    enough = until(lambda number: number == 2222)
    number = 0
    while not enough(number):
        number = main_of(instance, store)  # type: ignore[assignment]
    assert number == 2222


DEEP = tells_native("""(module (func $deep (export "deep") (param i32) (result i32)
  (if (i32.eqz (local.get 0)) (then (return (i32.const 1111))))
  (i32.add (call $deep (i32.sub (local.get 0) (i32.const 1))) (i32.const 0))))""")


def test_a_deep_recursion_goes_on_as_deep(knowing: None) -> None:
    """Of the host's stack there is as much as where everything is native (`api/_stack.py`)."""
    store = Store(engine())
    deep: Any = Instance(store, Module(store.engine, DEEP), []).exports(store)["deep"]
    assert deep(store, 10_000) == 1111
    enough = until(lambda number: number == 2222)
    while not enough(deep(store, 1_000)):
        pass
    assert deep(store, 10_000) == 2222


def test_what_was_compiled_is_there_in_the_next_run(knowing: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the first call on, and nothing is compiled again."""
    for run in range(2):
        seen: list[int] = []
        store = Store(engine())
        enough = until(
            lambda number, seen=seen, store=store: bool(seen.append(number)) or (number == 2222 and is_kept(store))  # type: ignore[misc]
        )
        instance = Instance(store, Module(store.engine, CALLING), [host(store, enough)])
        assert main_of(instance, store) == 2222
        assert set(seen) == ({1111, 2222} if run == 0 else {2222})
        monkeypatch.setattr(compiling, "Worker", no_worker)


LOOPING = tells_native("""(module
  (import "" "host" (func $host (param i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "main") (param $p i64) (result i64 f64) (local $i i64) (local $f f64) (local $v v128) (local $n i32)
    (local.set $v (i64x2.splat (i64.const 40)))
    (i64.const 2)
    (f64.const 0.5)
    (block $out (loop $outer
      (local.set $n (i32.const 0))
      (f64.const 1)
      (loop $inner (param f64) (result f64)
        (f64.add (f64.const 1))
        (br_if $inner (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 100000))))
      (local.set $f)
      (i64.store (i32.const 8) (local.tee $i (i64.add (local.get $i) (local.get $p))))
      (local.set $v (i64x2.add (local.get $v) (i64x2.splat (i64.const 1))))
      (br_if $out (call $host (i32.const 1111)))
      (br $outer)))
    (local.set $f (f64.add (local.get $f)))
    (i64.add (i64.sub (i64x2.extract_lane 1 (local.get $v)) (i64.div_u (local.get $i) (local.get $p))))
    (local.get $f)))""")


def test_a_loop_goes_on_in_native_code(knowing: None) -> None:
    """With its locals, those that are pinned too, and what waits on the stack around it."""
    store = Store(engine())
    instance = Instance(store, Module(store.engine, LOOPING), [host(store, until(lambda number: number == 2222))])
    exports: Any = instance.exports(store)
    assert exports["main"](store, 3) == [42, 100001.5]
    assert int.from_bytes(exports["memory"].read(store, 8, 16), "little") % 3 == 0


ENDLESS = """(module (memory (export "memory") 1)
  (func $add (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1))))
  (func (export "loop") (loop (call $add) (br 0))))"""


@pytest.fixture
def endless() -> tuple[Store, Any]:
    config = Config()
    config.strategy = "tiered"
    config.epoch_interruption = True
    store = Store(Engine(config))
    store.set_epoch_deadline(1)
    return store, Instance(store, Module(store.engine, ENDLESS), []).exports(store)


def is_native(store: Store) -> bool:
    tier = store.engine._tier
    assert tier is not None
    return any(module.kept[2:] for module in list(tier.watcher._modules.values()))


def when_native(store: Store, action: Callable[[], None]) -> threading.Thread:
    """Do something in another thread as soon as there is native code, or at last."""

    def wait() -> None:
        limit = time.monotonic() + LONGEST_SECONDS
        while not is_native(store) and time.monotonic() < limit:
            time.sleep(0.01)
        action()

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def test_a_deadline_stops_native_code(endless: tuple[Store, Any]) -> None:
    store, exports = endless
    thread = when_native(store, store.engine.increment_epoch)
    with pytest.raises(Trap) as caught:
        exports["loop"](store)
    thread.join()
    assert is_native(store)
    assert caught.value.trap_code is TrapCode.INTERRUPT


def test_a_signal_handler_runs_in_native_code(endless: tuple[Store, Any]) -> None:
    def handler(number: int, frame: object) -> None:
        raise KeyError(number)

    store, exports = endless
    before = signal.signal(signal.SIGUSR1, handler)
    try:
        thread = when_native(store, lambda: os.kill(os.getpid(), signal.SIGUSR1))
        with pytest.raises(KeyError):
            exports["loop"](store)
        thread.join()
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert is_native(store)


@pytest.mark.parametrize("setting", ["profiled", "checked"])
def test_who_counts_or_checks_interprets(setting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The builds that do so need not be there for that."""
    config = Config()
    config.strategy = "tiered"
    native = _load.load(False, None)
    monkeypatch.setattr("fusee.api.engine.use_whole_engine", lambda: None)
    monkeypatch.setattr("fusee.api.engine._load.load", lambda checked, target: native)
    setattr(config, setting, True)
    assert Engine(config)._tier is None
