"""The import, export and start sections (spec 5.5.5, 5.5.10, 5.5.11)."""

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
)  # fmt: skip
from fusee.kernel.lang import Ptr, cast, kernel, size_of, span, u8, u32
from fusee.spec.errors import ModuleError
from fusee.spec.features import Feature
from fusee.spec.limits import MAX_EXPORTS, MAX_IMPORTS


@kernel
def decode_imports(m: Module, r: Reader) -> None:
    count = read_count(r, u32(4))
    if count > MAX_IMPORTS:
        raise Invalid(ModuleError.LIMIT_IMPORTS, r.position)
    for _ in span(count):
        room = grown(arena_of(m), cast(Ptr[u8], m.imports), m.import_count, u32(size_of(Import)))
        m.imports = cast(Ptr[Import], room)
        decode_import(m, r, m.imports[m.import_count])
        m.import_count += 1
    m.imported_func_count = m.func_count
    m.imported_table_count = m.table_count
    m.imported_memory_count = m.memory_count
    m.imported_global_count = m.global_count
    m.imported_tag_count = m.tag_count


@kernel
def decode_import(m: Module, r: Reader, entry: Import) -> None:
    entry.offset = r.position
    read_name(r, entry.module)
    read_name(r, entry.name)
    entry.kind = u32(read_byte(r))
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
        entry.kind = u32(read_byte(r))
        if entry.kind > EXTERN_TAG or (entry.kind == EXTERN_TAG and not has_feature(m, Feature.EXCEPTIONS)):
            raise Malformed(ModuleError.BAD_EXPORT_KIND, r.position - 1)
        entry.index = read_u32(r)


@kernel
def decode_start(m: Module, r: Reader) -> None:
    m.start_offset = r.position
    m.start = read_u32(r)
