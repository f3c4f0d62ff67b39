"""Blocks: where they come from, and to which one an address belongs."""

from typing import Final

from fusee.engine.runtime.heap.chunks import MOST_CHUNKS, add_chunk, blocks_of, chunk_at, remove_chunk
from fusee.engine.state.heap import (
    BLOCK_BYTES,
    BLOCK_HEADER_BYTES,
    BLOCK_LOG2,
    CHUNK_BLOCKS,
    GRANULE_LOG2,
    LARGE,
    SMALL_STACK,
    Block,
    Blocks,
    Chunk,
)
from fusee.engine.state.runtime import Store
from fusee.kernel.lang import (
    Ptr,
    address,
    cast,
    ctz,
    fill_bytes,
    is_null,
    kernel,
    minimum,
    popcount,
    size_of,
    span,
    u8,
    u32,
    u64,
    usize,
)

FIRST_CHUNK_BLOCKS: Final = u32(3)
LEAST_BYTES: Final = u64(0x8_0000)  # that are allocated before a collection begins
MOST_BLOCKS: Final = u32(64)  # that a chunk has bits for


@kernel
def open_blocks(world: Store) -> bool:
    """Make what a heap needs with its first object; false if there is no memory."""
    base = world.engine.platform.allocate(usize(1), usize(size_of(Blocks)))
    if is_null(base):
        return False
    world.heap.blocks = address(base)
    b = blocks_of(world)
    b.next_blocks = FIRST_CHUNK_BLOCKS
    b.marker.stack = b.marker.small
    b.marker.capacity = SMALL_STACK
    world.heap.start_bytes = LEAST_BYTES
    return True


@kernel
def release_blocks(world: Store) -> None:
    """Give back everything, at a store's end."""
    if world.heap.blocks == 0:
        return
    platform = world.engine.platform
    b = blocks_of(world)
    for i in span(b.chunk_count):
        platform.release(b.chunks[i].memory)
    platform.release(cast(Ptr[u8], b.chunks))
    platform.release(cast(Ptr[u8], b.marker.copy))
    if b.marker.stack != b.marker.small:
        platform.release(cast(Ptr[u8], b.marker.stack))
    platform.release(cast(Ptr[u8], b))
    world.heap.blocks = usize(0)


# Which block an address is in


@kernel(inline=True)
def block_of(at: usize) -> Block:
    """The block of an object, whose address is in its first 16 KiB."""
    return cast(Block, at & ~(BLOCK_BYTES - 1))


@kernel(inline=True)
def granule_word(at: usize) -> usize:
    """The word of a block's bitmaps that an address has its bit in."""
    return (at & (BLOCK_BYTES - 1)) >> (GRANULE_LOG2 + 5)


@kernel(inline=True)
def granule_bit(at: usize) -> u32:
    return u32(1) << (u32(at >> GRANULE_LOG2) & 31)


@kernel
def next_block(b: Blocks, at: usize) -> usize:
    """The first block that begins at an address or behind it; 0 if there is none."""
    number = chunk_at(b, at)
    while number < b.chunk_count:
        chunk = b.chunks[number]
        place = u64(0)
        if at > chunk.start:
            place = u64(at - chunk.start) >> BLOCK_LOG2
        if place < MOST_BLOCKS and chunk.heads >> place != 0:
            return chunk.start + (usize(place + ctz(chunk.heads >> place)) << BLOCK_LOG2)
        number += 1
    return usize(0)


@kernel
def is_object(world: Store, at: usize) -> bool:
    """Whether an object begins at a word taken for an address, whatever the word is."""
    if at & ((1 << GRANULE_LOG2) - 1) != 0 or world.heap.blocks == 0:
        return False
    b = blocks_of(world)
    number = chunk_at(b, at)
    if number == b.chunk_count or at < b.chunks[number].start:
        return False
    return is_used(world, b.chunks[number], at)


@kernel
def is_used(world: Store, chunk: Chunk, at: usize) -> bool:
    """Whether an object begins at an address in a chunk: not in a free block, nor inside of an object or in a run."""
    place = u64(at - chunk.start) >> BLOCK_LOG2
    if place >= MOST_BLOCKS or chunk.heads >> place & 1 == 0:
        return False
    block = block_of(at)
    if block.starts[granule_word(at)] & granule_bit(at) == 0:
        return False
    if block.number == LARGE:
        return True
    run = world.heap.runs[block.number]
    return at < run.next or at >= run.end


# Taking


@kernel
def take_row(world: Store, count: u32) -> usize:
    """A row of blocks, whose header is zero but for `is_clean`, `end` and `span`; 0 if the platform has no memory."""
    b = blocks_of(world)
    number = b.chunk_count
    place = MOST_BLOCKS
    if count <= CHUNK_BLOCKS:
        at = b.first_free
        while at < b.chunk_count and place == MOST_BLOCKS:
            place = find_row(b.chunks[at].free, count)
            number = at
            at += 1
        if count == 1:
            b.first_free = number
    if place == MOST_BLOCKS:
        number = add_chunk(world, count)
        place = u32(0)
        if number == MOST_CHUNKS:
            return usize(0)
    return address(take_blocks(b, b.chunks[number], place, count))


@kernel
def find_row(free: u64, count: u32) -> u32:
    """The lowest of `count` bits next to each other; `MOST_BLOCKS` if there are none."""
    row = free
    for _ in span(count - 1):
        row &= row >> 1
    return u32(ctz(row))


@kernel
def take_blocks(b: Blocks, chunk: Chunk, place: u32, count: u32) -> Block:
    block = cast(Block, chunk.start + (usize(place) << BLOCK_LOG2))
    bits = u64(1)  # of a chunk for one object
    if count <= CHUNK_BLOCKS:
        bits = ((u64(1) << count) - 1) << place
    is_clean = chunk.used & bits == 0
    if not is_clean:
        fill_bytes(cast(Ptr[u8], block), u8(0), BLOCK_HEADER_BYTES)
    b.free_blocks -= u64(popcount(chunk.free & bits))
    chunk.free &= ~bits
    chunk.used |= bits
    chunk.heads |= u64(1) << place
    block.is_clean = is_clean
    block.span = count
    block.end = address(block) + (usize(count) << BLOCK_LOG2)
    return block


# Giving back


@kernel
def give_row(world: Store, block: Block) -> None:
    """Give back a row of blocks. A chunk without any goes back to the platform, unless it is soon wanted."""
    b = blocks_of(world)
    number = chunk_at(b, address(block))
    chunk = b.chunks[number]
    place = u64(address(block) - chunk.start) >> BLOCK_LOG2
    span_ = block.span
    world.heap.used_bytes -= u64(span_) << BLOCK_LOG2
    chunk.heads &= ~(u64(1) << place)
    b.first_free = minimum(b.first_free, number)
    if span_ > CHUNK_BLOCKS:
        remove_chunk(world, number)
        return
    bits = ((u64(1) << span_) - 1) << place
    chunk.free |= bits
    b.free_blocks += span_
    spare = (b.free_blocks - u64(popcount(chunk.free))) << BLOCK_LOG2
    if chunk.heads == 0 and spare >= world.heap.start_bytes:
        b.free_blocks -= u64(popcount(chunk.free))
        remove_chunk(world, number)
