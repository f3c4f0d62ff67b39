"""Components as the app loads them, and what it defines for their imports."""

from typing import Final

from fusee.engine.capi.component import capi
from fusee.engine.capi.component.access import file_row, header, import_row, module_row, resource_row
from fusee.engine.capi.component.blocks import new_block, table_block, try_block
from fusee.engine.capi.component.check import check_parts, check_start, check_tables
from fusee.engine.capi.component.errors import Broken, Fault, trap_from
from fusee.engine.capi.component.format import Name, Owner, Text
from fusee.engine.capi.component.owners import drop_component
from fusee.engine.capi.component.state import Component, Definition
from fusee.engine.capi.state import Trap, Vector
from fusee.kernel.lang import (
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
    u8,
    u32,
    u64,
    usize,
)

NO_MEMORY: Final = u64(Broken(Fault.MEMORY, 0).status)
NO_TABLE: Final = u64(Broken(Fault.TABLE, 0).status)


@kernel(export="fusee_component_new")
def new_component(store: usize, binary: Vector, out: Ptr[usize]) -> Component:
    """What `fusee build --component` has written, looked through, with its modules. Null, and why in `*out`."""
    c = null(Component)
    failure = stack_array(usize, 1)
    failure[0] = usize(0)
    if store == 0 or is_null(binary) or is_null(binary.data):
        failure[0] = address(trap_from(store, NO_TABLE))
    else:
        c = open_component(store, binary, failure)
    if not is_null(c):
        c = kept_unless(c, caught(open_parts, c, binary.data, failure), failure)
    give_trap(cast(Trap, failure[0]), out)
    return c


@kernel
def open_component(store: usize, binary: Vector, failure: Ptr[usize]) -> Component:
    """One without its parts; or null, and why in `*failure`."""
    c = cast(Component, try_block(usize(size_of(Component))))
    if is_null(c):
        failure[0] = address(trap_from(store, NO_MEMORY))
        return c
    c.count = u32(1)
    c.store = store
    return kept_unless(c, caught(load_component, c, binary, failure), failure)


@kernel
def kept_unless(c: Component, status: u64, failure: Ptr[usize]) -> Component:
    """It, if the status is 0; otherwise it ends, and why is in `*failure`."""
    if status == 0:
        return c
    if failure[0] == 0:
        failure[0] = address(trap_from(c.store, status))
    drop_component(c)
    return null(Component)


@kernel
def open_parts(c: Component, data: Ptr[u8], failure: Ptr[usize]) -> None:
    c.parts = cast(Ptr[usize], table_block(header(c).files.count, usize(size_of(usize))))
    for i in span(header(c).files.count):
        row = file_row(c, i)
        vector = stack_array(Vector, 1)[0]
        vector.size = usize(row.size)
        vector.data = data + row.start
        c.parts[i] = address(open_component(c.store, vector, failure))
        if c.parts[i] == 0:
            raise Broken(Fault.TABLE, i)
    check_parts(c)


@kernel
def give_trap(trap: Trap, out: Ptr[usize]) -> None:
    """To the app, if it wants to know."""
    if is_null(out):
        capi.delete_trap(trap)
    else:
        out[0] = address(trap)


@kernel
def load_component(c: Component, binary: Vector, failure: Ptr[usize]) -> None:
    kept = check_start(binary.data, u64(binary.size))
    c.data = new_block(usize(kept))
    copy_bytes(c.data, binary.data, usize(kept))
    check_tables(c)
    c.keeper = capi.new_foreign(c.store)
    if c.keeper == 0:
        raise Broken(Fault.MEMORY, 0)
    width = usize(size_of(Definition))
    c.functions = cast(Ptr[Definition], table_block(header(c).imports.count, width))
    c.destructors = cast(Ptr[Definition], table_block(header(c).resources.count, width))
    c.resource_count = header(c).resources.count
    c.modules = cast(Ptr[usize], table_block(header(c).modules.count, usize(size_of(usize))))
    for i in span(header(c).modules.count):
        load_module(c, i, binary.data, failure)


@kernel
def load_module(c: Component, number: u32, data: Ptr[u8], failure: Ptr[usize]) -> None:
    row = module_row(c, number)
    vector = stack_array(Vector, 1)[0]
    vector.size = usize(row.size)
    vector.data = data + row.start
    c.modules[number] = capi.new_module(c.store, vector)
    if c.modules[number] == 0:
        capi.store_error(c.store, vector)
        failure[0] = address(capi.new_trap(c.store, vector))
        capi.delete_bytes(vector)
        raise Broken(Fault.TABLE, number)


# What the app gives for imports.


@kernel(export="fusee_component_define")
def define(c: Component, interface: Ptr[u8], name: Ptr[u8], callback: usize, environment: usize) -> bool:
    """Whether the component imports a function of that name."""
    if is_null(c) or callback == 0:
        return False
    found = False
    for i in span(header(c).files.count):
        if define(cast(Component, c.parts[i]), interface, name, callback, environment):
            found = True
    for i in span(header(c).imports.count):
        if is_named(c, import_row(c, i).name, interface, name):
            c.functions[i].callback = callback
            c.functions[i].environment = environment
            found = True
    return found


@kernel(export="fusee_component_define_resource")
def define_resource(c: Component, interface: Ptr[u8], name: Ptr[u8], destructor: usize, environment: usize) -> bool:
    """Whether the component imports a resource of that name."""
    if is_null(c):
        return False
    found = False
    for i in span(header(c).files.count):
        if define_resource(cast(Component, c.parts[i]), interface, name, destructor, environment):
            found = True
    for i in span(c.resource_count):
        row = resource_row(c, i)
        if row.owner == Owner.APP and is_named(c, row.name, interface, name):
            c.destructors[i].callback = destructor
            c.destructors[i].environment = environment
            found = True
    return found


@kernel(export="fusee_component_allow_undefined")
def allow_undefined(c: Component, allowed: bool) -> None:
    """Imports that are not defined trap when they are called, and are no reason not to make an instance."""
    if not is_null(c):
        c.has_unknown = allowed
        for i in span(header(c).files.count):
            allow_undefined(cast(Component, c.parts[i]), allowed)


@kernel
def is_named(c: Component, name: Name, interface: Ptr[u8], own: Ptr[u8]) -> bool:
    """Whether it is of that name, in that interface or in a version of it that will do; null is as the empty name.

    What only other parts use has no name.
    """
    if name.name.size == 0:
        return False
    start = name.interface.start
    if not is_text(c, name.name.start, name.name.size, own):
        return False
    return is_text(c, start, name.interface.size, interface) or is_text(c, start, name.track, interface)


@kernel
def is_text(c: Component, start: u32, size: u32, text: Ptr[u8]) -> bool:
    """Whether a text is the zero-terminated one."""
    if is_null(text):
        return size == 0
    for i in span(size):
        if text[i] == 0 or text[i] != c.data[start + i]:
            return False
    return text[size] == 0


@kernel
def copy_text(c: Component, to: Ptr[u8], text: Text) -> Ptr[u8]:
    """The end of the copy."""
    if text.size != 0:
        copy_bytes(to, c.data + text.start, usize(text.size))
    return to + text.size
