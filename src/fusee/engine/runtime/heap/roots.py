"""Where marking begins: everything that may hold a reference and is no object.

Guest frames are searched word by word (`stack.py`): a word that looks like the address of an object keeps it. All other
places say by their type whether they hold a reference.
"""

from fusee.engine.layouts import is_followed, is_followed_type
from fusee.engine.present import HAS_EXCEPTIONS
from fusee.engine.runtime.heap.blocks import block_of, granule_bit, granule_word, is_object
from fusee.engine.runtime.heap.chunks import blocks_of
from fusee.engine.runtime.heap.mark import mark_object, mark_reference
from fusee.engine.runtime.heap.stack import mark_frames
from fusee.engine.runtime.holdings import (
    BLOCK_GLOBAL,
    BLOCK_INSTANCE,
    BLOCK_PLAIN,
    BLOCK_TABLE,
    Block,
    contents,
    holdings_of,
    own,
    own_globals,
)
from fusee.engine.state.heap import PIECE, ROOT_SLOTS, SWEEPING, Marker, RootPage
from fusee.engine.state.runtime import (
    TAG_MASK,
    Exn,
    Global,
    Instance,
    Store,
    Table,
)
from fusee.kernel.lang import Ptr, address, cast, kernel, minimum, null, size_of, span, u32, u64, usize

# At once, when marking begins


@kernel
def mark_first(world: Store, m: Marker) -> None:
    """Mark what guest frames, globals and the embedder hold, and prepare for the rest."""
    if HAS_EXCEPTIONS:
        if world.exception != 0:
            mark_object(world, m, world.exception)
        mark_held_exns(world, m)
    if world.heap.is_ending:
        return
    mark_frames(world, m)
    page = world.heap.roots
    while page != 0:
        slots = cast(RootPage, page).slots
        for i in span(ROOT_SLOTS):
            mark_reference(world, m, usize(slots[i]))
        page = cast(RootPage, page).next
    at = holdings_of(world).newest
    while at != 0:
        block = cast(Block, at)
        if block.kind == BLOCK_GLOBAL:
            mark_global(world, m, cast(Global, contents(block)))
        elif block.kind == BLOCK_INSTANCE:
            mark_globals(world, m, cast(Instance, contents(block)))
        at = block.next
    m.root_holding = holdings_of(world).newest
    m.root_part = u32(0)
    m.root_index = u64(0)


@kernel
def mark_held_exns(world: Store, m: Marker) -> None:
    """Mark the exceptions that C holds, and forget the others."""
    at = world.held_exns
    world.held_exns = usize(0)
    while at != 0:
        exn = cast(Exn, at)
        at = exn.next_held
        exn.is_held = False
        if exn.holders != 0:
            link_held(world, exn)
            mark_object(world, m, address(exn))


@kernel
def link_held(world: Store, exn: Exn) -> None:
    exn.is_held = True
    exn.next_held = world.held_exns
    world.held_exns = address(exn)


@kernel
def hold_exn(world: Store, exn: Exn) -> None:
    """One more reference in C; `exn.holders` counts them."""
    exn.holders += 1
    if not exn.is_held:
        link_held(world, exn)


@kernel
def mark_globals(world: Store, m: Marker, instance: Instance) -> None:
    """Mark what an instance's own globals hold."""
    module = instance.module
    for i in span(module.global_count - module.imported_global_count):
        mark_global(world, m, own_globals(instance)[i])


@kernel
def mark_global(world: Store, m: Marker, origin: Global) -> None:
    if is_followed_type(origin.value_type):
        mark_reference(world, m, usize(origin.value))


# Piece by piece


@kernel
def mark_next(world: Store, m: Marker) -> u64:
    """Mark what the next piece of the store's tables and segments holds; the number of places looked at."""
    block = cast(Block, m.root_holding)
    looked_at = u64(1)
    is_done = True
    if block.kind == BLOCK_TABLE:
        table = cast(Table, contents(block))
        if is_followed_type(table.element):
            looked_at += mark_piece(world, m, table.elements, table.length)
            is_done = m.root_index >= table.length
    elif block.kind == BLOCK_INSTANCE:
        instance = cast(Instance, contents(block))
        looked_at += mark_segment(world, m, instance)
        is_done = m.root_part >= instance.module.element_count
    if is_done:
        m.root_holding = block.next
        m.root_part = u32(0)
        m.root_index = u64(0)
    return looked_at


@kernel
def mark_piece(world: Store, m: Marker, places: Ptr[u64], length: u64) -> u64:
    start = minimum(m.root_index, length)
    end = start + minimum(length - start, PIECE)
    for i in span(usize(start), usize(end)):
        mark_reference(world, m, usize(places[i]))
    m.root_index = end
    return end - start


@kernel
def mark_segment(world: Store, m: Marker, instance: Instance) -> u64:
    """A piece of an instance's element segments, which are the parts."""
    module = instance.module
    if m.root_part >= module.element_count:
        return u64(0)
    segment = instance.elements[m.root_part]
    looked_at = u64(1)
    if is_followed(module, module.elements[m.root_part].element):
        looked_at += mark_piece(world, m, cast(Ptr[u64], segment.items), segment.length)
        if m.root_index < segment.length:
            return looked_at
    m.root_part += 1
    m.root_index = u64(0)
    return looked_at


# What the embedder holds


@kernel
def new_root(world: Store, reference: u64) -> Ptr[u64]:
    """A place that keeps what a reference refers to, until zero is written to it, by any thread.

    Raises `Exhausted` if there is no memory.
    """
    heap = world.heap
    if heap.roots == 0:
        add_root_page(world)
    while True:
        page = cast(RootPage, heap.root_page)
        while heap.root_slot < ROOT_SLOTS:
            slot = page.slots + heap.root_slot
            heap.root_slot += 1
            if slot[0] == 0:
                slot[0] = reference
                heap.roots_found += 1
                return slot
        next_root_page(world, page)


@kernel
def keep(world: Store, reference: u64) -> Ptr[u64]:
    """`new_root`, for the embedder; null if the reference is to an object that has ended."""
    if reference & TAG_MASK == 0 and not is_alive(world, usize(reference)):
        return null(Ptr[u64])
    return new_root(world, reference)


@kernel
def is_alive(world: Store, at: usize) -> bool:
    """Whether an address is an object's that no sweep is going to free: what has been swept, or was marked."""
    if not is_object(world, at):
        return False
    block = block_of(at)
    is_swept = blocks_of(world).marker.phase != SWEEPING or block.epoch == world.heap.epoch
    return is_swept or block.marks[granule_word(at)] & granule_bit(at) != 0


@kernel
def next_root_page(world: Store, page: RootPage) -> None:
    """Go on in another page. When all were looked at and few slots were free, there shall be twice as many."""
    heap = world.heap
    following = page.next
    if following == 0:
        if heap.roots_found * 2 < heap.root_count:
            for _ in span(heap.root_count // ROOT_SLOTS):
                add_root_page(world)
        heap.roots_found = u32(0)
        following = heap.roots
    heap.root_page = following
    heap.root_slot = u32(0)


@kernel
def add_root_page(world: Store) -> None:
    """One more page, before all others."""
    heap = world.heap
    page = cast(RootPage, own(world, BLOCK_PLAIN, usize(size_of(RootPage))))
    page.next = heap.roots
    heap.roots = address(page)
    heap.root_count += ROOT_SLOTS
    if heap.root_page == 0:
        heap.root_page = address(page)
