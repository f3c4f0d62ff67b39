"""The app calls the component (CanonicalABI, "canon lift")."""

from typing import Final

from fusee.engine.capi.component.access import export_row, function_row, part_row, type_row
from fusee.engine.capi.component.errors import Broken, Fault, trap_from, trap_of
from fusee.engine.capi.component.format import (
    FLAT_BITS,
    MOST_FLAT_PARAMS,
    NONE,
    Form,
    FunctionRow,
    Kind,
    TypeRow,
)
from fusee.engine.capi.component.guest import (
    allocate,
    begin_call,
    call_core,
    check_area,
    item_at,
    look_at_memory,
    put_i32,
)
from fusee.engine.capi.component.handles import end_lending
from fusee.engine.capi.component.lift import lift_value, load_value
from fusee.engine.capi.component.lower import lower_value, store_value
from fusee.engine.capi.component.owners import enter, leave
from fusee.engine.capi.component.state import Call, Function, Instance, Task, Value
from fusee.engine.capi.component.tasks import begin_task, finish_task
from fusee.engine.capi.component.values import delete_value
from fusee.engine.capi.state import VAL_F32, VAL_I32, Trap
from fusee.engine.capi.state import Value as CoreValue
from fusee.kernel.lang import (
    Ptr,
    address,
    cast,
    caught,
    is_null,
    kernel,
    null,
    span,
    stack_array,
    u8,
    u32,
    u64,
    usize,
)

FLAT_MASK: Final = (1 << FLAT_BITS) - 1
CANNOT_ENTER: Final = u64(Broken(Fault.ENTER, 0).status)
NO_VALUE: Final = u64(Broken(Fault.VALUE, 0).status)


@kernel
def is_inside(instance: Instance, outer: Instance) -> bool:
    """Whether it is another one, or in that. Null, the app, is not."""
    at = address(instance)
    while at != 0 and at != address(outer):
        at = cast(Instance, at).around
    return at != 0


@kernel
def can_enter(instance: Instance, caller: Instance) -> bool:
    """Whether a call may come into it, and into those around it that the caller is not in (CanonicalABI, `enter`)."""
    if instance.is_deleted:
        return False
    at = instance
    while not is_null(at) and not is_inside(caller, at):
        if not at.may_enter:
            return False
        at = cast(Instance, at.around)
    return True


@kernel
def let_enter_around(instance: Instance, caller: Instance, may_enter: bool) -> None:
    """Say whether calls may come into those around it that such a call enters."""
    if instance.is_deleted:
        return
    at = cast(Instance, instance.around)
    while not is_null(at) and not is_inside(caller, at):
        at.may_enter = may_enter
        at = cast(Instance, at.around)


@kernel
def store_of(instance: Instance) -> usize:
    return usize(0) if instance.is_deleted else instance.component.store


@kernel
def put_core(value: CoreValue, kind: u32, word: u64) -> None:
    """A core value of a kind."""
    value.kind = u8(kind)
    value.bits = word & 0xFFFF_FFFF if kind == VAL_I32 or kind == VAL_F32 else word


@kernel
def has_flat_params(row: TypeRow) -> bool:
    """Whether parameters are passed as core values, and not in memory."""
    return row.flat <= MOST_FLAT_PARAMS


@kernel
def is_item(instance: Instance, number: u32) -> bool:
    return number == NONE or number < instance.item_count


@kernel
def can_call(function: Function, caller: Instance) -> bool:
    """Whether a function can be called. Who is inside of the instance does not enter it, but it may not be complete."""
    instance = cast(Instance, function.instance)
    if not can_enter(instance, caller):
        return False
    row = export_row(instance.component, function.row)
    is_made = is_item(instance, row.core) and is_item(instance, row.memory)
    return is_made and is_item(instance, row.realloc) and is_item(instance, row.post_return)


@kernel(export="fusee_component_call")
def call_function(function: Function, arguments: Ptr[Value], count: usize, result: Value) -> Trap:
    """Null if it has returned, and its result is the app's; else the trap. Arguments stay the app's."""
    return call_from(function, arguments, count, result, null(Instance))


@kernel
def call_from(function: Function, arguments: Ptr[Value], count: usize, result: Value, caller: Instance) -> Trap:
    """The same for the app, which is null, or a part, which may be inside of the one that it calls."""
    room = stack_array(Value, 1)
    taken = room[0] if is_null(result) else result  # which the app may delete after a trap, too
    taken.kind = u8(Kind.BOOL)
    taken.which = u32(0)
    taken.size = usize(0)
    taken.data = null(Ptr[u8])
    if is_null(function):
        return trap_from(usize(0), NO_VALUE)
    instance = cast(Instance, function.instance)
    if not can_call(function, caller):
        return trap_from(store_of(instance), CANNOT_ENTER)
    enter(instance)
    first = instance.lent_count
    before = instance.task
    let_enter_around(instance, caller, False)
    status = caught(perform, function, arguments, count, taken)
    instance.task = before
    if status == 0 or instance.may_enter:
        let_enter_around(instance, caller, True)
    end_lending(instance, first)
    trap = null(Trap)
    if status != 0:
        trap = trap_of(instance, status)
    if status != 0 or is_null(result):
        delete_value(taken)
    leave(instance)
    return trap


@kernel
def perform(f: Function, arguments: Ptr[Value], count: usize, result: Value) -> None:
    """What the canonical function does. If the guest has begun and this raises, nobody enters the instance again."""
    instance = cast(Instance, f.instance)
    c = instance.component
    row = export_row(c, f.row)
    function = function_row(c, row.function)
    call = stack_array(Call, 1)[0]
    begin_call(call, instance, row.memory, row.realloc, row.encoding)
    values = stack_array(CoreValue, MOST_FLAT_PARAMS)
    may_enter = instance.may_enter  # of a call from inside, which is in the middle of another one: no
    borrowed = instance.borrowed
    instance.may_enter = False
    instance.borrowed = u32(0)
    task = stack_array(Task, 1)[0]
    begin_task(instance, task, row, function, result)
    status = caught(lower_arguments, call, function, arguments, count, values)
    if status != 0:
        give_up(instance, status, may_enter)
    params = type_row(c, function.params)
    core_count = params.flat if has_flat_params(params) else u32(1)
    has_result = function.result != NONE and row.form < Form.STACKFUL
    core_results = u32(has_result or row.form == Form.CALLBACK)
    call_core(instance, item_at(instance, row.core), values, core_count, core_results)
    if row.form >= Form.STACKFUL:
        finish_task(instance, row, values, task)
    elif has_result:
        look_at_memory(call)
        instance.bytes_left = instance.most_bytes
        lift_result(call, function, values[0].bits, result)
    if instance.borrowed != 0:
        raise Broken(Fault.BORROWS_LEFT, 0)
    if row.post_return != NONE and row.form != Form.CALLBACK:
        instance.may_leave = False
        call_core(instance, item_at(instance, row.post_return), values, u32(has_result), u32(0))
        instance.may_leave = True
    instance.may_enter = may_enter
    instance.borrowed = borrowed


@kernel(cold=True)
def give_up(instance: Instance, status: u64, may_enter: bool) -> None:
    """The arguments will not do. If the guest's allocator has not trapped, the instance can be called again."""
    code = u32(status >> 32) & 0xFF_FFFF
    instance.may_enter = may_enter and code != Fault.GUEST
    raise Broken(code, u32(status))


@kernel
def lower_arguments(
    call: Call, function: FunctionRow, arguments: Ptr[Value], count: usize, values: Ptr[CoreValue]
) -> None:
    c = call.instance.component
    params = type_row(c, function.params)
    if count != usize(params.count) or (is_null(arguments) and count != 0):
        raise Broken(Fault.COUNT, 0)
    if not has_flat_params(params):
        pointer = allocate(call, params.alignment, u64(params.size))
        for i in span(params.count):
            part = part_row(c, params.first + i)
            store_value(call, part.type, arguments[i], pointer + part.offset)
        put_i32(values[0], pointer)
        return
    slots = stack_array(u64, MOST_FLAT_PARAMS)
    for i in span(params.flat):
        slots[i] = u64(0)
    at = u32(0)
    for i in span(params.count):
        part_type = part_row(c, params.first + i).type
        lower_value(call, part_type, arguments[i], slots + at)
        at += type_row(c, part_type).flat
    for i in span(params.flat):
        put_core(values[i], function.param_kinds >> FLAT_BITS * i & FLAT_MASK, slots[i])


@kernel
def lift_result(call: Call, function: FunctionRow, word: u64, result: Value) -> None:
    """The result, which is one core value or where that says."""
    row = type_row(call.instance.component, function.result)
    slots = stack_array(u64, 1)
    slots[0] = word
    if row.flat == 1:
        lift_value(call, function.result, slots, result)
    else:
        check_area(call, u32(word), row.size, row.alignment)
        load_value(call, function.result, u32(word), result)
