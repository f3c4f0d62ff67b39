"""Resources of the component's own that the app, or another part, drops."""

from fusee.engine.capi.component.access import resource_row
from fusee.engine.capi.component.calls import CANNOT_ENTER, NO_VALUE, can_enter, let_enter_around, store_of
from fusee.engine.capi.component.errors import Broken, Fault, trap_from, trap_of
from fusee.engine.capi.component.format import Kind, Owner
from fusee.engine.capi.component.guest import call_apart, put_i32
from fusee.engine.capi.component.handles import find_handle, remove_handle
from fusee.engine.capi.component.owners import enter, leave
from fusee.engine.capi.component.state import Instance, Number, Value
from fusee.engine.capi.state import Trap
from fusee.engine.capi.state import Value as CoreValue
from fusee.kernel.lang import (
    address,
    cast,
    caught,
    is_null,
    kernel,
    null,
    stack_array,
    u32,
    usize,
)


@kernel(export="fusee_component_drop")
def drop_resource(instance: Instance, value: Value) -> Trap:
    """The app drops a handle: the guest's destructor is called. Null, or the trap."""
    return drop_from(instance, value, null(Instance))


@kernel
def drop_from(instance: Instance, value: Value, caller: Instance) -> Trap:
    """The same for the app, which is null, or a part, which may be inside of the one that the resource is of."""
    if is_null(instance) or is_null(value):
        return trap_from(usize(0), NO_VALUE)
    if instance.part_count != 0 and value.which < instance.component.resource_count:
        owner = resource_row(instance.component, value.which).owner
        if owner >= Owner.PART:
            return drop_from(cast(Instance, instance.parts[owner - Owner.PART]), value, caller)
    if not can_enter(instance, caller):
        return trap_from(store_of(instance), CANNOT_ENTER)
    enter(instance)
    let_enter_around(instance, caller, False)
    status = caught(drop_of_app, instance, value)
    if status == 0 or instance.may_enter:
        let_enter_around(instance, caller, True)
    trap = null(Trap)
    if status != 0:
        trap = trap_of(instance, status)
    leave(instance)
    return trap


@kernel
def drop_of_app(instance: Instance, value: Value) -> None:
    resources = instance.component.resource_count
    if u32(value.kind) != Kind.OWN or value.which >= resources:
        raise Broken(Fault.VALUE, 0)
    if resource_row(instance.component, value.which).owner != Owner.COMPONENT:
        raise Broken(Fault.VALUE, 0)
    number = u32(cast(Number, address(value)).bits)
    if find_handle(instance.host, number, value.which).is_held:
        raise Broken(Fault.HANDLE, number)
    rep = remove_handle(instance.host, number, value.which).rep
    may_enter = instance.may_enter
    instance.may_enter = False
    destroy(instance, value.which, rep)
    instance.may_enter = may_enter


@kernel
def destroy(instance: Instance, resource: u32, rep: u32) -> None:
    """Call the guest's destructor, if it has one."""
    destructor = instance.destructors[resource]
    if destructor != 0:
        values = stack_array(CoreValue, 1)
        put_i32(values[0], rep)
        call_apart(instance, destructor, values, u32(1), u32(0))
