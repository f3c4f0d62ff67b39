"""Instances: the component's steps are performed."""

from typing import Final

from fusee.engine.capi.component import capi
from fusee.engine.capi.component.access import (
    argument,
    export_row,
    header,
    import_row,
    link_row,
    parent_of,
    resource_row,
    step_row,
    turn_row,
)
from fusee.engine.capi.component.blocks import delete_block, table_block, try_block
from fusee.engine.capi.component.components import NO_MEMORY, copy_text, give_trap, is_named
from fusee.engine.capi.component.errors import Broken, Fault, trap_from, trap_of
from fusee.engine.capi.component.format import NONE, Name, Owner, Step, StepRow
from fusee.engine.capi.component.hosts import CALLED, core_type, linked
from fusee.engine.capi.component.owners import delete_instance, forget
from fusee.engine.capi.component.state import Component, Function, Hook, Instance
from fusee.engine.capi.component.wasi.resources import ResourceTable
from fusee.engine.capi.state import Trap, Vector
from fusee.kernel.lang import (
    Fn,
    Ptr,
    address,
    cast,
    caught,
    copy_bytes,
    is_null,
    kernel,
    null,
    size_of,
    span,
    stack_array,
    table,
    u8,
    u32,
    u64,
    usize,
)

FORGET = table(Fn[[usize], None], [forget])
MOST_BYTES: Final = u64(1 << 26)
SAID: Final = b"not defined: "
WORDS = table(u8, SAID)
WASI: Final = b"wasi:"
WASI_TEXT = table(u8, WASI)
POINTER: Final = usize(size_of(usize))


@kernel(export="fusee_component_instance_new")
def new_instance(c: Component, out: Ptr[usize]) -> Instance:
    """An instance in the component's store. Null, and why in `*out`."""
    if is_null(c):
        give_trap(null(Trap), out)
        return null(Instance)
    instance = blank_instance(c)
    if is_null(instance):
        give_trap(trap_from(c.store, NO_MEMORY), out)
        return instance
    status = caught(make, instance)
    trap = null(Trap)
    if status != 0:
        trap = trap_of(instance, status)
        delete_instance(instance)
        instance = null(Instance)
    give_trap(trap, out)
    return instance


@kernel
def blank_instance(c: Component) -> Instance:
    """One for which nothing is done yet; null if there is no memory."""
    instance = cast(Instance, try_block(usize(size_of(Instance))))
    if not is_null(instance):
        instance.count = u32(1)
        instance.component = c
        c.count += 1
        instance.resources = c.resources
        if c.resources != 0:
            cast(ResourceTable, c.resources).instances += 1
        instance.may_enter = True
        instance.may_leave = True
        instance.most_bytes = MOST_BYTES
    return instance


@kernel(export="fusee_component_instance_set_most")
def set_most(instance: Instance, size: u64) -> None:
    """How many bytes the values of one call may take."""
    if not is_null(instance):
        instance.most_bytes = size
        for i in span(instance.part_count):
            set_most(cast(Instance, instance.parts[i]), size)


@kernel(export="fusee_component_instance_func")
def find_function(instance: Instance, interface: Ptr[u8], name: Ptr[u8]) -> Function:
    """An exported function, which lives as long as the instance; null if there is none."""
    if not is_null(instance) and not instance.is_deleted:
        for i in span(header(instance.component).exports.count):
            if is_named(instance.component, export_row(instance.component, i).name, interface, name):
                return instance.functions[i]
        for i in span(instance.part_count):
            found = find_function(cast(Instance, instance.parts[i]), interface, name)
            if not is_null(found):
                return found
    return null(Function)


@kernel
def make(instance: Instance) -> None:
    """It, and what it is composed of."""
    prepare(instance)
    make_parts(instance)
    begin(instance)
    go_on(instance, header(instance.component).steps.count)
    take_turns(instance)


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


# What it is composed of.


@kernel
def make_parts(instance: Instance) -> None:
    """The parts, linked with each other, of which no step is performed yet."""
    c = instance.component
    instance.parts = cast(Ptr[usize], table_block(header(c).files.count, POINTER))
    for i in span(header(c).files.count):
        part = blank_instance(cast(Component, c.parts[i]))
        if is_null(part):
            raise Broken(Fault.MEMORY, 0)
        instance.parts[i] = address(part)
        instance.part_count += 1
        prepare(part)
    link = u32(0)
    for i in span(header(c).files.count):
        part = cast(Instance, instance.parts[i])
        parent = parent_of(c, i)
        part.around = address(instance) if parent == NONE else instance.parts[parent]
        note_owners(instance, part)
        part.link_count = header(part.component).imports.count
        part.links = cast(Ptr[usize], table_block(part.link_count, POINTER))
        while link < header(c).links.count and link_row(c, link).part == i:
            row = link_row(c, link)
            target = cast(Instance, instance.parts[row.target])
            if part.links[row.number] == 0:
                part.links[row.number] = address(target.functions[row.export])
                target.count += 1
            link += 1


@kernel
def note_owners(instance: Instance, part: Instance) -> None:
    c = part.component
    part.owners = cast(Ptr[usize], table_block(header(c).resources.count, POINTER))
    part.owner_count = header(c).resources.count
    for i in span(part.owner_count):
        owner = resource_row(c, i).owner
        if owner >= Owner.PART:
            part.owners[i] = instance.parts[owner - Owner.PART]
            cast(Instance, part.owners[i]).count += 1


@kernel
def take_turns(instance: Instance) -> None:
    """The parts perform their steps as those around them say."""
    c = instance.component
    for i in span(instance.part_count):
        note_failure(instance, i, caught(begin, cast(Instance, instance.parts[i])))
    for i in span(header(c).turns.count):
        row = turn_row(c, i)
        note_failure(instance, row.part, caught(go_on, cast(Instance, instance.parts[row.part]), row.count))


@kernel
def note_failure(instance: Instance, part: u32, status: u64) -> None:
    """A part's trap is that of the whole."""
    if status != 0:
        instance.trap = address(trap_of(cast(Instance, instance.parts[part]), status))
        raise Broken(Fault.GUEST, 0)


# Imports that the app has not defined.


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
