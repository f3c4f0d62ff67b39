"""All rows with their numbers, and the constant tables by which the translator finds handlers.

A handler's number is `BASE[row] + destination × COMBINATIONS[row] + INDEX[shape][forms]`.
"""

from bisect import bisect_right
from itertools import accumulate
from typing import Final

from fusee.engine.isa import control, memory, numeric
from fusee.engine.isa.forms import COMMUTATIVE, FORMS, NOWHERE, SHAPES
from fusee.engine.isa.row import FLOAT_TYPES, IMMEDIATE_KINDS, Row
from fusee.kernel.lang import table, u8, u16, u32

ROWS: Final[tuple[Row, ...]] = (*numeric.ROWS, *memory.ROWS, *control.ROWS)
NUMBER: Final[dict[str, int]] = {row.name: number for number, row in enumerate(ROWS)}
NO_ROW: Final = 0xFFFF
_STARTS: Final = [0, *accumulate(row.handler_count for row in ROWS)]
HANDLER_COUNT: Final = _STARTS[-1]

BASE = table(u32, _STARTS[:-1])
COMBINATIONS = table(u16, [len(row.shape.combinations) for row in ROWS])
DESTINATIONS = table(u8, [0 if row.destinations == (NOWHERE,) else len(row.destinations) for row in ROWS])
SOURCES = table(u8, [len(row.sources) for row in ROWS])
SHAPE = table(u8, [SHAPES.index(row.shape) for row in ROWS])
INDEX = table(u16, [number for shape in SHAPES for number in shape.index_table()])
INDEX_BITS: Final = 9

_WIDTH_CODES: Final = {"i32": 4, "i64": 4, "f32": 4, "f64": 8}
SOURCE_CONST_BYTES = table(u8, [_WIDTH_CODES[(row.sources + ("i32",) * 3)[place]] for row in ROWS for place in range(3)])
"""Bytes of a constant operand, by row × 3 + place."""

SOURCE_IS_FLOAT = table(u8, [int((row.sources + ("i32",) * 3)[place] in FLOAT_TYPES) for row in ROWS for place in range(3)])
RESULT_IS_FLOAT = table(u8, [int(row.result in FLOAT_TYPES) for row in ROWS])

NEEDS_ACC = table(u8, [row.shape.accumulator_place() for row in ROWS])
"""Place plus one of the operand that must be in the accumulator; 0: none must."""

COMMUTES = table(u8, [int(row.shape in (COMMUTATIVE,)) for row in ROWS])
IMMEDIATE_COUNT = table(u8, [len(row.immediates) for row in ROWS])
_FIRST_IMMEDIATE: Final = [0, *accumulate(len(row.immediates) for row in ROWS)]
IMMEDIATE_START = table(u16, _FIRST_IMMEDIATE[:-1])
IMMEDIATE_KIND = table(u8, [IMMEDIATE_KINDS.index(kind) for row in ROWS for kind in row.immediates])


def forms_of(handler: int) -> tuple[Row, int, tuple[int, ...]]:
    """Row, destination and source forms of a handler's number: the inverse of the numbering."""
    number = bisect_right(_STARTS, handler) - 1
    row = ROWS[number]
    destination, combination = divmod(handler - _STARTS[number], len(row.shape.combinations))
    return row, row.destinations[destination], row.shape.combinations[combination]


def handlers() -> list[tuple[Row, int, tuple[int, ...]]]:
    """Every handler's row, destination and forms, in the order of their numbers."""
    return [
        (row, destination, forms)
        for row in ROWS
        for destination in row.destinations
        for forms in row.shape.combinations
    ]


assert max(max(forms, default=0) for shape in SHAPES for forms in shape.combinations) < FORMS
