"""Threads and tasks of asynchronous components, and who of them runs (CanonicalABI, "Threads", "Tasks", "Embedding").

A task's thread runs on the stack of whoever resumes it, if nothing that it calls can block: what it waits for between
two calls of the guest (back-pressure, the events of a callback) it says to a generator. Where the guest itself may have
to wait it runs on a fiber, which is left with its frames in place.
"""

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, Final

from fusee.api.errors import Trap
from fusee.component.fibers import Fiber, Stacks
from fusee.component.handles import Scope, state_of
from fusee.component.runtime import leave

if TYPE_CHECKING:
    from fusee.api.store import Store
    from fusee.component.asynclift import AsyncLift
    from fusee.component.hosttasks import HostTasks
    from fusee.component.runtime import ComponentInstance

Body = Generator[bool, bool, None]
"""What a thread does: gives whether it may be cancelled while it waits, and is sent whether it was."""
Ready = Callable[[], bool]
NO_RESULT: Final = object()

# States of tasks.
INITIAL: Final = 0
BEGUN: Final = 1
PENDING_CANCEL: Final = 2
CANCEL_DELIVERED: Final = 3
RESOLVED: Final = 4


def always() -> bool:
    """What a thread waits for that only gives way."""
    return True


class Thread:
    """A thread of a task."""

    __slots__ = ("_body", "_fiber", "_has_begun", "_needs_fiber", "index", "is_cancellable", "is_running", "ready",
                 "storage", "task", "tasks")  # fmt: skip

    def __init__(self, task: "Task", body: Body, needs_fiber: bool) -> None:
        self.task = task
        self.tasks = task.tasks
        self.ready: Ready | None = None
        """What it waits for; None if it runs or is suspended."""
        self.is_running = False
        self.is_cancellable = False
        self.index = 0
        self.storage = [0, 0]
        self._body = body
        self._has_begun = False
        self._needs_fiber = needs_fiber
        self._fiber: Fiber | None = None

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
        fiber, self._fiber = self._fiber, None
        if fiber is not None:
            tasks.parked.discard(self)
        try:
            if fiber is None and not self._needs_fiber:
                self._advance(is_cancelled)
                return None
            if fiber is None:
                fiber = tasks.stacks().new()
                other = fiber.start(lambda: self._advance(is_cancelled))
            else:
                other = fiber.resume(is_cancelled)
            found: Thread | None = other
            return found
        finally:
            if fiber is not None and fiber.is_parked:  # an error, too, may leave it so
                self._fiber = fiber
                tasks.parked.add(self)
            tasks.current = before
            self.is_running = False

    def _advance(self, is_cancelled: bool) -> None:
        try:
            if self._has_begun:
                self.is_cancellable = self._body.send(is_cancelled)
            else:
                self._has_begun = True
                self.is_cancellable = next(self._body)
        except StopIteration:
            pass

    def waits(self, ready: Ready, is_cancellable: bool) -> Generator[bool, bool, bool]:
        """For its generator: wait; gives whether it was cancelled."""
        if self.task.deliver_cancel(is_cancellable):
            return True
        self.wait_for(ready)
        return (yield is_cancellable)

    # Called by guests that it runs, with its frames in place.

    def wait_until(self, ready: Ready, is_cancellable: bool) -> bool:
        """Wait; gives whether it was cancelled."""
        if self.task.deliver_cancel(is_cancellable):
            return True
        if ready is not always and ready():
            return False
        if not self._needs_fiber:
            if ready is always:
                return False
            raise cannot_block()
        self.wait_for(ready)
        return self._park(is_cancellable, None)

    def _park(self, is_cancellable: bool, other: "Thread | None") -> bool:
        if not self._needs_fiber:
            raise cannot_block()
        self.is_cancellable = is_cancellable
        stacks = self.tasks.stacks()
        is_cancelled: bool = stacks.current.park(other)
        return is_cancelled

    def suspend(self, is_cancellable: bool, other: "Thread | None" = None) -> bool:
        """Stop until another thread says so; `other` goes on. Gives whether it was cancelled."""
        if self.task.deliver_cancel(is_cancellable):
            return True
        return self._park(is_cancellable, other)

    def give_way(self, is_cancellable: bool, other: "Thread | None" = None) -> bool:
        """Let others go on, `other` first; gives whether it was cancelled."""
        if other is None:
            return self.wait_until(always, is_cancellable)
        if self.task.deliver_cancel(is_cancellable):
            return True
        self.wait_for(always)
        return self._park(is_cancellable, other)

    def kill(self) -> None:
        """It ends where it is."""
        if self.ready is not None:
            self.stop_waiting()
        self.tasks.parked.discard(self)
        fiber, self._fiber = self._fiber, None
        if fiber is not None:
            fiber.kill()
        else:
            self._body.close()


class Task:
    """A call of a function that was lifted."""

    __slots__ = ("instance", "lift", "main", "on_resolve", "on_start", "scope", "state", "tasks", "threads")

    main: Thread
    """The thread that the call made."""

    def __init__(
        self, tasks: "Tasks", lift: "AsyncLift | None", instance: "ComponentInstance", on_start: Callable[[], Any],
        on_resolve: Callable[[Any], None],
    ) -> None:  # fmt: skip
        self.tasks = tasks
        self.lift = lift
        self.instance = instance
        self.on_start = on_start
        self.on_resolve = on_resolve
        self.state = INITIAL
        self.scope = Scope()
        """What it has borrowed."""
        self.threads: list[Thread] = []

    def register(self, thread: Thread) -> None:
        """It has one more thread."""
        self.threads.append(thread)
        thread.index = self.instance.threads.add(thread)

    def unregister(self, thread: Thread) -> None:
        """One of its threads has ended."""
        self.threads.remove(thread)
        if not self.threads and self.state != RESOLVED:
            raise Trap("async-lifted export failed to produce a result")
        self.instance.threads.take(thread.index, Thread)

    def resolve(self, result: Any) -> None:
        """It has its result; `NO_RESULT`: it was cancelled. Raises `Trap`."""
        if self.scope.borrowed:
            raise Trap("borrow handles still remain at the end of the call")
        self.on_resolve(result)
        self.scope.end()
        self.state = RESOLVED

    def give(self, result: Any) -> None:
        """Return. Raises `Trap` if it has ended."""
        if self.state == RESOLVED:
            raise Trap("`task.return` or `task.cancel` called more than once for a task")
        self.resolve(result)

    def cancel(self) -> None:
        """Confirm that it was cancelled. Raises `Trap` if it was not."""
        if self.state != CANCEL_DELIVERED:
            raise Trap("`task.cancel` called by a task which has not been cancelled")
        self.resolve(NO_RESULT)

    def deliver_cancel(self, is_cancellable: bool) -> bool:
        """Whether it was asked to end and learns it now."""
        if is_cancellable and self.state == PENDING_CANCEL:
            self.state = CANCEL_DELIVERED
            return True
        return False

    def request_cancel(self, caller: "ComponentInstance | None") -> None:
        """The caller asks it to end: a thread that waits and may be told is told now."""
        if self.state == INITIAL:
            self.state = CANCEL_DELIVERED
            self.main.resume(True)
            return
        if self.state != BEGUN:
            return
        candidates = [thread for thread in self.threads if thread.is_cancellable and not thread.is_running]
        owner = self.instance.exclusive
        if self.lift is not None and self.lift.is_exclusive and owner is not None and owner is not self.main:
            candidates = [thread for thread in candidates if thread is not self.main]
        if not candidates or not self.instance.may_enter_from(caller):
            self.state = PENDING_CANCEL
            return
        self.state = CANCEL_DELIVERED
        entered = self.instance.enter(caller)
        candidates[0].resume(True)
        leave(entered)


class Tasks:
    """The tasks of a store."""

    __slots__ = ("_stacks", "current", "depth", "failed", "host", "parked", "store", "waiting")

    def __init__(self, store: "Store") -> None:
        self.store = store
        self.current: Thread | None = None
        self.waiting: dict[Thread, None] = {}
        """Threads that wait, those that have waited longest first."""
        self.parked: set[Thread] = set()
        """Those whose frames are in place."""
        self.depth = 0
        """Calls of the host's that have not returned."""
        self.failed: ComponentInstance | None = None
        """The one whose thread has raised something in `tick`."""
        self.host: HostTasks | None = None
        self._stacks: Stacks | None = None

    def stacks(self) -> Stacks:
        """The stacks of its threads."""
        if self._stacks is None:
            self._stacks = Stacks(self.store)
        return self._stacks

    def thread(self) -> Thread:
        """The thread that runs. Raises `Trap` if there is none: a core module is being instantiated."""
        if self.current is None:
            raise cannot_block()
        return self.current

    def tick(self) -> bool:
        """Let a thread go on that is ready; false if none is."""
        for thread in self.waiting:
            if thread.ready is not None and thread.ready():
                break
        else:
            return False
        instance = thread.task.instance
        self.depth += 1
        try:
            entered = instance.enter(None)
            thread.resume()
            leave(entered)
        except BaseException:
            self.failed = instance
            raise
        finally:
            self.depth -= 1
        return True

    def end(self, instance: "ComponentInstance") -> None:
        """A component has trapped: threads of it, and of all that it is made of, go on no more."""
        root = instance.chain[-1]
        for thread in [*self.waiting, *self.parked]:
            if thread.task.instance.chain[-1] is root:
                thread.kill()
        if self.host is not None:
            self.host.end(root)

    def close(self) -> None:
        """The store ends."""
        for thread in [*self.waiting, *self.parked]:
            thread.kill()
        if self.host is not None:
            self.host.close()


def cannot_block() -> Trap:
    """A task would have to wait that has to give its result first."""
    return Trap("cannot block a synchronous task before returning")


def tasks_of(store: "Store") -> Tasks:
    """The tasks of a store."""
    state = state_of(store)
    if state.tasks is None:
        state.tasks = Tasks(store)
    return state.tasks
