"""Threads that wait for words of shared memories, and who wakes them (`memory.atomic.wait` and `notify`).

Whoever looks whether a word is what is expected, and then begins to wait, has the lock of the queues, and so has who
wakes others: nobody comes in between. Guests write words meanwhile without it, and may skip waking somebody if nobody
waits (`begin_waiting` says why they do not miss one). The lock is not held while a thread waits.
"""

import _thread
import ctypes
import time
from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from fusee.api.store import Store

_NOTIFIED, _NOT_EQUAL, _TIMED_OUT = 0, 1, 2
_LONGEST_SECONDS: Final = 3600.0  # of one look at the clock; a lock cannot wait much longer
_NANOSECONDS: Final = 1_000_000_000


class Waiter:
    """A thread that waits."""

    __slots__ = ("_lock", "is_notified")

    def __init__(self) -> None:
        self._lock = _thread.allocate_lock()
        self._lock.acquire()
        self.is_notified = False

    def wake(self) -> None:
        """Have it look around: it was notified, or shall stop. May be called from any thread."""
        if self._lock.locked():
            self._lock.release()

    def sleep(self, seconds: float) -> None:
        """Until it is woken, or for so long; negative: for ever. Signal handlers run meanwhile, and may raise."""
        self._lock.acquire(timeout=min(seconds, _LONGEST_SECONDS) if seconds >= 0 else _LONGEST_SECONDS)


Queues = dict[int, deque[Waiter]]
"""By the address of the word."""


def wait(store: "Store", address: int) -> None:
    """`REQUEST_WAIT` of a guest of `store`, with its words at an address."""
    words = (ctypes.c_uint64 * 5).from_address(address)
    memory, place, timeout, expected, size = words
    lock, queues, waiter = store.engine._gate.queues, store.engine._waiters, Waiter()
    native = store._native
    store._waiter = waiter
    try:
        with lock:
            if not native.begin_waiting(memory, place, expected, size):
                words[0] = _NOT_EQUAL
                return
            queues.setdefault(place, deque()).append(waiter)
        _sleep(store, waiter, timeout)
    finally:
        store._waiter = None
        with lock:
            if waiter in queues.get(place, ()):
                _forget(queues, place, waiter)
                native.end_waiting(memory, 1)
    words[0] = _NOTIFIED if waiter.is_notified else _TIMED_OUT


def _sleep(store: "Store", waiter: Waiter, timeout: int) -> None:
    """Until the waiter is notified, its time is over, or the guest shall stop."""
    end = None if timeout >= 1 << 63 else time.monotonic_ns() + timeout
    while not waiter.is_notified and not store._is_overdue():
        left = -1 if end is None else end - time.monotonic_ns()
        if end is not None and left <= 0:
            return
        waiter.sleep(left / _NANOSECONDS)


def notify(store: "Store", address: int) -> None:
    """`REQUEST_NOTIFY`: wake those that have waited longest."""
    words = (ctypes.c_uint64 * 3).from_address(address)
    memory, place, most = words
    with store.engine._gate.queues:
        queue = store.engine._waiters.get(place, ())
        woken = [queue.popleft() for _ in range(min(most, len(queue)))] if queue else []
        for waiter in woken:
            waiter.is_notified = True
        store._native.end_waiting(memory, len(woken))
        if queue is not None and not queue:
            store.engine._waiters.pop(place, None)
    for waiter in woken:
        waiter.wake()
    words[0] = len(woken)


def _forget(queues: Queues, place: int, waiter: Waiter) -> None:
    queue = queues[place]
    queue.remove(waiter)
    if not queue:
        del queues[place]
