"""A module: its magic number, and its sections in their order (spec 5.5)."""

from typing import Final

from fusee.engine.arena import Arena, allocate, new_arena, release_arena
from fusee.engine.decode.bodies import decode_bodies
from fusee.engine.decode.imports import decode_exports, decode_imports, decode_start
from fusee.engine.decode.names import read_name
from fusee.engine.decode.reader import Reader, read_byte, read_size
from fusee.engine.decode.segments import decode_data_count, decode_datas, decode_elements
from fusee.engine.decode.spaces import decode_funcs, decode_globals, decode_memories, decode_tables, decode_tags
from fusee.engine.decode.state import arena_of, has_feature
from fusee.engine.decode.typesec import decode_types
from fusee.engine.errors import Invalid, Malformed, raise_again
from fusee.engine.groups import release_types
from fusee.engine.registry import TypeRegistry
from fusee.engine.state.module import NONE, Module, Span
from fusee.engine.state.platform import Platform
from fusee.kernel.lang import (
    Ptr,
    address,
    cast,
    caught,
    is_null,
    kernel,
    load,
    size_of,
    stack_array,
    table,
    u8,
    u32,
    u64,
    usize,
)  # fmt: skip
from fusee.spec.errors import ModuleError
from fusee.spec.features import Feature
from fusee.spec.limits import MAX_MODULE_BYTES

MAGIC: Final = int.from_bytes(b"\0asm", "little")
VERSION: Final = 1
NAME: Final = int.from_bytes(b"name", "little")

CUSTOM: Final = 0
TYPE: Final = 1
IMPORT: Final = 2
FUNCTION: Final = 3
TABLE: Final = 4
MEMORY: Final = 5
GLOBAL: Final = 6
EXPORT: Final = 7
START: Final = 8
ELEMENT: Final = 9
CODE: Final = 10
DATA: Final = 11
DATA_COUNT: Final = 12
TAG: Final = 13

ORDER: Final = [TYPE, IMPORT, FUNCTION, TABLE, MEMORY, TAG, GLOBAL, EXPORT, START, ELEMENT, DATA_COUNT, CODE, DATA]
RANK: Final = table(u8, [0, *(ORDER.index(section) + 1 for section in range(TYPE, TAG + 1))])


@kernel
def decode_module(registry: TypeRegistry, platform: Platform, source: Ptr[u8], size: u32, features: u64) -> Module:
    """Decode `size` bytes at `source`, which must outlive the module.

    Raises `Malformed`, or `Invalid` for a limit of the engine, and then leaves nothing behind.
    """
    arena = new_arena(platform)
    m = cast(Module, allocate(arena, u32(1), u32(size_of(Module))))
    m.source = source
    m.source_size = size
    m.features = features
    m.arena = address(arena)
    m.registry = address(registry)
    m.start = NONE
    status = caught(decode_sections, m)
    if status != 0:
        release_arena(arena)
        raise_again(status)
    return m


@kernel
def release_module(m: Module) -> None:
    """End a module: its types leave the registry, its arrays go with the arena."""
    release_types(m)
    release_arena(cast(Arena, m.arena))


@kernel
def decode_sections(m: Module) -> None:
    r = cast(Reader, stack_array(Reader, 1))
    r.source = m.source
    r.position = u32(0)
    r.end = m.source_size
    r.module_end = m.source_size
    read_header(r)
    if m.source_size > MAX_MODULE_BYTES:
        raise Invalid(ModuleError.LIMIT_MODULE_SIZE, 0)
    last = u8(0)
    while r.position < r.end:
        at = r.position
        section = u32(read_byte(r))
        if section > TAG or (section == TAG and not has_feature(m, Feature.EXCEPTIONS)):
            raise Malformed(ModuleError.BAD_SECTION_ID, at)
        size = read_size(r)
        if section != CUSTOM:
            if RANK[section] <= last:
                raise Malformed(ModuleError.SECTION_ORDER, at)
            last = RANK[section]
        r.end = r.position + size
        decode_section(m, r, section)
        if r.position != r.end:
            raise Malformed(ModuleError.SECTION_SIZE, r.position)
        r.end = r.module_end
    check_consistency(m)
    make_code_table(m)


@kernel
def make_code_table(m: Module) -> None:
    """Where the code of its functions is noted once they are translated, for all instances.

    Behind the stubs is a word that `handlers.regs.look_ahead` reads with the last one.
    """
    m.code_table = cast(Ptr[usize], allocate(arena_of(m), 2 * m.func_count + 1, u32(size_of(usize))))
    m.stubs = m.code_table + m.func_count


@kernel
def read_header(r: Reader) -> None:
    if r.end < 4:
        raise Malformed(ModuleError.UNEXPECTED_END, r.end)
    if load(u32, r.source) != MAGIC:
        raise Malformed(ModuleError.MAGIC_MISSING, 0)
    if r.end < 8:
        raise Malformed(ModuleError.UNEXPECTED_END, r.end)
    if load(u32, r.source + 4) != VERSION:
        raise Malformed(ModuleError.UNKNOWN_VERSION, 4)
    r.position = u32(8)


@kernel
def decode_section(m: Module, r: Reader, section: u32) -> None:
    if section == CUSTOM:
        decode_custom(m, r)
    elif section == TYPE:
        decode_types(m, r)
    elif section == IMPORT:
        decode_imports(m, r)
    elif section == FUNCTION:
        decode_funcs(m, r)
    elif section == TABLE:
        decode_tables(m, r)
    elif section == MEMORY:
        decode_memories(m, r)
    elif section == GLOBAL:
        decode_globals(m, r)
    elif section == EXPORT:
        decode_exports(m, r)
    elif section == START:
        decode_start(m, r)
    elif section == ELEMENT:
        decode_elements(m, r)
    elif section == CODE:
        decode_bodies(m, r)
    elif section == DATA:
        decode_datas(m, r)
    elif section == DATA_COUNT:
        decode_data_count(m, r)
    else:
        decode_tags(m, r)


@kernel
def decode_custom(m: Module, r: Reader) -> None:
    """Of custom sections only the names are kept, and only where they are (spec 5.5.3, appendix 7.4)."""
    name = cast(Span, stack_array(Span, 1))
    read_name(r, name)
    if name.end - name.start == 4 and load(u32, r.source + name.start) == NAME:
        m.name_section.start = r.position
        m.name_section.end = r.end
    r.position = r.end


@kernel
def check_consistency(m: Module) -> None:
    """What sections say about each other must hold even where one of them is missing (spec 5.5.16)."""
    if m.func_count != m.imported_func_count and is_null(m.bodies):
        raise Malformed(ModuleError.FUNCTION_AND_CODE, m.source_size)
    if m.has_data_count and m.data_count != 0 and is_null(m.datas):
        raise Malformed(ModuleError.DATA_COUNT, m.source_size)
