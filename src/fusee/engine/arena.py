"""Memory for what lives and dies together, and buffers that grow.

An arena is a list of chunks from which memory is cut and never given back one by one: a module's
arrays end with the module. All of it is zeroed, because chunks come zeroed from the platform.
"""

from typing import Final

from fusee.engine.errors import Exhausted
from fusee.engine.state.platform import Platform
from fusee.kernel.lang import (
    Ptr,
    address,
    cast,
    copy_bytes,
    is_null,
    kernel,
    maximum,
    null,
    size_of,
    struct,
    u8,
    u32,
    u64,
    usize,
)  # fmt: skip

ALIGNMENT: Final = u64(8)
FIRST_CHUNK_BYTES: Final = u64(0x1000)
LARGEST_CHUNK_BYTES: Final = 0x4_0000  # a larger request gets a chunk of its own
SMALLEST_BUFFER_BYTES: Final = 0x200
ARENA: Final = 0  # code of `Exhausted` raised here


@kernel
def new_unset(platform: Platform, size: usize) -> Ptr[u8]:
    """Memory whose contents do not matter, as those of guests' stacks: slots are written before they are read."""
    if address(platform.allocate_unset) != 0:
        return platform.allocate_unset(size)
    return platform.allocate(size, usize(1))


@struct
class Chunk:
    """The header of a chunk."""

    next: usize
    reserved: u64


@struct
class Arena:
    """Lives in its own first chunk."""

    platform: Platform
    newest: usize  # chunk
    position: usize
    available: u64  # bytes from `position` on
    chunk_bytes: u64  # of the next chunk
    total_bytes: u64


@struct
class Buffer:
    """Scratch memory that keeps its contents while it grows."""

    platform: Platform
    data: Ptr[u8]
    capacity_bytes: u64


@kernel(inline=True)
def fits_pointer(size: u64) -> bool:
    """Whether one block of memory may have that size: less than half of what this target's pointers reach."""
    return size >> (8 * size_of(usize) - 1) == 0


@kernel
def new_memory(platform: Platform, size: u64) -> Ptr[u8]:
    """Zeroed memory of the platform's, or `Exhausted`."""
    base = null(Ptr[u8])
    if fits_pointer(size):
        base = platform.allocate(usize(1), usize(size))
    if is_null(base):
        raise Exhausted(ARENA, 0)
    return base


@kernel
def new_arena(platform: Platform) -> Arena:
    base = new_memory(platform, FIRST_CHUNK_BYTES)
    arena = cast(Arena, base + size_of(Chunk))
    used = u64(size_of(Chunk)) + aligned(u64(size_of(Arena)))
    arena.platform = platform
    arena.newest = address(base)
    arena.position = address(base) + usize(used)
    arena.available = FIRST_CHUNK_BYTES - used
    arena.chunk_bytes = FIRST_CHUNK_BYTES * 2
    arena.total_bytes = FIRST_CHUNK_BYTES
    return arena


@kernel(inline=True)
def aligned(size: u64) -> u64:
    return (size + (ALIGNMENT - 1)) & ~(ALIGNMENT - 1)


@kernel
def allocate(arena: Arena, count: u32, element_bytes: u32) -> Ptr[u8]:
    """Zeroed memory for `count` elements, aligned to 8 bytes."""
    size = aligned(u64(count) * element_bytes)
    if size > arena.available:
        if size >= LARGEST_CHUNK_BYTES:
            return add_chunk(arena, size)
        chunk_bytes = maximum(arena.chunk_bytes, size)
        arena.position = address(add_chunk(arena, chunk_bytes))
        arena.available = chunk_bytes
        if arena.chunk_bytes < LARGEST_CHUNK_BYTES:
            arena.chunk_bytes *= 2
    taken = cast(Ptr[u8], arena.position)
    arena.position += usize(size)
    arena.available -= size
    return taken


@kernel
def add_chunk(arena: Arena, size: u64) -> Ptr[u8]:
    """Room for `size` bytes in a chunk of its own."""
    base = new_memory(arena.platform, size + size_of(Chunk))
    cast(Chunk, base).next = arena.newest
    arena.newest = address(base)
    arena.total_bytes += size + size_of(Chunk)
    return base + size_of(Chunk)


@kernel
def grown(arena: Arena, elements: Ptr[u8], count: u32, element_bytes: u32) -> Ptr[u8]:
    """Where `count` elements, so far at `elements`, have room for one more.

    The capacity is the next power of two, so that it need not be stored; what is left behind adds
    up to less than what is in use.
    """
    if count & (count - 1) != 0:
        return elements
    return extended(arena, elements, count, maximum(count, 1), element_bytes)


@kernel
def extended(arena: Arena, elements: Ptr[u8], count: u32, more: u32, element_bytes: u32) -> Ptr[u8]:
    """A copy of `count` elements with room for `more` of them."""
    larger = allocate(arena, count + more, element_bytes)
    if count != 0:
        copy_bytes(larger, elements, usize(count) * element_bytes)
    return larger


@kernel
def release_arena(arena: Arena) -> None:
    """Give back all chunks, and with them the arena itself."""
    platform = arena.platform
    chunk = arena.newest
    while chunk != 0:
        following = cast(Chunk, chunk).next
        platform.release(cast(Ptr[u8], chunk))
        chunk = following


@kernel(inline=True)
def larger_bytes(buffer: Buffer, needed_bytes: u64) -> u64:
    """What `buffer` grows to, to hold at least `needed_bytes`: at least twice what it held."""
    return maximum(maximum(buffer.capacity_bytes * 2, needed_bytes), SMALLEST_BUFFER_BYTES)


@kernel(cold=True)
def grow_buffer(buffer: Buffer, needed_bytes: u64) -> None:
    """Make `buffer` hold at least `needed_bytes`."""
    size = larger_bytes(buffer, needed_bytes)
    larger = new_memory(buffer.platform, size)
    if not is_null(buffer.data):
        copy_bytes(larger, buffer.data, usize(buffer.capacity_bytes))
        buffer.platform.release(buffer.data)
    buffer.data = larger
    buffer.capacity_bytes = size


@kernel
def release_buffer(buffer: Buffer) -> None:
    if not is_null(buffer.data):
        buffer.platform.release(buffer.data)
    buffer.data = null(Ptr[u8])
    buffer.capacity_bytes = u64(0)
