"""The steps by which an instance is made."""

from typing import Final

from fusee.engine.capi.component import capi
from fusee.engine.capi.component.access import argument, header, import_row, step_row
from fusee.engine.capi.component.blocks import delete_block, table_block, try_block
from fusee.engine.capi.component.components import NO_MEMORY, copy_text
from fusee.engine.capi.component.core_types import core_type
from fusee.engine.capi.component.errors import Broken, Fault, trap_from
from fusee.engine.capi.component.format import Name, Step, StepRow
from fusee.engine.capi.component.hosts import CALLED, linked
from fusee.engine.capi.component.owners import forget
from fusee.engine.capi.component.state import Component, Function, Hook, Instance
from fusee.engine.capi.state import Trap, Vector
from fusee.kernel.lang import (
    Fn,
    Ptr,
    address,
    cast,
    copy_bytes,
    is_null,
    kernel,
    size_of,
    span,
    stack_array,
    table,
    u8,
    u32,
    usize,
)

FORGET = table(Fn[[usize], None], [forget])
SAID: Final = b"not defined: "
WORDS = table(u8, SAID)
WASI: Final = b"wasi:"
WASI_TEXT = table(u8, WASI)
POINTER: Final = usize(size_of(usize))


@kernel
def begin(instance: Instance) -> None:
    if not instance.component.has_unknown:
        look_for_unknown(instance)


@kernel
def prepare(instance: Instance) -> None:
    """Room for what its steps make. Until all are performed, only what is inside of it may call it."""
    c = instance.component
    head = header(c)
    instance.modules = cast(Ptr[usize], table_block(head.steps.count, POINTER))
    instance.exports = cast(Ptr[usize], table_block(head.steps.count, usize(size_of(Vector))))
    instance.items = cast(Ptr[usize], table_block(head.steps.count, POINTER))
    instance.hooks = cast(Ptr[Hook], table_block(head.steps.count, usize(size_of(Hook))))
    instance.functions = cast(Ptr[Function], table_block(head.exports.count, usize(size_of(Function))))
    instance.destructors = cast(Ptr[usize], table_block(head.resources.count, POINTER))
    for i in span(head.exports.count):
        instance.functions[i].instance = address(instance)
        instance.functions[i].row = i
    instance.may_enter = head.steps.count == 0


@kernel
def go_on(instance: Instance, count: u32) -> None:
    """Perform so many steps."""
    c = instance.component
    steps = header(c).steps.count
    if count > steps - instance.step_count:
        raise Broken(Fault.TABLE, 0)
    for _ in span(count):
        perform(instance, instance.step_count, step_row(c, instance.step_count))
        instance.step_count += 1
    instance.may_enter = instance.step_count == steps


@kernel
def perform(instance: Instance, number: u32, step: StepRow) -> None:
    if step.step == Step.MODULE:
        instantiate(instance, step)
        return
    if step.step == Step.RESOURCE:
        instance.destructors[step.a] = instance.items[step.b]
        return
    if step.step == Step.EXPORT:
        vector = cast(Ptr[Vector], instance.exports)[step.a]
        if usize(step.b) >= vector.size:
            raise Broken(Fault.SHAPE, 0)
        instance.items[instance.item_count] = cast(Ptr[usize], vector.data)[step.b]
    else:
        instance.items[instance.item_count] = new_function(instance, number, step)
    instance.item_count += 1


@kernel
def new_function(instance: Instance, number: u32, step: StepRow) -> usize:
    """A core function that calls the app, or manages handles."""
    type_ = core_type(instance, step)
    if type_ == 0:
        raise Broken(Fault.MEMORY, 0)
    hook = instance.hooks[number]
    hook.instance = address(instance)
    hook.row = number
    store = instance.component.store
    made = capi.new_func(store, type_, address(CALLED[0]), address(hook), address(FORGET[0]))
    capi.delete_functype(type_)
    if made == 0:
        raise Broken(Fault.MEMORY, 0)
    instance.count += 1
    return made


@kernel
def instantiate(instance: Instance, step: StepRow) -> None:
    """An instance of a core module, and what it exports."""
    vector = stack_array(Vector, 1)[0]
    vector.size = usize(step.c)
    vector.data = table_block(step.c, POINTER)
    for i in span(step.c):
        cast(Ptr[usize], vector.data)[i] = instance.items[argument(instance.component, step.b + i)]
    trap = stack_array(usize, 1)
    trap[0] = usize(0)
    store = instance.component.store
    made = capi.new_instance(store, instance.component.modules[step.a], vector, trap)
    delete_block(vector.data)
    if made == 0:
        instance.trap = trap[0]
        raise Broken(Fault.GUEST, 0)
    number = instance.module_count
    instance.modules[number] = made
    instance.module_count += 1
    capi.instance_exports(made, cast(Ptr[Vector], instance.exports)[number])


@kernel
def look_for_unknown(instance: Instance) -> None:
    c = instance.component
    for i in span(header(c).imports.count):
        if c.functions[i].callback == 0 and linked(instance, i) == 0 and not is_left_out(c, import_row(c, i).name):
            instance.trap = address(unknown(c, import_row(c, i).name))
            raise Broken(Fault.GUEST, 0)


@kernel
def is_left_out(c: Component, name: Name) -> bool:
    """Whether it is a function of WASI's that the library has not, of a component that uses the library's."""
    if not c.has_wasi or name.interface.size < len(WASI):
        return False
    for i in span(u32(len(WASI))):
        if c.data[name.interface.start + i] != WASI_TEXT[i]:
            return False
    return True


@kernel
def unknown(c: Component, name: Name) -> Trap:
    """A trap that says which function is not defined."""
    size = usize(len(SAID)) + usize(name.interface.size) + 1 + usize(name.name.size)
    message = stack_array(Vector, 1)[0]
    message.data = try_block(size)
    if is_null(message.data):
        return trap_from(c.store, NO_MEMORY)
    copy_bytes(message.data, cast(Ptr[u8], WORDS), usize(len(SAID)))
    end = copy_text(c, message.data + len(SAID), name.interface)
    if name.interface.size != 0:
        end[0] = u8(0x20)
        end = end + 1
    end = copy_text(c, end, name.name)
    message.size = usize(address(end) - address(message.data))
    made = capi.new_trap(c.store, message)
    delete_block(message.data)
    return made
