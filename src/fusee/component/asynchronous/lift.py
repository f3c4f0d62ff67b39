"""`canon lift` as a task: of asynchronous functions, and of those that live with them (CanonicalABI, "canon lift")."""

from collections.abc import Callable, Generator
from typing import Any, Final

from fusee.api.errors import Trap, WasmtimeError
from fusee.component.asynchronous.hostcalls import Call
from fusee.component.asynchronous.hosttasks import host_tasks_of
from fusee.component.asynchronous.tasks import BEGUN, RESOLVED, Task, tasks_of
from fusee.component.asynchronous.threads import Body, Thread, cannot_block
from fusee.component.asynchronous.waitables import CANCELLED, NO_EVENT, Event, WaitableSet
from fusee.component.codecs.context import Context
from fusee.component.codecs.explain import UNFIT
from fusee.component.layout import parameters_type
from fusee.component.runtime.corecall import CoreCall
from fusee.component.runtime.instance import MASK, ComponentInstance, leave
from fusee.component.runtime.lift import LiftedFunction, explain_arguments
from fusee.component.runtime.passing import argument_lifter, argument_lowerer, result_lifter

OnStart = Callable[[Any], Any]
"""Gives the arguments; it is given the scope of what they borrow."""
OnResolve = Callable[[Any], None]
"""Is given the result; `NO_RESULT`: the task was cancelled."""

# What a callback says.
EXIT: Final = 0
YIELD: Final = 1
WAIT: Final = 2
_CODE_BITS: Final = 4


class AsyncLift:
    """A function as tasks call it."""

    __slots__ = ("_finish", "_lift", "_lower", "_tasks", "cx", "function", "instance", "is_exclusive",
                 "lift_returned")  # fmt: skip

    def __init__(self, function: LiftedFunction, is_host: bool) -> None:
        """`is_host` says that the host calls it."""
        self.function = function
        self.instance = function.instance
        self.cx = Context(function.instance, function.memory, function.realloc, function.encoding, is_host)
        result = function.type._result
        self._lower = argument_lowerer(self.cx, parameters_type([ty for _, ty in function.type._params]))
        self._lift = None if function.is_async else result_lifter(self.cx, result)
        self.lift_returned = argument_lifter(self.cx, parameters_type([] if result is None else [result]))
        """Takes what `task.return` is given, a tuple."""
        self._finish = function.finisher()
        self._tasks = tasks_of(function.instance.store)
        self.is_exclusive = not function.is_async or function.callback is not None

    def start(
        self, on_start: OnStart, on_resolve: OnResolve, caller: ComponentInstance | None,
        adapter: CoreCall | None = None,
    ) -> Task:  # fmt: skip
        """Call it. Raises `Trap`.

        If there is an adapter, that has the arguments copied and calls the function: what is given and taken are slots.
        """
        instance = self.instance
        entered = instance.enter(caller)
        task = Task(self._tasks, self, instance, on_start, on_resolve, adapter)
        task.main = thread = Thread(task, self._body(task), self._may_wait())
        try:
            thread.resume()
        except UnfitError as error:
            leave(entered)  # the guest's own code has not begun
            explain_arguments(self.function.type, error.args[1], error.args[0])
        if not self.function.type._is_async:
            _finish_now(instance, task)
        leave(entered)
        return task

    def _may_wait(self) -> bool:
        """Whether the guest may wait in place.

        A synchronous function may only as long as other threads of the instance can go on.
        """
        program = self.instance.program
        if not program.can_block:
            return False
        return self.function.type._is_async or program.has_threads or len(self.instance.threads) > 0

    def _body(self, task: Task) -> Body:
        function, thread, adapter = self.function, task.main, task.adapter
        assert thread is not None
        if self._must_wait() and not (yield from self._wait_to_enter(task, thread)):
            return
        if function.type._is_async and self.is_exclusive:
            self.instance.exclusive = thread
        task.register(thread)
        task.state = BEGUN
        if adapter is not None:
            core, slots = adapter, task.on_start(task.scope)
        else:
            core, slots = function.core, self._arguments(task)
        if thread.may_wait:
            yield from thread.runs(core, slots)
        else:
            core.run(slots)
        if not function.is_async:
            if adapter is not None:
                task.give(slots)
            else:
                task.give(self._lift(slots) if self._lift is not None else None)
            if self._finish is not None:
                self._finish(slots)
        elif function.callback is not None:
            yield from self._call_back(thread, slots)
        self._exit(task)

    def _arguments(self, task: Task) -> Any:
        args = task.on_start(task.scope)
        slots = self.function.core.buffer()
        self.cx.scope = task.scope
        try:
            self._lower(slots, args)
        except (*UNFIT, WasmtimeError) as error:
            task.state = RESOLVED
            self._exit(task)
            task.scope.end()
            raise UnfitError(error, args) from None
        finally:
            self.cx.scope = None
        return slots

    def _is_full(self) -> bool:
        """Whether the instance wants no more tasks now."""
        instance = self.instance
        return instance.backpressure > 0 or (self.is_exclusive and instance.exclusive is not None)

    def _must_wait(self) -> bool:
        """Whether a task does not begin at once."""
        if not self.function.type._is_async:
            return False
        instance = self.instance
        if self.is_exclusive and not instance.backpressure and not instance.waiting_to_enter:
            _let_finish(instance)
        return self._is_full() or instance.waiting_to_enter > 0

    def _wait_to_enter(self, task: Task, thread: Thread) -> Generator[bool, bool, bool]:
        """Wait as long as the instance wants no more tasks; false if it was cancelled meanwhile."""
        instance = self.instance
        instance.waiting_to_enter += 1
        is_cancelled = yield from thread.waits(lambda: not self._is_full(), True)
        instance.waiting_to_enter -= 1
        if is_cancelled:
            task.main = None
            task.cancel()
        return not is_cancelled

    def _exit(self, task: Task) -> None:
        assert task.main is not None
        task.unregister(task.main)
        task.main = None
        if self.function.type._is_async and self.is_exclusive:
            self.instance.exclusive = None

    def _call_back(self, thread: Thread, slots: Any) -> Generator[bool, bool, None]:
        """What the function has given says what it waits for; then its callback is called, which says the next."""
        callback, instance = self.function.callback, self.instance
        assert callback is not None
        packed = slots[0] & MASK
        while packed & 0xF != EXIT:
            code, index = packed & 0xF, packed >> _CODE_BITS
            if code > WAIT:
                raise Trap(f"unsupported callback code: {code}")
            instance.exclusive = None
            event = NO_EVENT
            if code == YIELD:
                if (yield from thread.waits(lambda: instance.exclusive is None, True)):
                    event = CANCELLED
            else:
                event = yield from _wait(instance, index, thread)
            instance.exclusive = thread
            slots = callback.buffer()
            callback.pack(slots, 0, *event)
            yield from thread.runs(callback, slots)
            packed = slots[0] & MASK


def _wait(instance: ComponentInstance, index: int, thread: Thread) -> Generator[bool, bool, Event]:
    waited = instance.handles.find(index, WaitableSet)
    pending = waited.pending
    waited.waiting += 1
    is_cancelled = yield from thread.waits(lambda: instance.exclusive is None and bool(pending), True)
    waited.waiting -= 1
    return CANCELLED if is_cancelled else waited.take_event()


class UnfitError(Exception):
    """Arguments that could not be lowered: the error, and they."""


def _finish_now(instance: ComponentInstance, task: Task) -> None:
    """A synchronous function has to give its result before anything else goes on but threads of its instance."""
    while task.state != RESOLVED:
        for thread in instance.threads:
            if thread.is_ready() and not _is_excluded(thread):
                thread.resume()
                break
        else:
            raise cannot_block()


def _let_finish(instance: ComponentInstance) -> None:
    """A thread that keeps others out, and has waited in place for something that is there now, goes on first."""
    owner = instance.exclusive
    while owner is not None and owner.is_ready():
        owner.resume()
        owner = instance.exclusive


def _is_excluded(thread: Thread) -> bool:
    """Whether it must not go on before a synchronous call has ended: it wants the instance for itself."""
    task = thread.task
    lift = task.lift
    return thread is task.main and lift is not None and lift.is_exclusive and lift.function.type._is_async


def lift_of(function: LiftedFunction, is_host: bool) -> AsyncLift:
    """How a function is called as a task."""
    found = function.lifts.get(is_host)
    if found is None:
        found = function.lifts[is_host] = AsyncLift(function, is_host)
    made: AsyncLift = found
    return made


def begin(function: LiftedFunction, args: tuple[Any, ...]) -> Call:
    """A call by the host that has begun, and may have ended. Raises what the guest raises."""
    lift = lift_of(function, True)
    tasks = tasks_of(function.instance.store)
    call = Call(function.instance)
    tasks.depth += 1
    try:
        task = lift.start(lambda scope: args, call.resolve, None)
    except BaseException as error:
        if not function.instance.may_enter.value:
            host_tasks_of(function.instance.store).end_all(error, function.instance)
        raise
    finally:
        tasks.depth -= 1
        if tasks.host is not None:
            tasks.host.kick()  # other tasks may go on now
    if not call.is_done:
        call.cancel = lambda: task.request_cancel(None)
    return call


def waiting_caller(function: LiftedFunction) -> Callable[[tuple[Any, ...]], Any]:
    """How the host calls it, if that has the result when the call returns."""
    store = function.instance.store

    def run(args: tuple[Any, ...]) -> Any:
        call = begin(function, args)
        if not call.is_done:
            host_tasks_of(store).run(call)
        return call.result()

    return run
