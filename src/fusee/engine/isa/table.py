"""All rows with their numbers, and the constant tables by which the translator finds handlers.

A row exists in some *signatures*: letters that say where the result goes and where each operand is, all pins
together (`forms.PLACES`). A handler's number is `BASE[row] + SIGNATURE_STARTS[at]`, where `SIGNATURE_KEYS[at]` is
the signature, plus which pins they are.
"""

from bisect import bisect_right
from itertools import accumulate
from typing import Final

from fusee.engine.isa import control, memory, numeric
from fusee.engine.isa.forms import ACC, CONST, FORMS, NOWHERE, PIN, READ_CONST, SLOT, expand
from fusee.engine.isa.row import FLOAT_TYPES, IMMEDIATE_KINDS, Row
from fusee.engine.isa.selection import chosen
from fusee.engine.isa.trees import MOST_LEAVES, tree_rows
from fusee.kernel.lang import table, u8, u16, u32

SINGLES: Final[tuple[Row, ...]] = (*numeric.ROWS, *memory.ROWS, *control.ROWS)
TREES: Final[tuple[Row, ...]] = tuple(tree_rows(chosen().source, chosen().patterns, SINGLES))
ROWS: Final[tuple[Row, ...]] = SINGLES + TREES
NUMBER: Final[dict[str, int]] = {row.name: number for number, row in enumerate(ROWS)}
NO_ROW: Final = 0xFFFF
_STARTS: Final = [0, *accumulate(len(row.handlers) for row in ROWS)]
HANDLER_COUNT: Final = _STARTS[-1]

BASE = table(u32, _STARTS[:-1])
SOURCES = table(u8, [len(row.sources) for row in ROWS])

# Signatures, those of rows that exist in the same ones written once
_PLACE_BITS: Final = 2
DESTINATION_SHIFT: Final = MOST_LEAVES * _PLACE_BITS
SOURCES_MASK: Final = (1 << DESTINATION_SHIFT) - 1
PLACE_CODE = table(u8, [0, *[1] * (SLOT - PIN), 2, 3, 0])
"""By form, or `NOWHERE`: which letter stands for it."""


def _key(signature: str) -> int:
    """A signature as a number: two bits for each source and the destination."""
    code = {letter: max(READ_CONST.find(letter), 0) for letter in signature}
    sources = sum(code[letter] << _PLACE_BITS * place for place, letter in enumerate(signature[1:]))
    return sources | code[signature[0]] << DESTINATION_SHIFT


_KINDS: Final = {(row.signatures, row.shape.mirrored): None for row in ROWS}
_FIRST: Final = dict(zip(_KINDS, accumulate((len(kind[0]) for kind in _KINDS), initial=0), strict=False))


def _offsets(signatures: tuple[str, ...], mirrored: int) -> list[int]:
    """How many handlers of a row come before those of each signature."""
    counts = [len(expand(signature[0])) * len(expand(signature[1:], mirrored)) for signature in signatures]
    return [0, *accumulate(counts)][:-1]


SIGNATURE_KEYS = table(u8, [_key(signature) for signatures, _ in _KINDS for signature in signatures])
SIGNATURE_STARTS = table(u16, [start for kind in _KINDS for start in _offsets(*kind)])
FIRST_SIGNATURE = table(u16, [_FIRST[row.signatures, row.shape.mirrored] for row in ROWS])
SIGNATURES = table(u8, [len(row.signatures) for row in ROWS])


def _destinations(row: Row) -> int:
    return sum(1 << "aps".index(letter) for letter in {signature[0] for signature in row.signatures} - {"-"})


DESTINATIONS = table(u8, [_destinations(row) for row in ROWS])
"""Where the row's results can go: a mask by `PLACE_CODE`."""

_WIDTH_CODES: Final = {"i32": 4, "i64": 4, "f32": 4, "f64": 8}
_SOURCE_TYPES: Final = [(row.sources + ("i32",) * 3)[place] for row in ROWS for place in range(3)]
SOURCE_CONST_BYTES = table(u8, [_WIDTH_CODES[kind] for kind in _SOURCE_TYPES])
"""Bytes of a constant operand, by row × 3 + place."""

SOURCE_IS_FLOAT = table(u8, [int(kind in FLOAT_TYPES) for kind in _SOURCE_TYPES])
RESULT_IS_FLOAT = table(u8, [int(row.result in FLOAT_TYPES) for row in ROWS])

NEEDS_ACC = table(u8, [row.shape.accumulator_place() if row in SINGLES else 0 for row in ROWS])
"""Place plus one of the operand that must be in the accumulator; 0: none must."""

MIRRORED_PAIR = table(u8, [row.shape.mirrored for row in ROWS])
"""Place plus one of the first of two neighbouring operands of which handlers exist in one order only; 0: none."""

IMMEDIATE_COUNT = table(u8, [len(row.immediates) for row in ROWS])
_FIRST_IMMEDIATE: Final = [0, *accumulate(len(row.immediates) for row in ROWS)]
IMMEDIATE_START = table(u16, _FIRST_IMMEDIATE[:-1])
IMMEDIATE_KIND = table(u8, [IMMEDIATE_KINDS.index(kind) for row in ROWS for kind in row.immediates])

def _const_leaves(row: Row) -> int:
    return sum(1 << place for place, leaf in enumerate(row.leaves) if leaf == "c")


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

# What a tree is made of, where it must be taken apart
OUTER_ROW = table(u16, [ROWS.index(row.outer) if row.outer else NO_ROW for row in ROWS])
INNER_ROW = table(u16, [ROWS.index(row.inner) if row.inner else NO_ROW for row in ROWS])
INNER_PLACE = table(u8, [row.place for row in ROWS])


def forms_of(handler: int) -> tuple[Row, int, tuple[int, ...]]:
    """Row, destination and source forms of a handler's number: the inverse of the numbering."""
    number = bisect_right(_STARTS, handler) - 1
    destination, forms = ROWS[number].handlers[handler - _STARTS[number]]
    return ROWS[number], destination, forms


def handlers() -> list[tuple[Row, int, tuple[int, ...]]]:
    """Every handler's row, destination and forms, in the order of their numbers."""
    return [(row, destination, forms) for row in ROWS for destination, forms in row.handlers]


assert (ACC, CONST + 1, NOWHERE) == (0, FORMS, FORMS)
