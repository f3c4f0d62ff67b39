"""What native code has to know of a module: types, index spaces, where bodies are."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from fusee.native.layouts import Aggregate
from fusee.native.reader import MalformedBytes, Reader

NUMBERS = {0x7F: "i32", 0x7E: "i64", 0x7D: "f32", 0x7C: "f64", 0x7B: "v128"}
REFERENCE = "ref"  # something that the collector follows
FUNCTION = "func"  # a reference to a function, which lives as long as its store
_FUNCTION_HEAPS = (0x70, 0x73)  # func, nofunc

FUNC, TABLE, MEMORY, GLOBAL, TAG = range(5)  # kinds of imports and exports (spec 5.5.5)
_ITEMS, _NAMES = 0x7F, 0x7E  # in place of a kind: names with types follow, or one type and names
_TYPE_SECTION, _IMPORT_SECTION, _FUNCTION_SECTION, _TABLE_SECTION, _MEMORY_SECTION, _GLOBAL_SECTION = range(1, 7)
_EXPORT_SECTION = 7
_PAGE_SIZE_LOG2 = 16
_CODE_SECTION = 10
_TAG_SECTION = 13


@dataclass(frozen=True)
class FuncType:
    """Types are `NUMBERS`, `REFERENCE` or `FUNCTION`."""

    params: tuple[str, ...]
    results: tuple[str, ...]


@dataclass
class Module:
    """The index spaces of a valid module, imports first."""

    binary: bytes
    types: list[FuncType | None] = field(default_factory=list)  # None: a structure or array
    aggregates: dict[int, Aggregate] = field(default_factory=dict)  # those
    func_types: list[int] = field(default_factory=list)
    imported_funcs: int = 0
    tables: list[bool] = field(default_factory=list)  # whether addresses have 64 bits
    table_kinds: list[str] = field(default_factory=list)  # of their elements
    table_lengths: list[int | None] = field(default_factory=list)  # None: it may change
    imported_tables: int = 0
    memories: list[bool] = field(default_factory=list)
    least_bytes: list[int] = field(default_factory=list)  # of memories
    are_fixed: list[bool] = field(default_factory=list)  # whether that is what they always have
    are_shared: list[bool] = field(default_factory=list)  # by threads
    global_types: list[str] = field(default_factory=list)
    imported_globals: int = 0
    exports: list[tuple[int, int]] = field(default_factory=list)  # kind, as in imports, and index
    tags: list[int] = field(default_factory=list)  # their types
    bodies: list[tuple[int, int]] = field(default_factory=list)  # start, before the locals, and end

    @property
    def defined(self) -> range:
        """The indices of the functions that are defined here."""
        return range(self.imported_funcs, len(self.func_types))

    def type_of(self, function: int) -> FuncType:
        """The type of the function of that index."""
        found = self.types[self.func_types[function]]
        assert found is not None
        return found

    def tag_type(self, tag: int) -> FuncType:
        """The type whose parameters are a tag's values."""
        found = self.types[self.tags[tag]]
        assert found is not None
        return found

    def body(self, function: int) -> tuple[int, int]:
        return self.bodies[function - self.imported_funcs]

    def stays(self, memory: int) -> bool:
        """Whether a memory never moves: it does not grow, or has room for all that it may become."""
        return self.are_fixed[memory] or self.are_shared[memory]

    def value_type(self, code: int) -> str:
        """What the code of a value type (`Reader.value_type`) means here."""
        if code in NUMBERS:
            return NUMBERS[code]
        if code < 0x100:
            return FUNCTION if code in _FUNCTION_HEAPS else REFERENCE
        heap = code - 0x100
        if heap < len(self.types):
            return REFERENCE if self.types[heap] is None else FUNCTION
        return FUNCTION if heap & 0x7F in _FUNCTION_HEAPS else REFERENCE


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


def _skip_expression(reader: Reader) -> None:
    for instruction in reader.instructions():
        if instruction.op.mnemonic == "end":
            return


def _read_tables(module: Module, reader: Reader) -> None:
    for _ in range(reader.u32()):
        has_value = reader.data[reader.position] == _TABLE_WITH_VALUE
        if has_value:
            reader.take(2)
        _add_table(module, reader)
        if has_value:
            _skip_expression(reader)


_TABLE_WITH_VALUE = 0x40


def _read_memories(module: Module, reader: Reader) -> None:
    for _ in range(reader.u32()):
        _add_memory(module, reader)


def _read_globals(module: Module, reader: Reader) -> None:
    for _ in range(reader.u32()):
        module.global_types.append(module.value_type(reader.value_type()))
        reader.byte()
        _skip_expression(reader)


def _read_tags(module: Module, reader: Reader) -> None:
    for _ in range(reader.u32()):
        reader.byte()
        module.tags.append(reader.u32())


def _read_exports(module: Module, reader: Reader) -> None:
    for _ in range(reader.u32()):
        reader.name()
        module.exports.append((reader.byte(), reader.u32()))


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
    _CODE_SECTION: _read_bodies,
    _TAG_SECTION: _read_tags,
}
