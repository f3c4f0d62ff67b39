"""Instantiation (spec 4.5.4), except for the call of the start function, which is the embedder's."""

from typing import Final

from fusee.engine.arena import fits_pointer
from fusee.engine.errors import Exhausted, raise_again
from fusee.engine.present import HAS_NATIVE
from fusee.engine.runtime.const import evaluate_span
from fusee.engine.runtime.evaluator import Evaluator
from fusee.engine.runtime.holdings import BLOCK_INSTANCE, Holdings, Limit, holdings_of, own, own_globals
from fusee.engine.runtime.link import check_imports
from fusee.engine.runtime.objects import init_tag, new_memory, new_table
from fusee.engine.runtime.segments import open_segments, run_segments
from fusee.engine.runtime.table import fill_elements
from fusee.engine.state.module import (
    EXTERN_FUNC,
    EXTERN_GLOBAL,
    EXTERN_MEMORY,
    EXTERN_TABLE,
    EXTERN_TAG,
    Module,
)
from fusee.engine.state.runtime import Func, Instance, Segment, Store, Tag, tables_offset
from fusee.engine.subtyping import canonical_value_type
from fusee.kernel.lang import (
    Ptr,
    address,
    cast,
    caught,
    is_null,
    kernel,
    minimum,
    size_of,
    span,
    stack_array,
    u32,
    u64,
    usize,
)

ALIGNMENT: Final = u64(8)


@kernel
def instantiate(store: Store, m: Module, imports: Ptr[usize]) -> Instance:
    """An instance of the valid module `m`.

    `imports` holds the address of a `Func`, `Table`, `Memory`, `Global` or `Tag` for each import, of the
    kind that the import has. `m` must outlive the store.
    """
    check_imports(store.engine, m, imports)
    holdings = holdings_of(store)
    if holdings.instances >= holdings.maximum_instances:
        raise Exhausted(Limit.INSTANCES, 0)
    check_totals(holdings, m)
    instance = lay_out(store, m)
    holdings.instances += 1
    take_imports(instance, imports)
    make_functions(instance)
    store.heap.held += 1
    status = caught(fill_instance, instance)
    store.heap.held -= 1
    if status != 0:
        raise_again(status)
    return instance


@kernel
def fill_instance(instance: Instance) -> None:
    """Make what an instance defines. Nobody finds the objects yet that constant expressions make."""
    e = stack_array(Evaluator, 1)[0]
    make_globals(e, instance)
    make_tables(e, instance)
    make_memories(instance)
    open_segments(e, instance)
    run_segments(e, instance)


@kernel
def check_totals(holdings: Holdings, m: Module) -> None:
    """All memories and tables that `m` defines must have room together, before one of them is made and filled."""
    elements = holdings.maximum_total_elements - minimum(holdings.maximum_total_elements, holdings.total_elements)
    for i in span(m.imported_table_count, m.table_count):
        length = m.tables[i].limits.minimum
        if length > elements:
            raise Exhausted(Limit.TABLE_ELEMENTS, 0)
        elements -= length
    size = holdings.maximum_total_bytes - minimum(holdings.maximum_total_bytes, holdings.total_bytes)
    for i in span(m.imported_memory_count, m.memory_count):
        limits = m.memories[i].limits
        if limits.minimum > size >> limits.page_size_log2:
            raise Exhausted(Limit.MEMORY_BYTES, 0)
        size -= limits.minimum << limits.page_size_log2


@kernel(inline=True)
def array_bytes(count: u32, size: usize) -> u64:
    """Room for `count` elements, keeping what follows aligned."""
    return (u64(count) * size + (ALIGNMENT - 1)) & ~(ALIGNMENT - 1)


@kernel
def lay_out(store: Store, m: Module) -> Instance:
    """One block for the instance, its globals and functions, and its index spaces, still empty."""
    tables_at = tables_offset(m)
    funcs_at = tables_at + array_bytes(m.table_count, usize(size_of(usize)))
    functions_at = funcs_at + array_bytes(m.func_count - m.imported_func_count, usize(size_of(Func)))
    memories_at = functions_at + array_bytes(m.func_count, usize(size_of(usize)))
    addresses_at = memories_at + array_bytes(m.memory_count, usize(size_of(usize)))
    own_tags_at = addresses_at + array_bytes(m.global_count, usize(size_of(usize)))
    tags_at = own_tags_at + array_bytes(m.tag_count - m.imported_tag_count, usize(size_of(Tag)))
    elements_at = tags_at + array_bytes(m.tag_count, usize(size_of(usize)))
    datas_at = elements_at + array_bytes(m.element_count, usize(size_of(Segment)))
    size = datas_at + array_bytes(m.data_count, usize(size_of(Segment)))
    if not fits_pointer(size):
        raise Exhausted(Limit.SYSTEM, 0)
    base = own(store, BLOCK_INSTANCE, usize(size))  # found by the collector from here on: nothing below may fail
    instance = cast(Instance, base)
    instance.module = m
    instance.store = store
    instance.registry = m.registry
    instance.stack_limit = store.stack_limit
    instance.platform = store.engine.platform
    instance.helpers = store.engine.helpers
    instance.code = m.code_table
    instance.functions = cast(Ptr[usize], base + usize(functions_at))
    instance.memories = cast(Ptr[usize], base + usize(memories_at))
    instance.tables = cast(Ptr[usize], base + usize(tables_at))
    instance.globals = cast(Ptr[usize], base + usize(addresses_at))
    instance.tags = cast(Ptr[usize], base + usize(tags_at))
    instance.elements = cast(Ptr[Segment], base + usize(elements_at))
    instance.datas = cast(Ptr[Segment], base + usize(datas_at))
    place_functions(instance, cast(Ptr[Func], base + usize(funcs_at)))
    make_tags(instance, cast(Ptr[Tag], base + usize(own_tags_at)))
    return instance


@kernel
def place_functions(instance: Instance, funcs: Ptr[Func]) -> None:
    imported = instance.module.imported_func_count
    for i in span(instance.module.func_count - imported):
        instance.functions[imported + i] = address(funcs[i])


@kernel
def make_tags(instance: Instance, tags: Ptr[Tag]) -> None:
    m = instance.module
    for i in span(m.tag_count - m.imported_tag_count):
        index = m.imported_tag_count + i
        init_tag(tags[i], m, m.tags[index])
        instance.tags[index] = address(tags[i])


@kernel
def take_imports(instance: Instance, imports: Ptr[usize]) -> None:
    """Enter the imports into the index spaces, where they come first (spec 2.5.1)."""
    m = instance.module
    for i in span(m.import_count):
        wanted = m.imports[i]
        if wanted.kind == EXTERN_FUNC:
            instance.functions[wanted.index] = imports[i]
        elif wanted.kind == EXTERN_TABLE:
            instance.tables[wanted.index] = imports[i]
        elif wanted.kind == EXTERN_MEMORY:
            instance.memories[wanted.index] = imports[i]
        elif wanted.kind == EXTERN_GLOBAL:
            instance.globals[wanted.index] = imports[i]
        elif wanted.kind == EXTERN_TAG:
            instance.tags[wanted.index] = imports[i]


@kernel
def make_functions(instance: Instance) -> None:
    m = instance.module
    for i in span(m.imported_func_count, m.func_count):
        func = cast(Func, instance.functions[i])
        defined = m.types[m.func_types[i]]
        func.code = instance.store.engine.cells.translate
        func.instance = address(instance)
        func.canonical = defined.canonical
        func.index = i
        func.param_count = defined.param_count
        func.result_count = defined.result_count
        func.param_slots = defined.param_slots
        func.result_slots = defined.result_slots
        if HAS_NATIVE and not is_null(m.natives):
            func.native = m.natives[i]


@kernel
def make_globals(e: Evaluator, instance: Instance) -> None:
    """Globals in order: an initial value may read the globals before it."""
    m = instance.module
    for i in span(m.imported_global_count, m.global_count):
        declared = m.globals[i]
        made = own_globals(instance)[i - m.imported_global_count]
        made.value_type = canonical_value_type(m, declared.value_type)
        made.is_mutable = declared.is_mutable
        evaluate_span(e, instance, declared.init)
        made.value = e.value
        made.high = e.high
        instance.globals[i] = address(made)


@kernel
def make_tables(e: Evaluator, instance: Instance) -> None:
    m = instance.module
    for i in span(m.imported_table_count, m.table_count):
        declared = m.tables[i]
        table = new_table(instance.store, declared.limits, canonical_value_type(m, declared.element), u64(0))
        instance.tables[i] = address(table)
        if declared.init.start != declared.init.end:
            evaluate_span(e, instance, declared.init)
            if e.value != 0:  # what is null already is not touched
                fill_elements(table, u64(0), table.length, e.value)


@kernel
def make_memories(instance: Instance) -> None:
    m = instance.module
    for i in span(m.imported_memory_count, m.memory_count):
        instance.memories[i] = address(new_memory(instance.store, m.memories[i].limits))
    if m.memory_count != 0:
        instance.memory = instance.memories[0]
