"""Values as rows of numbers: what `struct` reads and writes for a type, in memory and in core values.

A type is a row of slots, each of which `struct` knows: a number, two for a pointer and a length, and for what depends
on a value (the payload of a variant) or is long (an array) a chunk of bytes, which is looked into on its own. Core
values have eight bytes each, the lowest first, as the engine passes them. So the joining of the payloads' core types
(CanonicalABI, "Flattening") needs no conversions: a chunk of core values is read by the payload's own formats.
"""

from typing import Final, NamedTuple

from fusee.component.layout import align, discriminant_size, layout_of, payload_offset
from fusee.component.types.composite import (
    EnumType,
    FlagsType,
    FutureType,
    ListType,
    MapType,
    RecordType,
    StreamType,
    TupleType,
    VariantLikeType,
)
from fusee.component.types.primitive import (
    F32,
    F64,
    S8,
    S16,
    S32,
    S64,
    U8,
    U16,
    U32,
    U64,
    Bool,
    Char,
    ErrorContext,
    String,
)
from fusee.component.types.resource import BorrowType, OwnType
from fusee.component.types.valtype import ValType

MEMORY: Final = "memory"
LIFTED: Final = "lifted"
"""Core values that are read."""
LOWERED: Final = "lowered"
"""Core values that are written."""

CORE_BYTES: Final = 8
MOST_SLOTS: Final = 48
"""More than so many are a chunk."""

_IN_MEMORY: Final[dict[type[ValType], str]] = {
    Bool: "?", S8: "b", U8: "B", S16: "h", U16: "H", S32: "i", U32: "I", S64: "q", U64: "Q", F32: "f", F64: "d",
    Char: "I", OwnType: "I", BorrowType: "I", String: "II", MapType: "II",
    StreamType: "I", FutureType: "I", ErrorContext: "I",
}  # fmt: skip
_AS_CORE: Final[dict[type[ValType], str]] = {
    Bool: "I4x", S8: "b7x", U8: "B7x", S16: "h6x", U16: "H6x", S32: "i4x", U32: "I4x", S64: "q", U64: "Q", F32: "f4x",
    F64: "d", Char: "I4x", OwnType: "I4x", BorrowType: "I4x", FlagsType: "I4x", EnumType: "I4x", String: "I4xI4x",
    MapType: "I4xI4x", StreamType: "I4x", FutureType: "I4x", ErrorContext: "I4x",
}  # fmt: skip
_WRITTEN: Final[dict[type[ValType], str]] = {Bool: "?7x", S8: "i4x", S16: "i4x"}
_UNSIGNED: Final = {1: "B", 2: "H", 4: "I"}


class Row(NamedTuple):
    """What `struct` has for a type: its format, and how many slots that has."""

    format: str
    slots: int


def padding(length: int) -> str:
    """Bytes that mean nothing."""
    return f"{length}x" if length else ""


def row_of(ty: ValType, mode: str) -> Row:
    """The row of a type."""
    key = "row", mode
    found = ty._codecs.get(key)
    if found is None:
        found = ty._codecs[key] = _row(ty, mode)
    made: Row = found
    return made


def size_of(ty: ValType, mode: str) -> int:
    """How many bytes a row has."""
    layout = layout_of(ty)
    return layout.size if mode == MEMORY else CORE_BYTES * len(layout.flat or ())


def _row(ty: ValType, mode: str) -> Row:
    if isinstance(ty, ListType):
        if ty._length is not None:
            return Row(f"{size_of(ty, mode)}s", 1)
        return Row("II" if mode == MEMORY else "I4xI4x", 2)
    if isinstance(ty, RecordType | TupleType):
        row = _composite(ty, mode)
        return row if row.slots <= MOST_SLOTS else Row(f"{size_of(ty, mode)}s", 1)
    if isinstance(ty, VariantLikeType):
        return _variant(ty, mode)
    if mode == MEMORY:
        if isinstance(ty, FlagsType):
            return Row(_UNSIGNED[layout_of(ty).size], 1)
        if isinstance(ty, EnumType):
            return Row(_UNSIGNED[discriminant_size(len(ty._names))], 1)
        scalar = _IN_MEMORY[type(ty)]
    else:
        scalar = _WRITTEN.get(type(ty), "") if mode == LOWERED else ""
        scalar = scalar or _AS_CORE[type(ty)]
    return Row(scalar, 2 if isinstance(ty, String | MapType) else 1)


def _composite(ty: ValType, mode: str) -> Row:
    """A record or tuple, slot by slot."""
    offset, slots, text = 0, 0, ""
    for part in ty._parts():
        row = row_of(part, mode)
        if mode == MEMORY:
            start = align(offset, layout_of(part).alignment)
            text += padding(start - offset)
            offset = start + layout_of(part).size
        text += row.format
        slots += row.slots
    if mode == MEMORY:
        text += padding(layout_of(ty).size - offset)
    return Row(text, slots)


def inner_row(ty: ValType, mode: str) -> Row:
    """The row of a record or tuple that is a chunk in others."""
    return _composite(ty, mode)


def is_chunk(ty: ValType, mode: str) -> bool:
    """Whether a record or tuple is a chunk."""
    return isinstance(ty, RecordType | TupleType) and _composite(ty, mode).slots > MOST_SLOTS


def payload_size(ty: VariantLikeType, mode: str) -> int:
    """How many bytes are kept for the payloads of a variant."""
    if mode != MEMORY:
        return size_of(ty, mode) - CORE_BYTES
    return max((layout_of(part).size for part in ty._parts()), default=0)


def _variant(ty: VariantLikeType, mode: str) -> Row:
    size = payload_size(ty, mode)
    if mode != MEMORY:
        return Row(f"I4x{size}s" if size else "I4x", 2 if size else 1)
    cases = len(ty._cases())
    first = discriminant_size(cases)
    start = payload_offset(cases, (layout_of(part) for part in ty._parts()))
    text = _UNSIGNED[first] + padding(start - first) + (f"{size}s" if size else "")
    return Row(text + padding(layout_of(ty).size - start - size), 2 if size else 1)
