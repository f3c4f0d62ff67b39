"""Handlers of signals run while guests run, and what they raise stops the guest and is what the caller gets."""

import os
import signal
import threading
import time
from typing import Any

import pytest

from fusee import Engine, Store
from tests.api.alarms import FOREVER, LOOPS, Rung, alarm, check_usable, guest, ring
from tests.api.guest import Guest


@pytest.mark.parametrize("name", LOOPS)
@pytest.mark.parametrize("seconds", [0.001, 0.06])
def test_a_handler_stops_a_guest(name: str, seconds: float) -> None:
    g = guest()
    with pytest.raises(Rung), alarm(ring, seconds):
        g[name](g.store, 90 if name == "recursive" else FOREVER)
    check_usable(g)


def test_a_guest_goes_on_after_handlers_that_return() -> None:
    g = guest()
    count = 0

    def note(*_: object) -> None:
        nonlocal count
        count += 1
        assert g.innermost(10) == 55  # the store can be used in a handler
        assert g.recursive(10) == 55

    with alarm(note, 0.002, 0.002):
        while count < 40:
            assert g.innermost(10_000_000) == 50000005000000
            assert g.recursive(25) == 75025
            g.nested(100_000)
            g.tail(1_000_000)
    check_usable(g)


def test_the_frame_of_a_paused_guest_stays_as_it_is() -> None:
    """What a handler calls is built behind all slots of the function that it interrupts, of which there are many."""
    locals_ = "".join(f"(local $x{i} i64)" for i in range(300))
    fill = "".join(f"(local.set $x{i} (i64.add (local.get $n) (i64.const {i})))" for i in range(300))
    total = "".join(f"(local.set $s (i64.add (local.get $s) (local.get $x{i})))" for i in range(300))
    g = Guest(f"""(module (func (export "f") (param $n i64) (result i64) {locals_} (local $s i64) {fill}
      (loop $l (br_if $l (i64.ne (i64.const 0) (local.tee $n (i64.sub (local.get $n) (i64.const 1)))))) {total}
      (local.get $s)))""")
    calls = 0

    def note(*_: object) -> None:
        nonlocal calls
        calls += 1
        assert g.f(5) == 300 * 5 + 299 * 150

    with alarm(note, 0.003, 0.005):
        assert g.f(100_000_000) == 300 * 100_000_000 + 299 * 150
    assert calls


def test_memory_that_a_handler_has_grown_is_seen() -> None:
    g = Guest("""(module (memory (export "m") 1 10)
      (func (export "wait") (result i32)
        (loop $l (br_if $l (i32.lt_u (memory.size) (i32.const 2))))
        (i32.store (i32.const 100000) (i32.const 77))
        (i32.load (i32.const 100000))))""")
    with alarm(lambda *_: g["m"].grow(g.store, 1), 0.03):
        assert g.wait() == 77


def test_keyboard_interrupts() -> None:
    g = guest()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background processes ignore it

    def run() -> None:
        threading.Timer(0.05, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        g.tail(FOREVER)

    try:
        with pytest.raises(KeyboardInterrupt):  # wherever it arrives
            run()
    finally:
        signal.signal(signal.SIGINT, before)
    check_usable(g)


def test_the_checked_build_is_interrupted_too() -> None:
    from fusee import Config

    config = Config()
    config.checked = True
    g = guest(store=Store(Engine(config)))
    for name in ("innermost", "recursive", "host_loop"):
        with pytest.raises(Rung), alarm(ring, 0.03):
            g[name](g.store, 90 if name == "recursive" else FOREVER)
    assert g.innermost(1000) == 500500


def test_no_handler_runs_where_the_checked_build_asks_for_memory() -> None:
    """In the middle of translating, growing and collecting: a handler that calls the guest there would destroy it."""
    from fusee import Config

    config = Config()
    config.checked = True
    store = Store(Engine(config))
    calls = "".join(f'(func (export "f{i}") (result i32) (i32.const {i}))' for i in range(200))
    text = f"""(module (type $s (struct (field i64))) (memory 0) {calls}
      (func (export "work") (param $n i32) (local $kept (ref null $s))
        (loop $l (local.set $kept (struct.new $s (i64.const 1)))
          (drop (memory.grow (i32.const 0)))
          (if (i32.eqz (i32.rem_u (local.get $n) (i32.const 100))) (then (drop (memory.grow (i32.const 1)))))
          (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"""
    places: set[str] = set()

    def note(signal_number: int, frame: Any) -> None:
        while frame is not None:
            places.add(frame.f_code.co_filename)
            frame = frame.f_back

    guests = [Guest(text, [], store) for _ in range(3)]  # made in Python, which asks for memory
    with alarm(note, 0.001, 0.001):
        for g in guests:
            g.work(5_000)
            assert [g[f"f{i}"](store) for i in range(200)] == list(range(200))
    assert any(place.endswith("store.py") for place in places)  # while the guest runs
    assert not any(place.endswith(("checking.py", "lease.py")) for place in places)


def test_whoever_listens_for_signals_is_told() -> None:
    """An event loop has its own file for the numbers of signals."""
    ours, theirs = os.pipe()
    os.set_blocking(ours, False)
    os.set_blocking(theirs, False)
    g = guest()
    before = signal.set_wakeup_fd(theirs)
    try:
        with pytest.raises(Rung), alarm(ring, 0.1):
            g.innermost(FOREVER)
        limit = time.monotonic() + 10
        seen = b""
        while not seen and time.monotonic() < limit:
            try:
                seen = os.read(ours, 10)
            except BlockingIOError:
                time.sleep(0.01)
        assert seen == bytes([signal.SIGALRM])
    finally:
        assert signal.set_wakeup_fd(before) == theirs
        os.close(ours)
        os.close(theirs)
