"""Which functions a module refers to outside of its code, and so, of many modules, all that references may be to."""

from collections.abc import Iterator
from typing import cast

from fusee.native.module import FUNC, FUNCTION, GLOBAL, TABLE, FuncType, Module
from fusee.native.reader import Reader

_GLOBALS, _TABLES, _ELEMENTS = 6, 4, 9  # sections whose contents may refer to functions
_PASSIVE, _EXPLICIT, _EXPRESSIONS = 1, 2, 4  # flags of an element segment (spec 5.5.12)


def referred_in(module: Module) -> dict[FuncType, list[int]] | None:
    """The functions that references in a valid module may be to, by type; None if to others, too, from outside.

    There are no others where none can come in: as a parameter, a result or a field, in a table or global that is
    imported or exported. What code may refer to is named outside of it (spec 3.4.10, C.refs). Functions of subtypes of
    each other have equal types here.
    """
    kinds = [*module.table_kinds[: module.imported_tables], *module.global_types[: module.imported_globals]]
    for kind, index in module.exports:
        if kind in (TABLE, GLOBAL):
            kinds.append((module.table_kinds if kind == TABLE else module.global_types)[index])
    for type_ in module.types:
        if type_ is not None:
            kinds += (*type_.params, *type_.results)
    for aggregate in module.aggregates.values():
        kinds += map(module.value_type, aggregate.fields)
    if FUNCTION in kinds:
        return None
    found: dict[FuncType, list[int]] = {}
    for index in {*references(module.binary), *(index for kind, index in module.exports if kind == FUNC)}:
        found.setdefault(module.type_of(index), []).append(index)
    return found


def references(binary: bytes) -> Iterator[int]:
    """Functions that element segments, globals and tables refer to."""
    reader = Reader(binary, 8)
    while reader.position < len(binary):
        kind, size = reader.byte(), reader.u32()
        section = Reader(binary, reader.position, reader.position + size)
        reader.take(size)
        if kind == _ELEMENTS:
            for _ in range(section.u32()):
                yield from _element_segment(section)
        elif kind == _GLOBALS:
            for _ in range(section.u32()):
                section.value_type()
                section.byte()
                yield from _expression(section)
        elif kind == _TABLES:
            for _ in range(section.u32()):
                yield from _table(section)


def _element_segment(reader: Reader) -> list[int]:
    flags = reader.u32()
    if not flags & _PASSIVE:
        if flags & _EXPLICIT:
            reader.u32()
        _expression(reader)
    if flags & (_PASSIVE | _EXPLICIT):
        reader.value_type()  # or the kind of elements, a byte
    if not flags & _EXPRESSIONS:
        return [reader.u32() for _ in range(reader.u32())]
    return [function for _ in range(reader.u32()) for function in _expression(reader)]


def _table(reader: Reader) -> list[int]:
    has_value = reader.data[reader.position] == 0x40
    if has_value:
        reader.take(2)
    reader.value_type()
    flags = reader.u32()
    for _ in range(2 if flags & 1 else 1):
        reader.u32()
    return _expression(reader) if has_value else []


def _expression(reader: Reader) -> list[int]:
    """The functions that a constant expression refers to."""
    found = []
    while (instruction := reader.instruction()).op.mnemonic != "end":
        if instruction.op.mnemonic == "ref.func":
            found.append(cast(int, instruction.immediates[0]))
    return found
