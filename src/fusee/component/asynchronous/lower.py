"""`canon lower` where the call is a subtask (CanonicalABI, "canon lower")."""

from collections.abc import Callable
from typing import Any, Final

from fusee.component.asynchronous.hostcalls import is_awaited
from fusee.component.asynchronous.hosttasks import host_tasks_of
from fusee.component.asynchronous.lift import AsyncLift, OnResolve, OnStart, lift_of
from fusee.component.asynchronous.tasks import NO_RESULT, tasks_of
from fusee.component.asynchronous.threads import Thread
from fusee.component.asynchronous.waitables import RETURNED, STARTED, Subtask
from fusee.component.codecs.context import Context
from fusee.component.codecs.explain import UNFIT
from fusee.component.codecs.formats import MEMORY
from fusee.component.codecs.lower import row_lowerer
from fusee.component.items import FuncType
from fusee.component.layout import (
    MOST_FLAT_ASYNC_PARAMS,
    MOST_FLAT_PARAMS,
    flatten_function,
    layout_of,
    parameters_type,
)
from fusee.component.runtime.instance import MASK, ComponentInstance, Slots
from fusee.component.runtime.lift import LiftedFunction
from fusee.component.runtime.lower import HostFunctionItem, explain_result, host_performer
from fusee.component.runtime.passing import argument_lifter, result_lowerer
from fusee.component.types.composite import ResultType
from fusee.component.types.valtype import BORROW, ValType

_STATE_BITS: Final = 4


class Lowered:
    """A function that is lowered, `async` or not, in a component that knows of tasks."""

    def __init__(self, instance: ComponentInstance, ty: FuncType, is_async: bool) -> None:
        self._instance, self._type, self._is_async = instance, ty, is_async
        core_params, core_results = flatten_function([param for _, param in ty._params], ty._result, is_async)
        self._has_result = bool(core_results)
        has_pointer = ty._result is not None and (is_async or not core_results)
        self._pointer_at = len(core_params) - 1 if has_pointer else None
        """Which parameter says where the caller wants the result."""
        self._tasks = tasks_of(instance.store)

    def _answer(self, slots: Slots, subtask: Subtask) -> Thread | None:
        """What the guest is told when the call comes back."""
        if not self._is_async:

            def finish(is_cancelled: bool) -> int:
                subtask.deliver()
                return subtask.result if self._has_result else 0

            if not subtask.is_resolved():
                return self._tasks.thread().wait_until(slots, subtask.is_resolved, False, finish)
            slots[0] = finish(False)
        elif subtask.is_resolved():
            subtask.deliver()
            slots[0] = RETURNED
        else:
            subtask.index = self._instance.handles.add(subtask)
            slots[0] = subtask.state | subtask.index << _STATE_BITS
        return None


class AsyncLower(Lowered):
    """One whose values go through Python: it works on the slots of calls by the instance's core code."""

    def __init__(
        self, instance: ComponentInstance, callee: LiftedFunction | HostFunctionItem, ty: FuncType, cx: Context,
        is_async: bool,
    ) -> None:  # fmt: skip
        super().__init__(instance, ty, is_async)
        params = [param for _, param in ty._params]
        together = parameters_type(params)
        self._callee, self._cx = callee, cx
        self._lift = argument_lifter(cx, together, MOST_FLAT_ASYNC_PARAMS if is_async else MOST_FLAT_PARAMS)
        self._lower = _memory_lowerer(cx, ty._result) if is_async else result_lowerer(cx, params, ty._result)
        self._has_borrows = bool(together._flags & BORROW)
        self._perform: Callable[[Any], Any] | None = None
        self._start: AsyncLift | None = None
        if isinstance(callee, HostFunctionItem):
            self._perform = host_performer(callee, ty)
        elif callee.is_task:
            self._start = lift_of(callee, False)
        else:
            self._perform = callee.caller(instance)

    def call(self, slots: Slots) -> Thread | None:
        """Perform a call, as `corecall.Call`."""
        self._instance.check_leave()
        pointer = slots[self._pointer_at] & MASK if self._pointer_at is not None else 0
        value = NO_RESULT
        if self._perform is not None and not self._has_borrows:
            value = self._perform(self._lift(slots))
            if value is None or not self._can_await(value):
                self._finish(slots, pointer, value)  # nobody knows that it was a task
                if self._is_async:
                    slots[0] = RETURNED
                return None
        return self._begin(slots, pointer, value)

    def _can_await(self, value: Any) -> bool:
        return self._type._is_async and is_awaited(value)

    def _finish(self, slots: Slots, pointer: int, value: Any) -> None:
        try:
            self._lower(slots, pointer, value)
        except UNFIT as error:
            explain_result(self._callee, self._type._result, value, error)

    def _begin(self, slots: Slots, pointer: int, value: Any) -> Thread | None:
        """A call that may have to be waited for; `value` is what a host function has given, if it was called."""
        # Arguments may be read, and the result be there, while the caller's frame is somewhere else.
        mine = type(slots).from_buffer_copy(slots)
        subtask, cx = Subtask(), self._cx

        def on_start(scope: object) -> Any:
            subtask.progress()
            subtask.state = STARTED
            before, cx.scope = cx.scope, subtask.scope
            try:
                return self._lift(mine)
            finally:
                cx.scope = before

        def on_resolve(value: Any) -> None:
            subtask.progress()
            if value is not NO_RESULT:
                self._finish(mine, pointer, value)
                subtask.result = mine[0]
            subtask.resolve(value is NO_RESULT)

        if self._start is not None:
            task = self._start.start(on_start, on_resolve, self._instance)
            if not subtask.is_resolved():
                subtask.on_cancel = task.request_cancel
        else:
            self._call_plain(subtask, on_start, on_resolve, value)
        return self._answer(slots, subtask)

    def _call_plain(self, subtask: Subtask, on_start: OnStart, on_resolve: OnResolve, value: Any) -> None:
        """Call who knows of no tasks, unless `value` says what that has given."""
        if value is NO_RESULT:
            assert self._perform is not None
            value = self._perform(on_start(None))
        subtask.state = STARTED
        if self._can_await(value):
            host, takes_errors = host_tasks_of(self._instance.store), isinstance(self._type._result, ResultType)
            subtask.on_cancel = host.spawn(value, on_resolve, takes_errors, self._instance).cancel
        else:
            on_resolve(value)


def _memory_lowerer(cx: Context, result: ValType | None) -> Callable[[Slots, int, Any], None]:
    """What puts a result where a pointer says."""
    if result is None:
        return result_lowerer(cx, [], None)
    layout, store = layout_of(result), row_lowerer(result, MEMORY)

    def lower(slots: Slots, pointer: int, value: Any) -> None:
        cx.area(pointer, layout.size, layout.alignment)
        store(cx, cx.current, pointer, value)

    return lower
