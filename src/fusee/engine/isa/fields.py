"""How handlers read the fields of cells, where AArch64 reads two neighbours in one instruction (`SLOT_FIELD`).

It does if both are extended to 64 bits or none is. Mostly none need be: addresses, and sums with constants, are
computed with what is extended in the same instruction. Other constants are extended when they are read, and then
slots' numbers beside them are, too.
"""

from enum import Enum
from typing import Final

from fusee.engine.isa.forms import CONST, SIGNED_SLOT, SLOT
from fusee.engine.isa.row import Row, cell
from fusee.engine.isa.selection import chosen

EXTENDING: Final = ("add", "sub")
"""Rows that extend a constant operand themselves."""

_NARROWING: Final = "store"  # a family: of a constant the lowest bytes are stored, of all but `store64`


def consumers(row: Row) -> list[Row]:
    """For each operand of a cell the row that takes it: itself, or of a tree the part."""
    if row.outer is None or row.inner is None:
        return [row] * len(row.sources)
    behind = len(row.outer.sources) - row.place - 1
    return [row.outer] * row.place + consumers(row.inner) + [row.outer] * behind


def _is_extended(kind: str, consumer: Row) -> bool:
    """Whether a constant is extended when it is read."""
    if consumer.family == _NARROWING and consumer.name != "store64":
        return False
    return kind == "i64" and consumer.name not in EXTENDING and not consumer.family.startswith("step")


class Reading(Enum):
    """How a handler reads a field of four bytes."""

    PLAIN = "plain"
    WHOLE = "whole"  # it is extended where it is used
    SIGNED = "signed"


def first_reading(row: Row, destination: int, forms: tuple[int, ...], pointer_bytes: int) -> Reading:
    """How a handler reads the first field of a cell that it has not got ahead: as it would, if there were no such."""
    fields = cell(row, destination, forms, pointer_bytes)
    operands = zip(fields.sources, forms, row.sources, consumers(row), strict=True)
    for at, form, kind, consumer in [*operands, (fields.result, destination, row.result, row)]:
        if at == pointer_bytes:
            if form == SIGNED_SLOT or (form == CONST and _is_extended(kind, consumer)):
                return Reading.SIGNED
            return Reading.WHOLE if form == SLOT or kind == "i64" else Reading.PLAIN
    kinds = dict(zip(fields.immediates, row.immediates, strict=True))
    return Reading.WHOLE if kinds.get(pointer_bytes) == "slot" else Reading.PLAIN


def as_read(row: Row, destination: int, forms: tuple[int, ...]) -> tuple[Row, int, tuple[int, ...]]:
    """A cell's row and forms for its handler: with `SIGNED_SLOT` for slots where a constant is extended."""
    constants = (
        _is_extended(kind, consumer)
        for form, kind, consumer in zip(forms, row.sources, consumers(row), strict=True)
        if form == CONST
    )
    if not chosen().has_wide_fields or not any(constants):
        return row, destination, forms
    forms = tuple(SIGNED_SLOT if form == SLOT else form for form in forms)
    return row, SIGNED_SLOT if destination == SLOT else destination, forms
