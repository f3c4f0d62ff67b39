"""Allocation of objects (spec 4.2.15, 4.6.13).

The usual case adds to an address: `new_small`, for handlers. Everything else is out of line.
"""

from typing import Final

from fusee.engine.errors import Trap
from fusee.engine.runtime.heap.blocks import granule_bit, granule_word, open_blocks, take_row
from fusee.engine.runtime.heap.chunks import blocks_of
from fusee.engine.runtime.heap.collect import make_room, pay
from fusee.engine.runtime.heap.sweep import enter_block
from fusee.engine.state.agreed import OBJECT_HEADER_BYTES
from fusee.engine.state.cells import CELL_BYTES, CLASS_BY_GRANULES
from fusee.engine.state.heap import (
    BLOCK_BYTES,
    BLOCK_HEADER_BYTES,
    BLOCK_LOG2,
    CLASSES,
    GRANULE_LOG2,
    LARGE,
    LARGEST_CELL,
    TABULATED_BYTES,
    Block,
    BlockList,
    Object,
)
from fusee.engine.state.runtime import Store
from fusee.kernel.lang import Ptr, address, cast, fill_bytes, kernel, minimum, u8, u32, u64, unlikely, usize
from fusee.spec.traps import TrapCode

FIRST_OF_REST: Final = u32(CLASSES - 5)  # the classes behind `CLASS_BY_GRANULES`


@kernel(inline=True)
def class_of(size_bytes: u32) -> u32:
    """The size class of objects of at most `LARGEST_CELL` bytes, with their header."""
    if size_bytes <= TABULATED_BYTES:
        return CLASS_BY_GRANULES[(size_bytes + 7) >> GRANULE_LOG2]
    return class_of_rest(size_bytes)


@kernel
def class_of_rest(size_bytes: u32) -> u32:
    number = FIRST_OF_REST
    while CELL_BYTES[number] < size_bytes:
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
        run.next = at + cell_bytes
    made = cast(Object, at)
    made.type = type
    made.length = length
    return at


@kernel
def new_struct(world: Store, type: u32, size_bytes: u32) -> usize:  # noqa: A002
    """A zeroed struct of `size_bytes` with its header. Raises `Trap` if there is no memory for it."""
    return new_object(world, type, size_bytes, u32(0))


@kernel
def new_array(world: Store, type: u32, size_bytes: u64, length: u32) -> usize:  # noqa: A002
    """A zeroed array of `size_bytes` with its header. Raises `Trap` if there is no memory for it."""
    return new_object(world, type, size_bytes, length)


@kernel
def new_object(world: Store, type: u32, size_bytes: u64, length: u32) -> usize:  # noqa: A002
    """A zeroed object of any size, with its header written."""
    if size_bytes <= LARGEST_CELL:
        number = class_of(u32(size_bytes))
        return new_small(world, number, CELL_BYTES[number], type, length)
    made = cast(Object, new_large(world, size_bytes))
    made.type = type
    made.length = length
    return address(made)


# Runs


@kernel(cold=True)
def cell_of_next_run(world: Store, number: u32) -> usize:
    """A cell of a size class whose run is used up."""
    size = usize(CELL_BYTES[number])
    heap = world.heap
    if heap.blocks == 0 and not open_blocks(world):
        raise Trap(TrapCode.OUT_OF_MEMORY, 0)
    pay(world, u64(0))
    run = heap.runs[number]
    if not find_run(world, number) and not add_block(world, number):
        make_room(world)
        if not find_run(world, number) and not add_block(world, number):
            raise Trap(TrapCode.OUT_OF_MEMORY, 0)
    heap.since_bytes += u64(run.end - run.next)
    heap.room_bytes += u64(run.end - run.next)
    at = run.next
    run.next = at + size
    return at


@kernel
def find_run(world: Store, number: u32) -> bool:
    """Take the next free cells in the blocks of a class; false if there are none."""
    blocks = blocks_of(world).lists[number]
    while blocks.current != 0:
        block = cast(Block, blocks.current)
        if take_run(world, block, blocks):
            return True
        enter_block(world, blocks, usize(0) if blocks.is_through else block.next)
    return False


@kernel
def take_run(world: Store, block: Block, blocks: BlockList) -> bool:
    """Take the next free cells of a block, from the cursor on."""
    at = blocks.cursor
    size = block.cell_bytes
    while at < block.end and block.starts[granule_word(at)] & granule_bit(at) != 0:
        at += size
    start = at
    end = block.end
    if world.heap.stress != 0:
        end = minimum(end, start + world.heap.stress * size)
    is_marking = world.heap.is_marking
    while at < end and block.starts[granule_word(at)] & granule_bit(at) == 0:
        block.starts[granule_word(at)] |= granule_bit(at)
        if is_marking:
            block.marks[granule_word(at)] |= granule_bit(at)
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
def add_block(world: Store, number: u32) -> bool:
    """A new block for a class, and all of it as the run; false if there is no memory."""
    row = new_row(world, u32(1))
    if row == 0:
        return False
    block = cast(Block, row)
    size = usize(CELL_BYTES[number])
    block.number = number
    block.cell_bytes = size
    first = row + BLOCK_HEADER_BYTES
    block.end = first + (BLOCK_BYTES - BLOCK_HEADER_BYTES) // size * size
    block.epoch = world.heap.epoch
    blocks = blocks_of(world).lists[number]
    block.next = blocks.first
    blocks.first = row
    blocks.is_through = True
    enter_block(world, blocks, row)
    return take_run(world, block, blocks)


@kernel(cold=True)
def new_large(world: Store, size_bytes: u64) -> usize:
    """A zeroed object with blocks of its own."""
    heap = world.heap
    blocks = (size_bytes + BLOCK_HEADER_BYTES + (BLOCK_BYTES - 1)) >> BLOCK_LOG2
    if blocks > 0xFFFF_FFFF or (heap.blocks == 0 and not open_blocks(world)):
        raise Trap(TrapCode.OUT_OF_MEMORY, 0)
    pay(world, size_bytes)
    row = new_row(world, u32(blocks))
    if row == 0:
        make_room(world)
        row = new_row(world, u32(blocks))
    if row == 0:
        raise Trap(TrapCode.OUT_OF_MEMORY, 0)
    heap.since_bytes += size_bytes
    heap.room_bytes += size_bytes
    block = cast(Block, row)
    at = row + BLOCK_HEADER_BYTES
    if not block.is_clean:
        fill_bytes(cast(Ptr[u8], at), u8(0), block.end - at)
    block.number = LARGE
    block.cell_bytes = usize(size_bytes)
    block.epoch = heap.epoch
    block.starts[granule_word(at)] |= granule_bit(at)
    if heap.is_marking:
        block.marks[granule_word(at)] |= granule_bit(at)
    block.next = blocks_of(world).large
    blocks_of(world).large = row
    return at


@kernel
def new_row(world: Store, count: u32) -> usize:
    """A row of blocks; 0 if the limit or the platform does not allow it."""
    heap = world.heap
    row = usize(0)
    if heap.used_bytes + (u64(count) << BLOCK_LOG2) <= heap.maximum_bytes:
        row = take_row(world, count)
    if row != 0:
        heap.used_bytes += u64(count) << BLOCK_LOG2
    return row


assert OBJECT_HEADER_BYTES == 8
