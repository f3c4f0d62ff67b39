"""Guests' frames as roots, searched word by word: nobody notes what is in them (`docs/collector.md`).

Marking begins with what frames hold at that moment, and guests go on before all of a deep stack has been searched. So
it is copied, which takes less than an instruction for each word, and the copy is searched piece by piece. What cannot
be an address is left out: with 64-bit pointers what does not lie between the heap's ends, with 32-bit ones the upper
half of each word.
"""

from typing import Final

from fusee.engine.arena import new_unset
from fusee.engine.present import HAS_OBJECTS
from fusee.engine.runtime.codes import slots_at
from fusee.engine.runtime.heap.blocks import is_object
from fusee.engine.runtime.heap.chunks import blocks_of
from fusee.engine.runtime.heap.mark import mark_host, mark_object
from fusee.engine.state.heap import Blocks, Marker
from fusee.engine.state.parked import Parked
from fusee.engine.state.runtime import (
    RESERVED_STACK_SLOTS,
    SAVED_REGISTERS,
    SLOT_BYTES,
    TAG_HOST,
    TAG_MASK,
    Instance,
    Store,
)
from fusee.kernel.lang import (
    Ptr,
    address,
    bitcast,
    cast,
    diff,
    is_null,
    kernel,
    minimum,
    null,
    shuffle,
    size_of,
    u8,
    u32,
    u32x4,
    u64,
    unroll,
    usize,
    v128,
)  # fmt: skip

AT_ONCE: Final = 0x800  # words that are searched without a copy
PIECE_WORDS: Final = u32(0x400)
ROW: Final = usize(128)  # words that are copied without a look at whether there are more
EIGHTS: Final = tuple(range(0, ROW // 2, 4))  # where eight words begin, in vectors of two


@kernel
def end_of_frames(world: Store) -> Ptr[u64]:
    """Behind the newest frame; small leaf functions may be in the reserve above the stack's limit."""
    top = world.stack_top
    if not is_null(world.saved_fp):
        top = world.saved_fp + slots_at(cast(Instance, world.saved_instance).module, address(world.saved_pc))
    limit = world.stack_limit + RESERVED_STACK_SLOTS
    return top if top < limit else limit


@kernel
def mark_frames(world: Store, m: Marker) -> None:
    """Mark what the registers of the newest frame may refer to, and frames, of a deep stack later."""
    mark_words(world, m, world.saved, world.saved + SAVED_REGISTERS)
    m.parked = world.parked
    m.parked_index = u32(0)
    end = end_of_frames(world)
    is_small = diff(end, world.stack_base) <= AT_ONCE or not is_null(world.heap.host_marks)
    if not HAS_OBJECTS or is_small or not copy_frames(world, m, end):
        mark_words(world, m, world.stack_base, end)


@kernel
def copy_frames(world: Store, m: Marker, end: Ptr[u64]) -> bool:
    """Copy them, and a few words more; false if there is no memory for that."""
    copy = new_unset(world.engine.platform, diff(end, world.stack_base) * size_of(usize))
    if is_null(copy):
        return False
    m.copy = cast(Ptr[usize], copy)
    if size_of(usize) == SLOT_BYTES:
        copy_candidates(world, m, end)
    else:
        copy_halves(world, m, end)
    return True


@kernel
def copy_halves(world: Store, m: Marker, end: Ptr[u64]) -> None:
    """Copy the lower half of each word, and search what is left behind the last whole row."""
    count = diff(end, world.stack_base)
    m.copy_left = count & ~(ROW - 1)
    origin = cast(Ptr[v128], world.stack_base)
    into = cast(Ptr[v128], m.copy)
    while count >= ROW:
        copy_row(origin, into)
        origin = origin + ROW // 2
        into = into + ROW // 4
        count -= ROW
    mark_words(world, m, end - count, end)


@kernel(cold=True)
def copy_row(origin: Ptr[v128], into: Ptr[v128]) -> None:
    """Where no address changes, and in this order, two vectors are loaded or stored by one instruction on AArch64."""
    for at in unroll(EIGHTS):
        first = lower_halves(origin[at], origin[at + 1])
        second = lower_halves(origin[at + 2], origin[at + 3])
        into[at // 2] = first
        into[at // 2 + 1] = second


@kernel(inline=True)
def lower_halves(first: v128, second: v128) -> v128:
    return bitcast(v128, shuffle(bitcast(u32x4, first), bitcast(u32x4, second), (0, 2, 4, 6)))


@kernel
def copy_candidates(world: Store, m: Marker, end: Ptr[u64]) -> None:
    """Copy only words between the heap's first and last address: computers take long to give fresh pages."""
    lowest, highest = ends_of(blocks_of(world))
    size = u64(highest - lowest)
    left = usize(0)
    at = world.stack_base
    while at < end:
        word = at[0]
        if word - lowest < size:
            m.copy[left] = usize(word)
            left += 1
        at = at + 1
    m.copy_left = left
    if left == 0:
        forget_copy(world, m)


@kernel
def mark_copied(world: Store, m: Marker) -> u64:
    """Mark what the last piece of the copy that is left may refer to; the number of words looked at."""
    count = minimum(m.copy_left, PIECE_WORDS)
    end = m.copy + m.copy_left
    m.copy_left -= count
    lowest, highest = ends_of(blocks_of(world))
    at = end - count
    while at < end:
        word = at[0]
        if word >= lowest and word < highest and is_object(world, word):
            mark_object(world, m, word)
        at = at + 1
    if m.copy_left == 0:
        forget_copy(world, m)
    return count


@kernel
def mark_parked(world: Store, m: Marker) -> u64:
    """Mark what a piece of the frames of guests that wait may refer to; the number of words looked at.

    Nothing changes them: who goes on has them searched before (`parking.unpark`), and who begins to wait has only
    what was in other frames, or in objects, when marking began, or is newer.
    """
    parked = cast(Parked, m.parked)
    start = m.parked_index
    count = minimum(parked.count - start, PIECE_WORDS)
    words = words_of(parked) + start
    mark_words(world, m, words, words + count)
    m.parked_index = start + count
    if m.parked_index == parked.count:
        m.parked = parked.next
        m.parked_index = u32(0)
    return count


@kernel(inline=True)
def words_of(parked: Parked) -> Ptr[u64]:
    return cast(Ptr[u64], cast(Ptr[u8], parked) + size_of(Parked))


@kernel
def forget_copy(world: Store, m: Marker) -> None:
    world.engine.platform.release(cast(Ptr[u8], m.copy))
    m.copy = null(Ptr[usize])
    m.copy_left = usize(0)


@kernel
def ends_of(b: Blocks) -> tuple[usize, usize]:
    """Where the heap's first chunk begins and its last one ends: no object is elsewhere."""
    if b.chunk_count == 0:
        return usize(0), usize(0)
    return b.chunks[0].start, b.chunks[b.chunk_count - 1].end


@kernel
def mark_words(world: Store, m: Marker, start: Ptr[u64], end: Ptr[u64]) -> None:
    """Mark what words may refer to."""
    lowest, highest = ends_of(blocks_of(world))
    hosts = not is_null(world.heap.host_marks)
    at = start
    while at < end:
        word = usize(at[0])
        if HAS_OBJECTS and word >= lowest and word < highest and is_object(world, word):
            mark_object(world, m, word)
        elif hosts and word & TAG_MASK == TAG_HOST:
            mark_host(world, word)
        at = at + 1
