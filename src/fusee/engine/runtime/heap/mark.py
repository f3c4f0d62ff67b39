"""Marking: what is reached from the roots (`roots.py`), found with a stack of objects that are still to be scanned.

The stack grows while the platform has memory. Where it cannot, an object is marked all the same, and found again by
looking at all that is marked (`rescan`): slow, but nothing is lost.
"""

from fusee.engine.layouts import is_followed_type, layout_of
from fusee.engine.present import HAS_OBJECTS
from fusee.engine.registry import TypeRegistry
from fusee.engine.runtime.heap.blocks import block_of, granule_bit, granule_word, is_object, next_block
from fusee.engine.runtime.heap.chunks import blocks_of
from fusee.engine.runtime.payload import payload, tag_param
from fusee.engine.state.agreed import OBJECT_HEADER_BYTES
from fusee.engine.state.heap import (
    BITMAP_WORDS,
    BLOCK_BYTES,
    EXCEPTION,
    GRANULE_LOG2,
    PIECE,
    SMALL_STACK,
    Block,
    Marker,
    Object,
)
from fusee.engine.state.module import KIND_ARRAY, VAL_V128
from fusee.engine.state.runtime import HANDLE_SHIFT, TAG_HOST, TAG_MASK, Exn, Store
from fusee.kernel.lang import (
    Ptr,
    address,
    cast,
    copy_bytes,
    ctz,
    is_null,
    kernel,
    minimum,
    size_of,
    span,
    u8,
    u32,
    u64,
    usize,
)


@kernel(inline=True)
def mark_reference(world: Store, m: Marker, reference: usize) -> None:
    """Mark what a reference refers to, in a place that holds one for certain; a function's is not one of these."""
    if reference & TAG_MASK == 0:
        if HAS_OBJECTS and reference != 0:
            mark_object(world, m, reference)
    elif reference & TAG_MASK == TAG_HOST:
        mark_host(world, reference)


@kernel
def mark_host(world: Store, reference: usize) -> None:
    """Tell the embedder, if it has asked, that something holds a reference of its own."""
    heap = world.heap
    if not is_null(heap.host_marks):
        if u64(reference) >> HANDLE_SHIFT < heap.host_count:
            heap.host_marks[reference >> HANDLE_SHIFT] = u8(1)
    elif address(heap.reach_host) != 0:
        heap.reach_host(reference)


@kernel
def mark_object(world: Store, m: Marker, at: usize) -> None:
    block = block_of(at)
    word = granule_word(at)
    bit = granule_bit(at)
    if block.marks[word] & bit == 0:
        block.marks[word] |= bit
        m.marked_bytes += block.cell_bytes
        if m.count < m.capacity or grow_stack(world, m):
            m.stack[m.count] = at
            m.count += 1
        else:
            m.is_overflowed = True


@kernel(cold=True)
def grow_stack(world: Store, m: Marker) -> bool:
    """Make room on the stack; false if there is no memory."""
    if m.capacity >= 0x2000_0000:
        return False
    larger = world.engine.platform.allocate(usize(m.capacity) * 2, usize(size_of(usize)))
    if is_null(larger):
        return False
    copy_bytes(larger, cast(Ptr[u8], m.stack), m.count * usize(size_of(usize)))
    old = m.stack
    m.stack = cast(Ptr[usize], larger)
    m.capacity *= 2
    if old != m.small:
        world.engine.platform.release(cast(Ptr[u8], old))
    return True


@kernel
def shrink_stack(world: Store, m: Marker) -> None:
    """Back to the stack that needs no memory."""
    if not is_null(m.stack) and m.stack != m.small:
        world.engine.platform.release(cast(Ptr[u8], m.stack))
    m.stack = m.small
    m.capacity = SMALL_STACK
    m.count = u32(0)


# Scanning


@kernel
def scan_next(world: Store, m: Marker) -> u64:
    """Mark what the object on top of the stack refers to; the number of words looked at."""
    m.count -= 1
    top = m.stack[m.count]
    if top & 1 != 0:
        m.count -= 1
        return scan_elements(world, m, top - 1, m.stack[m.count])
    return scan(world, m, top)


@kernel
def scan(world: Store, m: Marker, at: usize) -> u64:
    """Mark what an object refers to, of an array its first piece."""
    object_ = cast(Object, at)
    if object_.type == EXCEPTION:
        return scan_exn(world, m, cast(Exn, at))
    layout = layout_of(cast(TypeRegistry, world.engine.registry), object_.type)
    count = layout.reference_count
    if count == 0:
        return u64(1)
    if layout.kind == KIND_ARRAY:
        return scan_elements(world, m, at, object_.length)
    references = layout.references
    for i in span(count):
        mark_reference(world, m, cast(Ptr[usize], at + references[i])[0])
    return u64(count) + 1


@kernel
def scan_elements(world: Store, m: Marker, at: usize, end: usize) -> u64:
    """Mark the last piece of an array's first elements up to `end`; the others are left on the stack."""
    start = end - minimum(end, PIECE)
    if start != 0:
        if m.count + 2 <= m.capacity or grow_stack(world, m):
            m.stack[m.count] = start
            m.stack[m.count + 1] = at + 1
            m.count += 2
        else:
            start = usize(0)  # all at once
    elements = cast(Ptr[usize], at + OBJECT_HEADER_BYTES)
    for i in span(start, end):
        mark_reference(world, m, elements[i])
    return u64(end - start) + 1


@kernel
def scan_exn(world: Store, m: Marker, exn: Exn) -> u64:
    """Mark what an exception carries."""
    tag = exn.tag
    values = payload(exn)
    for place in span(tag.param_count):
        if is_followed_type(tag_param(tag, place)):
            mark_reference(world, m, usize(values[0]))
        values = values + (u32(1) + u32(tag.params[place] == VAL_V128))
    return u64(tag.param_count) + 2


# When the stack was too small


@kernel
def rescan(world: Store, m: Marker) -> u64:
    """Scan all that is marked in the next block; the number of words looked at."""
    if m.rescan_at == 0:
        m.is_overflowed = False
    block = next_block(blocks_of(world), m.rescan_at)
    m.rescan_at = usize(0)
    if block == 0:
        return u64(1)
    m.rescan_at = block + BLOCK_BYTES
    return rescan_block(world, m, cast(Block, block))


@kernel
def rescan_block(world: Store, m: Marker, block: Block) -> u64:
    looked_at = u64(BITMAP_WORDS)
    for word in span(BITMAP_WORDS):
        bits = block.marks[word]
        while bits != 0:
            place = usize(word) * 32 + ctz(bits)
            bits &= bits - 1
            looked_at += rescan_object(world, m, address(block) + (place << GRANULE_LOG2))
    return looked_at


@kernel
def rescan_object(world: Store, m: Marker, at: usize) -> u64:
    """Scan a marked object, unless it is one of the free cells of a run, and then all that it leads to."""
    if not is_object(world, at):
        return u64(1)
    looked_at = scan(world, m, at)
    while m.count != 0:
        looked_at += scan_next(world, m)
    return looked_at
