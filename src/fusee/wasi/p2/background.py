"""Work that a thread does while a guest goes on, as looking up names or fetching what is far away."""

import contextlib
import os
import select
import threading
from collections.abc import Callable
from typing import Any, Final

from fusee.wasi.p2.pollable import READY, Event
from fusee.wasi.resources import Resource

MAX_THREADS: Final = 64
_running = threading.BoundedSemaphore(MAX_THREADS)


class TooManyThreadsError(Exception):
    """All threads that guests of this process may use are busy."""


class Background(Resource):
    """A thread that makes something once. Whoever drops it before does not wait: the thread ends of itself."""

    files = 2

    def __init__(self, work: "Callable[[Background], Any]") -> None:
        """Starts `work`, which may `publish` what it makes and go on. Raises `TooManyThreadsError`."""
        if not _running.acquire(blocking=False):
            raise TooManyThreadsError
        self._work = work
        self._lock = threading.Lock()
        self._pipe: tuple[int, ...] = ()
        self._is_done = False
        self._made: Any = None
        self._failure: BaseException | None = None
        try:
            self._pipe = os.pipe()
            threading.Thread(target=self._run, name="fusee-wasi", daemon=True).start()
        except BaseException:
            _running.release()
            self.close()
            raise

    def _run(self) -> None:
        try:
            try:
                self.publish(self._work(self))
            except BaseException as error:
                self.publish(None, error)
        finally:
            _running.release()

    def publish(self, made: Any, failure: BaseException | None = None) -> None:
        """Says what was made, or what it failed with; what is said later changes nothing."""
        with self._lock:
            if self._is_done:
                return
            self._made, self._failure, self._is_done = made, failure, True
            if self._pipe:
                os.write(self._pipe[1], b"\0")

    def event(self) -> Event:
        """That it is done."""
        with self._lock:
            return READY if self._is_done or not self._pipe else Event(self._pipe[0], select.POLLIN)

    @property
    def is_done(self) -> bool:
        """Whether it is."""
        return self._is_done

    def result(self) -> Any:
        """What it made, once it is done. Raises what it failed with."""
        if self._failure is not None:
            raise self._failure
        return self._made

    def close(self) -> None:
        """Nobody waits for it any more."""
        with self._lock:
            pipe, self._pipe = self._pipe, ()
        for fd in pipe:
            with contextlib.suppress(OSError):
                os.close(fd)
