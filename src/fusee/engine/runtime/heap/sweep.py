"""Sweeping: what is not marked is free. A block is swept when cells are wanted of it, or when its turn comes."""

from fusee.engine.runtime.heap.blocks import give_row, granule_bit, granule_word
from fusee.engine.runtime.heap.chunks import blocks_of
from fusee.engine.state.cells import CELL_BYTES
from fusee.engine.state.heap import BITMAP_WORDS, BLOCK_HEADER_BYTES, CLASSES, LARGE, Block, BlockList, Blocks, Marker
from fusee.engine.state.runtime import Store
from fusee.kernel.lang import address, cast, kernel, span, u32, usize


@kernel
def sweep_block(world: Store, block: Block) -> bool:
    """Forget the objects of a block that are not marked; whether there are others."""
    any_ = u32(0)
    for word in span(BITMAP_WORDS):
        marks = block.marks[word]
        block.starts[word] = marks
        block.marks[word] = u32(0)
        any_ |= marks
    block.epoch = world.heap.epoch
    block.is_clean = False
    return any_ != 0


@kernel
def enter_block(world: Store, blocks: BlockList, block: usize) -> None:
    """Look for free cells in another block from now on."""
    blocks.current = block
    blocks.cursor = block + BLOCK_HEADER_BYTES
    if block != 0 and cast(Block, block).epoch != world.heap.epoch:
        sweep_block(world, cast(Block, block))


# Runs, whose cells count as in use


@kernel
def blacken_runs(world: Store) -> None:
    """What will be allocated in the present runs is marked."""
    for number in span(CLASSES):
        run = world.heap.runs[number]
        if run.next != run.end:
            block = cast(Block, blocks_of(world).lists[number].current)
            at = run.next
            while at < run.end:
                block.marks[granule_word(at)] |= granule_bit(at)
                at += CELL_BYTES[number]


@kernel
def end_runs(world: Store) -> None:
    """The rest of the present runs is free again, and all blocks are looked at from the first one on."""
    for number in span(CLASSES):
        run = world.heap.runs[number]
        blocks = blocks_of(world).lists[number]
        if run.next != run.end:
            block = cast(Block, blocks.current)
            at = run.next
            while at < run.end:
                block.marks[granule_word(at)] &= ~granule_bit(at)
                at += CELL_BYTES[number]
        run.next = usize(0)
        run.end = usize(0)


# All blocks in turn


@kernel
def begin_sweep(world: Store, m: Marker) -> None:
    """When marking has ended: the cells of no block are known to be free yet."""
    end_runs(world)
    world.heap.epoch += 1
    b = blocks_of(world)
    for number in span(CLASSES):
        b.lists[number].is_through = False
        enter_block(world, b.lists[number], b.lists[number].first)
    m.sweep_class = u32(0)
    m.sweep_at = b.lists[0].first
    m.sweep_before = usize(0)


@kernel
def sweep_next(world: Store, m: Marker) -> bool:
    """Sweep the next block that nobody has swept yet; false if there is none."""
    b = blocks_of(world)
    while m.sweep_at == 0:
        if m.sweep_class == LARGE:
            return False
        m.sweep_class += 1
        m.sweep_at = b.large if m.sweep_class == LARGE else b.lists[m.sweep_class].first
        m.sweep_before = usize(0)
    block = cast(Block, m.sweep_at)
    m.sweep_at = block.next
    if is_kept(world, b, block):
        m.sweep_before = address(block)
        return True
    unlink(m, b, block)
    give_row(world, block)
    return True


@kernel
def is_kept(world: Store, b: Blocks, block: Block) -> bool:
    """Whether a block has objects, or may have some soon. One that cells are wanted of next may still be empty."""
    if block.epoch != world.heap.epoch:
        return sweep_block(world, block)
    if block.number == LARGE or b.lists[block.number].current != address(block):
        return True
    for word in span(BITMAP_WORDS):
        if block.starts[word] != 0:
            return True
    enter_block(world, b.lists[block.number], block.next)
    return False


@kernel
def unlink(m: Marker, b: Blocks, block: Block) -> None:
    """Take a block out of its list, in which new blocks may have come before it meanwhile."""
    first = b.large if block.number == LARGE else b.lists[block.number].first
    before = m.sweep_before
    if before == 0 and first != address(block):
        before = first
        while cast(Block, before).next != address(block):
            before = cast(Block, before).next
    if before != 0:
        cast(Block, before).next = block.next
    elif block.number == LARGE:
        b.large = block.next
    else:
        b.lists[block.number].first = block.next
