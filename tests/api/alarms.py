"""Guests that run without an end, and handlers of signals that come meanwhile."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from fusee import Func, FuncType, Store, ValType
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
  (func (export "table_to_jump") (param $n i64)
    (loop $l
      (block $b
        (block $c (br_table $b $c (i32.eqz (i64.eqz (local.tee $n (i64.sub (local.get $n) (i64.const 1)))))))
        (br $l))))
  (func (export "table_to_loop") (param $n i64)  ;; an entry has the handler of the inner loop's first cell
    (loop $outer
      (block $b (br_table $b $b (i32.eqz (i64.eqz (local.get $n)))))
      (loop $l
        (br_if $outer (i64.eqz (i64.and (local.tee $n (i64.sub (local.get $n) (i64.const 1))) (i64.const 1))))
        (br_if $l (i64.gt_s (local.get $n) (i64.const 0))))))
  (func (export "host_loop") (param $n i64)
    (loop $l (drop (call $host (i32.const 1)))
      (br_if $l (i64.ne (i64.const 0) (local.tee $n (i64.sub (local.get $n) (i64.const 1)))))))
  (func (export "jumping") (param $n i64)  ;; the loop begins with a jump, and does not use the loop pointer
    (loop $l
      (block $on (br $on))
      (if (i64.eqz (local.get $n)) (then (drop (call $host (i32.const 1)))))
      (br_if $l (i64.ne (i64.const 0) (local.tee $n (i64.sub (local.get $n) (i64.const 1))))))))"""

LOOPS = [
    "innermost", "nested", "calling", "recursive", "tail", "indirect", "table", "table_to_jump", "table_to_loop",
    "host_loop", "jumping",
]  # fmt: skip
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
