"""The host's side of tasks: lets guests go on while the host's asynchronous functions, or its calls, have not ended.

Everything happens in one thread, that of the event loop or that of a caller who waits: guests go on between two turns
of the loop. Without a loop that runs, one of the store's own is turned while a call waits for the host's functions.
"""

import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from fusee.api.errors import Trap, WasmtimeError
from fusee.component.asynchronous.hostcalls import Call, HostCall, in_thread_of, settle
from fusee.component.asynchronous.tasks import Tasks, tasks_of

if TYPE_CHECKING:
    import asyncio

    from fusee.api.store import Store
    from fusee.component.runtime.instance import ComponentInstance

_TICKS: Final = 64
"""Steps of guests between two turns of the loop."""


class HostTasks:
    """Of a store."""

    __slots__ = ("__weakref__", "_calls", "_is_scheduled", "_loop", "_new", "_own_loop", "_running", "_tasks",
                 "_waiters", "_wake", "open_ends")  # fmt: skip

    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks
        self._loop: asyncio.AbstractEventLoop | None = None
        self._own_loop: asyncio.AbstractEventLoop | None = None
        self._new: list[HostCall] = []
        self._running: set[HostCall] = set()
        self._calls: set[Call] = set()
        self._waiters: set[asyncio.Task[Any]] = set()
        self._wake: asyncio.Future[None] | None = None
        self._is_scheduled = False
        weakref.finalize(self, _end_all, self._new)
        self.open_ends = 0
        """Ends of streams and futures that Python code has, and may read."""

    def spawn(
        self, awaited: Any, on_resolve: Callable[[Any], None], takes_errors: bool, instance: "ComponentInstance | None"
    ) -> HostCall:  # fmt: skip
        """Await something; `on_resolve` is called with what that gives."""
        made = HostCall(self, awaited, on_resolve, takes_errors, instance)
        self._new.append(made)
        self.kick()
        return made

    def is_idle(self) -> bool:
        """Whether nothing is to be awaited that nobody awaits yet."""
        return not self._new

    # What has ended.

    def complete(self, call: HostCall, value: Any, on_resolve: Callable[[Any], None]) -> None:
        """What was awaited has given something."""
        self._running.discard(call)
        self._tasks.depth += 1
        try:
            on_resolve(value)
        except BaseException as error:
            self._fail_all(error, call.instance)
        finally:
            self._tasks.depth -= 1
        self.kick()

    def fail(self, call: HostCall, error: BaseException) -> None:
        """What was awaited has raised something, which ends the guest that waits for it."""
        self._running.discard(call)
        self._fail_all(error, call.instance)

    def end_all(self, error: BaseException, instance: "ComponentInstance | None") -> bool:
        """Something has failed: its component ends, and so do all calls that wait; whether there were some."""
        if instance is not None:
            for part in instance.chain:
                part.may_enter.value = 0
            self._tasks.end(instance)
        waiting = self._waiting_calls()
        for call in waiting:
            call.fail(error)
        return bool(waiting)

    def _fail_all(self, error: BaseException, instance: "ComponentInstance | None") -> None:
        if not self.end_all(error, instance) and self._loop is not None and self._loop is not self._own_loop:
            context = {"message": "a guest's task that nobody waits for has failed", "exception": error}
            self._loop.call_exception_handler(context)
        self.kick()

    def _waiting_calls(self) -> list[Call]:
        """Those that have not ended; whoever waits for one that has may not have had its turn."""
        return [call for call in self._calls if not call.is_done]

    # Waiting without a loop that runs.

    def run(self, call: Call) -> None:
        """Until a call has ended. Raises `Trap` if nothing can go on."""
        tasks = self._tasks
        if tasks.depth:
            raise WasmtimeError("a host function cannot wait for a guest of its store: it is running")
        self._calls.add(call)
        try:
            while not call.is_done:
                if self._tick():
                    continue
                if self._new or self._is_busy():
                    self._turn()
                else:
                    self._fail_all(deadlock(), call.instance)
        finally:
            self._calls.discard(call)

    def _tick(self) -> bool:
        """Let a thread go on. What it raises ends its component, and all calls that wait."""
        tasks = self._tasks
        try:
            return tasks.tick()
        except BaseException as error:
            self._fail_all(error, tasks.failed)
            return True

    def _turn(self) -> None:
        """Turn the store's own loop until something has been done."""
        import asyncio

        try:
            asyncio.get_running_loop()
        except RuntimeError:
            pass
        else:
            raise WasmtimeError("an asynchronous host function is called while an event loop runs: use call_async")
        if self._own_loop is None:
            self._own_loop = asyncio.new_event_loop()
            weakref.finalize(self, self._own_loop.close)
        loop = self._own_loop
        self._use(loop)
        self._start_new()
        self._wake = loop.create_future()
        try:
            loop.run_until_complete(self._wake)
        finally:
            self._wake = None

    def _is_busy(self) -> bool:
        """Whether something is awaited that does not itself wait for a guest."""
        return any(call.task not in self._waiters for call in self._running)

    def _use(self, loop: "asyncio.AbstractEventLoop") -> None:
        """All that is awaited is awaited in one loop at a time."""
        if self._loop is not loop:
            if self._running:
                raise WasmtimeError("functions of the store's host are being awaited in another event loop")
            self._is_scheduled = False  # what is to be done in a loop that has stopped, this one does
        self._loop = loop

    def _start_new(self) -> None:
        assert self._loop is not None
        new = [*self._new]
        self._new.clear()
        for call in new:
            self._running.add(call)
            call.start(self._loop)

    # Waiting in a loop.

    async def wait(self, call: Call) -> Any:
        """The result of a call. Raises what it has failed with."""
        import asyncio

        loop = asyncio.get_running_loop()
        self._use(loop)
        self._calls.add(call)
        waiter = asyncio.current_task()
        assert waiter is not None
        self._waiters.add(waiter)
        self.kick()
        try:
            await call.wait(loop)
        except asyncio.CancelledError:
            self._cancel(call)
            raise
        finally:
            self._calls.discard(call)
            self._waiters.discard(waiter)
            if self._calls:
                self.kick()
        return call.result()

    def go_on(self, loop: "asyncio.AbstractEventLoop") -> None:
        """A call has its result, but tasks wait, or functions are to be awaited: in this loop, if in no other."""
        if self._loop is loop or not self._running:
            self._use(loop)
            self.kick()

    def _cancel(self, call: Call) -> None:
        """Nobody waits for a call any more: its task is asked to end."""
        self._tasks.depth += 1
        try:
            call.cancel()
        except BaseException as error:
            self._fail_all(error, call.instance)
        finally:
            self._tasks.depth -= 1
        self.kick()

    def kick(self) -> None:
        """Something may go on."""
        if self._wake is not None:
            settle(self._wake)
            return
        loop = self._loop
        if loop is not None and loop is not self._own_loop and not self._is_scheduled and not loop.is_closed():
            self._is_scheduled = True
            in_thread_of(loop, loop.call_soon, self._pump)

    def _pump(self) -> None:
        import asyncio

        self._is_scheduled = False
        if self._tasks.depth:  # a guest runs, and turns a loop of its own
            return
        for _ in range(_TICKS):
            if not self._tick():
                break
        else:
            self.kick()
            return
        self._start_new()
        waiting = self._waiting_calls()
        if self._is_busy() or self.open_ends or len(waiting) < len(self._calls) or self._loop is None:
            return
        if asyncio.all_tasks(self._loop) <= self._waiters:  # else a coroutine may call what lets a task go on
            for call in waiting:
                self._fail_all(deadlock(), call.instance)

    def end(self, root: "ComponentInstance") -> None:
        """A component has trapped: what it waits for is awaited no more."""
        for call in [*self._new, *self._running]:
            if call.instance is not None and call.instance.chain[-1] is root:
                call.end()
        self._new[:] = [call for call in self._new if call.instance is None or call.instance.chain[-1] is not root]

    def close(self) -> None:
        """The store ends."""
        for waiting in self._waiting_calls():
            waiting.fail(ValueError("already closed"))
        _end_all(self._new)
        for call in [*self._running]:
            call.end()
        if self._own_loop is not None and not self._own_loop.is_running():
            waited = [call.task for call in self._running if call.task is not None]
            if waited and not self._own_loop.is_closed():
                import asyncio

                self._own_loop.run_until_complete(asyncio.wait(waited, timeout=1))
            self._own_loop.close()


def _end_all(calls: list[HostCall]) -> None:
    for call in calls:
        call.end()
    calls.clear()


def deadlock() -> Trap:
    """All tasks wait, and nothing is under way that they wait for."""
    return Trap("deadlock detected: event loop cannot make further progress")


def host_tasks_of(store: "Store") -> HostTasks:
    """The host's side of a store."""
    tasks = tasks_of(store)
    if tasks.host is None:
        tasks.host = HostTasks(tasks)
    return tasks.host


def go_on_in_loop(store: "Store") -> None:
    """What a call has left under way goes on in the loop that runs."""
    tasks = tasks_of(store)
    if tasks.waiting or (tasks.host is not None and not tasks.host.is_idle()):
        import asyncio

        host_tasks_of(store).go_on(asyncio.get_running_loop())
