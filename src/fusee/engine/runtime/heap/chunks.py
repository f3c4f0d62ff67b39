"""Chunks: what the platform gives, of which blocks are made."""

from typing import Final

from fusee.engine.arena import fits_pointer
from fusee.engine.state.heap import (
    BLOCK_BYTES,
    BLOCK_LOG2,
    CHUNK_BLOCKS,
    Blocks,
    Chunk,
)
from fusee.engine.state.runtime import Store
from fusee.kernel.lang import (
    Ptr,
    address,
    cast,
    copy_bytes,
    is_null,
    kernel,
    maximum,
    minimum,
    popcount,
    size_of,
    u8,
    u32,
    u64,
    usize,
)

FIRST_CHUNKS: Final = u32(8)
ALIGNMENT_BYTES: Final = 16  # of what the platform allocates
MOST_CHUNKS: Final = u32(0xFFFF_FFFF)


@kernel(inline=True)
def blocks_of(world: Store) -> Blocks:
    return cast(Blocks, world.heap.blocks)


@kernel
def chunk_at(b: Blocks, at: usize) -> u32:
    """The number of the first chunk that ends behind an address; the chunk count if there is none."""
    low = u32(0)
    high = b.chunk_count
    while low < high:
        middle = (low + high) >> 1
        if b.chunks[middle].end <= at:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def add_chunk(world: Store, count: u32) -> u32:
    """The number of a new chunk, which has a row of so many blocks; `MOST_CHUNKS` if there is no memory."""
    b = blocks_of(world)
    size = maximum(b.next_blocks, count)
    platform = world.engine.platform
    bytes_ = (u64(size) << BLOCK_LOG2) + (BLOCK_BYTES - ALIGNMENT_BYTES)
    if not fits_pointer(bytes_) or not has_room_for_chunk(world):
        return MOST_CHUNKS
    memory = platform.allocate(usize(1), usize(bytes_))
    if is_null(memory) and size != count:
        size = count
        memory = platform.allocate(usize(1), (usize(size) << BLOCK_LOG2) + (BLOCK_BYTES - ALIGNMENT_BYTES))
    if is_null(memory):
        return MOST_CHUNKS
    b.next_blocks = minimum(b.next_blocks * 2, CHUNK_BLOCKS)
    start = (address(memory) + (BLOCK_BYTES - 1)) & ~(BLOCK_BYTES - 1)
    return insert_chunk(b, start, size, memory)


@kernel
def insert_chunk(b: Blocks, start: usize, size: u32, memory: Ptr[u8]) -> u32:
    number = chunk_at(b, start)
    moved = usize(b.chunk_count - number) * usize(size_of(Chunk))
    copy_bytes(cast(Ptr[u8], b.chunks + (number + 1)), cast(Ptr[u8], b.chunks + number), moved)
    b.chunk_count += 1
    b.first_free = minimum(b.first_free, number)
    chunk = b.chunks[number]
    chunk.start = start
    chunk.end = start + (usize(size) << BLOCK_LOG2)
    chunk.memory = memory
    chunk.free = (u64(1) << size) - 1 if size <= CHUNK_BLOCKS else u64(1)
    chunk.used = u64(0)
    chunk.heads = u64(0)
    b.free_blocks += u64(popcount(chunk.free))
    return number


@kernel
def has_room_for_chunk(world: Store) -> bool:
    """Make room for one more in the list of chunks; false if there is no memory."""
    b = blocks_of(world)
    if b.chunk_count < b.chunk_capacity:
        return True
    capacity = maximum(b.chunk_capacity * 2, FIRST_CHUNKS)
    larger = world.engine.platform.allocate(capacity, usize(size_of(Chunk)))
    if is_null(larger):
        return False
    if b.chunk_count != 0:
        copy_bytes(larger, cast(Ptr[u8], b.chunks), b.chunk_count * usize(size_of(Chunk)))
        world.engine.platform.release(cast(Ptr[u8], b.chunks))
    b.chunks = cast(Ptr[Chunk], larger)
    b.chunk_capacity = capacity
    return True


@kernel
def remove_chunk(world: Store, number: u32) -> None:
    b = blocks_of(world)
    world.engine.platform.release(b.chunks[number].memory)
    b.chunk_count -= 1
    moved = usize(b.chunk_count - number) * usize(size_of(Chunk))
    copy_bytes(cast(Ptr[u8], b.chunks + number), cast(Ptr[u8], b.chunks + (number + 1)), moved)
