"""Which of the embedder's objects a store still refers to.

Valid while no guest runs in the store: references in frames are not looked at.
"""

from fusee.engine.runtime.holdings import BLOCK_GLOBAL, BLOCK_INSTANCE, BLOCK_TABLE, Block, contents, holdings_of
from fusee.engine.runtime.instantiate import own_globals
from fusee.engine.runtime.payload import payload
from fusee.engine.state.module import ABSTRACT, HEAP_MASK, REF, VAL_V128
from fusee.engine.state.runtime import HANDLE_SHIFT, TAG_HOST, TAG_MASK, Exn, Global, Instance, Store, Table
from fusee.kernel.lang import Kernel, Ptr, Static, cast, kernel, span, u8, u32, u64
from fusee.spec.types import Heap

Visit = Kernel[[u64, Ptr[u8], u64], None]
"""Is given an embedder's reference that something holds, and the two arguments of `visit_externs`."""


@kernel
def trace_externs(store: Store, marks: Ptr[u8], count: u64) -> u64:
    """Set `marks[handle]` for every handle below `count` whose reference a global, table, segment or exception holds.

    Gives the number of places that were looked at.
    """
    if store.heap.blocks != 0:  # anything may be in one
        for i in span(count):
            marks[i] = u8(1)
        return count
    return visit_externs(store, marks, count, mark)


@kernel
def visit_externs(store: Store, marks: Ptr[u8], count: u64, visit: Static[Visit]) -> u64:
    """Visit what the embedder gave of all that globals, tables, segments and exceptions hold.

    Gives the number of places that were looked at.
    """
    looked_at = u64(0)
    at = holdings_of(store).newest
    while at != 0:
        block = cast(Block, at)
        if block.kind == BLOCK_TABLE:
            table = cast(Table, contents(block))
            if is_extern(table.element):
                visit_all(table.elements, table.length, marks, count, visit)
                looked_at += table.length
        elif block.kind == BLOCK_GLOBAL:
            visit_global(cast(Global, contents(block)), marks, count, visit)
        elif block.kind == BLOCK_INSTANCE:
            looked_at += visit_instance(cast(Instance, contents(block)), marks, count, visit)
        looked_at += 1
        at = block.next
    return looked_at + visit_exns(store, marks, count, visit)


@kernel
def visit_exns(store: Store, marks: Ptr[u8], count: u64, visit: Static[Visit]) -> u64:
    """Exceptions, too, hold what was thrown with them, also those that are still to be given back."""
    looked_at = u64(0)
    at = store.exns
    while at != 0:
        exn = cast(Exn, at)
        values = payload(exn)
        for place in span(exn.tag.param_count):
            if is_extern(exn.tag.params[place]):
                visit_all(values, u64(1), marks, count, visit)
            values = values + (u32(1) + u32(exn.tag.params[place] == VAL_V128))
        looked_at += u64(exn.tag.param_count)
        at = exn.next
    return looked_at


@kernel
def visit_instance(instance: Instance, marks: Ptr[u8], count: u64, visit: Static[Visit]) -> u64:
    looked_at = u64(0)
    m = instance.module
    for i in span(m.global_count - m.imported_global_count):
        visit_global(own_globals(instance)[i], marks, count, visit)
        looked_at += 1
    for i in span(m.element_count):
        if is_extern(m.elements[i].element):
            segment = instance.elements[i]
            visit_all(cast(Ptr[u64], segment.items), segment.length, marks, count, visit)
            looked_at += segment.length
    return looked_at


@kernel
def visit_global(origin: Global, marks: Ptr[u8], count: u64, visit: Static[Visit]) -> None:
    if is_extern(origin.value_type) and origin.value & TAG_MASK == TAG_HOST:
        visit(origin.value, marks, count)


@kernel(inline=True)
def is_extern(value_type: u32) -> bool:
    """Whether values of a type may be the embedder's, which guests can convert to `any`."""
    if value_type & (REF | ABSTRACT) != REF | ABSTRACT:
        return False
    return value_type & HEAP_MASK == u32(Heap.EXTERN) or value_type & HEAP_MASK == u32(Heap.ANY)


@kernel
def visit_all(references: Ptr[u64], length: u64, marks: Ptr[u8], count: u64, visit: Static[Visit]) -> None:
    for i in span(length):
        if references[i] & TAG_MASK == TAG_HOST:
            visit(references[i], marks, count)


@kernel(inline=True)
def mark(reference: u64, marks: Ptr[u8], count: u64) -> None:
    if reference >> HANDLE_SHIFT < count:
        marks[reference >> HANDLE_SHIFT] = u8(1)
