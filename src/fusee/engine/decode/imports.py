"""The import, export and start sections (spec 5.5.5, 5.5.10, 5.5.11)."""

from typing import Final

from fusee.engine.arena import allocate, grown
from fusee.engine.decode.names import read_name
from fusee.engine.decode.reader import Reader, read_byte, read_count, read_u32
from fusee.engine.decode.spaces import read_func, read_global, read_memory, read_table, read_tag
from fusee.engine.decode.state import arena_of, has_feature
from fusee.engine.errors import Invalid, Malformed
from fusee.engine.state.module import (
    EXTERN_FUNC,
    EXTERN_GLOBAL,
    EXTERN_MEMORY,
    EXTERN_TABLE,
    EXTERN_TAG,
    Export,
    Import,
    Module,
    Span,
)  # fmt: skip
from fusee.kernel.lang import Ptr, cast, kernel, size_of, span, stack_array, u8, u32
from fusee.spec.errors import ModuleError
from fusee.spec.features import Feature
from fusee.spec.limits import MAX_EXPORTS, MAX_IMPORTS

COMPACT_ITEMS: Final = 0x7F  # in place of a kind: a list of names with types follows
COMPACT_NAMES: Final = 0x7E  # a type and a list of names


@kernel
def decode_imports(m: Module, r: Reader) -> None:
    """Imports, or groups of them that name their module once (proposal compact-import-section)."""
    module = cast(Span, stack_array(Span, 1))
    name = cast(Span, stack_array(Span, 1))
    for _ in span(read_count(r, u32(4))):
        offset = r.position
        read_name(r, module)
        read_name(r, name)
        kind = u32(r.source[r.position]) if r.position < r.end else u32(0)
        is_group = kind == COMPACT_ITEMS or kind == COMPACT_NAMES
        if is_group and name.start == name.end and has_feature(m, Feature.COMPACT_IMPORTS):
            r.position += 1
            decode_group(m, r, module, kind)
        else:
            read_external(m, r, new_import(m, r, offset, module, name))
    m.imported_func_count = m.func_count
    m.imported_table_count = m.table_count
    m.imported_memory_count = m.memory_count
    m.imported_global_count = m.global_count
    m.imported_tag_count = m.tag_count


@kernel
def decode_group(m: Module, r: Reader, module: Span, kind: u32) -> None:
    """What a module is asked for: names with a type each, or one type and names."""
    type_at = r.position
    if kind == COMPACT_NAMES:
        skip_external(m, r)
    name = cast(Span, stack_array(Span, 1))
    for _ in span(read_count(r, u32(1))):
        offset = r.position
        read_name(r, name)
        behind = r.position
        entry = new_import(m, r, offset, module, name)
        if kind == COMPACT_NAMES:
            r.position = type_at
            read_external(m, r, entry)
            r.position = behind
        else:
            read_external(m, r, entry)


@kernel
def skip_external(m: Module, r: Reader) -> None:
    """Step over an external type: what it opens in its index space is closed again."""
    entry = cast(Import, stack_array(Import, 1))
    funcs, tables, memories, globals_, tags = m.func_count, m.table_count, m.memory_count, m.global_count, m.tag_count
    read_external(m, r, entry)
    m.func_count = funcs
    m.table_count = tables
    m.memory_count = memories
    m.global_count = globals_
    m.tag_count = tags


@kernel
def new_import(m: Module, r: Reader, offset: u32, module: Span, name: Span) -> Import:
    """A further import, whose type is still missing."""
    if m.import_count >= MAX_IMPORTS:
        raise Invalid(ModuleError.LIMIT_IMPORTS, r.position)
    room = grown(arena_of(m), cast(Ptr[u8], m.imports), m.import_count, u32(size_of(Import)))
    m.imports = cast(Ptr[Import], room)
    entry = m.imports[m.import_count]
    m.import_count += 1
    entry.offset = offset
    entry.module.start = module.start
    entry.module.end = module.end
    entry.name.start = name.start
    entry.name.end = name.end
    return entry


@kernel
def read_external(m: Module, r: Reader, entry: Import) -> None:
    """The external type of an import, which opens it in its index space (spec 5.3.14)."""
    entry.kind = read_byte(r)
    if entry.kind == EXTERN_FUNC:
        entry.index = m.func_count
        read_func(m, r)
    elif entry.kind == EXTERN_TABLE:
        entry.index = m.table_count
        read_table(m, r)
    elif entry.kind == EXTERN_MEMORY:
        entry.index = m.memory_count
        read_memory(m, r)
    elif entry.kind == EXTERN_GLOBAL:
        entry.index = m.global_count
        read_global(m, r)
    elif entry.kind == EXTERN_TAG and has_feature(m, Feature.EXCEPTIONS):
        entry.index = m.tag_count
        read_tag(m, r)
    else:
        raise Malformed(ModuleError.BAD_IMPORT_KIND, r.position - 1)


@kernel
def decode_exports(m: Module, r: Reader) -> None:
    count = read_count(r, u32(3))
    if count > MAX_EXPORTS:
        raise Invalid(ModuleError.LIMIT_EXPORTS, r.position)
    m.export_count = count
    m.exports = cast(Ptr[Export], allocate(arena_of(m), count, u32(size_of(Export))))
    for i in span(count):
        entry = m.exports[i]
        entry.offset = r.position
        read_name(r, entry.name)
        entry.kind = read_byte(r)
        if entry.kind > EXTERN_TAG or (entry.kind == EXTERN_TAG and not has_feature(m, Feature.EXCEPTIONS)):
            raise Malformed(ModuleError.BAD_EXPORT_KIND, r.position - 1)
        entry.index = read_u32(r)


@kernel
def decode_start(m: Module, r: Reader) -> None:
    m.start_offset = r.position
    m.start = read_u32(r)
