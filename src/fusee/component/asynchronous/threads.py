"""Threads of asynchronous components (CanonicalABI, "Threads").

A thread is a generator, which whoever resumes it advances. It stops between two calls of the guest (back-pressure, the
events of a callback); and in the middle of one, if the guest waits in place: that has left the interpreter then, and
its frames are kept by the store.
"""

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

from fusee.api.errors import Trap

if TYPE_CHECKING:
    from fusee.component.asynchronous.tasks import Task
    from fusee.component.runtime.corecall import CoreCall

Body = Generator[bool, bool, None]
"""What a thread does: gives whether it may be cancelled while it waits, and is sent whether it was."""
Ready = Callable[[], bool]
Finish = Callable[[bool], int]
"""Ends the call of a guest that has waited, and may have been cancelled; gives what that gets."""
Slots = Any


def always() -> bool:
    """What a thread waits for that only gives way."""
    return True


class Thread:
    """A thread of a task."""

    __slots__ = ("_body", "_finish", "_has_begun", "_next", "_parked", "index", "is_cancellable", "is_running",
                 "may_wait", "ready", "storage", "task", "tasks")  # fmt: skip

    def __init__(self, task: "Task", body: Body, may_wait: bool) -> None:
        self.task = task
        self.tasks = task.tasks
        self.ready: Ready | None = None
        """What it waits for; None if it runs or is suspended."""
        self.is_running = False
        self.is_cancellable = False
        self.may_wait = may_wait
        """Whether its guest may wait in place."""
        self.index = 0
        self.storage = [0, 0]
        self._body = body
        self._has_begun = False
        self._parked = 0
        """The guest that waits in place, as `Store._advance` knows it."""
        self._finish: Finish = int
        self._next: Thread | None = None

    def is_suspended(self) -> bool:
        """Whether it goes on only if another thread says so."""
        return not self.is_running and self.ready is None

    def is_ready(self) -> bool:
        """Whether what it waits for is there."""
        return self.ready is not None and self.ready()

    def wait_for(self, ready: Ready) -> None:
        """It goes on when `ready` gives true."""
        self.ready = ready
        self.tasks.waiting[self] = None

    def stop_waiting(self) -> None:
        """It does not wait any more."""
        self.ready = None
        del self.tasks.waiting[self]

    def resume(self, is_cancelled: bool = False) -> None:
        """Let it go on until it stops; then those that it names, one after the other."""
        if self.ready is not None:
            self.stop_waiting()
        thread: Thread | None = self
        while thread is not None:
            thread, is_cancelled = thread._step(is_cancelled), False

    def _step(self, is_cancelled: bool) -> "Thread | None":
        tasks = self.tasks
        before, tasks.current, self.is_running = tasks.current, self, True
        try:
            if self._has_begun:
                self.is_cancellable = self._body.send(is_cancelled)
            else:
                self._has_begun = True
                self.is_cancellable = next(self._body)
        except StopIteration:
            pass
        finally:
            tasks.current = before
            self.is_running = False
        other, self._next = self._next, None
        return other

    def waits(self, ready: Ready, is_cancellable: bool) -> Generator[bool, bool, bool]:
        """For its generator: wait; gives whether it was cancelled."""
        if self.task.deliver_cancel(is_cancellable):
            return True
        self.wait_for(ready)
        return (yield is_cancellable)

    def runs(self, core: "CoreCall", slots: Slots) -> Generator[bool, bool, None]:
        """For its generator: call a core function, which may wait in place."""
        if not self.may_wait:
            core.run(slots)
            return
        parked = core.advance(0, slots)
        while parked:
            is_cancelled = yield self.is_cancellable
            self.tasks.parked.discard(self)
            self._parked = 0
            try:
                slots[0] = self._finish(is_cancelled)
            except BaseException:
                self.tasks.store._drop_parked(parked)
                raise
            parked = core.advance(parked, slots)

    # For what guests call that it runs. They give what `HostSlots` gives: itself, if the guest has to wait in place.

    def wait_until(self, slots: Slots, ready: Ready, is_cancellable: bool, finish: Finish) -> "Thread | None":
        """Wait; `finish` is told whether it was cancelled, and gives what the guest gets."""
        if self.task.deliver_cancel(is_cancellable):
            slots[0] = finish(True)
            return None
        if ready() and not (self.may_wait and ready is always):
            slots[0] = finish(False)
            return None
        return self._stop(ready, is_cancellable, finish, None)

    def suspend(self, slots: Slots, is_cancellable: bool, other: "Thread | None") -> "Thread | None":
        """Stop until another thread says so; `other` goes on. The guest gets whether it was cancelled."""
        if self.task.deliver_cancel(is_cancellable):
            slots[0] = 1
            return None
        return self._stop(None, is_cancellable, int, other)

    def give_way(self, slots: Slots, is_cancellable: bool, other: "Thread | None") -> "Thread | None":
        """Let others go on, `other` first. The guest gets whether it was cancelled."""
        if other is None:
            return self.wait_until(slots, always, is_cancellable, int)
        if self.task.deliver_cancel(is_cancellable):
            slots[0] = 1
            return None
        return self._stop(always, is_cancellable, int, other)

    def _stop(self, ready: Ready | None, is_cancellable: bool, finish: Finish, other: "Thread | None") -> "Thread":
        if not self.may_wait:
            raise cannot_block()
        self.is_cancellable, self._finish, self._next = is_cancellable, finish, other
        if ready is not None:
            self.wait_for(ready)
        return self

    def park(self, instance: int, slots: int) -> bool:
        """Its guest leaves the interpreter: `Store._park`. Raises `Trap` and `LimitError`.

        If that cannot be, who only gives way goes on (CanonicalABI, `canon_thread_yield`).
        """
        parked = 0
        try:
            parked = self._parked = self.tasks.store._park(instance, slots)
            if not parked and (self.ready is not always or self._next is not None):
                raise Trap("cannot block: native code or a host function waits for the guest that would wait")
        finally:
            if not parked:
                self._next = None
                if self.ready is not None:
                    self.stop_waiting()
        if parked:
            self.tasks.parked.add(self)
        return bool(parked)

    def kill(self) -> None:
        """It ends where it is."""
        if self.ready is not None:
            self.stop_waiting()
        self.tasks.parked.discard(self)
        parked, self._parked = self._parked, 0
        if parked:
            self.tasks.store._drop_parked(parked)
        self._body.close()


def cannot_block() -> Trap:
    """A task would have to wait that has to give its result first."""
    return Trap("cannot block a synchronous task before returning")
