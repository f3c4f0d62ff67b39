"""Import matching across modules (spec 3.3.15, external types): by canonical types, so by one registry."""

from fusee.engine.errors import LinkError
from fusee.engine.state.module import (
    EXTERN_FUNC,
    EXTERN_GLOBAL,
    EXTERN_MEMORY,
    EXTERN_TABLE,
    EXTERN_TAG,
    REF,
    GlobalType,
    Limits,
    MemoryType,
    Module,
    TableType,
)
from fusee.engine.state.runtime import Engine, Func, Global, Memory, Table, Tag
from fusee.engine.subtyping import canonical_value_type, is_subtype_canonical
from fusee.kernel.lang import Ptr, cast, kernel, span, u32, u64, usize


@kernel
def check_imports(engine: Engine, m: Module, imports: Ptr[usize]) -> None:
    """Raise `LinkError` at the first import that does not match what is given for it."""
    for i in span(m.import_count):
        wanted = m.imports[i]
        given = imports[i]
        matches = False
        if wanted.kind == EXTERN_FUNC:
            matches = matches_func(engine, m, wanted.index, cast(Func, given))
        elif wanted.kind == EXTERN_TABLE:
            matches = matches_table(m, m.tables[wanted.index], cast(Table, given))
        elif wanted.kind == EXTERN_MEMORY:
            matches = matches_memory(m.memories[wanted.index], cast(Memory, given))
        elif wanted.kind == EXTERN_GLOBAL:
            matches = matches_global(engine, m, m.globals[wanted.index], cast(Global, given))
        elif wanted.kind == EXTERN_TAG:  # types must be equivalent (spec 3.3.15)
            matches = m.types[m.tags[wanted.index]].canonical == cast(Tag, given).canonical
        if not matches:
            raise LinkError(wanted.kind, i)


@kernel
def matches_func(engine: Engine, m: Module, index: u32, given: Func) -> bool:
    wanted = REF | m.types[m.func_types[index]].canonical
    return is_subtype_canonical(engine.registry, REF | given.canonical, wanted)


@kernel
def func_matches(engine: Engine, given: Func, value_type: u32) -> bool:
    """Whether a reference to `given` is of the type `value_type`."""
    return is_subtype_canonical(engine.registry, REF | given.canonical, value_type)


@kernel
def matches_limits(wanted: Limits, length: u64, has_maximum: bool, maximum: u64, is_64: bool) -> bool:
    """Spec 3.3.13; the size now is the minimum of what is given."""
    if is_64 != wanted.is_64 or length < wanted.minimum:
        return False
    return not wanted.has_maximum or (has_maximum and maximum <= wanted.maximum)


@kernel
def matches_table(m: Module, wanted: TableType, given: Table) -> bool:
    """Element types must be equivalent: tables are written as well as read."""
    if canonical_value_type(m, wanted.element) != given.element:
        return False
    return matches_limits(wanted.limits, given.length, given.has_maximum, given.maximum, given.is_64)


@kernel
def matches_memory(wanted: MemoryType, given: Memory) -> bool:
    limits = wanted.limits
    if limits.page_size_log2 != given.page_size_log2 or limits.is_shared != given.is_shared:
        return False
    pages = given.length_bytes >> given.page_size_log2
    return matches_limits(limits, pages, given.has_maximum, given.maximum_pages, given.is_64)


@kernel
def matches_global(engine: Engine, m: Module, wanted: GlobalType, given: Global) -> bool:
    """Mutable globals are invariant, others covariant (spec 3.3.15)."""
    value_type = canonical_value_type(m, wanted.value_type)
    if wanted.is_mutable != given.is_mutable:
        return False
    if given.value_type == value_type:
        return True
    return not wanted.is_mutable and is_subtype_canonical(engine.registry, given.value_type, value_type)
