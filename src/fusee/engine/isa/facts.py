"""What the translator knows of a row beside its number: a few bits each, all in one word."""

from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from fusee.engine.isa.row import FLOAT_TYPES, Row
from fusee.engine.isa.stopping import may_stop
from fusee.engine.isa.table import FIRST_SIGNATURES, PLACE_BITS, PRESENT_COUNT, ROWS
from fusee.kernel.lang import Static, kernel, table, u16, u32, u64


@dataclass(frozen=True)
class Fact:
    """The bits of a word that hold one fact."""

    shift: int
    mask: int


_WIDTHS: Final = {
    "signatures": 16, "wide": 5, "vectors": 5, "floats": 3, "needs_acc": 2, "needs_constant": 2, "pair": 2, "count": 2,
    "float_result": 1, "vector_result": 1, "may_stop": 1, "fours": 3, "narrow": 4, "eight": 1, "pointer": 1, "label": 1,
}  # fmt: skip
_SHIFTS: Final = dict(zip(_WIDTHS, accumulate(_WIDTHS.values(), initial=0), strict=False))
_FACTS: Final = {name: Fact(_SHIFTS[name], (1 << width) - 1) for name, width in _WIDTHS.items()}

SIGNATURES: Final = _FACTS["signatures"]
"""Where the row's signatures begin (`isa.table`)."""

WIDE_SOURCES: Final = _FACTS["wide"]
"""Mask of the operands of which a constant takes more than four bytes; by their places in a key."""

VECTOR_SOURCES: Final = _FACTS["vectors"]
"""Those of them that take sixteen."""

FLOAT_SOURCES: Final = _FACTS["floats"]
"""Mask of the operands that are floats."""

NEEDS_ACC: Final = _FACTS["needs_acc"]
"""Place plus one of the operand that must be in the accumulator; 0: none must."""

NEEDS_CONSTANT: Final = _FACTS["needs_constant"]
"""Likewise: of the operand that is always a constant."""

MIRRORED_PAIR: Final = _FACTS["pair"]
"""Place plus one of the first of two neighbouring operands of which handlers exist in one order only; 0: none."""

SOURCE_COUNT: Final = _FACTS["count"]

FLOAT_RESULT: Final = _FACTS["float_result"]
VECTOR_RESULT: Final = _FACTS["vector_result"]

MAY_STOP: Final = _FACTS["may_stop"]
"""Whether somebody may ask where a cell comes from (`isa.stopping`)."""

# Immediates: in cells, as in rows, the larger ones come first.
FOURS: Final = _FACTS["fours"]  # how many of four bytes
NARROW: Final = _FACTS["narrow"]  # how many that are as wide as slots' numbers
EIGHT: Final = _FACTS["eight"]  # whether there is one of eight
POINTER: Final = _FACTS["pointer"]  # or one as wide as pointers
LABEL: Final = _FACTS["label"]  # and whether that is a label's address
IMMEDIATES: Final = Fact(FOURS.shift, (1 << sum(_WIDTHS.values()) - FOURS.shift) - 1)
"""All of these together, those of four bytes in the lowest bits."""


def _places(row: Row, *kinds: str) -> int:
    """Mask of the operands of some types, by their places in a key."""
    return sum(1 << PLACE_BITS * place for place, kind in enumerate(row.sources) if kind in kinds)


def _word(row: Row, first_signature: int) -> int:
    """All facts of a row."""
    kinds = [kind.replace("label", "ptr") for kind in row.immediates]
    assert kinds == sorted(kinds, key=("ptr", "u64", "u32", "slot").index), row
    facts = {
        SIGNATURES: first_signature,
        WIDE_SOURCES: _places(row, "f64", "v128"),
        VECTOR_SOURCES: _places(row, "v128"),
        FLOAT_SOURCES: sum(1 << place for place, kind in enumerate(row.sources) if kind in FLOAT_TYPES),
        NEEDS_ACC: row.shape.place_of("a") if row.outer is None else 0,
        NEEDS_CONSTANT: row.shape.place_of("c") if row.outer is None else 0,
        MIRRORED_PAIR: row.shape.mirrored,
        SOURCE_COUNT: len(row.sources),
        FLOAT_RESULT: int(row.result in FLOAT_TYPES),
        VECTOR_RESULT: int(row.result == "v128"),
        MAY_STOP: int(may_stop(row)),
        NARROW: kinds.count("slot"), FOURS: kinds.count("u32"), EIGHT: kinds.count("u64"), POINTER: kinds.count("ptr"),
        LABEL: row.immediates.count("label"),
    }  # fmt: skip
    assert all(value <= fact.mask for fact, value in facts.items()), row
    assert kinds.count("u64") + kinds.count("ptr") <= 1, row
    return sum(value << fact.shift for fact, value in facts.items())


_WORDS: Final = [_word(row, first) for row, first in zip(ROWS[:PRESENT_COUNT], FIRST_SIGNATURES, strict=True)]
_DISTINCT: Final = list(dict.fromkeys(_WORDS))  # most rows are alike
KIND = table(u16, [_DISTINCT.index(word) for word in _WORDS])
FACTS = table(u64, _DISTINCT)


@kernel(inline=True)
def facts_of(row: u32) -> u64:
    """Everything about a row."""
    return FACTS[KIND[row]]


@kernel(inline=True)
def fact(facts: u64, which: Static[Fact]) -> u32:
    """One fact about a row."""
    return u32(facts >> which.shift) & which.mask
