"""Instances: the component's steps are performed."""

from typing import Final

from fusee.engine.capi.component.access import (
    export_row,
    header,
    link_row,
    parent_of,
    resource_row,
    turn_row,
)
from fusee.engine.capi.component.blocks import table_block, try_block
from fusee.engine.capi.component.components import NO_MEMORY, give_trap, is_named
from fusee.engine.capi.component.errors import Broken, Fault, trap_from, trap_of
from fusee.engine.capi.component.format import NONE, Owner
from fusee.engine.capi.component.owners import delete_instance
from fusee.engine.capi.component.state import Component, Function, Instance
from fusee.engine.capi.component.steps import POINTER, begin, go_on, prepare
from fusee.engine.capi.component.wasi.resources import ResourceTable
from fusee.engine.capi.state import Trap
from fusee.kernel.lang import (
    Ptr,
    address,
    cast,
    caught,
    is_null,
    kernel,
    null,
    size_of,
    span,
    u8,
    u32,
    u64,
    usize,
)

MOST_BYTES: Final = u64(1 << 26)


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
