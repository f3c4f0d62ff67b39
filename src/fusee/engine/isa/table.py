"""All rows with their numbers, and the constant tables by which the translator finds handlers.

A handler's number is `BASE[row] + destination × COMBINATIONS[row] + INDEX[INDEX_START[row] + forms]`.
"""

from bisect import bisect_right
from itertools import accumulate
from pathlib import Path
from typing import Final

from fusee.engine.isa import control, memory, numeric
from fusee.engine.isa.forms import COMMUTATIVE, FORMS, NOWHERE
from fusee.engine.isa.row import FLOAT_TYPES, IMMEDIATE_KINDS, Row
from fusee.engine.isa.selection import chosen
from fusee.engine.isa.trees import MOST_LEAVES, read_patterns, tree_rows
from fusee.kernel.lang import table, u8, u16, u32

SELECTION: Final = Path(__file__).with_name("selection.txt")
SINGLES: Final[tuple[Row, ...]] = (*numeric.ROWS, *memory.ROWS, *control.ROWS)
_PATTERNS: Final = read_patterns(SELECTION.read_text("utf-8")) if chosen().has_trees else []
TREES: Final[tuple[Row, ...]] = tuple(tree_rows(_PATTERNS, SINGLES))
ROWS: Final[tuple[Row, ...]] = SINGLES + TREES
SHAPES: Final = tuple({row.shape: None for row in ROWS})
NUMBER: Final[dict[str, int]] = {row.name: number for number, row in enumerate(ROWS)}
NO_ROW: Final = 0xFFFF
_STARTS: Final = [0, *accumulate(row.handler_count for row in ROWS)]
HANDLER_COUNT: Final = _STARTS[-1]

BASE = table(u32, _STARTS[:-1])
COMBINATIONS = table(u16, [len(row.shape.combinations) for row in ROWS])
DESTINATIONS = table(u8, [0 if row.destinations == (NOWHERE,) else len(row.destinations) for row in ROWS])
SOURCES = table(u8, [len(row.sources) for row in ROWS])
INDEX = table(u8, [number for shape in SHAPES for number in shape.index_table()])
_SHAPE_STARTS: Final = [0, *accumulate(len(shape.index_table()) for shape in SHAPES)]
INDEX_START = table(u16, [_SHAPE_STARTS[SHAPES.index(row.shape)] for row in ROWS])

_WIDTH_CODES: Final = {"i32": 4, "i64": 4, "f32": 4, "f64": 8}
_SOURCE_TYPES: Final = [(row.sources + ("i32",) * 3)[place] for row in ROWS for place in range(3)]
SOURCE_CONST_BYTES = table(u8, [_WIDTH_CODES[kind] for kind in _SOURCE_TYPES])
"""Bytes of a constant operand, by row × 3 + place."""

SOURCE_IS_FLOAT = table(u8, [int(kind in FLOAT_TYPES) for kind in _SOURCE_TYPES])
RESULT_IS_FLOAT = table(u8, [int(row.result in FLOAT_TYPES) for row in ROWS])

NEEDS_ACC = table(u8, [row.shape.accumulator_place() for row in ROWS])
"""Place plus one of the operand that must be in the accumulator; 0: none must."""

MIRRORED_PAIR = table(u8, [row.mirrored_pair or int(row.shape is COMMUTATIVE) for row in ROWS])
"""Place plus one of the first of two neighbouring operands of which handlers exist in one order only; 0: none."""

IMMEDIATE_COUNT = table(u8, [len(row.immediates) for row in ROWS])
_FIRST_IMMEDIATE: Final = [0, *accumulate(len(row.immediates) for row in ROWS)]
IMMEDIATE_START = table(u16, _FIRST_IMMEDIATE[:-1])
IMMEDIATE_KIND = table(u8, [IMMEDIATE_KINDS.index(kind) for row in ROWS for kind in row.immediates])

def _const_leaves(row: Row) -> int:
    return sum(1 << place for place, leaf in enumerate(row.leaves) if leaf == "c")


CONST_LEAVES = table(u8, [_const_leaves(row) for row in ROWS])
"""Mask of the operands of a tree that are constants in all of its forms."""

# Fusing: rows that are an outer or inner part of a tree have dense numbers from 1 on.
_OUTERS: Final = {row.outer: 0 for row in TREES if row.outer}
_INNERS: Final = {row.inner: 0 for row in TREES if row.inner}
OUTER_COUNT: Final = len(_OUTERS) + 1
INNER_COUNT: Final = len(_INNERS) + 1
OUTER_CLASS = table(u8, [list(_OUTERS).index(row) + 1 if row in _OUTERS else 0 for row in ROWS])
INNER_CLASS = table(u8, [list(_INNERS).index(row) + 1 if row in _INNERS else 0 for row in ROWS])
FUSED_PLACES: Final = 2
FUSED_MASKS: Final = 1 << MOST_LEAVES


def _fused() -> list[int]:
    """Row numbers by outer class, place, inner class and the mask of constant leaves."""
    rows = [NO_ROW] * (OUTER_COUNT * FUSED_PLACES * INNER_COUNT * FUSED_MASKS)
    for number, row in enumerate(ROWS):
        if row.outer and row.inner:
            outer, inner = list(_OUTERS).index(row.outer) + 1, list(_INNERS).index(row.inner) + 1
            at = ((outer * FUSED_PLACES + row.place) * INNER_COUNT + inner) * FUSED_MASKS
            rows[at + _const_leaves(row)] = number
    return rows


FUSED = table(u16, _fused())


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
