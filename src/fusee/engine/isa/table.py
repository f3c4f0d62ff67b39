"""All rows with their numbers, and the constant tables by which the translator finds handlers.

A row exists in some *signatures*: letters that say where the result goes and where each operand is, all pins
together (`forms.PLACES`). As a number, a signature is a *key*: two bits for each source and the destination. A row has
the key if `SIGNATURE_KEYS[at] == key`, where `at` is the key plus where the row's signatures begin (`isa.facts`); then
its handler's number is `BASE[row] + SIGNATURE_STARTS[at]`, plus which pins they are.
"""

import os
from bisect import bisect_left, bisect_right
from functools import cache
from itertools import accumulate
from typing import Final

from fusee.engine.isa import aggregate, atomic, control, lanes, memory, numeric, vector
from fusee.engine.isa.comb import Comb
from fusee.engine.isa.families import absent, is_present
from fusee.engine.isa.forms import ACC, CONST, FORMS, MOST_LEAVES, NOWHERE, PIN, READ_CONST, SLOT, expand
from fusee.engine.isa.row import Row
from fusee.engine.isa.selection import chosen
from fusee.engine.isa.trees import tree_rows
from fusee.kernel.lang import table, u8, u16, u32

READ_FILES: Final = [os.path.realpath(file) for file in [chosen().file] if file]
"""What this module is made of beside its own text: `kernel.sources` looks at it."""

_ALL: Final = (*numeric.ROWS, *memory.ROWS, *control.ROWS, *aggregate.ROWS, *vector.ROWS, *lanes.ROWS, *atomic.ROWS)
_ABSENT: Final[tuple[Row, ...]] = tuple(absent(row) for row in _ALL if not is_present(row))
SINGLES: Final[tuple[Row, ...]] = tuple(filter(is_present, _ALL))
TREES: Final[tuple[Row, ...]] = tuple(tree_rows(chosen().source, chosen().patterns, SINGLES + _ABSENT))
_PRESENT: Final = SINGLES + TREES
ROWS: Final[tuple[Row, ...]] = _PRESENT + _ABSENT
NUMBER: Final[dict[str, int]] = {row.name: number for number, row in enumerate(ROWS)}
NO_ROW: Final = u32(0xFFFF)
_STARTS: Final = [0, *accumulate(len(row.handlers) for row in ROWS)]
HANDLER_COUNT: Final = _STARTS[-1]


def number_of(name: str) -> int:
    """The number of the row of that name, or `NO_ROW`."""
    return NUMBER.get(name, int(NO_ROW))


# Signatures, those of rows that exist in the same ones written once
PLACE_BITS: Final = 2
DESTINATION_SHIFT: Final = MOST_LEAVES * PLACE_BITS
SOURCES_MASK: Final = (1 << DESTINATION_SHIFT) - 1
CONST_CODE: Final = READ_CONST.index("c")
ELSEWHERE: Final = CONST_CODE << DESTINATION_SHIFT
"""In a key, where no destination is a constant: that there are other destinations, but the accumulator is none."""

PLACE_CODE = table(u8, [0, *[1] * int(SLOT - PIN), 2, CONST_CODE, 0])
"""By form, or `NOWHERE`: which letter stands for it."""


def _key(signature: str) -> int:
    """A signature as a number: two bits for each source and the destination."""
    code = {letter: max(READ_CONST.find(letter), 0) for letter in signature}
    sources = sum(code[letter] << PLACE_BITS * place for place, letter in enumerate(signature[1:]))
    return sources | code[signature[0]] << DESTINATION_SHIFT


def _starts(signatures: tuple[str, ...], mirrored: int) -> dict[int, int]:
    """How many handlers of a row come before those of each signature, by its key; and the keys with `ELSEWHERE`."""
    counts = [len(expand(signature[0])) * len(expand(signature[1:], mirrored)) for signature in signatures]
    starts = dict(zip(map(_key, signatures), accumulate(counts, initial=0), strict=False))
    return starts | {sources | ELSEWHERE: 0 for key in starts if (sources := key & SOURCES_MASK) not in starts}


_KINDS: Final = list(dict.fromkeys((row.signatures, row.shape.mirrored) for row in _PRESENT))
_COMB: Final = Comb([_starts(*kind) for kind in _KINDS])
SIGNATURE_KEYS = table(u8, _COMB.keys)
SIGNATURE_STARTS = table(u16, _COMB.values)
FIRST_SIGNATURES: Final = [_COMB.starts[_KINDS.index((row.signatures, row.shape.mirrored))] for row in _PRESENT]
"""By row, as `BASE`: where in these its signatures begin."""


# By row, as far as there are handlers of it: nothing is translated to others
PRESENT_COUNT: Final = len(_PRESENT)
BASE = table(u16, _STARTS[:PRESENT_COUNT])


# Fusing: the trees by their inner node, each with a key of its outer row, the place in that, and its constant leaves
TREE_PLACE_SHIFT: Final = MOST_LEAVES
TREE_OUTER_SHIFT: Final = TREE_PLACE_SHIFT + 1


def _tree_key(row: Row) -> tuple[int, int]:
    """Where a tree stands: its inner node, and its key."""
    constants = sum(1 << place for place, leaf in enumerate(row.leaves) if leaf == "c")
    outer, inner = (number_of(part.name if part else "") for part in (row.outer, row.inner))
    return inner, outer << TREE_OUTER_SHIFT | row.place << TREE_PLACE_SHIFT | constants


_BY_KEY: Final = sorted(TREES, key=_tree_key)
_INNER_NUMBERS: Final = [_tree_key(row)[0] for row in _BY_KEY]
FIRST_TREE = table(u16, [bisect_left(_INNER_NUMBERS, number) for number in range(PRESENT_COUNT + 1)])
"""By row: where the trees with that inner node begin in the following tables. Those of the next row end them."""

TREE = table(u16, [NUMBER[row.name] for row in _BY_KEY] or [0])
TREE_KEY = table(u16, [_tree_key(row)[1] for row in _BY_KEY] or [0])

# What a tree is made of, where it must be taken apart: by row, counted from the first tree
FIRST_TREE_ROW: Final = len(SINGLES)
TREE_COUNT: Final = len(TREES)
OUTER_ROW = table(u16, [NUMBER[row.outer.name] for row in TREES if row.outer] or [0])
INNER_ROW = table(u16, [NUMBER[row.inner.name] for row in TREES if row.inner] or [0])
INNER_PLACE = table(u8, [row.place for row in TREES] or [0])


Placed = tuple[Row, int, tuple[int, ...]]
"""A row with the forms of its destination and its sources: what has a handler."""


@cache
def forms_of(handler: int) -> Placed:
    """Row, destination and source forms of a handler's number: the inverse of the numbering."""
    number = bisect_right(_STARTS, handler) - 1
    destination, forms = ROWS[number].handlers[handler - _STARTS[number]]
    return ROWS[number], destination, forms


def handlers() -> list[Placed]:
    """Every handler's row, destination and forms, in the order of their numbers."""
    return [(row, destination, forms) for row in ROWS for destination, forms in row.handlers]


assert ACC == 0 and CONST + 1 == FORMS == NOWHERE
