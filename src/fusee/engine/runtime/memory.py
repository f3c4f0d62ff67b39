"""Linear memories (spec 4.2.8): accesses are checked, places are had, and grow (spec 4.6.10).

Addresses and lengths are `u64` throughout and are compared before they become pointers: a 32-bit
target narrows only what is known to lie inside the memory.
"""

from fusee.engine.arena import fits_pointer
from fusee.engine.errors import Trap
from fusee.engine.present import HAS_THREADS
from fusee.engine.runtime.holdings import holdings_of
from fusee.engine.runtime.metering import CHUNK_BYTES, charge, is_late, shall_give_up, step_aside, try_again
from fusee.engine.state.module import Limits
from fusee.engine.state.platform import REQUEST_GROW, Platform
from fusee.engine.state.runtime import NOT_GROWN, Instance, Memory, Store
from fusee.kernel.lang import (
    Order,
    Ptr,
    Static,
    address,
    atomic_compare_exchange,
    atomic_load,
    cast,
    copy_bytes,
    is_null,
    kernel,
    minimum,
    offset_of,
    stack_array,
    u8,
    u64,
    unlikely,
    usize,
)
from fusee.spec.limits import MAX_BYTES_32, MAX_MEMORY_BYTES_32, MAX_MEMORY_BYTES_64
from fusee.spec.traps import TrapCode


@kernel(inline=True)
def memory_at(ctx: Instance, index: u64) -> Memory:
    return cast(Memory, ctx.memories[index])


@kernel(inline=True)
def checked_32(index: u64, offset: u64, length: u64, width: Static[int]) -> u64:
    """Address plus offset of an access, checked against the memory's length (spec 4.6.6); `index` is an i32's value.

    In 64 bits: neither the sum nor a 32-bit target's pointers may wrap round.
    """
    start = index + offset
    if unlikely(start + width > length):
        raise Trap(TrapCode.MEMORY_OUT_OF_BOUNDS, 0)
    return start


@kernel(inline=True)
def checked_64(index: u64, offset: u64, length: u64, width: Static[int]) -> u64:
    """The same for a memory with 64-bit addresses."""
    if unlikely(index > length or offset > length or index + offset + width > length):
        raise Trap(TrapCode.MEMORY_OUT_OF_BOUNDS, 0)
    return index + offset


@kernel(inline=True)
def out_of_range(start: u64, count: u64, length: u64) -> bool:
    """Whether `start + count` exceeds `length`, without the overflow."""
    return count > length or start > length - count


@kernel(inline=True)
def limit_bytes(world: Store, memory: Memory) -> u64:
    """The greatest size that `memory` may reach now, by the limits of a store."""
    return minimum(greatest_bytes(memory), holdings_of(world).maximum_memory_bytes)


@kernel
def greatest_bytes(memory: Memory) -> u64:
    """The greatest size that a memory of this type can have, whatever the store's limit."""
    shift = u64(memory.page_size_log2)
    limit = u64(MAX_MEMORY_BYTES_64)
    if not memory.is_64:
        limit = minimum(u64(MAX_MEMORY_BYTES_32), u64(MAX_BYTES_32) << shift)
    if memory.has_maximum and memory.maximum_pages < limit >> shift:
        limit = memory.maximum_pages << shift
    return limit


@kernel
def place(memory: Memory, size: u64) -> bool:
    """Give `memory` space for `size` bytes, keeping its contents; false if there is none.

    Address space is reserved for all that the memory may become, so that it never moves. Where the platform has
    not that much to spare, a memory that grows gets half as much again: growing by pages then moves each
    byte a few times, not once for each page. Where there is not even that, it gets what it needs.
    """
    roomy = size
    if memory.length_bytes != 0:
        roomy = minimum(size + size // 2, limit_bytes(cast(Store, memory.store), memory))
    if take(memory, greatest_bytes(memory), True) or take(memory, roomy, True) or take(memory, roomy, False):
        return True
    return roomy != size and (take(memory, size, True) or take(memory, size, False))


@kernel
def take(memory: Memory, capacity: u64, is_reserved: bool) -> bool:
    """Move `memory` to `capacity` bytes, reserved or allocated; false if the platform has not got them.

    The old place is returned last: who reads `base` without a lock, and then again, knows by its being the same that
    it was not returned in between.
    """
    world = cast(Store, memory.store)
    platform = world.engine.platform
    if world.has_given_up or not fits_pointer(capacity):
        return False
    base = platform.reserve(usize(capacity)) if is_reserved else platform.allocate(usize(capacity), usize(1))
    if is_null(base):
        return False
    old = memory.base
    old_capacity = memory.capacity_bytes
    was_reserved = memory.is_reserved
    if not copy_patiently(world, base, old, memory.length_bytes):
        give_back(platform, base, capacity, is_reserved)
        return False
    memory.base = base
    memory.capacity_bytes = capacity
    memory.is_reserved = is_reserved
    give_back(platform, old, old_capacity, was_reserved)
    return True


@kernel
def copy_patiently(world: Store, to: Ptr[u8], origin: Ptr[u8], size: u64) -> bool:
    """Copy what is going to move; false if that was given up."""
    done = u64(0)
    while done < size:
        part = minimum(size - done, CHUNK_BYTES)
        copy_bytes(to + usize(done), origin + usize(done), usize(part))
        done += part
        if done < size and shall_give_up(world):
            return False
    return True


@kernel
def give_back(platform: Platform, base: Ptr[u8], capacity: u64, is_reserved: bool) -> None:
    """Return a memory's bytes, if it has any, to the platform."""
    if is_null(base):
        return
    if is_reserved:
        platform.unreserve(base, usize(capacity))
    else:
        platform.release(base)


@kernel
def release_memory(memory: Memory) -> None:
    """Return the bytes of `memory`, which ends, and is not shared, to the platform."""
    platform = cast(Store, memory.store).engine.platform
    give_back(platform, memory.base, memory.capacity_bytes, memory.is_reserved)


@kernel
def init_memory(memory: Memory, store: Store, limits: Limits) -> bool:
    """Make a zeroed `Memory` of the type `limits`; false if it would exceed a limit or the system's memory."""
    memory.store = address(store)
    set_type(memory, limits)
    return grow_memory(memory, limits.minimum) == 0


@kernel
def set_type(memory: Memory, limits: Limits) -> None:
    memory.is_64 = limits.is_64
    memory.is_shared = limits.is_shared
    memory.page_size_log2 = limits.page_size_log2
    memory.has_maximum = limits.has_maximum
    memory.maximum_pages = limits.maximum


@kernel
def grow_memory(memory: Memory, delta: u64) -> u64:
    """`memory.grow` (spec 4.6.10): the old size in pages, or `NOT_GROWN`."""
    return grow_for(cast(Store, memory.store), memory, delta)


@kernel
def grow_for(world: Store, memory: Memory, delta: u64) -> u64:
    """The same within the limits of a store, which is charged with what is added."""
    shift = u64(memory.page_size_log2)
    pages = memory.length_bytes >> shift
    if delta == 0:
        return pages  # whatever the limits are
    if out_of_range(pages, delta, limit_bytes(world, memory) >> shift):
        return NOT_GROWN
    holdings = holdings_of(world)
    if out_of_range(holdings.total_bytes, delta << shift, holdings.maximum_total_bytes):
        return NOT_GROWN
    if HAS_THREADS and memory.is_shared:
        pages = extend(memory, delta, limit_bytes(world, memory))
        if pages == NOT_GROWN:
            return pages
    else:
        size = (pages + delta) << shift
        if size > memory.capacity_bytes and not place(memory, size):
            return NOT_GROWN
        memory.length_bytes = size
    holdings.total_bytes += delta << shift
    return pages


@kernel
def extend(memory: Memory, delta: u64, limit: u64) -> u64:
    """Add pages to a shared memory, as several threads may do at once: the old size in pages, or `NOT_GROWN`.

    It has its place already, of zeros, so that growing is a change of one word. Whoever sees by an atomic access that
    another has grown it, reads its length anew right after that (`docs/threads.md`).
    """
    shift = u64(memory.page_size_log2)
    length = length_word(memory)
    most = minimum(limit, memory.capacity_bytes) >> shift
    before = atomic_load(length, Order.SEQ_CST)
    while not out_of_range(before >> shift, delta, most):
        seen = atomic_compare_exchange(length, before, before + (delta << shift), Order.SEQ_CST)
        if seen == before:
            return before >> shift
        before = seen
    return NOT_GROWN


@kernel(inline=True)
def length_word(memory: Memory) -> Ptr[u64]:
    """Where `length_bytes` is."""
    return cast(Ptr[u64], cast(Ptr[u8], memory) + offset_of(Memory, "length_bytes"))


@kernel
def memory_size(ctx: Instance, index: u64) -> u64:
    """`memory.size` (spec 4.6.10), in pages. Of a shared memory it is an atomic access, as growing is."""
    memory = memory_at(ctx, index)
    return atomic_load(length_word(memory), Order.SEQ_CST) >> memory.page_size_log2


@kernel
def memory_grow(ctx: Instance, index: u64, delta: u64) -> u64:
    """`memory.grow` (spec 4.6.10); the caller must read the memory's base and length again."""
    world = ctx.store
    memory = memory_at(ctx, index)
    if HAS_THREADS and memory.is_shared and delta != 0 and world.engine.has_threads:
        return grow_together(world, memory, delta)
    payer = world if memory.is_shared else cast(Store, memory.store)
    pages = grow_for(payer, memory, delta)
    while world.has_given_up:
        try_again(world)
        pages = grow_for(payer, memory, delta)
    world.is_patient = False
    if pages != NOT_GROWN:
        charge(world, delta)
    return pages


@kernel
def grow_together(world: Store, memory: Memory, delta: u64) -> u64:
    """Have the embedder grow a memory whose length guests of other threads have in a register: they pause."""
    words = stack_array(u64, 2)
    words[0] = address(memory)
    words[1] = delta
    step_aside(world, REQUEST_GROW, words)
    if is_late(world):
        raise Trap(TrapCode.INTERRUPT, 0)
    if words[0] != NOT_GROWN:
        charge(world, delta)
    return words[0]
