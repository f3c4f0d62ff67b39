"""A store's heap: what its objects lie in.

Memory comes from the platform in chunks, which are cut into blocks of 16 KiB that begin at multiples of their
size. A block has cells of one size; a *run* is a row of free cells next to each other, from which objects are cut by
adding to an address. What does not fit twice in a block is the only cell of a row of blocks. Objects do not move.
"""

from typing import Annotated, Final

from fusee.kernel.lang import Count, Fn, Inline, Ptr, size_of, struct, u8, u32, u64, usize

BLOCK_LOG2: Final = 14
BLOCK_BYTES: Final = usize(1 << BLOCK_LOG2)
BLOCK_HEADER_BYTES: Final = usize(576)  # cells begin here
CHUNK_BLOCKS: Final = u32(63)  # of a chunk, at most, unless it has one object that is larger

GRANULE_LOG2: Final = 3  # objects begin at, and are, multiples of 8 bytes
BITMAP_WORDS: Final = u32(BLOCK_BYTES >> GRANULE_LOG2 >> 5)

_PAYLOAD = int(BLOCK_BYTES - BLOCK_HEADER_BYTES)
CELL_SIZES: Final = (
    *range(8, 129, 8),
    *(quarter << shift for shift in range(5, 9) for quarter in range(5, 9)),
    *(_PAYLOAD // count & ~7 for count in (6, 5, 4, 3, 2)),
)
CLASSES: Final = u32(len(CELL_SIZES))
LARGE: Final = CLASSES  # in `Block.number`: the block has one cell
LARGEST_CELL: Final = CELL_SIZES[-1]
TABULATED_BYTES: Final = 2048

EXCEPTION: Final = u32(0xFFFF_FFFF)  # in `Object.type`

PIECE: Final = u32(256)  # elements of an array, a table or a segment that are looked at at once
STEP_WORDS: Final = u64(0x2000)  # of objects that the embedder's collecting looks at between two looks at the clock

IDLE: Final = u32(0)  # phases of the collector
MARKING: Final = u32(1)
SWEEPING: Final = u32(2)

SMALL_STACK: Final = u32(64)
ROOT_SLOTS: Final = u32(62)


@struct
class Object:
    """What every object begins with."""

    type: u32  # canonical id of its type, or `EXCEPTION`
    length: u32  # of an array, in elements


@struct
class Block:
    """The header of a block, or of the row of blocks of one large object."""

    next: usize  # of the same class, in the order in which they are filled
    end: usize  # behind the last cell
    cell_bytes: usize
    number: u32  # size class, or `LARGE`
    span: u32  # how many blocks
    is_clean: bool  # cells that have never been used are zero
    epoch: u32  # `Heap.epoch` when it was swept, or made
    starts: Annotated[Ptr[u32], Count(BITMAP_WORDS)]  # a bit for each granule: a cell in use, or in a run, begins there
    marks: Annotated[Ptr[u32], Count(BITMAP_WORDS)]  # and is reached; while nothing is marked: zero if it is swept


@struct
class Run:
    """Free cells of a class, next to each other: zero, and counted as in use."""

    next: usize
    end: usize


@struct
class BlockList:
    """The blocks of a size class."""

    first: usize
    current: usize  # where the run is, and the next ones are looked for; 0: every block is full
    cursor: usize  # the first cell of it that has not been looked at
    is_through: bool  # it is a new one, which comes after all others


@struct
class Chunk:
    """Memory of the platform's."""

    start: usize  # of its first block
    end: usize
    memory: Ptr[u8]  # as the platform gave it
    free: u64  # a bit for each of its blocks, 64 at most
    used: u64  # whether it may be other than zero
    heads: u64  # whether a `Block` begins there


@struct
class Marker:
    """How far the collector is."""

    phase: u32
    stack: Ptr[usize]  # objects to be scanned; an address plus 1 is an array from the index below it on
    count: u32
    capacity: u32
    is_overflowed: bool  # something was marked for which the stack had no room
    rescan_at: usize  # where that is looked for; 0: nowhere
    marked_bytes: u64
    copy: Ptr[usize]  # of guests' frames when marking began, if they were not searched then
    copy_left: usize  # words of it, from its start on, that are still to be searched
    parked: usize  # the next `Parked` that is searched
    parked_index: u32  # and from which word on
    root_holding: usize  # the next of the store's blocks that is looked at for references
    root_part: u32  # which part of it
    root_index: u64  # and where in that
    sweep_class: u32
    sweep_at: usize  # the next block of that class to be swept
    sweep_before: usize  # the one before it; 0: new ones at most
    small: Annotated[Ptr[usize], Count(SMALL_STACK)]  # the stack as long as it is small, or there is no memory


@struct
class RootPage:
    """References that the embedder holds."""

    next: usize
    slots: Annotated[Ptr[u64], Count(ROOT_SLOTS)]  # 0: not in use


@struct
class Blocks:
    """All blocks of a heap."""

    chunks: Ptr[Chunk]  # by address
    chunk_count: u32
    chunk_capacity: u32
    first_free: u32  # before it no chunk has free blocks
    next_blocks: u32  # of the next chunk
    large: usize  # the blocks with one object
    free_blocks: u64  # of all chunks
    lists: Annotated[Ptr[BlockList], Count(CLASSES)]
    marker: Inline[Marker]


@struct
class Heap:
    """Part of a `Store`. All zero as long as it has no object, but for the limit."""

    runs: Annotated[Ptr[Run], Count(CLASSES)]  # by size class
    blocks: usize  # `Blocks`, made with the first object
    used_bytes: u64  # of blocks
    maximum_bytes: u64
    is_marking: bool  # writers of references have to tell what they overwrite
    held: u32  # no collection begins unless this is 0
    epoch: u32  # the number of the last marking that has ended
    stress: u32  # for tests, unless it is 0: runs are so short, and each collects
    since_bytes: u64  # of runs and large objects, since a collection began
    start_bytes: u64  # when it is so many, the next one begins
    room_bytes: u64  # likewise, since a whole collection had to make room
    fruitless: u32  # such collections in a row, each of which has made little
    is_ending: bool  # nothing is reachable any more but the exceptions that C holds
    host_marks: Ptr[u8]  # a byte for each of Python's handles, set if it is reached
    host_count: u64
    reach_host: Fn[[usize], None]  # or what C wants to know of its references
    roots: usize  # the first `RootPage`
    root_page: usize  # where the next free slot is looked for
    root_slot: u32
    root_count: u32  # slots of all pages
    roots_found: u32  # free slots found since the first page


assert size_of(Block) <= BLOCK_HEADER_BYTES
