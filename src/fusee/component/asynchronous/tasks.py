"""Tasks of asynchronous components, and which of their threads runs (CanonicalABI, "Tasks", "Embedding")."""

from typing import TYPE_CHECKING, Any, Final

from fusee.api.errors import Trap
from fusee.component.asynchronous.threads import Body, Thread, cannot_block
from fusee.component.runtime.handles import Scope, state_of
from fusee.component.runtime.instance import leave
from fusee.component.traps import Reason, trap

if TYPE_CHECKING:
    from fusee.api.store import Store
    from fusee.component.asynchronous.hosttasks import HostTasks
    from fusee.component.asynchronous.lift import AsyncLift, OnResolve, OnStart
    from fusee.component.runtime.corecall import CoreCall
    from fusee.component.runtime.instance import ComponentInstance

NO_RESULT: Final = object()

# States of tasks.
INITIAL: Final = 0
BEGUN: Final = 1
PENDING_CANCEL: Final = 2
CANCEL_DELIVERED: Final = 3
RESOLVED: Final = 4


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


def tasks_of(store: "Store") -> Tasks:
    """The tasks of a store."""
    state = state_of(store)
    if state.tasks is None:
        state.tasks = Tasks(store)
    return state.tasks
