"""How long components and their instances live: core functions of theirs may be called until the store ends."""

from fusee.engine.capi.component import capi
from fusee.engine.capi.component.access import header, step_row
from fusee.engine.capi.component.blocks import delete_block
from fusee.engine.capi.component.format import Step
from fusee.engine.capi.component.state import Component, Function, Hook, Instance
from fusee.engine.capi.component.wasi.resources import ResourceTable, drop_table, end_instance
from fusee.engine.capi.state import Trap, Vector
from fusee.kernel.lang import Ptr, cast, is_null, kernel, null, span, u8, u32, usize


@kernel(export="fusee_component_delete")
def delete_component(c: Component) -> None:
    """The handle; instances stay."""
    if not is_null(c):
        drop_component(c)


@kernel
def drop_component(c: Component) -> None:
    c.count -= 1
    if c.count != 0:
        return
    if not is_null(c.parts):
        for i in span(header(c).files.count):
            if c.parts[i] != 0:
                drop_component(cast(Component, c.parts[i]))
        delete_block(cast(Ptr[u8], c.parts))
    if not is_null(c.data) and not is_null(c.modules):
        for i in span(header(c).modules.count):
            capi.delete_module(c.modules[i])
    delete_block(cast(Ptr[u8], c.modules))
    delete_block(cast(Ptr[u8], c.functions))
    delete_block(cast(Ptr[u8], c.destructors))
    delete_block(c.data)
    if c.resources != 0:
        drop_table(cast(ResourceTable, c.resources))
    keeper = c.keeper
    delete_block(cast(Ptr[u8], c))
    capi.delete_foreign(keeper)


@kernel(export="fusee_component_instance_delete")
def delete_instance(instance: Instance) -> None:
    """The handle. What the instance has in the store ends with that."""
    if is_null(instance) or instance.is_deleted:
        return
    instance.is_deleted = True
    for i in span(instance.part_count):
        delete_instance(cast(Instance, instance.parts[i]))
    instance.part_count = u32(0)
    if instance.depth == 0:
        close(instance)
    drop_instance(instance)


@kernel
def enter(instance: Instance) -> None:
    """A call begins."""
    instance.count += 1
    instance.depth += 1


@kernel
def leave(instance: Instance) -> None:
    """It is over; what was deleted meanwhile ends now."""
    instance.depth -= 1
    if instance.depth == 0 and instance.is_deleted:
        close(instance)
    drop_instance(instance)


@kernel
def close(instance: Instance) -> None:
    """Let go of all that keeps the store."""
    c = instance.component
    if not is_null(instance.items):
        at = u32(0)
        for i in span(header(c).steps.count):
            step = step_row(c, i).step
            if step == Step.MODULE or step == Step.RESOURCE:
                continue
            if step != Step.EXPORT and at < instance.item_count:
                capi.delete_func(instance.items[at])
            at += 1
    instance.item_count = u32(0)
    for i in span(instance.module_count):
        capi.delete_externs(cast(Ptr[Vector], instance.exports)[i])
        capi.delete_instance(instance.modules[i])
    instance.module_count = u32(0)
    capi.delete_trap(cast(Trap, instance.trap))
    instance.trap = usize(0)
    for i in span(instance.link_count):
        if instance.links[i] != 0:
            drop_instance(cast(Instance, cast(Function, instance.links[i]).instance))
    instance.link_count = u32(0)
    for i in span(instance.owner_count):
        if instance.owners[i] != 0:
            drop_instance(cast(Instance, instance.owners[i]))
    instance.owner_count = u32(0)
    instance.component = null(Component)
    if instance.resources != 0:
        end_instance(cast(ResourceTable, instance.resources))
    drop_component(c)


@kernel
def drop_instance(instance: Instance) -> None:
    """One reference less; with the last one its memory ends."""
    instance.count -= 1
    if instance.count != 0:
        return
    delete_block(cast(Ptr[u8], instance.modules))
    delete_block(cast(Ptr[u8], instance.exports))
    delete_block(cast(Ptr[u8], instance.items))
    delete_block(cast(Ptr[u8], instance.hooks))
    delete_block(cast(Ptr[u8], instance.functions))
    delete_block(cast(Ptr[u8], instance.destructors))
    delete_block(cast(Ptr[u8], instance.parts))
    delete_block(cast(Ptr[u8], instance.links))
    delete_block(cast(Ptr[u8], instance.owners))
    delete_block(cast(Ptr[u8], instance.guest.entries))
    delete_block(cast(Ptr[u8], instance.host.entries))
    delete_block(cast(Ptr[u8], instance.lent))
    delete_block(cast(Ptr[u8], instance))


@kernel
def forget(environment: usize) -> None:
    """The store ends, and with it a core function that an instance has made."""
    drop_instance(cast(Instance, cast(Hook, environment).instance))
