"""The component calls the app: core functions that its steps make (CanonicalABI, "canon lower" and what follows)."""

from typing import Final

from fusee.engine.capi.component import capi
from fusee.engine.capi.component.access import function_row, import_row, resource_row, step_row, type_row
from fusee.engine.capi.component.blocks import new_values
from fusee.engine.capi.component.calls import call_from, put_core
from fusee.engine.capi.component.core_types import flat_count, is_indirect, most_flat
from fusee.engine.capi.component.drops import destroy, drop_from
from fusee.engine.capi.component.errors import Broken, Fault, trap_from, trap_of
from fusee.engine.capi.component.format import (
    NONE,
    FunctionRow,
    Kind,
    Owner,
    Step,
    StepRow,
    TaskFunction,
)
from fusee.engine.capi.component.guest import begin_call, check_area, look_at_memory, put_i32
from fusee.engine.capi.component.handles import add_handle, end_borrow, end_lending, find_handle, let_go, remove_handle
from fusee.engine.capi.component.lift import lift_arguments, word_of
from fusee.engine.capi.component.lower import lower_value, store_value
from fusee.engine.capi.component.owners import enter, leave
from fusee.engine.capi.component.state import Call, Definition, Function, Hook, Instance, Number, Value
from fusee.engine.capi.component.tasks import manage_task, return_result
from fusee.engine.capi.component.values import delete_value
from fusee.engine.capi.state import Trap, Vector
from fusee.engine.capi.state import Value as CoreValue
from fusee.kernel.lang import (
    Fn,
    Ptr,
    address,
    cast,
    caught,
    is_null,
    kernel,
    null,
    stack_array,
    table,
    u8,
    u32,
    u64,
    usize,
)

Callback = Fn[[usize, Ptr[Value], usize, Value], Trap]  # `fusee_component_callback_t`
Destructor = Fn[[usize, u32], Trap]  # `fusee_component_destructor_t`
RETURNED: Final = u32(2)  # the state of a subtask (CanonicalABI, "Subtask State")
CANNOT_LEAVE: Final = u64(Broken(Fault.LEAVE, 0).status)


@kernel
def called(environment: usize, arguments: Vector, results: Vector) -> Trap:
    """What all of these core functions are: `wasm_func_callback_with_env_t`."""
    hook = cast(Hook, environment)
    instance = cast(Instance, hook.instance)
    if is_null(instance.component):
        return trap_from(usize(0), CANNOT_LEAVE)
    step = step_row(instance.component, hook.row)
    if not instance.may_leave and not is_always_allowed(step):
        return trap_from(instance.component.store, CANNOT_LEAVE)
    enter(instance)
    first = instance.lent_count
    given = cast(Ptr[CoreValue], arguments.data)
    taken = cast(Ptr[CoreValue], results.data)
    if step.step == Step.LOWER or step.step == Step.START:
        status = caught(perform, instance, step, given, taken)
    elif step.step == Step.RETURN:
        status = caught(return_result, instance, step, given)
    elif step.step == Step.TASK:
        status = caught(manage_task, instance, step, given, taken)
    else:
        status = caught(manage, instance, step, given, taken)
    end_lending(instance, first)
    trap = null(Trap)
    if status != 0:
        trap = trap_of(instance, status)
    leave(instance)
    return trap


@kernel
def is_always_allowed(step: StepRow) -> bool:
    """Whether it may be called in `realloc` and `post-return`, too."""
    is_of_task = step.step == Step.TASK and (step.a == TaskFunction.GET or step.a == TaskFunction.SET)
    is_pressure = step.step == Step.TASK and (step.a == TaskFunction.INCREMENT or step.a == TaskFunction.DECREMENT)
    return step.step == Step.REP or is_of_task or is_pressure


CALLED = table(Fn[[usize, Vector, Vector], Trap], [called])


@kernel
def perform(instance: Instance, step: StepRow, arguments: Ptr[CoreValue], results: Ptr[CoreValue]) -> None:
    """Call the app, or another part."""
    definition = instance.component.functions[step.a]
    link = linked(instance, step.a)
    if link == 0 and definition.callback == 0:
        raise Broken(Fault.UNKNOWN, 0)
    call = stack_array(Call, 1)[0]
    begin_call(call, instance, step.b, step.c, step.d)
    instance.bytes_left = instance.most_bytes
    holder = stack_array(Value, 1)[0]  # of the arguments, and behind them the result
    holder.kind = u8(Kind.RECORD)
    holder.size = usize(0)
    holder.data = null(Ptr[u8])
    function = function_row(instance.component, import_row(instance.component, step.a).function)
    status = caught(call_back, call, function, step, definition, link, holder, arguments, results)
    delete_value(holder)
    if status != 0:
        raise Broken(u32(status >> 32) & 0xFF_FFFF, u32(status))


@kernel
def call_back(
    call: Call,
    function: FunctionRow,
    step: StepRow,
    definition: Definition,
    link: usize,
    holder: Value,
    arguments: Ptr[CoreValue],
    results: Ptr[CoreValue],
) -> None:
    count = type_row(call.instance.component, function.params).count
    values = new_values(call, holder, u64(count) + 1)
    lift_arguments(call, function, arguments, values, most_flat(step))
    trap = null(Trap)
    if link != 0:
        target = cast(Instance, cast(Function, link).instance)
        before = target.is_called_by_part
        target.is_called_by_part = True
        trap = call_from(cast(Function, link), values, usize(count), values[count], call.instance)
        target.is_called_by_part = before
    else:
        callback = cast(Callback, definition.callback)
        trap = callback(definition.environment, values, usize(count), values[count])
    if not is_null(trap):
        keep_trap(call.instance, trap)
    look_at_memory(call)
    if function.result != NONE:
        lower_result(call, function, step, arguments, results, values[count])
    if step.step == Step.START:
        put_i32(results[0], RETURNED)


@kernel(inline=True)
def linked(instance: Instance, number: u32) -> usize:
    """The `Function` of another part that is given for an import; 0 if it is the app's."""
    return usize(0) if number >= instance.link_count else instance.links[number]


@kernel
def keep_trap(instance: Instance, trap: Trap) -> None:
    """What the app has given ends the guest's call."""
    capi.delete_trap(cast(Trap, instance.trap))
    instance.trap = address(trap)
    raise Broken(Fault.GUEST, 0)


@kernel
def lower_result(
    call: Call,
    function: FunctionRow,
    step: StepRow,
    arguments: Ptr[CoreValue],
    results: Ptr[CoreValue],
    value: Value,
) -> None:
    """The result as a core value, or where the last argument says."""
    row = type_row(call.instance.component, function.result)
    if not is_indirect(call.instance, function, step):
        slots = stack_array(u64, 1)
        lower_value(call, function.result, value, slots)
        put_core(results[0], function.result_kind, slots[0])
        return
    last = flat_count(call.instance, function, step)
    pointer = u32(word_of(arguments[last]))
    check_area(call, pointer, row.size, row.alignment)
    store_value(call, function.result, value, pointer)


@kernel
def manage(instance: Instance, step: StepRow, arguments: Ptr[CoreValue], results: Ptr[CoreValue]) -> None:
    """`resource.new`, `resource.rep` and `resource.drop`."""
    number = u32(arguments[0].bits)
    if step.step == Step.NEW:
        put_i32(results[0], add_handle(instance.guest, step.a, number, True))
    elif step.step == Step.REP:
        put_i32(results[0], find_handle(instance.guest, number, step.a).rep)
    else:
        drop_of_guest(instance, step.a, number)


@kernel
def drop_of_guest(instance: Instance, resource: u32, index: u32) -> None:
    handle = remove_handle(instance.guest, index, resource)
    rep = handle.rep
    if not handle.is_own:
        end_borrow(instance, rep, resource)
        return
    owner = resource_row(instance.component, resource).owner
    if owner == Owner.COMPONENT:
        destroy(instance, resource, rep)
        return
    if owner != Owner.APP:
        drop_of_part(instance, resource, rep)
        return
    definition = instance.component.destructors[resource]
    if definition.callback != 0:
        trap = cast(Destructor, definition.callback)(definition.environment, rep)
        if not is_null(trap):
            keep_trap(instance, trap)


@kernel
def drop_of_part(instance: Instance, resource: u32, number: u32) -> None:
    """The resource is another part's, which has it under a number as for the app."""
    if resource >= instance.owner_count or instance.owners[resource] == 0:
        raise Broken(Fault.ENTER, 0)
    let_go(instance, number, resource)
    value = stack_array(Value, 1)[0]
    value.kind = u8(Kind.OWN)
    value.which = resource
    cast(Number, address(value)).bits = u64(number)
    trap = drop_from(cast(Instance, instance.owners[resource]), value, instance)
    if not is_null(trap):
        keep_trap(instance, trap)
