"""Trees: an instruction one of whose operands is itself computed, in one dispatch.

A pattern is written as the expression that it replaces: `add(r, i32_shl(r, c))`. Its leaves are
`r` (accumulator, pin or slot), `q` (pin or slot) and `c` (constant). Which trees exist is data
(`selection.txt`); any may be missing, the translator then emits the parts one by one.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import product
from typing import Final

from fusee.engine.isa.forms import ACC, CONST, READ, Shape
from fusee.engine.isa.row import Row

LEAVES: Final = {"r": READ, "q": READ[1:], "c": (CONST,)}
MOST_LEAVES: Final = 3


@dataclass(frozen=True)
class Pattern:
    """A node of a parsed pattern; leaves are strings."""

    row: str
    operands: "tuple[Pattern | str, ...]"

    def leaves(self) -> str:
        return "".join(o if isinstance(o, str) else o.leaves() for o in self.operands)


def parse(text: str) -> Pattern:
    """Parse one pattern. Raises ValueError if it is none."""
    tokens = re.findall(r"\w+|[(),]", text)
    node = _parse(tokens)
    if tokens or isinstance(node, str):
        raise ValueError(f"not a pattern: {text!r}")
    return node


def _parse(tokens: list[str]) -> "Pattern | str":
    name = tokens.pop(0)
    if name in LEAVES:
        return name
    if tokens.pop(0) != "(":
        raise ValueError(f"operands of {name} expected")
    operands = [_parse(tokens)]
    while tokens.pop(0) == ",":
        operands.append(_parse(tokens))
    return Pattern(name, tuple(operands))


def inner_place(pattern: Pattern) -> int:
    """Place of the one operand that is computed."""
    places = [place for place, operand in enumerate(pattern.operands) if not isinstance(operand, str)]
    if len(places) != 1:
        raise ValueError(f"{pattern.row}: a tree has one computed operand in each node")
    return places[0]


def tree_row(pattern: Pattern, rows: dict[str, Row]) -> Row:
    """The row of a pattern; `rows` has those that it is made of, and receives those of its inner nodes."""
    outer, place = rows[pattern.row], inner_place(pattern)
    child = pattern.operands[place]
    assert isinstance(child, Pattern)
    flat = all(isinstance(operand, str) for operand in child.operands)
    inner = rows[child.row] if flat else tree_row(child, rows)
    sources = (*outer.sources[:place], *inner.sources, *outer.sources[place + 1 :])
    leaves = pattern.leaves()
    if len(leaves) != len(sources) or len(leaves) > MOST_LEAVES:
        raise ValueError(f"{pattern.row}: {len(leaves)} leaves for {len(sources)} operands")
    name = f"{outer.name}__{inner.name}{place}{leaves}"
    pair = _mirrored_pair(outer, inner, place, leaves)
    known = rows.get(name)
    row = known or replace(
        outer, name=name, sources=sources, shape=_shape(name, leaves, sources, pair), outer=outer, inner=inner,
        place=place, leaves=leaves, mirrored_pair=pair,
    )  # fmt: skip
    rows[name] = row
    return row


def _mirrored_pair(outer: Row, inner: Row, place: int, leaves: str) -> int:
    """Place plus one of the first of two neighbouring leaves that may be swapped; 0: none."""
    if inner.inner is None and inner.commutes and leaves[place] == leaves[place + 1]:
        return place + 1
    if inner.inner is not None and inner.mirrored_pair:
        return place + inner.mirrored_pair
    return 0


def _shape(name: str, leaves: str, sources: tuple[str, ...], pair: int) -> Shape:
    combinations = []
    for forms in product(*(LEAVES[leaf] for leaf in leaves)):
        accumulators = [source.startswith("f") for form, source in zip(forms, sources, strict=True) if form == ACC]
        if len(accumulators) > 1 or (pair and forms[pair - 1] > forms[pair]):
            continue
        combinations.append(forms)
    return Shape(f"tree_{leaves}_{pair}", tuple(combinations))


def tree_rows(patterns: Iterable[str], rows: Iterable[Row]) -> list[Row]:
    """The rows of all patterns, without duplicates, in their order."""
    known = {row.name: row for row in rows}
    before = len(known)
    for pattern in patterns:
        tree_row(parse(pattern), known)
    return list(known.values())[before:]


def read_patterns(text: str) -> list[str]:
    """The patterns of a selection file: one a line; `#` starts a comment; `{a b}` stands for each of several words."""
    patterns = []
    for line in text.splitlines():
        pattern = line.partition("#")[0].strip()
        if pattern:
            parts = re.split(r"\{([^}]*)\}", pattern)
            choices = [part.split() if number % 2 else [part] for number, part in enumerate(parts)]
            patterns += ["".join(choice) for choice in product(*choices)]
    return patterns
