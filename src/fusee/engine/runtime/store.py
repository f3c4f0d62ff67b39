"""Engines and stores: making them, limiting them, ending them (spec 7.1.2)."""

from typing import Final

from fusee.engine.arena import fits_pointer, new_unset
from fusee.engine.errors import Exhausted, raise_again
from fusee.engine.present import HAS_THREADS
from fusee.engine.registry import TypeRegistry, new_registry, release_registry
from fusee.engine.runtime.heap.blocks import release_blocks
from fusee.engine.runtime.holdings import (
    BLOCK_MEMORY,
    BLOCK_SHARED,
    BLOCK_TABLE,
    Block,
    Holdings,
    Limit,
    contents,
    holdings_of,
)
from fusee.engine.runtime.memory import release_memory
from fusee.engine.runtime.shared import drop_borrowed
from fusee.engine.runtime.table import release_table
from fusee.engine.state.parked import Parked
from fusee.engine.state.platform import Platform
from fusee.engine.state.runtime import NO_LIMIT, RESERVED_STACK_SLOTS, SLOT_BYTES, Engine, Memory, Store, Table
from fusee.kernel.lang import (
    Ptr,
    address,
    cast,
    caught,
    copy_bytes,
    is_null,
    kernel,
    offset_of,
    size_of,
    u8,
    u64,
    usize,
)
from fusee.spec.limits import MAX_STORE_MEMORY_BYTES, MAX_STORE_TABLE_ELEMENTS

HOST_STACK_BYTES: Final = usize(128 << 10)  # of the host's stack for native code, unless the embedder says otherwise


@kernel
def open_engine(platform: Platform, is_metered: bool) -> Engine:
    """An engine on a copy of `platform`, with a registry of types of its own."""
    base = platform.allocate(usize(size_of(Engine)), usize(1))
    if is_null(base):
        raise Exhausted(Limit.SYSTEM, 0)
    engine = cast(Engine, base)
    copy_bytes(cast(Ptr[u8], engine.platform), cast(Ptr[u8], platform), usize(size_of(Platform)))
    engine.is_metered = is_metered
    status = caught(add_registry, engine)
    if status != 0:
        platform.release(base)
        raise_again(status)
    return engine


@kernel
def add_registry(engine: Engine) -> None:
    engine.registry = address(new_registry(engine.platform))


@kernel
def release_engine(engine: Engine) -> None:
    """End an engine that no store and no module uses any more."""
    platform = engine.platform
    release_registry(cast(TypeRegistry, engine.registry))
    platform.release(cast(Ptr[u8], engine))


@kernel
def new_store(engine: Engine, stack_bytes: u64, embedder: usize) -> Store:
    """An empty store with a stack of its own, and no limits but those on all of its memories and tables together."""
    platform = engine.platform
    if not fits_pointer(stack_bytes):
        raise Exhausted(Limit.SYSTEM, 0)
    base = platform.allocate(usize(size_of(Store)), usize(1))
    holdings = cast(Holdings, platform.allocate(usize(size_of(Holdings)), usize(1)))
    stack = cast(Ptr[u64], new_unset(platform, usize(stack_bytes)))
    if is_null(base) or is_null(holdings) or is_null(stack):
        platform.release(base)
        platform.release(cast(Ptr[u8], holdings))
        platform.release(cast(Ptr[u8], stack))
        raise Exhausted(Limit.SYSTEM, 0)
    store = cast(Store, base)
    store.engine = engine
    store.embedder = embedder
    store.objects = address(holdings)
    store.stack_base = stack
    store.stack_top = stack
    store.stack_limit = stack + (usize(stack_bytes) // SLOT_BYTES - RESERVED_STACK_SLOTS)
    store.fuel_at = cast(Ptr[u64], base + offset_of(Store, "fuel"))
    store.host_budget = HOST_STACK_BYTES
    set_limits(store, NO_LIMIT, NO_LIMIT, NO_LIMIT, NO_LIMIT, NO_LIMIT, NO_LIMIT)
    set_total_limits(store, u64(MAX_STORE_MEMORY_BYTES), u64(MAX_STORE_TABLE_ELEMENTS))
    return store


@kernel
def set_limits(
    store: Store, memory_bytes: u64, table_elements: u64, instances: u64, tables: u64, memories: u64, heap_bytes: u64
) -> None:
    """What the store may hold from now on; `NO_LIMIT` for no limit."""
    holdings = holdings_of(store)
    holdings.maximum_memory_bytes = memory_bytes
    holdings.maximum_table_elements = table_elements
    holdings.maximum_instances = instances
    holdings.maximum_tables = tables
    holdings.maximum_memories = memories
    store.heap.maximum_bytes = heap_bytes


@kernel
def set_total_limits(store: Store, memory_bytes: u64, table_elements: u64) -> None:
    """How large the memories may be together, and the tables: what a module can ask for, however it divides it."""
    holdings = holdings_of(store)
    holdings.maximum_total_bytes = memory_bytes
    holdings.maximum_total_elements = table_elements


@kernel
def release_store(store: Store) -> None:
    """End a store and all that it owns."""
    platform = store.engine.platform
    holdings = holdings_of(store)
    release_blocks(store)
    at = store.parked
    while at != 0:
        parked = cast(Parked, at)
        at = parked.next
        platform.release(cast(Ptr[u8], parked))
    at = holdings.newest
    while at != 0:
        block = cast(Block, at)
        at = block.next
        if block.kind == BLOCK_MEMORY:
            release_memory(cast(Memory, contents(block)))
        elif HAS_THREADS and block.kind == BLOCK_SHARED:
            drop_borrowed(block)
        elif block.kind == BLOCK_TABLE:
            release_table(cast(Table, contents(block)))
        platform.release(cast(Ptr[u8], block))
    platform.release(cast(Ptr[u8], store.stack_base))
    platform.release(cast(Ptr[u8], holdings))
    platform.release(cast(Ptr[u8], store))
