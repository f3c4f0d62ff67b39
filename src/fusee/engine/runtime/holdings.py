"""What a store owns: every native allocation that dies with it, and its limits.

Each allocation is a block in one list; releasing a store walks the list once. Nothing is freed
earlier: a function, memory or table of a store may be reachable from anywhere in it (spec 4.2.3).
"""

from typing import Final

from fusee.engine.errors import Exhausted
from fusee.engine.state.runtime import Global, Instance, Store, globals_offset
from fusee.kernel.lang import (
    Order,
    Ptr,
    address,
    atomic_store,
    cast,
    is_null,
    kernel,
    null,
    offset_of,
    struct,
    u8,
    u32,
    u64,
    usize,
)  # fmt: skip
from fusee.spec.worded import WordedCode

HEADER_BYTES: Final = 16  # before the contents of a block, which stay aligned to 16 bytes

BLOCK_PLAIN: Final = u32(0)
BLOCK_MEMORY: Final = u32(1)
BLOCK_TABLE: Final = u32(2)
BLOCK_GLOBAL: Final = u32(3)
BLOCK_INSTANCE: Final = u32(4)
BLOCK_SHARED: Final = u32(5)  # the address of a `SharedMemory` that the store holds


class Limit(WordedCode):
    """What ran out: the code of an `Exhausted`, and what users read."""

    SYSTEM = 0, "out of memory"
    MEMORY_BYTES = 1, "memory minimum size exceeds memory limits"
    TABLE_ELEMENTS = 2, "table minimum size exceeds table limits"
    INSTANCES = 3, "resource limit exceeded: instance count too high"
    TABLES = 4, "resource limit exceeded: table count too high"
    MEMORIES = 5, "resource limit exceeded: memory count too high"
    FRAME = 6, "a function has too many locals and operands"  # its slots have 16-bit numbers
    CODE = 7, "the code of a function is too large for its size"
    MODULE_CODE = 8, "the code of a module is too large for its size"
    PASSED_VALUES = 9, "the calls and blocks of a function pass too many values for its size"


@struct
class Block:
    """The header of an allocation."""

    next: usize
    kind: u32


@struct
class Holdings:
    """`Store.objects`: the blocks of a store, and what it may hold and does."""

    newest: usize
    maximum_memory_bytes: u64  # of each memory
    maximum_table_elements: u64  # of each table
    maximum_instances: u64
    maximum_tables: u64
    maximum_memories: u64
    maximum_total_bytes: u64  # of all memories
    maximum_total_elements: u64  # of all tables
    instances: u64
    tables: u64
    memories: u64
    total_bytes: u64
    total_elements: u64


@kernel(inline=True)
def holdings_of(store: Store) -> Holdings:
    return cast(Holdings, store.objects)


@kernel(inline=True)
def newest_of(store: Store) -> Ptr[usize]:
    """The list's beginning, which other threads may read."""
    return cast(Ptr[usize], store.objects + offset_of(Holdings, "newest"))


@kernel(inline=True)
def contents(block: Block) -> Ptr[u8]:
    return cast(Ptr[u8], block) + HEADER_BYTES


@kernel(inline=True)
def own_globals(instance: Instance) -> Ptr[Global]:
    """The globals that an instance defines, directly behind it."""
    return cast(Ptr[Global], cast(Ptr[u8], instance) + globals_offset())


@kernel
def own(store: Store, kind: u32, size: usize) -> Ptr[u8]:
    """Zeroed memory that lives as long as `store`."""
    base = null(Ptr[u8])
    if size + HEADER_BYTES > size:
        base = store.engine.platform.allocate(size + HEADER_BYTES, usize(1))
    if is_null(base):
        raise Exhausted(Limit.SYSTEM, 0)
    block = cast(Block, base)
    holdings = holdings_of(store)
    block.kind = kind
    block.next = holdings.newest
    atomic_store(newest_of(store), address(block), Order.RELEASE)  # `runtime.heads` may look at it meanwhile
    return contents(block)
