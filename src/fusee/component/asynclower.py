"""`canon lower` where the call is a subtask (CanonicalABI, "canon lower")."""

from collections.abc import Callable
from typing import Any, Final

from fusee.component.asynclift import lift_of
from fusee.component.compile import row_lowerer
from fusee.component.context import Context
from fusee.component.formats import MEMORY
from fusee.component.hosttasks import begin_host
from fusee.component.items import FuncType
from fusee.component.layout import (
    MOST_FLAT_ASYNC_PARAMS,
    MOST_FLAT_PARAMS,
    flatten_function,
    layout_of,
    parameters_type,
)
from fusee.component.runtime import (
    MASK,
    UNFIT,
    ComponentInstance,
    HostFunctionItem,
    LiftedFunction,
    Slots,
    argument_lifter,
    explain_result,
    result_lowerer,
)
from fusee.component.tasks import NO_RESULT, tasks_of
from fusee.component.traps import cannot_leave
from fusee.component.types import ValType
from fusee.component.waitables import (
    CANCELLED_BEFORE_RETURNED,
    CANCELLED_BEFORE_STARTED,
    RETURNED,
    STARTED,
    STARTING,
    OnCancel,
    Subtask,
)

Begin = Callable[[Callable[[], Any], Callable[[Any], None]], OnCancel | None]
_STATE_BITS: Final = 4


def async_lowered(
    instance: ComponentInstance, callee: LiftedFunction | HostFunctionItem, ty: FuncType, cx: Context, is_async: bool
) -> Callable[[Slots], None]:  # fmt: skip
    """A function that is lowered, `async` or not: it works on the slots of a call by the instance's core code."""
    params = [param for _, param in ty._params]
    most = MOST_FLAT_ASYNC_PARAMS if is_async else MOST_FLAT_PARAMS
    lift = argument_lifter(cx, parameters_type(params), most)
    lower = _memory_lowerer(cx, ty._result) if is_async else result_lowerer(cx, params, ty._result)
    core_params, core_results = flatten_function(params, ty._result, is_async)
    has_pointer = ty._result is not None and (is_async or not core_results)
    last = len(core_params) - 1
    start, tasks = _beginner(instance, callee, ty), tasks_of(instance.store)

    def call(slots: Slots) -> None:
        if not instance.may_leave:
            raise cannot_leave()
        # Arguments may be read, and the result be there, while the caller's frame is somewhere else.
        mine = type(slots).from_buffer_copy(slots)
        pointer = mine[last] & MASK if has_pointer else 0
        subtask = Subtask()

        def on_start() -> Any:
            subtask.progress()
            subtask.state = STARTED
            before, cx.scope = cx.scope, subtask.scope
            try:
                return lift(mine)
            finally:
                cx.scope = before

        def on_resolve(value: Any) -> None:
            subtask.progress()
            if value is NO_RESULT:
                is_early = subtask.state == STARTING
                subtask.state = CANCELLED_BEFORE_STARTED if is_early else CANCELLED_BEFORE_RETURNED
                return
            try:
                lower(mine, pointer, value)
            except UNFIT as error:
                explain_result(callee, ty._result, value, error)
            subtask.state = RETURNED

        subtask.on_cancel = start(on_start, on_resolve)
        if not is_async:
            if not subtask.is_resolved():
                tasks.thread().wait_until(subtask.is_resolved, False)
            subtask.deliver()
            if core_results:
                slots[0] = mine[0]
        elif subtask.is_resolved():
            subtask.deliver()
            slots[0] = RETURNED
        else:
            subtask.index = instance.handles.add(subtask)
            slots[0] = subtask.state | subtask.index << _STATE_BITS

    return call


def _memory_lowerer(cx: Context, result: ValType | None) -> Callable[[Slots, int, Any], None]:
    """What puts a result where a pointer says."""
    if result is None:
        return result_lowerer(cx, [], None)
    layout, store = layout_of(result), row_lowerer(result, MEMORY)

    def lower(slots: Slots, pointer: int, value: Any) -> None:
        cx.area(pointer, layout.size, layout.alignment)
        store(cx, cx.current, pointer, value)

    return lower


def _beginner(instance: ComponentInstance, callee: LiftedFunction | HostFunctionItem, ty: FuncType) -> Begin:
    """How the function is called."""
    if isinstance(callee, HostFunctionItem):
        return begin_host(instance, callee, ty)
    if not callee.is_task:
        perform = callee.caller(instance)

        def start_plain(on_start: Callable[[], Any], on_resolve: Callable[[Any], None]) -> None:
            on_resolve(perform(on_start()))

        return start_plain
    lift = lift_of(callee, False)

    def start(on_start: Callable[[], Any], on_resolve: Callable[[Any], None]) -> OnCancel:
        return lift.start(on_start, on_resolve, instance).request_cancel

    return start
