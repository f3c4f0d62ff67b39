"""Guests' frames as roots, searched word by word: nobody notes what is in them (`docs/collector.md`).

Marking begins with what frames hold at that moment, and guests go on before all of a deep stack has been searched. So
it is copied, which takes less than an instruction for each word, and the copy is searched piece by piece.
"""

from typing import Final

from fusee.engine.arena import new_unset
from fusee.engine.runtime.codes import slots_at
from fusee.engine.runtime.heap.blocks import blocks_of, is_object
from fusee.engine.runtime.heap.mark import mark_host, mark_object
from fusee.engine.state.heap import Marker
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
    cast,
    diff,
    is_null,
    kernel,
    load,
    minimum,
    null,
    size_of,
    store,
    u8,
    u64,
    unroll,
    usize,
    v128,
)  # fmt: skip

AT_ONCE: Final = 0x800  # words that are searched without a copy
PIECE_WORDS: Final = 0x400
STEP: Final = 64  # bytes that are copied in a row
VECTORS: Final = tuple(range(0, STEP, 16))


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
    end = end_of_frames(world)
    is_small = diff(end, world.stack_base) <= AT_ONCE or not is_null(world.heap.host_marks)
    if is_small or not copy_frames(world, m, end):
        mark_words(world, m, world.stack_base, end)


@kernel
def copy_frames(world: Store, m: Marker, end: Ptr[u64]) -> bool:
    """Copy them, and a few words more; false if there is no memory for that."""
    bytes_ = diff(end, world.stack_base) * SLOT_BYTES
    room = (bytes_ + (STEP - 1)) & ~usize(STEP - 1)
    copy = new_unset(world.engine.platform, room)
    if is_null(copy):
        return False
    m.copy = cast(Ptr[u64], copy)
    if size_of(usize) == 8:
        copy_candidates(world, m, end)
        return True
    at = usize(0)
    origin = cast(Ptr[u8], world.stack_base)
    while at + STEP <= bytes_:
        for part in unroll(VECTORS):
            store(copy + (at + part), load(v128, origin + (at + part)))
        at += STEP
    while at < bytes_:
        store(copy + at, load(u64, origin + at))
        at += SLOT_BYTES
    m.copy_left = bytes_ // SLOT_BYTES
    return True


@kernel
def copy_candidates(world: Store, m: Marker, end: Ptr[u64]) -> None:
    """Copy only words between the heap's first and last address: computers take long to give fresh pages."""
    b = blocks_of(world)
    lowest = u64(b.chunks[0].start) if b.chunk_count != 0 else u64(0)
    size = u64(b.chunks[b.chunk_count - 1].end) - lowest if b.chunk_count != 0 else u64(0)
    left = usize(0)
    at = world.stack_base
    while at < end:
        word = at[0]
        if word >= lowest and word - lowest < size:
            m.copy[left] = word
            left += 1
        at = at + 1
    m.copy_left = left
    if left == 0:
        forget_copy(world, m)


@kernel
def mark_copied(world: Store, m: Marker) -> u64:
    """Mark what the last piece of the copy that is left may refer to; the number of words looked at."""
    count = minimum(m.copy_left, usize(PIECE_WORDS))
    end = m.copy + m.copy_left
    mark_words(world, m, end - count, end)
    m.copy_left -= count
    if m.copy_left == 0:
        forget_copy(world, m)
    return u64(count)


@kernel
def forget_copy(world: Store, m: Marker) -> None:
    world.engine.platform.release(cast(Ptr[u8], m.copy))
    m.copy = null(Ptr[u64])
    m.copy_left = usize(0)


@kernel
def mark_words(world: Store, m: Marker, start: Ptr[u64], end: Ptr[u64]) -> None:
    """Mark what words may refer to."""
    b = blocks_of(world)
    lowest = usize(0)
    highest = usize(0)
    if b.chunk_count != 0:
        lowest = b.chunks[0].start
        highest = b.chunks[b.chunk_count - 1].end
    hosts = not is_null(world.heap.host_marks)
    at = start
    while at < end:
        word = usize(at[0])
        if word >= lowest and word < highest and is_object(world, word):
            mark_object(world, m, word)
        elif hosts and word & TAG_MASK == TAG_HOST:
            mark_host(world, word)
        at = at + 1
