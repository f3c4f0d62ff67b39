"""Guests pause for signals, and when the process is divided.

Python runs the handlers of signals on the main thread, between two instructions of Python code, and there are none
while a guest runs. So while the main thread is in a guest for longer than a moment, another thread listens for
signals and has the guest pause (`engine/python/interrupt.py`). There is such a thread only while guests are called:
the first call starts it, and it ends when there has been nothing to watch for half a second.

When the process is divided (`os.fork`), no thread is inside of an engine, so that the new process can use it: guests
of other threads pause meanwhile. The thread that watches ends before.
"""

import _thread
import contextlib
import os
import select
import signal
import struct
import sys
import threading
import time
from _thread import RLock
from functools import partial
from typing import TYPE_CHECKING, Final

from fusee.api._python import WATCH, WATCH_ADDRESS, EngineGate
from fusee.engine.python.state import IDLE, READABLE, Watch
from fusee.kernel.memory import view
from fusee.kernel.scalars import u32, u64, usize

if TYPE_CHECKING:
    from fusee.api._native import HostNative

_FORK_SECONDS: Final = 2.0  # that a fork waits for an engine at most: copying, say, cannot be interrupted
_END_SECONDS: Final = 0.1
_LOOK_SECONDS: Final = 0.001

_watch: Final = view(Watch, WATCH_ADDRESS)
_gates: Final[dict[int, EngineGate]] = {}


def add_gate(gate: EngineGate) -> None:
    """Know of an engine, for when the process is divided."""
    _gates[gate.address] = gate


def remove_gate(gate: EngineGate) -> None:
    """The engine has ended."""
    _gates.pop(gate.address, None)


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
        _watch.polled[0] = u64(int.from_bytes(struct.pack("ihh", self._files[0], select.POLLIN, 0), sys.byteorder))
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
        numbers = list(self._threads)
        if numbers:
            self._is_ending = True
            os.write(self._files[1], b"\0")
            limit = time.monotonic() + _END_SECONDS
            while self._threads or any(os.path.exists(f"/proc/self/task/{number}") for number in numbers):
                if time.monotonic() > limit:
                    break
                time.sleep(_LOOK_SECONDS)
            self._is_ending = False

    def go_on(self) -> None:
        """In the process that was divided: watch the guest again that runs."""
        if _watch.running != 0 and _watch.is_asleep != 0:
            _watch.is_asleep = u32(0)
            self._wake()


class Forks:
    """What happens before and after the process is divided."""

    def __init__(self, native: "HostNative") -> None:
        self._native = native
        self._lock = RLock()  # of the thread that divides the process
        self._own: set[int] = set()  # the locks that it has anyway
        self.watcher = Watcher(native)
        os.register_at_fork(before=self._before, after_in_parent=self._in_parent, after_in_child=self._in_child)

    def _before(self) -> None:
        self._lock.acquire()
        self.watcher.end()
        self._own = {id(lock) for gate in _gates.values() for lock in gate.locks if _is_held(lock)}
        limit = time.monotonic() + _FORK_SECONDS
        for gate in list(_gates.values()):
            for lock in gate.locks:
                while not _is_held(lock) and not lock.acquire(timeout=_LOOK_SECONDS) and time.monotonic() < limit:
                    self._native.interrupt_running(gate.address)

    def _release(self) -> None:
        for gate in list(_gates.values()):
            for lock in gate.locks:
                if _is_held(lock) and id(lock) not in self._own:
                    lock.release()

    def _in_parent(self) -> None:
        self._release()
        self.watcher.go_on()
        if _is_held(self._lock):
            self._lock.release()

    def _in_child(self) -> None:
        for gate in list(_gates.values()):
            for lock in gate.locks:
                if not _is_held(lock):  # but perhaps by a thread that does not exist here
                    lock._at_fork_reinit()  # type: ignore[attr-defined]  # as `threading` does
            self._native.forget_running(gate.address)
        self._release()
        self.watcher.reset()
        if _is_held(self._lock):
            self._lock.release()


def _is_held(lock: RLock) -> bool:
    """Whether this thread has the lock."""
    return bool(lock._is_owned())  # type: ignore[attr-defined]  # as `threading.Condition` asks


_forks: Forks | None = None


def watch_with(native: "HostNative") -> None:
    """Watch guests from now on, by an engine's entries; those of any do for all."""
    global _forks
    if _forks is None and hasattr(os, "fork"):  # Windows has neither this nor pipes that can be waited for
        _forks = Forks(native)
