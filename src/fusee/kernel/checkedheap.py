"""The heap of the checked build: all memory that checked code works on, and who may access it.

Each block has a gap on either side, and a released one is not given out again for a while, so that an access outside
of a block, or after its end, meets shadow bytes that forbid it. What is known of a block is in the gap before it, where
no checked code writes.

It is native code, not checked itself: checked code asks for memory in the middle of what it does, where Python code,
in which the handlers of signals run, could call it again.
"""

from __future__ import annotations

from typing import Annotated, Final

from fusee.kernel.lang import (
    Count,
    Fn,
    Order,
    Ptr,
    address,
    atomic_exchange,
    atomic_store,
    cast,
    cells,
    clz,
    fill_bytes,
    i32,
    kernel,
    maximum,
    size_of,
    struct,
    u8,
    u32,
    u64,
    usize,
)  # fmt: skip
from fusee.kernel.program import Program

LIVE: Final = u32(1)
RETURNED: Final = u32(2)  # by its owner, though somebody holds it
RELEASED: Final = u32(3)  # waits until it may be given out again
FREE: Final = u32(4)

GRANULE: Final = 8  # bytes that one of the shadow is for
CLASSES: Final = 512  # of sizes: with 64 bits there are 472
STEP_LOG2: Final = 3  # of the classes between two powers of two
PAGE_MASK: Final = usize(0xFFF)
DISCARD: Final = i32(4)  # MADV_DONTNEED of Linux
DISCARD_BYTES: Final = 4 << 20  # from this size on, a released block's pages go back to the system
QUARANTINE_BYTES: Final = 64 << 20


@struct
class Header:
    """In front of a block, which begins where it ends."""

    at: usize  # the block: only what has its own address here is one
    size: usize  # as it was asked for
    next: usize  # block released after this one, or free like it
    state: u32
    is_held: bool


@struct
class Failing:
    """The check that failed last, and where whoever fails goes on (`lower.checked.FAILING_SHAPE`)."""

    jump_buffer: usize  # of the innermost entry
    site: usize  # a text, or 0: what was released was no live block
    address: u64


@struct
class Heap:
    """An arena with one shadow byte for eight bytes: how many of them, from the first, may be accessed."""

    start: usize
    size: usize
    shadow: usize
    failing: usize
    jump: Fn[[usize, i32], None]  # `_longjmp`
    give_way: Fn[[], i32]  # lets another thread have the processor, or null
    discard: Fn[[usize, usize, i32], i32]  # `madvise`, or null
    unused: usize  # offset behind everything given out so far, and the gap after it
    oldest: usize  # the blocks that wait
    newest: usize
    waiting_bytes: usize
    free: Annotated[Ptr[usize], Count(CLASSES)]
    taken: Annotated[Ptr[u32], Count(1)]  # 1 while a thread is at work here


HEAP_CELL = cells(usize, 1)


@kernel(cold=True)
def heap_cell() -> Ptr[usize]:
    """Where the address of this process's heap is."""
    return HEAP_CELL


@kernel
def enter() -> Heap:
    """The heap, for this thread alone until `leave`."""
    heap = cast(Heap, heap_cell()[0])
    while atomic_exchange(heap.taken, 1, Order.ACQUIRE) != 0:
        if address(heap.give_way) != 0:
            heap.give_way()
    return heap


@kernel
def leave(heap: Heap) -> None:
    atomic_store(heap.taken, 0, Order.RELEASE)


@kernel(inline=True)
def header_of(block: usize) -> Header:
    return cast(Header, block - size_of(Header))


@kernel
def class_of(size: usize) -> u32:
    """Which blocks serve for a size: the number of 16 bytes with its first four bits, rounded up."""
    units = maximum((size + 15) >> 4, usize(1))
    if units >> STEP_LOG2 == 0:
        return u32(units)
    shift = 60 - u32(clz(u64(units)))
    steps = u32((units + (usize(1) << shift) - 1) >> shift)  # 8 to 16
    return (shift << STEP_LOG2) + steps


@kernel
def class_bytes(number: u32) -> usize:
    """The size of a class's blocks."""
    if number >> (STEP_LOG2 + 1) == 0:
        return usize(number) << 4
    shift = (number >> STEP_LOG2) - 1
    return (usize((number & 7) + 8) << shift) << 4


@kernel
def permit(heap: Heap, block: usize, size: usize) -> None:
    """Have checked code access a block."""
    shadow = cast(Ptr[u8], heap.shadow + (block - heap.start) // GRANULE)
    fill_bytes(shadow, u8(GRANULE), size // GRANULE)
    if size % GRANULE != 0:
        shadow[size // GRANULE] = u8(size % GRANULE)


@kernel
def clear(heap: Heap, at: usize, size: usize) -> None:
    """Zero memory, and need none for what is large."""
    if size >= DISCARD_BYTES and address(heap.discard) != 0:
        first = (at + PAGE_MASK) & ~PAGE_MASK
        end = (at + size) & ~PAGE_MASK
        if heap.discard(first, end - first, DISCARD) == 0:
            fill_bytes(cast(Ptr[u8], at), u8(0), first - at)
            fill_bytes(cast(Ptr[u8], end), u8(0), at + size - end)
            return
    fill_bytes(cast(Ptr[u8], at), u8(0), size)


@kernel
def cut(heap: Heap, size: usize) -> usize:
    """A new block of the arena's, or 0: there is always room for a gap behind what is used."""
    if size > heap.size - heap.unused or heap.size - heap.unused - size < size_of(Header):
        return usize(0)
    block = heap.start + heap.unused
    heap.unused += size + size_of(Header)
    header_of(block).at = block
    return block


@kernel
def allocate_block(count: usize, size: usize) -> Ptr[u8]:
    """`calloc`: zeroed memory, aligned to 16 bytes, or null."""
    heap = enter()
    block = usize(0)
    if size == 0 or count <= heap.size // size:
        number = class_of(count * size)
        block = heap.free[number]
        if block != 0:
            heap.free[number] = header_of(block).next
        else:
            block = cut(heap, class_bytes(number))
    if block != 0:
        header_of(block).size = count * size
        header_of(block).state = LIVE
        permit(heap, block, count * size)
    leave(heap)
    return cast(Ptr[u8], block)


@kernel
def is_block(heap: Heap, at: usize) -> bool:
    """Whether a block begins there."""
    offset = at - heap.start
    return offset < heap.unused and offset >= size_of(Header) and at & 15 == 0 and header_of(at).at == at


@kernel
def end_block(heap: Heap, block: usize) -> None:
    """Nobody may access it any more; and when many others have ended, too, it is given out again."""
    header = header_of(block)
    clear(heap, block, header.size)
    header.state = RELEASED
    header.next = usize(0)
    if heap.newest != 0:
        header_of(heap.newest).next = block
    else:
        heap.oldest = block
    heap.newest = block
    heap.waiting_bytes += class_bytes(class_of(header.size))
    while heap.waiting_bytes > QUARANTINE_BYTES:
        free_oldest(heap)


@kernel
def free_oldest(heap: Heap) -> None:
    block = heap.oldest
    header = header_of(block)
    number = class_of(header.size)
    heap.oldest = header.next
    if heap.oldest == 0:
        heap.newest = usize(0)
    heap.waiting_bytes -= class_bytes(number)
    header.state = FREE
    header.next = heap.free[number]
    heap.free[number] = block


@kernel
def release_block(block: usize) -> bool:
    """End a block's life; false if it was no live one. Who holds it sees it as it is until `let_go_of_block`."""
    heap = enter()
    is_live = is_block(heap, block) and header_of(block).state == LIVE
    if is_live:
        header = header_of(block)
        shadow = heap.shadow + (block - heap.start) // GRANULE
        fill_bytes(cast(Ptr[u8], shadow), u8(0), (header.size + GRANULE - 1) // GRANULE)
        header.state = RETURNED
        if not header.is_held:
            end_block(heap, block)
    leave(heap)
    return is_live


@kernel
def release_or_fail(block: Ptr[u8]) -> None:
    """`free`. For checked code, which fails if that was no live block."""
    if address(block) == 0 or release_block(address(block)):
        return
    heap = cast(Heap, heap_cell()[0])
    failing = cast(Failing, heap.failing)
    failing.site = usize(0)
    failing.address = u64(address(block))
    if failing.jump_buffer != 0:
        heap.jump(failing.jump_buffer, i32(1))


@kernel
def hold_block(block: usize) -> None:
    """If it is one: keep its contents after it is released."""
    heap = enter()
    if is_block(heap, block) and header_of(block).state == LIVE:
        header_of(block).is_held = True
    leave(heap)


@kernel
def let_go_of_block(block: usize) -> None:
    """No longer."""
    heap = enter()
    if is_block(heap, block) and header_of(block).is_held:
        header_of(block).is_held = False
        if header_of(block).state == RETURNED:
            end_block(heap, block)
    leave(heap)


@kernel
def install_heap(heap: Heap) -> None:
    """Work on this heap from now on."""
    heap_cell()[0] = address(heap)


@kernel
def stride(header: Header) -> usize:
    """How far it is from a block to the next one."""
    return class_bytes(class_of(header.size)) + size_of(Header)


ENTRIES: Final = (
    allocate_block, release_block, release_or_fail, hold_block, let_go_of_block, install_heap, stride,
)  # fmt: skip


def heap_program() -> Program:
    """All of it."""
    return Program("checked-heap", ENTRIES, home=__name__)
