"""Shared memories (threads proposal): made once, held by count, and never moved.

A store holds those that its instances have made or imported; in C there are handles beside that.
"""

from fusee.engine.arena import fits_pointer
from fusee.engine.errors import Exhausted
from fusee.engine.runtime.holdings import BLOCK_SHARED, Block, Limit, contents, holdings_of, own
from fusee.engine.runtime.memory import give_back, greatest_bytes, out_of_range, set_type
from fusee.engine.state.module import Limits
from fusee.engine.state.platform import Platform
from fusee.engine.state.runtime import Memory, SharedMemory, Store
from fusee.kernel.lang import (
    Order,
    Ptr,
    address,
    atomic_add,
    atomic_sub,
    cast,
    copy_bytes,
    is_null,
    kernel,
    minimum,
    null,
    size_of,
    u8,
    u32,
    u64,
    usize,
)  # fmt: skip


@kernel
def new_shared(platform: Platform, limits: Limits, most: u64) -> SharedMemory:
    """A zeroed memory of the shared type `limits`, held once; null if it exceeded `most`, or the system has none."""
    made = cast(SharedMemory, platform.allocate(usize(1), usize(size_of(SharedMemory))))
    if is_null(made):
        return made
    copy_bytes(cast(Ptr[u8], made.platform), cast(Ptr[u8], platform), usize(size_of(Platform)))
    made.count[0] = u32(1)
    memory = made.memory
    set_type(memory, limits)
    shift = u64(memory.page_size_log2)
    if out_of_range(u64(0), limits.minimum, minimum(greatest_bytes(memory), most) >> shift):
        return end_shared(made)
    if not settle(platform, memory, limits.minimum << shift, most):
        return end_shared(made)
    memory.length_bytes = limits.minimum << shift
    return made


@kernel
def settle(platform: Platform, memory: Memory, size: u64, most: u64) -> bool:
    """Give a memory its place, for good. If there is no room for all that it may become, it will not grow so far."""
    greatest = greatest_bytes(memory)
    if greatest == 0 or put(platform, memory, greatest, True) or put(platform, memory, minimum(greatest, most), False):
        return True
    return size == 0 or put(platform, memory, size, True) or put(platform, memory, size, False)


@kernel
def put(platform: Platform, memory: Memory, capacity: u64, is_reserved: bool) -> bool:
    """Have `capacity` bytes, reserved or allocated; false if the platform has not got them."""
    if not fits_pointer(capacity):
        return False
    base = platform.reserve(usize(capacity)) if is_reserved else platform.allocate(usize(capacity), usize(1))
    if is_null(base):
        return False
    memory.base = base
    memory.capacity_bytes = capacity
    memory.is_reserved = is_reserved
    return True


@kernel
def hold_shared(shared: SharedMemory) -> None:
    atomic_add(shared.count, 1, Order.ACQ_REL)


@kernel
def drop_shared(shared: SharedMemory) -> None:
    """One who holds it less, in any thread."""
    if atomic_sub(shared.count, 1, Order.ACQ_REL) == 1:
        end_shared(shared)


@kernel
def end_shared(shared: SharedMemory) -> SharedMemory:
    """Return all of it to the platform; null."""
    memory = shared.memory
    give_back(shared.platform, memory.base, memory.capacity_bytes, memory.is_reserved)
    shared.platform.release(cast(Ptr[u8], shared))
    return null(SharedMemory)


# What a store holds.


@kernel
def make_shared(store: Store, limits: Limits) -> Memory:
    """A new one that `store` holds, and is charged with as with any other."""
    place = own(store, BLOCK_SHARED, usize(size_of(usize)))
    holdings = holdings_of(store)
    size = limits.minimum << limits.page_size_log2
    made = null(SharedMemory)
    if not out_of_range(holdings.total_bytes, size, holdings.maximum_total_bytes):
        made = new_shared(store.engine.platform, limits, holdings.maximum_memory_bytes)
    if is_null(made):
        raise Exhausted(Limit.MEMORY_BYTES, 0)
    made.memory.store = address(store)
    cast(Ptr[usize], place)[0] = address(made)
    holdings.total_bytes += size
    return made.memory


@kernel
def borrow_shared(store: Store, shared: SharedMemory) -> None:
    """Have `store` hold a memory until it ends, as it may do already."""
    at = holdings_of(store).newest
    while at != 0:
        block = cast(Block, at)
        if block.kind == BLOCK_SHARED and shared_in(block) == shared:
            return
        at = block.next
    place = own(store, BLOCK_SHARED, usize(size_of(usize)))
    hold_shared(shared)
    cast(Ptr[usize], place)[0] = address(shared)


@kernel
def drop_borrowed(block: Block) -> None:
    """The store ends that a block of that kind belongs to."""
    if not is_null(shared_in(block)):
        drop_shared(shared_in(block))


@kernel(inline=True)
def shared_in(block: Block) -> SharedMemory:
    """What a block of that kind holds; null if none could be made."""
    return cast(SharedMemory, cast(Ptr[usize], contents(block))[0])
