"""Handlers of signals run while guests run, and what they raise stops the guest and is what the caller gets."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from fusee import Engine, Func, FuncType, Instance, Module, Store, StoreError, ValType
from tests.api.guest import Guest, engine

I32, I64 = ValType.i32(), ValType.i64()

ENDLESS = """(module
  (import "" "host" (func $host (param i32) (result i32)))
  (memory (export "memory") 1)
  (global $sum (mut i64) (i64.const 0))
  (table 1 funcref) (elem (i32.const 0) func $through_table)
  (func (export "one") (result i32) (i32.const 1))
  (func (export "id") (param externref) (result externref) (local.get 0))
  (func (export "call_host") (param i32) (result i32) (call $host (local.get 0)))
  (func (export "innermost") (param $n i64) (result i64) (local $sum i64)
    (loop $l
      (local.set $sum (i64.add (local.get $sum) (local.get $n)))
      (br_if $l (i64.ne (i64.const 0) (local.tee $n (i64.sub (local.get $n) (i64.const 1))))))
    (local.get $sum))
  (func (export "nested") (param $n i64) (local $m i64)
    (loop $outer
      (local.set $m (i64.const 3))
      (loop $inner (br_if $inner (i64.ne (i64.const 0) (local.tee $m (i64.sub (local.get $m) (i64.const 1))))))
      (br_if $outer (i64.ne (i64.const 0) (local.tee $n (i64.sub (local.get $n) (i64.const 1)))))))
  (func $step (param i64) (result i64) (i64.sub (local.get 0) (i64.const 1)))
  (func (export "calling") (param $n i64)
    (loop $l (br_if $l (i64.ne (i64.const 0) (local.tee $n (call $step (local.get $n)))))))
  (func $fib (export "recursive") (param i64) (result i64)
    (if (result i64) (i64.lt_s (local.get 0) (i64.const 2)) (then (local.get 0))
      (else (i64.add (call $fib (i64.sub (local.get 0) (i64.const 1)))
                     (call $fib (i64.sub (local.get 0) (i64.const 2)))))))
  (func $tail (export "tail") (param i64)
    (if (i64.eqz (local.get 0)) (then (return)))
    (return_call $tail (i64.sub (local.get 0) (i64.const 1))))
  (func $through_table (export "indirect") (param i64)
    (if (i64.eqz (local.get 0)) (then (return)))
    (return_call_indirect (param i64) (i64.sub (local.get 0) (i64.const 1)) (i32.const 0)))
  (func (export "table") (param $n i64)
    (loop $l
      (block $b (br_table $b $l (i32.eqz (i64.eqz (local.tee $n (i64.sub (local.get $n) (i64.const 1)))))))))
  (func (export "host_loop") (param $n i64)
    (loop $l (drop (call $host (i32.const 1)))
      (br_if $l (i64.ne (i64.const 0) (local.tee $n (i64.sub (local.get $n) (i64.const 1)))))))
  (func (export "jumping") (param $n i64)  ;; the loop begins with a jump, and does not use the loop pointer
    (loop $l
      (block $on (br $on))
      (if (i64.eqz (local.get $n)) (then (drop (call $host (i32.const 1)))))
      (br_if $l (i64.ne (i64.const 0) (local.tee $n (i64.sub (local.get $n) (i64.const 1))))))))"""

LOOPS = ["innermost", "nested", "calling", "recursive", "tail", "indirect", "table", "host_loop", "jumping"]
FOREVER = 1 << 62


class Rung(Exception):
    """Raised by the handlers here."""


def guest(host: Callable[[int], int] = lambda number: number, store: Store | None = None) -> Guest:
    store = store if store is not None else Store(engine())
    return Guest(ENDLESS, [Func(store, FuncType([I32], [I32]), host)], store)


@contextmanager
def alarm(handler: Callable[..., Any], seconds: float, interval: float = 0.0) -> Iterator[None]:
    """Call a handler after some time, and perhaps again and again."""
    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, seconds, interval)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def ring(*_: object) -> None:
    raise Rung


def check_usable(g: Guest) -> None:
    """Whether nothing of a call has been left behind: locks, depth, patched code, the stack."""
    answers: list[int] = []
    thread = threading.Thread(target=lambda: answers.append(g.one()))
    thread.start()
    thread.join(20)
    assert answers == [1]
    assert g.store._embedding.depth == 0
    assert g.store._failure is None
    assert g.innermost(1000) == 500500
    assert g.recursive(15) == 610
    assert g.call_host(7) == 7
    assert signal.set_wakeup_fd(-1) == -1


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


def test_exceptions_keep_their_type_at_each_place() -> None:
    """Signals that arrive in quick succession meet the guest, the way to a host function and back, and the function."""
    inside = 0

    def host(number: int) -> int:
        nonlocal inside
        inside += 1
        return number

    g = guest(host)
    for round_ in range(300):
        with pytest.raises(Rung), alarm(ring, 0.0002 + 0.00001 * (round_ % 60)):
            g.host_loop(FOREVER)
    assert inside > 300
    check_usable(g)


def test_a_signal_that_waits_when_a_host_function_is_called() -> None:
    """It is handled before the first instruction of Python code, where nothing can be caught."""
    pending: list[int] = []

    def host(number: int) -> int:
        pending.append(number)
        return number

    g = Guest(
        """(module (import "" "host" (func $host (param i32) (result i32)))
          (func (export "f") (param $n i64) (result i32)
            (loop $l (br_if $l (i64.ne (i64.const 0) (local.tee $n (i64.sub (local.get $n) (i64.const 1))))))
            (call $host (i32.const 1))))""",
        [Func(store := Store(engine()), FuncType([I32], [I32]), host)],
        store,
    )
    stopped = 0
    for _ in range(20):
        try:
            with alarm(ring, 0.001):
                g.f(6_000_000)  # some milliseconds on a fast machine, too
        except Rung:
            stopped += 1
    assert stopped == 20
    assert store._embedding.depth == 0


def test_what_a_handler_raises_passes_through_nested_guests() -> None:
    functions: dict[str, Func] = {}

    def host(depth: int) -> int:
        if depth == 0:
            functions["innermost"](store, FOREVER)
        try:
            return int(functions["call_host"](store, depth - 1))
        except Rung as error:
            raise Rung(depth, *error.args) from error

    store = Store(engine())
    g = guest(host, store)
    functions.update(innermost=g["innermost"], call_host=g["call_host"])
    for _ in range(5):
        with pytest.raises(Rung) as caught, alarm(ring, 0.02):
            g.call_host(4)
        assert caught.value.args == (4, 3, 2, 1)
    assert store._embedding.depth == 0


def test_references_are_released_after_an_exception() -> None:
    import gc
    import weakref

    class Thing:
        pass

    g = guest()
    with pytest.raises(Rung), alarm(ring, 0.01):
        g.innermost(FOREVER)
    thing = Thing()
    reference = weakref.ref(thing)
    g.id(thing)
    del thing
    g.store.gc()
    gc.collect()
    assert reference() is None


def test_exceptions_are_not_lost_where_memory_grows() -> None:
    """The guest asks for more address space than there is, again and again, outside of the interpreter lock."""
    store = Store(engine())
    store.set_total_limits(-1, -1)
    g = Guest(
        """(module (memory i64 1) (func (export "one") (result i32) (i32.const 1))
          (func (export "grow") (loop $l (drop (memory.grow (i64.const 0xF00000000))) (br $l))))""",
        [],
        store,
    )
    for round_ in range(100):
        with pytest.raises(Rung), alarm(ring, 0.0005 + 0.00001 * round_):
            g.grow()
    assert g.one() == 1
    assert store._embedding.depth == 0


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


def test_other_stores_run_on_while_one_is_interrupted() -> None:
    """They share the code whose cells are replaced."""
    g = guest()
    module = g.module
    failures: list[BaseException] = []
    ended = threading.Event()
    rounds = 0

    def work() -> None:
        nonlocal rounds
        try:
            store = Store(g.store.engine)
            host = Func(store, FuncType([I32], [I32]), lambda number: number)
            exports: Any = Instance(store, module, [host]).exports(store)
            while not ended.is_set():
                assert exports["innermost"](store, 1000) == 500500
                assert exports["recursive"](store, 12) == 144
                assert exports["call_host"](store, 3) == 3
                rounds += 1
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        for _ in range(10):
            with pytest.raises(Rung), alarm(ring, 0.02):
                g.host_loop(FOREVER)
    finally:
        ended.set()
        thread.join()
    assert failures == []
    assert rounds


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


def test_a_store_is_for_one_thread_at_a_time() -> None:
    entered, go_on = threading.Event(), threading.Event()

    def host(number: int) -> int:
        entered.set()
        go_on.wait(20)
        return number

    g = guest(host)
    thread = threading.Thread(target=lambda: g.call_host(1))
    thread.start()
    assert entered.wait(20)
    with pytest.raises(StoreError, match="another thread"):
        g.one()
    go_on.set()
    thread.join()
    assert g.one() == 1


def test_modules_end_without_a_wait() -> None:
    """A module may be dropped in any thread, also while a guest runs in another."""
    entered, go_on = threading.Event(), threading.Event()

    def host(number: int) -> int:
        entered.set()
        go_on.wait(20)
        return number

    g = guest(host)
    thread = threading.Thread(target=lambda: g.call_host(1))
    thread.start()
    assert entered.wait(20)
    for _ in range(3):
        Module(g.store.engine, "(module (func))")
    go_on.set()
    thread.join()
