"""Allocation of objects (spec 4.2.15, 4.6.13).

The usual case adds to an address: `new_small`, for handlers. Everything else is out of line.
"""

from typing import Final

from fusee.engine.errors import Trap
from fusee.engine.runtime.heap.blocks import blocks_of, granule_bit, granule_word, open_blocks, take_row
from fusee.engine.state.heap import (
    BLOCK_BYTES,
    BLOCK_HEADER_BYTES,
    BLOCK_LOG2,
    CELL_BYTES,
    CLASS_BY_GRANULES,
    CLASSES,
    GRANULE_LOG2,
    LARGE,
    LARGEST_CELL,
    OBJECT_HEADER_BYTES,
    TABULATED_BYTES,
    Block,
    BlockList,
    Object,
)
from fusee.engine.state.runtime import Store
from fusee.kernel.lang import Ptr, address, cast, fill_bytes, kernel, u8, u32, u64, unlikely, usize
from fusee.spec.traps import TrapCode

FIRST_OF_REST: Final = CLASSES - 5  # the classes behind `CLASS_BY_GRANULES`


@kernel(inline=True)
def class_of(size_bytes: u32) -> u32:
    """The size class of objects of at most `LARGEST_CELL` bytes, with their header."""
    if size_bytes <= TABULATED_BYTES:
        return u32(CLASS_BY_GRANULES[(size_bytes + 7) >> GRANULE_LOG2])
    return class_of_rest(size_bytes)


@kernel
def class_of_rest(size_bytes: u32) -> u32:
    number = u32(FIRST_OF_REST)
    while u32(CELL_BYTES[number]) < size_bytes:
        number += 1
    return number


@kernel(inline=True)
def new_small(world: Store, number: u32, cell_bytes: u32, type: u32, length: u32) -> usize:  # noqa: A002
    """A zeroed object of a size class, whose cells have `cell_bytes`, with its header written."""
    run = world.heap.runs[number]
    at = run.next
    if unlikely(at == run.end):
        at = cell_of_next_run(world, number)
    else:
        run.next = at + usize(cell_bytes)
    made = cast(Object, at)
    made.type = type
    made.length = length
    return at


@kernel
def new_struct(world: Store, type: u32, size_bytes: u32) -> usize:  # noqa: A002
    """A zeroed struct of `size_bytes` with its header. Raises `Trap` if there is no memory for it."""
    return new_object(world, type, u64(size_bytes), u32(0))


@kernel
def new_array(world: Store, type: u32, size_bytes: u64, length: u32) -> usize:  # noqa: A002
    """A zeroed array of `size_bytes` with its header. Raises `Trap` if there is no memory for it."""
    return new_object(world, type, size_bytes, length)


@kernel
def new_object(world: Store, type: u32, size_bytes: u64, length: u32) -> usize:  # noqa: A002
    """A zeroed object of any size, with its header written."""
    if size_bytes <= LARGEST_CELL:
        number = class_of(u32(size_bytes))
        return new_small(world, number, u32(CELL_BYTES[number]), type, length)
    made = cast(Object, new_large(world, size_bytes))
    made.type = type
    made.length = length
    return address(made)


# Runs


@kernel(cold=True)
def cell_of_next_run(world: Store, number: u32) -> usize:
    """A cell of a size class whose run is used up."""
    if not find_run(world, number):
        add_block(world, number)
    run = world.heap.runs[number]
    at = run.next
    run.next = at + usize(CELL_BYTES[number])
    return at


@kernel
def find_run(world: Store, number: u32) -> bool:
    """Take the next free cells in the blocks of a class; false if there are none."""
    if world.heap.blocks == 0:
        return False
    blocks = blocks_of(world).lists[number]
    while blocks.current != 0:
        block = cast(Block, blocks.current)
        if take_run(world, block, blocks):
            return True
        block.is_clean = False
        enter_block(blocks, block.next)
    return False


@kernel
def enter_block(blocks: BlockList, block: usize) -> None:
    """Look for free cells in another block from now on."""
    blocks.current = block
    blocks.cursor = block + BLOCK_HEADER_BYTES


@kernel
def take_run(world: Store, block: Block, blocks: BlockList) -> bool:
    """Take the next free cells of a block, from the cursor on."""
    at = blocks.cursor
    size = block.cell_bytes
    while at < block.end and block.starts[granule_word(at)] & granule_bit(at) != 0:
        at += size
    start = at
    while at < block.end and block.starts[granule_word(at)] & granule_bit(at) == 0:
        block.starts[granule_word(at)] |= granule_bit(at)
        at += size
    blocks.cursor = at
    if at == start:
        return False
    if not block.is_clean:
        fill_bytes(cast(Ptr[u8], start), u8(0), at - start)
    run = world.heap.runs[block.number]
    run.next = start
    run.end = at
    return True


# Blocks


@kernel
def add_block(world: Store, number: u32) -> None:
    """A new block for a class, and all of it as the run."""
    block = cast(Block, new_row(world, u32(1)))
    size = usize(CELL_BYTES[number])
    block.number = number
    block.cell_bytes = size
    first = address(block) + BLOCK_HEADER_BYTES
    block.end = first + (BLOCK_BYTES - BLOCK_HEADER_BYTES) // size * size
    block.is_swept = True
    blocks = blocks_of(world).lists[number]
    block.next = blocks.first
    blocks.first = address(block)
    enter_block(blocks, address(block))
    take_run(world, block, blocks)


@kernel(cold=True)
def new_large(world: Store, size_bytes: u64) -> usize:
    """A zeroed object with blocks of its own."""
    row = (size_bytes + BLOCK_HEADER_BYTES + (BLOCK_BYTES - 1)) >> BLOCK_LOG2
    if row > 0xFFFF_FFFF:
        raise Trap(TrapCode.OUT_OF_MEMORY, 0)
    block = cast(Block, new_row(world, u32(row)))
    at = address(block) + BLOCK_HEADER_BYTES
    if not block.is_clean:
        fill_bytes(cast(Ptr[u8], at), u8(0), block.end - at)
    block.number = u32(LARGE)
    block.cell_bytes = usize(size_bytes)
    block.is_swept = True
    block.starts[granule_word(at)] |= granule_bit(at)
    blocks = blocks_of(world)
    block.next = blocks.large
    blocks.large = address(block)
    return at


@kernel
def new_row(world: Store, count: u32) -> usize:
    """A row of blocks, or `Trap` if the limit or the platform does not allow it."""
    heap = world.heap
    row = usize(0)
    if heap.used_bytes + (u64(count) << BLOCK_LOG2) <= heap.maximum_bytes:
        if heap.blocks != 0 or open_blocks(world):
            row = take_row(world, count)
    if row == 0:
        raise Trap(TrapCode.OUT_OF_MEMORY, 0)
    heap.used_bytes += u64(count) << BLOCK_LOG2
    return row


assert OBJECT_HEADER_BYTES == 8
