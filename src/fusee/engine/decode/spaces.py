"""The index spaces of functions, tables, memories, globals and tags (spec 2.5.1): imports first, then definitions."""

from typing import Final

from fusee.engine.arena import grown
from fusee.engine.decode.instruction import skip_expression
from fusee.engine.decode.reader import Reader, read_byte, read_count, read_u32
from fusee.engine.decode.state import arena_of, refuse_lacking
from fusee.engine.decode.types import (
    read_memory_limits,
    read_mutability,
    read_ref_type,
    read_table_limits,
    read_value_type,
)  # fmt: skip
from fusee.engine.errors import Invalid, Malformed
from fusee.engine.state.module import GlobalType, MemoryType, Module, TableType
from fusee.kernel.lang import Ptr, cast, kernel, size_of, span, u8, u32
from fusee.spec.errors import ModuleError
from fusee.spec.families import reason_without
from fusee.spec.features import Feature
from fusee.spec.limits import MAX_FUNCTIONS, MAX_GLOBALS, MAX_MEMORIES, MAX_TABLES, MAX_TAGS

LACKING_EXCEPTIONS: Final = int(reason_without(Feature.EXCEPTIONS))
TABLE_WITH_INIT: Final = 0x40  # spec 5.5.7


@kernel
def read_func(m: Module, r: Reader) -> None:
    """A function's type index, which opens the function in its index space."""
    if m.func_count >= MAX_FUNCTIONS:
        raise Invalid(ModuleError.LIMIT_FUNCTIONS, r.position)
    room = grown(arena_of(m), cast(Ptr[u8], m.func_types), m.func_count, u32(size_of(u32)))
    m.func_types = cast(Ptr[u32], room)
    m.func_types[m.func_count] = read_u32(r)
    m.func_count += 1


@kernel
def read_table(m: Module, r: Reader) -> TableType:
    """A table type; an initial value, where it may have one, comes after it."""
    if m.table_count >= MAX_TABLES:
        raise Invalid(ModuleError.LIMIT_TABLES, r.position)
    room = grown(arena_of(m), cast(Ptr[u8], m.tables), m.table_count, u32(size_of(TableType)))
    m.tables = cast(Ptr[TableType], room)
    t = m.tables[m.table_count]
    m.table_count += 1
    t.offset = r.position
    t.element = read_ref_type(m, r)
    read_table_limits(m, r, t.limits)
    return t


@kernel
def read_memory(m: Module, r: Reader) -> None:
    if m.memory_count >= MAX_MEMORIES:
        raise Invalid(ModuleError.LIMIT_MEMORIES, r.position)
    room = grown(arena_of(m), cast(Ptr[u8], m.memories), m.memory_count, u32(size_of(MemoryType)))
    m.memories = cast(Ptr[MemoryType], room)
    memory = m.memories[m.memory_count]
    m.memory_count += 1
    memory.offset = r.position
    read_memory_limits(m, r, memory.limits)


@kernel
def read_global(m: Module, r: Reader) -> GlobalType:
    """A global type; its initial value, where it has one, comes after it."""
    if m.global_count >= MAX_GLOBALS:
        raise Invalid(ModuleError.LIMIT_GLOBALS, r.position)
    room = grown(arena_of(m), cast(Ptr[u8], m.globals), m.global_count, u32(size_of(GlobalType)))
    m.globals = cast(Ptr[GlobalType], room)
    g = m.globals[m.global_count]
    m.global_count += 1
    g.offset = r.position
    g.value_type = read_value_type(m, r)
    g.is_mutable = read_mutability(r)
    return g


@kernel
def read_tag(m: Module, r: Reader) -> None:
    if m.tag_count >= MAX_TAGS:
        raise Invalid(ModuleError.LIMIT_TAGS, r.position)
    refuse_lacking(LACKING_EXCEPTIONS, r.position)
    if read_byte(r) != 0:
        raise Malformed(ModuleError.BAD_TAG_ATTRIBUTE, r.position - 1)
    room = grown(arena_of(m), cast(Ptr[u8], m.tags), m.tag_count, u32(size_of(u32)))
    m.tags = cast(Ptr[u32], room)
    m.tags[m.tag_count] = read_u32(r)
    m.tag_count += 1


@kernel
def decode_funcs(m: Module, r: Reader) -> None:
    m.funcs_offset = r.position
    for _ in span(read_count(r, u32(1))):
        read_func(m, r)


@kernel
def decode_tables(m: Module, r: Reader) -> None:
    for _ in span(read_count(r, u32(3))):
        has_init = r.position < r.end and r.source[r.position] == TABLE_WITH_INIT
        if has_init:
            r.position += 1
            if read_byte(r) != 0:
                raise Malformed(ModuleError.ZERO_BYTE_EXPECTED, r.position - 1)
        t = read_table(m, r)
        if has_init:
            skip_expression(m, r, t.init)


@kernel
def decode_memories(m: Module, r: Reader) -> None:
    for _ in span(read_count(r, u32(2))):
        read_memory(m, r)


@kernel
def decode_globals(m: Module, r: Reader) -> None:
    for _ in span(read_count(r, u32(3))):
        g = read_global(m, r)
        skip_expression(m, r, g.init)


@kernel
def decode_tags(m: Module, r: Reader) -> None:
    m.tags_offset = r.position
    for _ in span(read_count(r, u32(2))):
        read_tag(m, r)
