"""Where in memory the parts of values are (sizes are those of `layout`), and which bytes are copied as they are."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from fusee.component.adapters.assembler import Code
from fusee.component.adapters.call import Pair
from fusee.component.layout import align, layout_of, payload_offset
from fusee.component.types.composite import (
    FlagsType,
    ListType,
    RecordType,
    TupleType,
    VariantLikeType,
)
from fusee.component.types.primitive import F32, F64, S8, S16, S32, S64, U8, U16, U32, U64
from fusee.component.types.valtype import ValType

_NUMBERS: Final = (S8, U8, S16, U16, S32, U32, S64, U64, F32, F64)
LOADS: Final = {1: "i32.load8_u", 2: "i32.load16_u", 4: "i32.load"}
STORES: Final = {1: "i32.store8", 2: "i32.store16", 4: "i32.store"}
"""Of an i32, by bytes."""
_MOST_MOVED: Final = 64
"""Bytes that are loaded and stored; more are one copy."""


def parts_of(pair: Pair) -> list[Pair]:
    """The types that types are made of."""
    return list(zip(pair[0]._parts(), pair[1]._parts(), strict=True))


def is_plain(ty: ValType) -> bool:
    """Whether its bytes are copied as they are: all of them mean something, whatever they are."""
    found = ty._codecs.get("plain")
    if found is None:
        found = ty._codecs["plain"] = _is_plain(ty)
    return bool(found)


def _is_plain(ty: ValType) -> bool:
    if isinstance(ty, ListType):
        return ty._length is not None and is_plain(ty._element)
    if isinstance(ty, RecordType | TupleType):
        parts = ty._parts()
        return all(map(is_plain, parts)) and sum(layout_of(part).size for part in parts) == layout_of(ty).size
    if isinstance(ty, FlagsType):
        return len(ty._names) == 8 * layout_of(ty).size
    return isinstance(ty, _NUMBERS)


def payload_of(ty: VariantLikeType) -> int:
    """Where in a variant the payload is, in bytes."""
    return payload_offset(len(ty._cases()), (layout_of(part) for part in ty._parts()))


def placed(parts: Sequence[Pair], at: int) -> Iterator[tuple[int, Pair]]:
    """Where the parts of a record lie that begins somewhere."""
    offset = 0
    for part in parts:
        layout = layout_of(part[0])
        offset = align(offset, layout.alignment)
        yield at + offset, part
        offset += layout.size


def runs(pieces: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Starts and sizes, with neighbours joined."""
    start = size = -1
    for at, length in pieces:
        if start + size == at and size > 0:
            size += length
            continue
        if size > 0:
            yield start, size
        start, size = at, length
    yield start, size


def move(code: Code, at: int, size: int) -> None:
    """Copy bytes."""
    if size > _MOST_MOVED:
        shift = f"i32.const {at} i32.add" if at else ""
        code.emit(f"local.get target {shift} local.get source {shift} i32.const {size} memory.copy to from")
        return
    end = at + size
    while at < end:
        width = next(width for width in (8, 4, 2, 1) if at + width <= end)
        load, store = ("i64.load", "i64.store") if width == 8 else (LOADS[width], STORES[width])
        code.emit(f"local.get target local.get source {load} from+{at} {store} to+{at}")
        at += width
