"""Reading a module's sections (spec 5.5): what `native.module` knows of it."""

from collections.abc import Callable
from typing import NamedTuple, cast

from fusee.native.layouts import Aggregate
from fusee.native.module import FUNC, GLOBAL, MEMORY, TABLE, TAG, FuncType, Module
from fusee.native.reader import MalformedBytes, Reader

_ITEMS, _NAMES = 0x7F, 0x7E  # in place of an import's kind: names with types follow, or one type and names
_TYPE_SECTION, _IMPORT_SECTION, _FUNCTION_SECTION, _TABLE_SECTION, _MEMORY_SECTION, _GLOBAL_SECTION = range(1, 7)
_EXPORT_SECTION, _ELEMENT_SECTION, _CODE_SECTION, _TAG_SECTION = 7, 9, 10, 13
_PAGE_SIZE_LOG2 = 16
_PASSIVE, _EXPLICIT, _EXPRESSIONS = 1, 2, 4  # flags of an element segment (spec 5.5.12)


def read_module(binary: bytes) -> Module:
    """The index spaces of a module, which must be valid; raises `MalformedBytes` if it is none at all."""
    module = Module(binary)
    reader = Reader(binary, 8)
    while reader.position < len(binary):
        kind = reader.byte()
        size = reader.u32()
        section = Reader(binary, reader.position, reader.position + size)
        reader.take(size)
        if kind in _SECTIONS:
            _SECTIONS[kind](module, section)
    if len(module.bodies) != len(module.func_types) - module.imported_funcs:
        raise MalformedBytes(len(binary))
    return module


def _read_types(module: Module, reader: Reader) -> None:
    """Function types; a reference may name a type that comes later, so that types are resolved at the end."""
    found: list[tuple[list[int], list[int]] | Aggregate] = []
    for _ in range(reader.u32()):
        kind = reader.byte()
        if kind != _GROUP:
            found.append(_read_type(reader, kind))
            continue
        for _ in range(reader.u32()):
            found.append(_read_type(reader, reader.byte()))
    module.types = [None if isinstance(one, Aggregate) else FuncType((), ()) for one in found]
    for index, one in enumerate(found):
        if isinstance(one, Aggregate):
            module.aggregates[index] = one
        else:
            params, results = (tuple(map(module.value_type, codes)) for codes in one)
            module.types[index] = FuncType(params, results)


_GROUP, _SUB, _SUB_FINAL = 0x4E, 0x50, 0x4F
_FUNC_TYPE, _STRUCT_TYPE, _ARRAY_TYPE = 0x60, 0x5F, 0x5E


def _read_type(reader: Reader, kind: int) -> tuple[list[int], list[int]] | Aggregate:
    """Parameters and results of a function type, or another type (spec 5.3)."""
    is_final = kind != _SUB
    if kind in (_SUB, _SUB_FINAL):
        for _ in range(reader.u32()):
            reader.u32()
        kind = reader.byte()
    if kind == _FUNC_TYPE:
        return [reader.value_type() for _ in range(reader.u32())], [reader.value_type() for _ in range(reader.u32())]
    fields = []
    for _ in range(reader.u32() if kind == _STRUCT_TYPE else 1):
        fields.append(reader.value_type())
        reader.byte()
    return Aggregate(tuple(fields), kind == _ARRAY_TYPE, is_final)


class _Limits(NamedTuple):
    """Of a table, in elements, or of a memory, in pages (spec 5.3.8; bit 1: threads, 3: custom-page-sizes)."""

    is_64: bool
    is_shared: bool
    least: int
    most: int | None
    page_size_log2: int

    @property
    def is_fixed(self) -> bool:
        """Whether what has these limits is always as long. What is imported with them has the very same."""
        return self.least == self.most


def _read_limits(reader: Reader) -> _Limits:
    flags = reader.byte()
    least = reader.u32()
    most = reader.u32() if flags & 1 else None
    return _Limits(bool(flags & 4), bool(flags & 2), least, most, reader.u32() if flags & 8 else _PAGE_SIZE_LOG2)


def _add_memory(module: Module, reader: Reader) -> None:
    limits = _read_limits(reader)
    module.memories.append(limits.is_64)
    module.least_bytes.append(limits.least << limits.page_size_log2)
    module.are_fixed.append(limits.is_fixed)
    module.are_shared.append(limits.is_shared)


def _add_table(module: Module, reader: Reader) -> None:
    module.table_kinds.append(module.value_type(reader.value_type()))
    limits = _read_limits(reader)
    module.tables.append(limits.is_64)
    module.table_lengths.append(limits.least if limits.is_fixed else None)


def _read_imports(module: Module, reader: Reader) -> None:
    """Imports, or groups of them that name their module once (proposal compact-import-section)."""
    for _ in range(reader.u32()):
        reader.name()
        name, kind = reader.name(), reader.byte()
        if kind in (_ITEMS, _NAMES) and not name:
            _read_group(module, reader, kind == _NAMES)
        else:
            _read_import(module, reader, kind)


def _read_group(module: Module, reader: Reader, is_of_one_type: bool) -> None:
    type_at = reader.position
    if is_of_one_type:  # names come behind it
        _read_import(Module(module.binary, module.types), reader, reader.byte())
    for _ in range(reader.u32()):
        reader.name()
        behind = reader.position
        if is_of_one_type:
            reader.position = type_at
        _read_import(module, reader, reader.byte())
        if is_of_one_type:
            reader.position = behind


def _read_import(module: Module, reader: Reader, kind: int) -> None:
    """The external type of one, behind its kind (spec 5.3.14)."""
    if kind == FUNC:
        module.func_types.append(reader.u32())
        module.imported_funcs += 1
    elif kind == TABLE:
        _add_table(module, reader)
        module.imported_tables += 1
    elif kind == MEMORY:
        _add_memory(module, reader)
    elif kind == GLOBAL:
        module.global_types.append(module.value_type(reader.value_type()))
        reader.byte()
        module.imported_globals += 1
    elif kind == TAG:
        reader.byte()
        module.tags.append(reader.u32())
    else:
        raise MalformedBytes(reader.position)


def _read_functions(module: Module, reader: Reader) -> None:
    for _ in range(reader.u32()):
        module.func_types.append(reader.u32())


def _read_expression(reader: Reader) -> list[int]:
    """The functions that a constant expression refers to."""
    found = []
    while (instruction := reader.instruction()).op.mnemonic != "end":
        if instruction.op.mnemonic == "ref.func":
            found.append(cast(int, instruction.immediates[0]))
    return found


def _read_tables(module: Module, reader: Reader) -> None:
    for _ in range(reader.u32()):
        has_value = reader.data[reader.position] == _TABLE_WITH_VALUE
        if has_value:
            reader.take(2)
        _add_table(module, reader)
        if has_value:
            module.references.update(dict.fromkeys(_read_expression(reader)))


_TABLE_WITH_VALUE = 0x40


def _read_memories(module: Module, reader: Reader) -> None:
    for _ in range(reader.u32()):
        _add_memory(module, reader)


def _read_globals(module: Module, reader: Reader) -> None:
    for _ in range(reader.u32()):
        module.global_types.append(module.value_type(reader.value_type()))
        reader.byte()
        module.references.update(dict.fromkeys(_read_expression(reader)))


def _read_tags(module: Module, reader: Reader) -> None:
    for _ in range(reader.u32()):
        reader.byte()
        module.tags.append(reader.u32())


def _read_exports(module: Module, reader: Reader) -> None:
    for _ in range(reader.u32()):
        reader.name()
        module.exports.append((reader.byte(), reader.u32()))


def _read_elements(module: Module, reader: Reader) -> None:
    for _ in range(reader.u32()):
        module.references.update(dict.fromkeys(_read_segment(reader)))


def _read_segment(reader: Reader) -> list[int]:
    """The functions in an element segment."""
    flags = reader.u32()
    if not flags & _PASSIVE:
        if flags & _EXPLICIT:
            reader.u32()
        _read_expression(reader)
    if flags & (_PASSIVE | _EXPLICIT):
        reader.value_type()  # or the kind of elements, a byte
    if not flags & _EXPRESSIONS:
        return [reader.u32() for _ in range(reader.u32())]
    return [function for _ in range(reader.u32()) for function in _read_expression(reader)]


def _read_bodies(module: Module, reader: Reader) -> None:
    for _ in range(reader.u32()):
        size = reader.u32()
        module.bodies.append((reader.position, reader.position + size))
        reader.take(size)


_SECTIONS: dict[int, Callable[[Module, Reader], None]] = {
    _TYPE_SECTION: _read_types,
    _IMPORT_SECTION: _read_imports,
    _FUNCTION_SECTION: _read_functions,
    _TABLE_SECTION: _read_tables,
    _MEMORY_SECTION: _read_memories,
    _GLOBAL_SECTION: _read_globals,
    _EXPORT_SECTION: _read_exports,
    _ELEMENT_SECTION: _read_elements,
    _CODE_SECTION: _read_bodies,
    _TAG_SECTION: _read_tags,
}
