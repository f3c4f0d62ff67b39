"""Stacks of tasks that wait with their frames in place: a thread of the host's each, of which one runs at a time.

A guest's frames are on the store's stack, those of the engine and of Python on the thread's. Whoever goes on finds its
frames where they were: those that are in the way are copied out, and back when their turn comes. While some are copied
out nothing is collected, since the collector looks for references on the store's stack only.
"""

import ctypes
import os
import threading
from _thread import allocate_lock, get_ident
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Final

from fusee.api.errors import LimitError, StoreError

if TYPE_CHECKING:
    from fusee.api.store import Store

MOST_FIBERS: Final = 1000
"""That wait at a time, in one store."""
MOST_PARKED_BYTES: Final = 64 << 20
"""Of frames that are copied out."""
_MOST_IDLE: Final = 8
_KILL: Final = object()


class FiberEnd(BaseException):
    """Ends a task that waits, because its store or its component has ended. Nobody catches it."""


class Fiber:
    """A stack: what runs on it, or has stopped there."""

    __slots__ = ("_context", "_error", "_outcome", "_resumer", "_stacks", "_value", "_wake", "_work", "base", "frames",
                 "is_parked", "place", "top")  # fmt: skip

    def __init__(self, stacks: "Stacks", base: int) -> None:
        self._stacks = stacks
        self.base = self.top = base
        self.frames: bytes | None = None
        """Those of the guest, as long as they are copied out."""
        self.place: tuple[int, int, int] | None = None
        """What the engine knows of a call that has not returned: `Stacks._place`."""
        self.is_parked = False
        self._wake = allocate_lock()
        self._wake.acquire()
        self._resumer = allocate_lock()
        self._resumer.acquire()
        self._work: Callable[[], Any] | None = None
        self._value: Any = None
        self._outcome: Any = None
        self._error: BaseException | None = None
        self._context = copy_context()

    def start(self, work: Callable[[], Any]) -> Any:
        """Run `work` on it: gives what `work` gives, or what `park` is called with. Raises what `work` raises."""
        self._work = work
        stacks = self._stacks
        if stacks.count >= MOST_FIBERS:
            raise LimitError(f"{MOST_FIBERS} tasks wait at once")
        before = stacks.enter(self)
        stacks.count += 1
        try:
            _worker().run(self)
        except BaseException:
            stacks.count -= 1
            stacks.leave(self, before)
            raise
        return self._await(before)

    def resume(self, value: Any) -> Any:
        """Let `park` give `value`; as `start`. After an error of its own it is parked as before."""
        if self._stacks.process != os.getpid():
            raise StoreError("a task waits in place in a thread that the process had before it was divided")
        before = self._stacks.enter(self, value is _KILL)
        self._value = value
        self.is_parked = False
        self._wake.release()
        return self._await(before)

    def kill(self) -> None:
        """End it where it is."""
        with suppress(FiberEnd, Exception):  # what it raises meanwhile nobody waits for
            self.resume(_KILL)

    def _await(self, before: "Fiber") -> Any:
        """Wait until it stops. Who is interrupted meanwhile stops the guest first."""
        interrupt: BaseException | None = None
        while True:
            try:
                self._resumer.acquire()
                break
            except BaseException as error:
                if interrupt is None:
                    self._stacks.stop(True)
                interrupt = error
        self._stacks.leave(self, before)
        if interrupt is not None:
            self._stacks.stop(False)
        failure, self._error = interrupt or self._error, None
        if failure is not None:
            try:
                raise failure
            finally:
                del failure, interrupt  # else the frame and the error would hold each other
        return self._outcome

    def park(self, outcome: Any) -> Any:
        """On it: stop here until it is resumed; gives what `resume` is given."""
        self._outcome = outcome
        self.is_parked = True
        self._resumer.release()
        self._wake.acquire()
        value, self._value = self._value, None
        if value is _KILL:
            raise FiberEnd
        return value

    def perform(self) -> None:
        """In a thread of its own: do the work."""
        work, self._work = self._work, None
        assert work is not None
        self._stacks.own_thread()
        try:
            self._outcome = self._context.run(work)
        except BaseException as error:
            self._error = error
        self._stacks.count -= 1

    def finish(self) -> None:
        """In that thread, at its end: whoever waits goes on."""
        self._resumer.release()


class _Worker:
    """A thread that runs one fiber after the other."""

    def __init__(self) -> None:
        self._wake = allocate_lock()
        self._wake.acquire()
        self._fiber: Fiber | None = None
        threading.Thread(target=self._run, name="fusee-task", daemon=True).start()

    def run(self, fiber: Fiber) -> None:
        """Have it run a fiber."""
        self._fiber = fiber
        self._wake.release()

    def _run(self) -> None:
        is_kept = True
        while is_kept:
            self._wake.acquire()
            fiber, self._fiber = self._fiber, None
            assert fiber is not None
            fiber.perform()
            is_kept = len(_idle) < _MOST_IDLE
            if is_kept:
                _idle.append(self)
            fiber.finish()
            del fiber


_idle: Final[list[_Worker]] = []
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_idle.clear)


def _worker() -> _Worker:
    try:
        return _idle.pop()
    except IndexError:
        pass
    try:
        return _Worker()
    except RuntimeError as error:  # the system has no more
        raise LimitError(f"there is no thread for a task that waits: {error}") from None


class Stacks:
    """The fibers of a store: which one runs, and whose frames are in place."""

    def __init__(self, store: "Store") -> None:
        self._store = store
        self._words = store._stack_words()
        base = self._words.top
        self.current = Fiber(self, base)
        """The one that runs; at first that of whoever calls the store."""
        self.process = os.getpid()
        """The one that has the threads."""
        self._resident = [self.current]
        """Those whose frames are in place."""
        self._parked_bytes = 0
        self.count = 0

    def new(self) -> Fiber:
        """A fiber whose frames begin above those of the one that runs."""
        return Fiber(self, self._words.top)

    def own_thread(self) -> None:
        """The thread that runs is the one that uses the store."""
        self._words.thread = get_ident()

    def enter(self, fiber: Fiber, is_last: bool = False) -> Fiber:
        """Put a fiber's frames in place; gives the one that waits for it. Raises `LimitError`, unless it ends now."""
        if self._parked_bytes > MOST_PARKED_BYTES and not is_last:
            raise LimitError(f"frames of tasks that wait take more than {MOST_PARKED_BYTES} bytes")
        before, words = self.current, self._words
        before.top, before.place = words.top, words.place
        self._activate(fiber)
        words.place = fiber.place or (get_ident(), 1, 0)
        return before

    def leave(self, fiber: Fiber, before: Fiber) -> None:
        """The fiber has stopped, or has ended: back to the one that waits."""
        words = self._words
        fiber.top, fiber.place = words.top, words.place
        if not fiber.is_parked:
            self._resident.remove(fiber)
        self._activate(before)
        assert before.place is not None
        words.place = before.place

    def _activate(self, fiber: Fiber) -> None:
        """Copy out all frames that are where the fiber's are or come to be, and its own in."""
        kept = []
        for other in self._resident:
            if other is fiber:
                continue
            if other.top <= fiber.base:
                kept.append(other)
            elif other.top > other.base:
                other.frames = ctypes.string_at(other.base, other.top - other.base)
                self._count(len(other.frames), 1)
        self._resident = [*kept, fiber]
        if fiber.frames is not None:
            ctypes.memmove(fiber.base, fiber.frames, len(fiber.frames))
            self._count(-len(fiber.frames), -1)
            fiber.frames = None
        self._words.top = fiber.top
        self.current = fiber

    def _count(self, size: int, number: int) -> None:
        self._parked_bytes += size
        self._store._hold_objects(number)

    def stop(self, is_stopped: bool) -> None:
        """Have the guest that runs in another thread stop, or undo that."""
        self._store._stop_now(is_stopped)
