"""Types of functions, tables, memories, globals and tags; exports and the start function (spec 3.2, 3.5)."""

from typing import Final

from fusee.engine.arena import Buffer, grow_buffer
from fusee.engine.decode.state import has_feature
from fusee.engine.errors import Invalid
from fusee.engine.hashing import hash_bytes
from fusee.engine.present import HAS_EXCEPTIONS
from fusee.engine.state.module import (
    ABSTRACT,
    EXTERN_FUNC,
    EXTERN_GLOBAL,
    EXTERN_MEMORY,
    EXTERN_TABLE,
    EXTERN_TAG,
    HEAP_MASK,
    NONE,
    REF,
    Export,
    Limits,
    Module,
)  # fmt: skip
from fusee.engine.subtyping import is_function
from fusee.kernel.lang import Ptr, address, cast, clz, kernel, span, u8, u32, u64
from fusee.spec.errors import ModuleError
from fusee.spec.features import Feature
from fusee.spec.limits import (
    MAX_BYTES_32,
    MAX_BYTES_64,
    MAX_PAGES_32,
    MAX_PAGES_64,
    MAX_TABLE_32,
    MAX_TABLE_64,
    PAGE_SIZE_LOG2,
)  # fmt: skip

ENTRY_BYTES: Final = 4


@kernel(cold=True)
def entity_offset(m: Module, kind: u32, index: u32, section_offset: u32) -> u32:
    """Where a function or tag is declared: at its import, or in this section."""
    for i in span(m.import_count):
        if m.imports[i].kind == kind and m.imports[i].index == index:
            return m.imports[i].offset
    return section_offset


@kernel
def validate_functions(m: Module) -> None:
    for i in span(m.func_count):
        if m.func_types[i] >= m.type_count or not is_function(m.types[m.func_types[i]]):
            raise Invalid(ModuleError.UNKNOWN_TYPE, entity_offset(m, u32(EXTERN_FUNC), i, m.funcs_offset))


@kernel
def validate_tags(m: Module) -> None:
    """Spec 3.2.11: a tag has no results."""
    for i in span(m.tag_count):
        if m.tags[i] >= m.type_count or not is_function(m.types[m.tags[i]]):
            raise Invalid(ModuleError.UNKNOWN_TYPE, entity_offset(m, u32(EXTERN_TAG), i, m.tags_offset))
        if m.types[m.tags[i]].result_count != 0:
            raise Invalid(ModuleError.TAG_RESULT, entity_offset(m, u32(EXTERN_TAG), i, m.tags_offset))


@kernel
def check_type_index(m: Module, value_type: u32, offset: u32) -> None:
    if value_type & (REF | ABSTRACT) == REF and value_type & HEAP_MASK >= m.type_count:
        raise Invalid(ModuleError.UNKNOWN_TYPE, offset)


@kernel
def validate_entities(m: Module) -> None:
    validate_functions(m)
    if HAS_EXCEPTIONS:
        validate_tags(m)
    for i in span(m.global_count):
        check_type_index(m, m.globals[i].value_type, m.globals[i].offset)
    for i in span(m.table_count):
        check_type_index(m, m.tables[i].element, m.tables[i].offset)
        check_table_limits(m.tables[i].limits, m.tables[i].offset)
    for i in span(m.element_count):
        check_type_index(m, m.elements[i].element, m.elements[i].place)
    if m.memory_count > 1 and not has_feature(m, Feature.MULTI_MEMORY):
        raise Invalid(ModuleError.MULTIPLE_MEMORIES, m.memories[1].offset)
    for i in span(m.memory_count):
        check_memory_limits(m.memories[i].limits, m.memories[i].offset)


@kernel
def check_limits(limits: Limits, greatest: u64, error: ModuleError, offset: u32) -> None:
    """Spec 3.2.14."""
    if limits.minimum > greatest or (limits.has_maximum and limits.maximum > greatest):
        raise Invalid(error, offset)
    if limits.has_maximum and limits.minimum > limits.maximum:
        raise Invalid(ModuleError.SIZE_ORDER, offset)


@kernel
def check_table_limits(limits: Limits, offset: u32) -> None:
    greatest = u64(MAX_TABLE_64) if limits.is_64 else u64(MAX_TABLE_32)
    check_limits(limits, greatest, ModuleError.TABLE_SIZE, offset)


@kernel
def check_memory_limits(limits: Limits, offset: u32) -> None:
    """As many pages as addresses can reach; pages have 64 KiB or, with custom page sizes, one byte."""
    page_size_log2 = limits.page_size_log2
    if page_size_log2 != 0 and page_size_log2 != PAGE_SIZE_LOG2:
        raise Invalid(ModuleError.PAGE_SIZE, offset)
    error: ModuleError = ModuleError.MEMORY_SIZE_OTHER
    if page_size_log2 == 0:
        greatest = u64(MAX_BYTES_64) if limits.is_64 else u64(MAX_BYTES_32)
    elif limits.is_64:
        greatest = u64(MAX_PAGES_64)
    else:
        greatest = u64(MAX_PAGES_32)
        error = ModuleError.MEMORY_SIZE
    check_limits(limits, greatest, error, offset)
    if limits.is_shared and not limits.has_maximum:
        raise Invalid(ModuleError.SHARED_WITHOUT_MAXIMUM, offset)


@kernel
def validate_start(m: Module) -> None:
    """Spec 3.5.9: without parameters and results."""
    if m.start == NONE:
        return
    if m.start >= m.func_count:
        raise Invalid(ModuleError.UNKNOWN_FUNCTION, m.start_offset)
    t = m.types[m.func_types[m.start]]
    if t.param_count != 0 or t.result_count != 0:
        raise Invalid(ModuleError.START_FUNCTION, m.start_offset)


@kernel
def validate_exports(m: Module, declared: Ptr[u8], buffer: Buffer) -> None:
    """Indices must exist, names must differ; exported functions may be named by `ref.func` in code."""
    slots = u32(2) << (32 - clz(m.export_count))
    grow_buffer(buffer, u64(slots) * ENTRY_BYTES)
    table = cast(Ptr[u32], buffer.data)
    for i in span(slots):
        table[i] = NONE
    for i in span(m.export_count):
        entry = m.exports[i]
        check_exported(m, entry)
        if entry.kind == EXTERN_FUNC:
            declared[entry.index] = u8(1)
        enter_name(m, i, table, slots - 1)


@kernel
def check_exported(m: Module, entry: Export) -> None:
    if entry.kind == EXTERN_FUNC:
        if entry.index >= m.func_count:
            raise Invalid(ModuleError.UNKNOWN_FUNCTION, entry.offset)
    elif entry.kind == EXTERN_TABLE:
        if entry.index >= m.table_count:
            raise Invalid(ModuleError.UNKNOWN_TABLE, entry.offset)
    elif entry.kind == EXTERN_MEMORY:
        if entry.index >= m.memory_count:
            raise Invalid(ModuleError.UNKNOWN_MEMORY, entry.offset)
    elif entry.kind == EXTERN_GLOBAL:
        if entry.index >= m.global_count:
            raise Invalid(ModuleError.UNKNOWN_GLOBAL, entry.offset)
    elif entry.index >= m.tag_count:
        raise Invalid(ModuleError.UNKNOWN_TAG, entry.offset)


@kernel
def enter_name(m: Module, index: u32, table: Ptr[u32], mask: u32) -> None:
    """Enter an export's name into a hash table that is at most half full."""
    name = m.exports[index].name
    size = name.end - name.start
    slot = u32(hash_bytes(m.source + name.start, size, address(m))) & mask
    while table[slot] != NONE:
        other = m.exports[table[slot]].name
        if other.end - other.start == size and same_bytes(m.source + name.start, m.source + other.start, size):
            raise Invalid(ModuleError.DUPLICATE_EXPORT, m.exports[index].offset)
        slot = (slot + 1) & mask
    table[slot] = index


@kernel
def same_bytes(a: Ptr[u8], b: Ptr[u8], size: u32) -> bool:
    for i in span(size):
        if a[i] != b[i]:
            return False
    return True
