"""Asynchronous functions of a component whose imports answer at once (CanonicalABI, "Tasks", "Canonical Definitions").

A task runs from the call of its function until that says that it is over, and calls of imports come back when they have
their results. So no two tasks of an instance run at a time, and nothing that one could wait for happens while it waits:
there are no subtasks in a table, and no events.
"""

from typing import Final

from fusee.engine.capi.component.access import function_row, part_row, type_row
from fusee.engine.capi.component.errors import Broken, Fault
from fusee.engine.capi.component.format import (
    MOST_FLAT_PARAMS,
    NONE,
    ExportRow,
    Form,
    FunctionRow,
    StepRow,
    TaskFunction,
)
from fusee.engine.capi.component.guest import begin_call, call_core, check_area, item_at, put_i32
from fusee.engine.capi.component.handles import add_handle, find_handle, remove_handle
from fusee.engine.capi.component.lift import lift_arguments
from fusee.engine.capi.component.state import Call, Instance, Task, Value
from fusee.engine.capi.state import StoreObject
from fusee.engine.capi.state import Value as CoreValue
from fusee.engine.runtime.metering import is_late
from fusee.kernel.lang import Ptr, address, cast, kernel, span, stack_array, store, u32, u64

# What a callback says.
CODE_BITS: Final = 4
CODE_MASK: Final = 15
EXIT: Final = 0
WAIT: Final = 2

# In the table of handles, beside the numbers of resources.
SET: Final = u32(0xFFFF_FFFE)
WAITABLE: Final = u32(0xFFFF_FFFD)  # there is none

MOST_BACKPRESSURE: Final = 1 << 16


@kernel
def begin_task(instance: Instance, task: Task, row: ExportRow, function: FunctionRow, result: Value) -> None:
    """A call of a function begins."""
    task.form = row.form
    task.function = address(function)
    task.row = address(row)
    task.result = result
    task.has_returned = False
    task.first = u32(0)
    task.second = u32(0)
    instance.task = address(task)
    if row.form != Form.PLAIN and instance.backpressure != 0:
        stop(instance, u32(Fault.DEADLOCK))  # nobody would let it begin


@kernel(cold=True)
def stop(instance: Instance, fault: u32) -> None:
    """It would wait for ever, or shall not go on."""
    instance.may_enter = False
    raise Broken(fault, 0)


@kernel
def finish_task(instance: Instance, row: ExportRow, values: Ptr[CoreValue], task: Task) -> None:
    """The function was called: do what it says, until it is over."""
    if row.form == Form.CALLBACK:
        packed = u32(values[0].bits)
        while packed & CODE_MASK != EXIT:
            if packed & CODE_MASK > WAIT:
                raise Broken(Fault.CALLBACK_CODE, 0)
            if packed & CODE_MASK == WAIT:
                find_handle(instance.guest, packed >> CODE_BITS, SET)
                stop(instance, u32(Fault.DEADLOCK))
            if is_late(cast(StoreObject, instance.component.store).store):  # if it is an import, no guest looks
                stop(instance, u32(Fault.INTERRUPT))
            for i in span(u32(3)):
                put_i32(values[i], u32(0))
            call_core(instance, item_at(instance, row.post_return), values, u32(3), u32(1))
            packed = u32(values[0].bits)
    if not task.has_returned:
        raise Broken(Fault.NO_RESULT, 0)


@kernel
def return_result(instance: Instance, step: StepRow, arguments: Ptr[CoreValue]) -> None:
    """`task.return`: the result is lifted now, since the guest may do with its memory as it likes behind it."""
    task = cast(Task, instance.task)
    if instance.task == 0 or task.form < Form.STACKFUL:
        raise Broken(Fault.NOT_ASYNC, 0)
    row = cast(ExportRow, task.row)
    call = stack_array(Call, 1)[0]
    begin_call(call, instance, row.memory, row.realloc, row.encoding)
    given = function_row(instance.component, step.a)
    if not is_same(call, cast(FunctionRow, task.function), given, step, row):
        raise Broken(Fault.RETURN_TYPE, 0)
    if task.has_returned:
        raise Broken(Fault.RETURNED, 0)
    instance.bytes_left = instance.most_bytes
    if type_row(instance.component, given.params).count != 0:
        lift_arguments(call, given, arguments, cast(Ptr[Value], address(task.result)), MOST_FLAT_PARAMS)
    if instance.borrowed != 0:
        raise Broken(Fault.BORROWS_LEFT, 0)
    task.has_returned = True


@kernel
def is_same(call: Call, function: FunctionRow, given: FunctionRow, step: StepRow, row: ExportRow) -> bool:
    """Whether a result of the function is given, from where it says; options that are not needed are `NONE`."""
    instance = call.instance
    params = type_row(instance.component, given.params)
    if params.count > 1 or (params.count == 0) != (function.result == NONE):
        return False
    if params.count == 1 and part_row(instance.component, params.first).type != function.result:
        return False
    if step.b == NONE:
        return True
    other = stack_array(Call, 1)[0]
    begin_call(other, instance, step.b, row.realloc, step.d)
    return step.d == row.encoding and address(other.base) == address(call.base)


@kernel
def manage_task(instance: Instance, step: StepRow, arguments: Ptr[CoreValue], results: Ptr[CoreValue]) -> None:
    """What else a task may call."""
    task = cast(Task, instance.task)
    function = step.a
    if function <= TaskFunction.LAST_OF_TASK:
        if instance.task == 0:
            raise Broken(Fault.BLOCK, 0)
        if function == TaskFunction.GET:
            put_i32(results[0], task.first if step.b == 0 else task.second)
        elif function == TaskFunction.SET:
            keep_context(task, step.b, u32(arguments[0].bits))
        elif function == TaskFunction.CANCEL:
            raise Broken(Fault.NOT_ASYNC if task.form < Form.STACKFUL else Fault.NOT_CANCELLED, 0)
        else:
            wait(instance, task, u32(arguments[0].bits))
    elif function == TaskFunction.INCREMENT or function == TaskFunction.DECREMENT:
        change = u32(1) if function == TaskFunction.INCREMENT else u32(0xFFFF_FFFF)
        instance.backpressure = (instance.backpressure + change) & 0xFFFF_FFFF
        if instance.backpressure >= MOST_BACKPRESSURE:
            raise Broken(Fault.BACKPRESSURE, 0)
    elif function == TaskFunction.NEW_SET:
        put_i32(results[0], add_handle(instance.guest, SET, u32(0), True))
    elif function == TaskFunction.POLL:
        poll(instance, step, arguments, results)
    elif function == TaskFunction.DROP_SET:
        remove_handle(instance.guest, u32(arguments[0].bits), SET)
    elif function == TaskFunction.YIELD:
        put_i32(results[0], u32(0))
    else:
        find_handle(instance.guest, u32(arguments[0].bits), WAITABLE)


@kernel
def keep_context(task: Task, number: u32, value: u32) -> None:
    if number == 0:
        task.first = value
    else:
        task.second = value


@kernel
def wait(instance: Instance, task: Task, index: u32) -> None:
    find_handle(instance.guest, index, SET)
    stop(instance, u32(Fault.BLOCK) if task.form == Form.PLAIN else u32(Fault.DEADLOCK))


@kernel
def poll(instance: Instance, step: StepRow, arguments: Ptr[CoreValue], results: Ptr[CoreValue]) -> None:
    """No event."""
    find_handle(instance.guest, u32(arguments[0].bits), SET)
    call = stack_array(Call, 1)[0]
    begin_call(call, instance, step.b, step.b, u32(0))  # nothing is allocated
    pointer = u32(arguments[1].bits)
    check_area(call, pointer, u32(8), u32(4))
    store(call.base + pointer, u64(0))
    put_i32(results[0], u32(0))
