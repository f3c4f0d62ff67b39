"""Trees: an instruction one of whose operands is itself computed, in one dispatch.

A pattern is written as the expression that it replaces, with the places of its operands for leaves and that
of its result behind an arrow: `add(ps, i32_shl(p, c)) -> ap`. Each word is of letters of `forms.PLACES`,
and stands for a choice. Which trees exist is data; any may be missing, in all or in some combinations of
places: the translator then emits the parts one by one.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Final

from fusee.engine.isa.control import FRAMED, PAYING, framed, paying
from fusee.engine.isa.forms import MOST_LEAVES, NO_RESULT, PINS, READ, READ_CONST, Shape
from fusee.engine.isa.row import FLOAT_TYPES, Row
from fusee.engine.isa.selection import ORDER_MARK

_LEAF: Final = re.compile(r"a?p?s?|c")


class PatternError(ValueError):
    """A selection has a line that is no pattern, or one that names what does not exist."""


@dataclass(frozen=True)
class Node:
    """An instruction in a pattern; operands that are leaves are words."""

    row: str
    operands: "tuple[Node | str, ...]"

    def leaves(self) -> tuple[str, ...]:
        """The leaves in the order in which a tree has them as its sources."""
        return tuple(leaf for o in self.operands for leaf in ((o,) if isinstance(o, str) else o.leaves()))

    def rows(self) -> Iterator[str]:
        """The names of all instructions."""
        yield self.row
        for operand in self.operands:
            if isinstance(operand, Node):
                yield from operand.rows()

    def kinds(self) -> str:
        """`c` for each leaf that is a constant, `x` for the others."""
        return "".join("c" if leaf == "c" else "x" for leaf in self.leaves())

    def row_name(self) -> str:
        """The name of the row for this expression: of a tree, of both its parts, the place and the kinds of leaves."""
        for place, operand in enumerate(self.operands):
            if isinstance(operand, Node):
                return f"{self.row}__{operand.row_name()}{place}{self.kinds()}"
        return self.row

    def __str__(self) -> str:
        return f"{self.row}({', '.join(map(str, self.operands))})"


@dataclass(frozen=True)
class Pattern:
    """One line of a selection: an expression, and where its result may go (`NO_RESULT`: it has none)."""

    root: Node
    destinations: str

    def __str__(self) -> str:
        return str(self.root) if self.destinations == NO_RESULT else f"{self.root} -> {self.destinations}"


def parse(text: str) -> Pattern:
    """Parse one pattern. Raises PatternError if it is none."""
    expression, arrow, destinations = (part.strip() for part in text.partition("->"))
    tokens = re.findall(r"\w+|[^\w\s]", expression)
    try:
        root = _parse(tokens)
    except IndexError:
        raise PatternError(f"{expression!r} ends too early") from None
    if tokens or isinstance(root, str):
        raise PatternError(f"{expression!r} is not one instruction with its operands")
    if arrow and (not _LEAF.fullmatch(destinations) or destinations in ("", "c")):
        raise PatternError(f"{destinations!r} is no choice of places for a result")
    return Pattern(root, destinations if arrow else NO_RESULT)


def _parse(tokens: list[str]) -> "Node | str":
    name = tokens.pop(0)
    if _LEAF.fullmatch(name):
        return name
    if tokens.pop(0) != "(":
        raise PatternError(f"the operands of {name} are missing")
    operands = [_parse(tokens)]
    while (token := tokens.pop(0)) == ",":
        operands.append(_parse(tokens))
    if token != ")":
        raise PatternError(f"{token!r} between the operands of {name}")
    return Node(name, tuple(operands))


class Forest:
    """The rows of trees, made of other rows; one for each expression, whatever places its operands have."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._singles = {row.name: row for row in rows}
        self._trees: dict[str, Row] = {}
        self._signatures: dict[str, dict[str, None]] = {}

    def add(self, pattern: Pattern) -> None:
        """Have a tree in some places. Raises PatternError if there can be none."""
        row, signatures = self.find(pattern)
        self._signatures.setdefault(row.name, {}).update(dict.fromkeys(signatures))

    def find(self, pattern: Pattern) -> tuple[Row, list[str]]:
        """The row of a pattern, not yet in any place, and the signatures that it asks for."""
        row = self._row(pattern.root)
        if (pattern.destinations == NO_RESULT) != (row.result == ""):
            raise PatternError(f"{pattern.root.row} has {'no' if row.result == '' else 'a'} result")
        words = product(pattern.destinations, *pattern.root.leaves())
        possible = ["".join(letters) for letters in words if is_possible(row, letters[1:])]
        return row, [_existing(ordered(signature, row.shape.mirrored)) for signature in possible]

    def rows(self) -> list[Row]:
        """The rows that have been added, and those of their inner nodes, which come before them."""
        made: dict[str, Row] = {}
        for name, row in self._trees.items():
            assert row.inner is not None
            chosen = tuple(self._signatures.get(name, ()))
            made[name] = replace(row, chosen=chosen, inner=made.get(row.inner.name, row.inner))
        return list(made.values())

    def _row(self, node: Node) -> Row:
        """The row of an expression, and of its inner nodes."""
        outer = self._singles.get(node.row)
        if outer is None:
            raise PatternError(f"there is no instruction {node.row}")
        if len(node.operands) != len(outer.sources):
            raise PatternError(f"{node.row} has {len(outer.sources)} operands")
        computed = [(place, o) for place, o in enumerate(node.operands) if isinstance(o, Node)]
        if len(computed) != 1:
            raise PatternError(f"of {node.row} one operand must be computed, or no tree fits")
        ((place, child),) = computed
        is_flat = all(isinstance(operand, str) for operand in child.operands)
        inner = self._singles.get(child.row) if is_flat else self._row(child)
        if inner is None or len(inner.sources) != len(child.leaves()):
            raise PatternError(f"there is no instruction {child.row} with {len(child.operands)} operands")
        return self._tree(node.row_name(), outer, inner, place, node.kinds())

    def _tree(self, name: str, outer: Row, inner: Row, place: int, kinds: str) -> Row:
        sources = (*outer.sources[:place], *inner.sources, *outer.sources[place + 1 :])
        if len(sources) > MOST_LEAVES:
            raise PatternError(f"{len(sources)} operands are more than a tree may have")
        if name not in self._trees:
            shape = Shape(kinds, (), _mirrored(inner, place, kinds))
            self._trees[name] = replace(
                outer, name=name, sources=sources, shape=shape, outer=outer, inner=inner, place=place, leaves=kinds
            )  # fmt: skip
        return self._trees[name]


def _mirrored(inner: Row, place: int, kinds: str) -> int:
    """Place plus one of the first of two neighbouring leaves that may be swapped; 0: none."""
    if inner.inner is not None:
        return place + inner.shape.mirrored if inner.shape.mirrored else 0
    return place + 1 if inner.commutes and kinds[place : place + 2] == "xx" else 0


def ordered(signature: str, mirrored: int) -> str:
    """The signature with the letters of a mirrored pair in the order that exists."""
    first, second = signature[mirrored : mirrored + 1], signature[mirrored + 1 : mirrored + 2]
    if mirrored and READ_CONST.index(first) > READ_CONST.index(second):
        return signature[:mirrored] + second + first + signature[mirrored + 2 :]
    return signature


def _existing(signature: str) -> str:
    """The signature on a machine that may have no pins: what would be in one is in a slot."""
    return signature if PINS != 0 else signature.replace("p", "s")


def is_possible(row: Row, sources: Iterable[str]) -> bool:
    """Whether no accumulator is asked to hold two operands."""
    banks = [kind in FLOAT_TYPES for letter, kind in zip(sources, row.sources, strict=True) if letter == READ[0]]
    return len(banks) == len(set(banks))


def expression(row: Row, words: Sequence[str]) -> str:
    """A row with its operands, as a pattern is written."""
    if row.outer is None or row.inner is None:
        return f"{row.name}({', '.join(words)})"
    first, behind = row.place, row.place + len(row.inner.sources)
    operands = [*words[:first], expression(row.inner, words[first:behind]), *words[behind:]]
    return f"{row.outer.name}({', '.join(operands)})"


def read_patterns(text: str) -> "list[tuple[int, str]]":
    """The patterns of a selection with the numbers of their lines; `#` starts a comment, and `{a b}` stands for
    each of several words."""
    patterns = []
    for number, line in enumerate(text.splitlines(), 1):
        pattern = line.partition("#")[0].strip()
        if pattern.startswith(ORDER_MARK):  # see `isa.order`
            continue
        if pattern and ";" not in pattern:  # that is a pair: see `isa.pairs`
            parts = re.split(r"\{([^}]*)\}", pattern)
            choices = [part.split() if place % 2 else [part] for place, part in enumerate(parts)]
            patterns += [(number, "".join(choice)) for choice in product(*choices)]
    return patterns


def with_kin(pattern: Pattern) -> list[Pattern]:
    """The same, and of a branch to the loop pointer also that of the one that pays, of one to a label also that of the
    one to the frame's loop, if there are such."""
    name = pattern.root.row
    others = [paying(name)] if paying(name) in PAYING else [framed(name)] if name in FRAMED else []
    return [pattern, *(replace(pattern, root=replace(pattern.root, row=other)) for other in others)]


def tree_rows(name: str, text: str, rows: Iterable[Row]) -> list[Row]:
    """The rows of a selection's trees, without those of what is left out. Raises PatternError, which names file and
    line."""
    singles = list(rows)
    absent = {row.name for row in singles if not row.destinations}
    forest = Forest(singles)
    for number, pattern in read_patterns(text):
        try:
            parsed = parse(pattern)
            if absent.isdisjoint(parsed.root.rows()):
                for one in with_kin(parsed):
                    forest.add(one)
        except PatternError as error:
            raise PatternError(f"{name}:{number}: {error}") from None
    return forest.rows()
