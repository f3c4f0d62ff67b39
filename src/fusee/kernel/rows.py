"""Arrays of memory read at once, by ordinary Python: a view reads one number after the other."""

import struct
from collections.abc import Sequence
from typing import Any, Final, TypeVar

from fusee.kernel.integer import Integer
from fusee.kernel.layout import cached, element_extent, layout
from fusee.kernel.pointer import Ptr
from fusee.kernel.structs import FieldKind
from fusee.kernel.target import Target

I = TypeVar("I", bound=Integer)  # noqa: E741
S = TypeVar("S")

_FORMATS: Final = {1: "B", 2: "H", 4: "I", 8: "Q"}


def read_integers(first: Ptr[I], count: int) -> tuple[int, ...]:
    """`count` integers of an array."""
    kind, size = first.codec.type, first.codec.size
    code = _FORMATS[size].lower() if kind.signed else _FORMATS[size]
    return struct.unpack(f"<{count}{code}", first.region.read(first.address, count * size)) if count else ()


def read_rows(first: Ptr[S], count: int, fields: Sequence[str]) -> list[tuple[int, ...]]:
    """Unsigned integers of `count` structs: of each, the fields of these names, in the struct's order.

    `outer.inner` is a field of an embedded struct.
    """
    if not count:
        return []
    row = _row(first.codec.type, first.region.space.target, tuple(fields))
    return list(row.iter_unpack(first.region.read(first.address, count * row.size)))


@cached
def _row(declaration: type, target: Target, fields: tuple[str, ...]) -> struct.Struct:
    """What unpacks one struct."""
    text, end = "<", 0
    for field in fields:
        offset, size = _place(declaration, target, field)
        text += f"{offset - end}x{_FORMATS[size]}"
        end = offset + size
    return struct.Struct(f"{text}{element_extent(declaration, target).size - end}x")


def _place(declaration: Any, target: Target, field: str) -> tuple[int, int]:
    """The offset and size of a field."""
    outer, _, inner = field.partition(".")
    found = layout(declaration, target).fields[outer]
    if found.field.kind is FieldKind.INLINE:
        offset, size = _place(found.field.type, target, inner)
        return found.offset + offset, size
    return found.offset, found.extent.size
