"""Guests pause for signals, and when the process is divided.

Python runs the handlers of signals on the main thread, between two instructions of Python code, and there are none
while a guest runs. So while the main thread is in a guest for longer than a moment, another thread listens for
signals and has the guest pause (`engine/python/interrupt.py`). There is such a thread only while guests are called:
the first call starts it, and it ends when there has been nothing to watch for half a second.

When the process is divided (`os.fork`), no thread is inside of an engine, so that the new process can use it: guests
of other threads pause meanwhile. The thread that watches ends before.
"""

import _thread
import atexit
import contextlib
import ctypes
import os
import signal
import struct
import sys
import threading
import time
from _thread import RLock
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from fusee.api._python import LOOK_SECONDS, WATCH, WATCH_ADDRESS, Background, Embedding, EngineGate
from fusee.engine.python.state import IDLE, READABLE, Watch
from fusee.kernel.memory import view
from fusee.kernel.scalars import u32, u64, usize

if TYPE_CHECKING:
    from fusee.api._native import HostNative

_FORK_SECONDS: Final = 2.0  # that a fork waits for all engines at most: copying, say, cannot be interrupted
_END_SECONDS: Final = 0.1
_ALONE_SECONDS: Final = 2.0  # that the end of an interpreter waits for threads that have not begun
_POLLIN: Final = 1  # <poll.h>, on Linux and macOS: `select`, which has it, takes 0.3 ms to load

_watch: Final = view(Watch, WATCH_ADDRESS)
_dividing: Final = RLock()  # of the thread that divides the process, and whoever does what it has to know of
_gates: Final[set[EngineGate]] = set()
_stores: Final[dict[int, Embedding]] = {}
_stays: Final[set[RLock]] = set()


def add_gate(gate: EngineGate) -> None:
    """Know of an engine, for when the process is divided."""
    with _dividing:
        _gates.add(gate)


def remove_gate(gate: EngineGate) -> None:
    """The engine has ended."""
    _gates.discard(gate)


def add_store(address: int, embedding: Embedding) -> None:
    """The same of a store, by its address."""
    with _dividing:
        _stores[address] = embedding


def remove_store(address: int) -> None:
    """The store ends."""
    _stores.pop(address, None)


class Stay:
    """While a thread is in an engine's code without a store: whoever divides the process waits for its end."""

    __slots__ = ("_lock",)

    def __enter__(self) -> None:
        self._lock = RLock()
        with _dividing:
            _stays.add(self._lock)
            self._lock.acquire()

    def __exit__(self, *exception: object) -> None:
        _stays.discard(self._lock)
        self._lock.release()


class Watcher:
    """Watches the main thread's guests."""

    def __init__(self, native: "HostNative") -> None:
        self._native = native
        self._functions = native.python
        self._wake = partial(_thread.start_new_thread, self._run, ())
        self._threads: set[int] = set()  # the system's numbers of those that watch: one, but for a moment
        self._is_ending = False
        self._files = -1, -1
        self.reset()

    def reset(self) -> None:
        """Begin in a process in which nobody watches yet."""
        if _watch.is_listening != 0:
            signal.set_wakeup_fd(int(_watch.previous_file))
        for file in self._files:
            if file >= 0:
                os.close(file)
        self._files = os.pipe()
        for file in self._files:
            os.set_blocking(file, False)
        self._threads.clear()
        self._is_ending = False
        _watch.polled[0] = u64(int.from_bytes(struct.pack("ihh", self._files[0], _POLLIN, 0), sys.byteorder))
        self._file = self._files[1]
        _watch.file = usize(id(self._file))
        _watch.main = usize(threading.main_thread().ident or 0)
        _watch.wake = usize(id(self._wake))
        _watch.running = usize(0)
        _watch.is_patched = _watch.is_listening = u32(0)
        _watch.is_asleep = u32(1)

    def _run(self) -> None:
        number = threading.get_native_id()
        self._threads.add(number)
        try:
            self._watch()
        except BaseException:
            _watch.is_asleep = u32(1)
            raise
        finally:
            self._threads.discard(number)

    def _watch(self) -> None:
        while True:
            event = self._native.watch_main_thread(WATCH, self._functions)
            if self._is_ending:
                _watch.is_asleep = u32(1)
                return
            if event == IDLE and self._native.stop_watching(WATCH):
                return
            if event == READABLE:
                self._pass_on()
            self._native.interrupt_main_thread(WATCH)

    def _pass_on(self) -> None:
        """Empty the pipe. Somebody else may wait for the numbers of signals, an event loop for example."""
        with contextlib.suppress(OSError):
            signals = os.read(self._files[0], 1 << 16).replace(b"\0", b"")
            if signals and _watch.previous_file >= 0:
                os.write(int(_watch.previous_file), signals)

    def end(self) -> None:
        """Have the thread end, and wait until it has."""
        limit = time.monotonic() + _END_SECONDS
        while _watch.is_asleep == 0 and not self._threads and time.monotonic() < limit:
            time.sleep(LOOK_SECONDS)  # who was woken a moment ago has not begun
        numbers = list(self._threads)
        if not numbers:
            _watch.is_asleep = u32(1)  # there was no thread to be had: the next guest tries again
            return
        self._is_ending = True
        os.write(self._files[1], b"\0")
        while self._threads or any(os.path.exists(f"/proc/self/task/{number}") for number in numbers):
            if time.monotonic() > limit:
                break
            time.sleep(LOOK_SECONDS)
        self._is_ending = False

    def go_on(self) -> None:
        """In the process that was divided: watch the guest again that runs."""
        if _watch.running != 0 and _watch.is_asleep != 0:
            _watch.is_asleep = u32(0)
            self._wake()


def _of_python(name: str, *arguments: int) -> int:
    """What a function of Python's C interface gives, an address."""
    types = [ctypes.c_void_p] * (1 + len(arguments))
    return int(ctypes.PYFUNCTYPE(*types)((name, ctypes.pythonapi))(*arguments))


def _is_main_interpreter() -> bool:
    """Whether this is the process's first interpreter of Python: others end the process if they end with threads."""
    return _of_python("PyInterpreterState_Get") == _of_python("PyInterpreterState_Main")


def _is_alone() -> bool:
    """Whether this interpreter has no newer thread, be it that it has not begun, or has ended but is not gone."""
    newest = _of_python("PyInterpreterState_ThreadHead", _of_python("PyInterpreterState_Get"))
    return newest == _of_python("PyThreadState_Get")


class Forks:
    """What happens before and after the process is divided, and before an interpreter ends that is not the first."""

    def __init__(self, native: "HostNative") -> None:
        self._own: set[int] = set()  # the locks that the thread has anyway that divides the process
        self.watcher = Watcher(native)
        os.register_at_fork(before=self._before, after_in_parent=self._in_parent, after_in_child=self._in_child)
        if not _is_main_interpreter():
            atexit.register(self._end_interpreter)

    def _end_interpreter(self) -> None:
        """Who was woken a moment ago is met only when it has begun."""
        self._end_threads()
        limit = time.monotonic() + _ALONE_SECONDS
        while not _is_alone() and time.monotonic() < limit:
            time.sleep(LOOK_SECONDS)
            self._end_threads()

    def _end_threads(self) -> None:
        self.watcher.end()
        for background in _backgrounds():
            background.end()

    def _before(self) -> None:
        _dividing.acquire()
        self._end_threads()
        self._own = {id(lock) for lock in _all_locks() if _is_held(lock)}
        limit = time.monotonic() + _FORK_SECONDS
        for gate in list(_gates):
            _take(_try(gate.growth), gate.growth, limit)
        for embedding in list(_stores.values()):
            _take(embedding.try_take, embedding.lock, limit)
        for lock in [*(lock for gate in list(_gates) for lock in gate.inner), *list(_stays)]:
            _take(_try(lock), lock, limit)

    def _release(self) -> None:
        for lock in _all_locks():
            if _is_held(lock) and id(lock) not in self._own:
                lock.release()

    def _in_parent(self) -> None:
        self._release()
        self.watcher.go_on()
        for background in _backgrounds():
            background.go_on()
        if _is_held(_dividing):
            _dividing.release()

    def _in_child(self) -> None:
        for lock in _all_locks():
            if not _is_held(lock):  # but perhaps by a thread that does not exist here
                lock._at_fork_reinit()  # type: ignore[attr-defined]  # as `threading` does
        for embedding in list(_stores.values()):
            embedding.forget()
        for background in _backgrounds():
            background.forget()
        self._release()
        _stays.intersection_update(lock for lock in list(_stays) if id(lock) in self._own)
        self.watcher.reset()
        if _is_held(_dividing):
            _dividing.release()


def _backgrounds() -> list[Background]:
    return [gate.background for gate in list(_gates) if gate.background is not None]


def _all_locks() -> list[RLock]:
    """Each once, though stores on an emulated device have the same."""
    locks = [lock for gate in list(_gates) for lock in (gate.growth, *gate.inner)]
    locks += [embedding.lock for embedding in list(_stores.values())]
    return list({id(lock): lock for lock in [*locks, *list(_stays)]}.values())


def _try(lock: RLock) -> Callable[[], bool]:
    return partial(lock.acquire, timeout=LOOK_SECONDS)


def _take(take: Callable[[], bool], lock: RLock, limit: float) -> None:
    """Take a lock, until it is too late."""
    while not _is_held(lock) and not take() and time.monotonic() < limit:
        pass


def _is_held(lock: RLock) -> bool:
    """Whether this thread has the lock."""
    return bool(lock._is_owned())  # type: ignore[attr-defined]  # as `threading.Condition` asks


_forks: Forks | None = None


def watch_with(native: "HostNative") -> None:
    """Watch guests from now on, by an engine's entries; those of any do for all."""
    global _forks
    if _forks is None and hasattr(os, "fork"):  # Windows has neither this nor pipes that can be waited for
        _forks = Forks(native)
