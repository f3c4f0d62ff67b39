"""Tables (spec 4.2.7), their instructions (spec 4.6.9) and those of element segments.

An element is an 8-byte reference on every target; indices and lengths are `u64` throughout.
"""

from typing import Final

from fusee.engine.arena import fits_pointer
from fusee.engine.errors import Trap
from fusee.engine.layouts import is_followed, is_followed_type
from fusee.engine.runtime.heap.barrier import before_writes
from fusee.engine.runtime.holdings import holdings_of
from fusee.engine.runtime.memory import copy_patiently, out_of_range
from fusee.engine.runtime.metering import CHUNK_ELEMENTS, charge, look, try_again
from fusee.engine.state.module import Limits
from fusee.engine.state.runtime import NOT_GROWN, SLOT_BYTES, Func, Instance, Store, Table
from fusee.kernel.lang import (
    Ptr,
    address,
    cast,
    copy_bytes,
    is_null,
    kernel,
    maximum,
    minimum,
    null,
    span,
    u8,
    u32,
    u64,
    unlikely,
    usize,
)
from fusee.spec.limits import MAX_TABLE_ELEMENTS
from fusee.spec.traps import TrapCode

FIRST_CAPACITY: Final = u64(16)


@kernel(inline=True)
def table_at(ctx: Instance, index: u64) -> Table:
    return cast(Table, ctx.tables[index])


@kernel(inline=True)
def callee_in(table: Table, element: u64) -> Func:
    """The function that a `call_indirect` selects; its type is still to be checked (spec 4.6.10, call_indirect)."""
    return callee_among(table.elements, table.length, element)


@kernel(inline=True)
def callee_among(elements: Ptr[u64], length: u64, element: u64) -> Func:
    """The same of a table's elements."""
    if unlikely(element >= length):
        raise Trap(TrapCode.UNDEFINED_ELEMENT, 0)
    func = cast(Func, usize(elements[element]))
    if unlikely(is_null(func)):
        raise Trap(TrapCode.INDIRECT_CALL_TO_NULL, 0)
    return func


@kernel
def limit_elements(table: Table) -> u64:
    """The greatest length that `table` may reach: its type's maximum, the implementation's and the store's limit."""
    limit = minimum(u64(MAX_TABLE_ELEMENTS), holdings_of(cast(Store, table.store)).maximum_table_elements)
    if table.has_maximum:
        limit = minimum(limit, table.maximum)
    return limit


@kernel
def set_capacity(table: Table, capacity: u64) -> bool:
    """Move the elements to space for `capacity` of them; false if there is none."""
    store = cast(Store, table.store)
    if not fits_pointer(capacity * SLOT_BYTES):
        return False
    elements = cast(Ptr[u64], store.engine.platform.allocate(usize(capacity), usize(SLOT_BYTES)))
    if is_null(elements):
        return False
    if not copy_patiently(store, cast(Ptr[u8], elements), cast(Ptr[u8], table.elements), table.length * SLOT_BYTES):
        store.engine.platform.release(cast(Ptr[u8], elements))
        return False
    release_table(table)
    table.elements = elements
    table.capacity = capacity
    return True


@kernel
def release_table(table: Table) -> None:
    """Return the elements of `table` to the platform."""
    if not is_null(table.elements):
        cast(Store, table.store).engine.platform.release(cast(Ptr[u8], table.elements))
    table.elements = null(Ptr[u64])
    table.capacity = u64(0)


@kernel
def init_table(table: Table, store: Store, limits: Limits, element: u32, value: u64) -> bool:
    """Make a zeroed `Table` of the given type; false if it would exceed a limit or the system's memory."""
    table.store = address(store)
    table.element = element
    table.is_64 = limits.is_64
    table.has_maximum = limits.has_maximum
    table.maximum = limits.maximum
    return grow_table(table, limits.minimum, value) == 0


@kernel
def grow_table(table: Table, delta: u64, value: u64) -> u64:
    """`table.grow` (spec 4.6.9) for the embedder, who waits: the old length, or `NOT_GROWN`."""
    old = extend_table(table, delta)
    if old != NOT_GROWN and value != 0:  # new elements are null; a large table costs what of it is used
        fill_part(table, old, delta, value)
    return old


@kernel
def extend_table(table: Table, delta: u64) -> u64:
    """The same with null elements."""
    old = table.length
    if delta == 0:
        return old  # whatever the limits are
    limit = limit_elements(table)
    holdings = holdings_of(cast(Store, table.store))
    if out_of_range(old, delta, limit) or out_of_range(holdings.total_elements, delta, holdings.maximum_total_elements):
        return NOT_GROWN
    if old + delta > table.capacity:
        roomy = minimum(maximum(table.capacity * 2, FIRST_CAPACITY), limit)
        if not set_capacity(table, old + delta if table.capacity == 0 else maximum(old + delta, roomy)):
            return NOT_GROWN
    table.length = old + delta
    holdings.total_elements += delta
    return old


@kernel(inline=True)
def before_overwrite(table: Table, start: u64, count: u64) -> None:
    """Tell the collector, if it is marking, of the elements that are about to be overwritten."""
    if unlikely(cast(Store, table.store).heap.is_marking):
        mark_elements(table, start, count)


@kernel(cold=True)
def mark_elements(table: Table, start: u64, count: u64) -> None:
    if is_followed_type(table.element):
        before_writes(cast(Store, table.store), table.elements + usize(start), count)


@kernel
def fill_elements(table: Table, start: u64, count: u64, value: u64) -> None:
    """Put the same into elements. It may take long."""
    done = u64(0)
    while done < count:
        part = minimum(count - done, CHUNK_ELEMENTS)
        fill_part(table, start + done, part, value)
        done += part
        if done < count:
            look(cast(Store, table.store))


@kernel
def fill_part(table: Table, start: u64, count: u64, value: u64) -> None:
    before_overwrite(table, start, count)
    for i in span(usize(start), usize(start + count)):
        table.elements[i] = value


@kernel
def table_get(ctx: Instance, index: u64, at: u64) -> u64:
    """`table.get` (spec 4.6.9)."""
    table = table_at(ctx, index)
    if unlikely(at >= table.length):
        raise Trap(TrapCode.TABLE_OUT_OF_BOUNDS, 0)
    return table.elements[usize(at)]


@kernel
def table_set(ctx: Instance, index: u64, at: u64, value: u64) -> None:
    """`table.set` (spec 4.6.9)."""
    table = table_at(ctx, index)
    if unlikely(at >= table.length):
        raise Trap(TrapCode.TABLE_OUT_OF_BOUNDS, 0)
    write_element(table, at, value)


@kernel
def write_element(table: Table, at: u64, value: u64) -> None:
    """An index within the table."""
    before_overwrite(table, at, u64(1))
    table.elements[usize(at)] = value


@kernel
def table_size(ctx: Instance, index: u64) -> u64:
    """`table.size` (spec 4.6.9)."""
    return table_at(ctx, index).length


@kernel
def table_grow(ctx: Instance, index: u64, value: u64, delta: u64) -> u64:
    """`table.grow` (spec 4.6.9); operands in the order of the instruction's."""
    world = ctx.store
    table = table_at(ctx, index)
    length = extend_table(table, delta)
    while world.has_given_up:
        try_again(world)
        length = extend_table(table, delta)
    world.is_patient = False
    if length != NOT_GROWN:
        charge(world, delta)
        if value != 0:
            fill_elements(table, length, delta, value)
    return length


@kernel
def table_fill(ctx: Instance, index: u64, start: u64, value: u64, count: u64) -> None:
    """`table.fill` (spec 4.6.9)."""
    table = table_at(ctx, index)
    if unlikely(out_of_range(start, count, table.length)):
        raise Trap(TrapCode.TABLE_OUT_OF_BOUNDS, 0)
    charge(ctx.store, count)
    fill_elements(table, start, count, value)


@kernel
def table_copy(ctx: Instance, to_index: u64, from_index: u64, to: u64, start: u64, count: u64) -> None:
    """`table.copy` (spec 4.6.9); the ranges may overlap."""
    target = table_at(ctx, to_index)
    origin = table_at(ctx, from_index)
    if unlikely(out_of_range(to, count, target.length) or out_of_range(start, count, origin.length)):
        raise Trap(TrapCode.TABLE_OUT_OF_BOUNDS, 0)
    charge(ctx.store, count)
    is_backward = address(target) == address(origin) and to > start
    done = u64(0)
    while done < count:
        part = minimum(count - done, CHUNK_ELEMENTS)
        at = count - done - part if is_backward else done
        copy_elements(target, to + at, origin.elements + usize(start + at), part)
        done += part
        if done < count:
            look(ctx.store)


@kernel
def copy_elements(table: Table, to: u64, origin: Ptr[u64], count: u64) -> None:
    before_overwrite(table, to, count)
    copy_bytes(cast(Ptr[u8], table.elements + usize(to)), cast(Ptr[u8], origin), usize(count) * SLOT_BYTES)


@kernel
def table_init(ctx: Instance, index: u64, segment: u64, to: u64, start: u64, count: u64) -> None:
    """`table.init` (spec 4.6.9)."""
    table = table_at(ctx, index)
    origin = ctx.elements[segment]
    if unlikely(out_of_range(to, count, table.length) or out_of_range(start, count, origin.length)):
        raise Trap(TrapCode.TABLE_OUT_OF_BOUNDS, 0)
    charge(ctx.store, count)
    done = u64(0)
    while done < count:
        part = minimum(count - done, CHUNK_ELEMENTS)
        copy_elements(table, to + done, cast(Ptr[u64], origin.items) + usize(start + done), part)
        done += part
        if done < count:
            look(ctx.store)


@kernel
def elem_drop(ctx: Instance, segment: u64) -> None:
    """`elem.drop` (spec 4.6.9): from here on the segment is empty."""
    dropped = ctx.elements[segment]
    if ctx.store.heap.is_marking and is_followed(ctx.module, ctx.module.elements[segment].element):
        before_writes(ctx.store, cast(Ptr[u64], dropped.items), dropped.length)
    dropped.length = u64(0)
