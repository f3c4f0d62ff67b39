"""Allocation of the store's objects, for instances and for the embedder (spec 4.5.3)."""

from fusee.engine.errors import Exhausted
from fusee.engine.present import HAS_THREADS
from fusee.engine.runtime.holdings import BLOCK_GLOBAL, BLOCK_MEMORY, BLOCK_PLAIN, BLOCK_TABLE, Limit, holdings_of, own
from fusee.engine.runtime.memory import init_memory
from fusee.engine.runtime.shared import make_shared
from fusee.engine.runtime.table import init_table
from fusee.engine.state.module import Limits, Module
from fusee.engine.state.runtime import Func, Global, Memory, Store, Table, Tag
from fusee.kernel.lang import cast, kernel, size_of, u32, u64, usize


@kernel
def new_memory(store: Store, limits: Limits) -> Memory:
    """A zeroed memory of the type `limits`."""
    holdings = holdings_of(store)
    if holdings.memories >= holdings.maximum_memories:
        raise Exhausted(Limit.MEMORIES, 0)
    if HAS_THREADS and limits.is_shared:
        memory = make_shared(store, limits)
    else:
        memory = cast(Memory, own(store, BLOCK_MEMORY, usize(size_of(Memory))))
        if not init_memory(memory, store, limits):
            raise Exhausted(Limit.MEMORY_BYTES, 0)
    holdings.memories += 1
    return memory


@kernel
def new_table(store: Store, limits: Limits, element: u32, value: u64) -> Table:
    """A table of references of the type `element`, all of them `value`."""
    holdings = holdings_of(store)
    if holdings.tables >= holdings.maximum_tables:
        raise Exhausted(Limit.TABLES, 0)
    table = cast(Table, own(store, BLOCK_TABLE, usize(size_of(Table))))
    if not init_table(table, store, limits, element, value):
        raise Exhausted(Limit.TABLE_ELEMENTS, 0)
    holdings.tables += 1
    return table


@kernel
def new_global(store: Store, value_type: u32, is_mutable: bool, value: u64, high: u64) -> Global:
    """A global that belongs to no instance."""
    result = cast(Global, own(store, BLOCK_GLOBAL, usize(size_of(Global))))
    result.value_type = value_type
    result.is_mutable = is_mutable
    result.value = value
    result.high = high
    return result


@kernel
def new_host_func(
    store: Store, identity: u32, canonical: u32, param_count: u32, result_count: u32, param_slots: u32,
    result_slots: u32,
) -> Func:  # fmt: skip
    """A function of the embedder's, which knows it by `identity`. Vectors take two slots."""
    func = cast(Func, own(store, BLOCK_PLAIN, usize(size_of(Func))))
    func.code = store.engine.cells.host
    func.instance = usize(0)
    func.canonical = canonical
    func.index = identity
    func.param_count = param_count
    func.result_count = result_count
    func.param_slots = param_slots
    func.result_slots = result_slots
    return func


@kernel
def init_tag(tag: Tag, m: Module, index: u32) -> None:
    """A tag of the values that are the parameters of a function type of a module, which must outlive it."""
    type = m.types[index]  # noqa: A001
    tag.module = m
    tag.type_index = index
    tag.canonical = type.canonical
    tag.param_count = type.param_count
    tag.slot_count = type.param_slots
    tag.params = type.params


@kernel
def new_tag(store: Store, m: Module, index: u32) -> Tag:
    """A tag that belongs to no instance."""
    tag = cast(Tag, own(store, BLOCK_PLAIN, usize(size_of(Tag))))
    init_tag(tag, m, index)
    return tag
