"""How handlers read the fields of cells, where AArch64 reads two neighbours in one instruction (`SLOT_FIELD`).

It does if both are extended to 64 bits or none is. Mostly none need be: addresses, and sums with constants, are
computed with what is extended in the same instruction. Other constants are extended when they are read, and then
slots' numbers beside them are, too.
"""

from typing import Final

from fusee.engine.isa.forms import CONST, SIGNED_SLOT, SLOT
from fusee.engine.isa.row import Row
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
