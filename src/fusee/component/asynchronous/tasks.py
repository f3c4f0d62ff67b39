"""Threads and tasks of asynchronous components, and who of them runs (CanonicalABI, "Threads", "Tasks", "Embedding").

A thread is a generator, which whoever resumes it advances. It stops between two calls of the guest (back-pressure, the
events of a callback); and in the middle of one, if the guest waits in place: that has left the interpreter then, and
its frames are kept by the store.
"""

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, Final

from fusee.api.errors import Trap
from fusee.component.runtime.handles import Scope, state_of
from fusee.component.runtime.instance import leave
from fusee.component.traps import Reason, trap

if TYPE_CHECKING:
    from fusee.api.store import Store
    from fusee.component.asynchronous.hosttasks import HostTasks
    from fusee.component.asynchronous.lift import AsyncLift, OnResolve, OnStart
    from fusee.component.runtime.corecall import CoreCall
    from fusee.component.runtime.instance import ComponentInstance

Body = Generator[bool, bool, None]
"""What a thread does: gives whether it may be cancelled while it waits, and is sent whether it was."""
Ready = Callable[[], bool]
Finish = Callable[[bool], int]
"""Ends the call of a guest that has waited, and may have been cancelled; gives what that gets."""
Slots = Any
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


class Task:
    """A call of a function that was lifted."""

    __slots__ = ("adapter", "instance", "lift", "main", "on_resolve", "on_start", "scope", "state", "tasks",
                 "threads")  # fmt: skip

    main: Thread | None
    """The thread that the call made, until it ends."""

    def __init__(
        self, tasks: "Tasks", lift: "AsyncLift | None", instance: "ComponentInstance", on_start: "OnStart",
        on_resolve: "OnResolve", adapter: "CoreCall | None",
    ) -> None:  # fmt: skip
        self.tasks = tasks
        self.lift = lift
        self.instance = instance
        self.on_start = on_start
        self.on_resolve = on_resolve
        self.adapter = adapter
        """What has the arguments copied and calls the function: results are slots; None: they are Python's values."""
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
            raise trap(Reason.BORROWS_LEFT)
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
            assert self.main is not None
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

    __slots__ = ("current", "depth", "failed", "host", "parked", "store", "waiting")

    def __init__(self, store: "Store") -> None:
        self.store = store
        self.current: Thread | None = None
        self.waiting: dict[Thread, None] = {}
        """Threads that wait, those that have waited longest first."""
        self.parked: set[Thread] = set()
        """Those whose guests wait in place."""
        self.depth = 0
        """Calls of the host's that have not returned."""
        self.failed: ComponentInstance | None = None
        """The one whose thread has raised something in `tick`."""
        self.host: HostTasks | None = None

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

    def call_plain(self, instance: "ComponentInstance", core: "CoreCall", argument: int) -> None:
        """Call a core function without result, as a task that may not wait (CanonicalABI, `canon resource.drop`)."""

        def body() -> Body:
            task.register(thread)
            core.call(argument)
            task.unregister(thread)
            yield from ()

        task = Task(self, None, instance, lambda scope: None, lambda result: None, None)
        task.main, task.state = None, RESOLVED
        thread = Thread(task, body(), False)
        thread.resume()

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
