"""Giving back exceptions that nothing refers to any more.

When the list has grown to its limit, every place is searched that may hold a reference: the guest's stack word by word
(a word that looks like the address of an exception keeps it), tables, globals and segments of that type, the values
of exceptions that are found, and the embedder's count. The limit then is twice what is left, so that the search costs a
throw a constant time, beside that of the stack.
"""

from typing import Final

from fusee.engine.runtime.holdings import BLOCK_GLOBAL, BLOCK_INSTANCE, BLOCK_TABLE, Block, contents, holdings_of
from fusee.engine.runtime.instantiate import own_globals
from fusee.engine.runtime.payload import payload
from fusee.engine.state.module import ABSTRACT, HEAP_MASK, REF, VAL_V128
from fusee.engine.state.runtime import RESERVED_STACK_SLOTS, Exn, Global, Instance, Store, Table
from fusee.kernel.lang import (
    Ptr,
    address,
    cast,
    is_null,
    kernel,
    maximum,
    span,
    stack_array,
    struct,
    u8,
    u32,
    u64,
    usize,
)
from fusee.spec.types import Heap

LEAST_LIMIT: Final = u32(1024)
MOST_FRAME_SLOTS: Final = 0x1_0000  # a frame ends at most so far above its slot 0
SPREAD: Final = 0x9E37_79B1  # 2³² divided by the golden ratio: scatters addresses that are alike


@struct
class Search:
    """A hash table of all exceptions in the list, and those found whose values have not been looked at."""

    places: Ptr[usize]
    mask: u32
    lowest: usize
    highest: usize
    found: usize  # chained by `Exn.marked`


@kernel
def is_exn(value_type: u32) -> bool:
    """Whether values of a type may be exceptions."""
    if value_type & (REF | ABSTRACT) != REF | ABSTRACT:
        return False
    return value_type & HEAP_MASK == u32(Heap.EXN) or value_type & HEAP_MASK == u32(Heap.NOEXN)


@kernel(cold=True)
def reclaim(world: Store, newest: Exn, frame: Ptr[u64]) -> None:
    """Search from the stack's base to the end of the newest frame, and give back what was not found, but `newest`."""
    s = stack_array(Search, 1)[0]
    if not open_search(s, world):
        world.exn_limit = world.exn_count + LEAST_LIMIT  # no memory for the search: later, perhaps
        return
    mark(s, u64(address(newest)))
    mark(s, u64(world.exception))
    top = frame + MOST_FRAME_SLOTS
    at = world.stack_base
    while at < top and at < world.stack_limit + RESERVED_STACK_SLOTS:
        mark(s, at[0])
        at = at + 1
    mark_held(s, world)
    mark_blocks(s, world)
    mark_found(s)
    world.engine.platform.release(cast(Ptr[u8], s.places))
    sweep(world)
    world.exn_limit = maximum(LEAST_LIMIT, world.exn_count * 2)


@kernel
def open_search(s: Search, world: Store) -> bool:
    size = u32(16)
    while size < world.exn_count * 2:
        size *= 2
    base = world.engine.platform.allocate(usize(size) * usize(8), usize(1))
    if is_null(base):
        return False
    s.places = cast(Ptr[usize], base)
    s.mask = size - 1
    s.lowest = world.exns
    s.highest = world.exns
    s.found = usize(0)
    at = world.exns
    while at != 0:
        exn = cast(Exn, at)
        exn.marked = usize(0)
        if at < s.lowest:
            s.lowest = at
        if at > s.highest:
            s.highest = at
        s.places[place_of(s, at)] = at
        at = exn.next
    return True


@kernel
def place_of(s: Search, at: usize) -> u32:
    """Where an address is in the table, or would be."""
    place = (u32(at >> 3) * SPREAD) >> 7 & s.mask
    while s.places[place] != 0 and s.places[place] != at:
        place = (place + 1) & s.mask
    return place


@kernel
def mark(s: Search, word: u64) -> None:
    """If the word is the address of an exception, that is found."""
    at = usize(word)
    if at < s.lowest or at > s.highest or at == 0 or s.places[place_of(s, at)] == 0:
        return
    exn = cast(Exn, at)
    if exn.marked == 0:
        exn.marked = s.found if s.found != 0 else at
        s.found = at


@kernel
def mark_held(s: Search, world: Store) -> None:
    at = world.exns
    while at != 0:
        exn = cast(Exn, at)
        if exn.holders != 0:
            mark(s, u64(at))
        at = exn.next


@kernel
def mark_blocks(s: Search, world: Store) -> None:
    at = holdings_of(world).newest
    while at != 0:
        block = cast(Block, at)
        if block.kind == BLOCK_TABLE:
            table = cast(Table, contents(block))
            if is_exn(table.element):
                mark_all(s, table.elements, table.length)
        elif block.kind == BLOCK_GLOBAL:
            mark_global(s, cast(Global, contents(block)))
        elif block.kind == BLOCK_INSTANCE:
            mark_instance(s, cast(Instance, contents(block)))
        at = block.next


@kernel
def mark_instance(s: Search, instance: Instance) -> None:
    m = instance.module
    for i in span(m.global_count - m.imported_global_count):
        mark_global(s, own_globals(instance)[i])
    for i in span(m.element_count):
        if is_exn(m.elements[i].element):
            mark_all(s, cast(Ptr[u64], instance.elements[i].items), instance.elements[i].length)


@kernel
def mark_global(s: Search, origin: Global) -> None:
    if is_exn(origin.value_type):
        mark(s, origin.value)


@kernel
def mark_all(s: Search, references: Ptr[u64], length: u64) -> None:
    for i in span(length):
        mark(s, references[i])


@kernel
def mark_found(s: Search) -> None:
    """What the values of found exceptions refer to is found, too."""
    while s.found != 0:
        exn = cast(Exn, s.found)
        s.found = exn.marked if exn.marked != s.found else usize(0)
        values = payload(exn)
        for place in span(exn.tag.param_count):
            if is_exn(exn.tag.params[place]):
                mark(s, values[0])
            values = values + (u32(1) + u32(exn.tag.params[place] == VAL_V128))


@kernel
def sweep(world: Store) -> None:
    left = usize(0)
    at = world.exns
    world.exn_count = u32(0)
    while at != 0:
        exn = cast(Exn, at)
        at = exn.next
        if exn.marked != 0:
            exn.next = left
            left = address(exn)
            world.exn_count += 1
        else:
            world.engine.platform.release(cast(Ptr[u8], exn))
    world.exns = left


@kernel
def release_exns(world: Store) -> None:
    """At a store's end."""
    if world.exception != 0 and not cast(Exn, world.exception).is_listed:
        world.engine.platform.release(cast(Ptr[u8], world.exception))
    at = world.exns
    while at != 0:
        exn = cast(Exn, at)
        at = exn.next
        world.engine.platform.release(cast(Ptr[u8], exn))
    if world.spare_exn != 0:
        world.engine.platform.release(cast(Ptr[u8], world.spare_exn))
