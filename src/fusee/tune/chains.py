"""Chains of cells, each of which takes the one before it as an operand: what trees could be made of."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fusee.disasm.cells import CodeCell
from fusee.engine.isa.forms import LETTERS, MOST_LEAVES
from fusee.engine.isa.row import FLOAT_TYPES, Row
from fusee.engine.isa.trees import Node, Pattern
from fusee.engine.translate.fuse import is_sought
from fusee.tune.lister import Block


@dataclass(frozen=True)
class Link:
    """A cell of a chain: its row, the letters of its result and operands, which operand the cell before it computes."""

    row: Row
    destination: str
    sources: str
    place: int | None = None


Chain = tuple[Link, ...]


def letters_of(c: CodeCell) -> str:
    """A cell's signature: where its result and its operands are."""
    return LETTERS[c.destination] + "".join(LETTERS[form] for form in c.forms)


def chains_of(cells: Iterable[CodeCell]) -> Iterator[Chain]:
    """The chains of a block: every cell belongs to one, most are alone in theirs."""
    chain: list[Link] = []
    for c in cells:
        destination, sources = letters_of(c)[0], letters_of(c)[1:]
        place = _place_of_value(chain[-1], c.row, sources) if chain else None
        if chain and place is None:
            yield tuple(chain)
            chain = []
        chain.append(Link(c.row, destination, sources, place))
    if chain:
        yield tuple(chain)


def _place_of_value(before: Link, row: Row, sources: str) -> int | None:
    """Which operand of a row is the value of the cell before it, if the translator could fuse the two."""
    if before.destination != "a":
        return None
    bank = before.row.result in FLOAT_TYPES
    for place, letter in enumerate(sources):
        if letter == "a" and (row.sources[place] in FLOAT_TYPES) == bank:
            return place if is_sought(row, place, before.row) else None
    return None


def count_chains(blocks: Iterable[Block]) -> Counter[Chain]:
    """How often each chain was executed."""
    counts: Counter[Chain] = Counter()
    for block in blocks:
        if block.executions:
            for chain in chains_of(block.cells):
                counts[chain] += block.executions
    return counts


def pattern_of(links: Chain) -> Pattern | None:
    """A part of a chain as a tree, if it has not too many leaves."""
    node = Node(links[0].row.name, tuple(links[0].sources))
    for link in links[1:]:
        node = Node(link.row.name, _operands(link, node))
    if len(node.leaves()) > MOST_LEAVES:
        return None
    return Pattern(node, links[-1].destination)


def _operands(link: Link, inner: Node) -> "tuple[Node | str, ...]":
    """Operands of a link with the computed one in its place: of two that commute the second, or before a constant."""
    operands: list[Node | str] = list(link.sources)
    assert link.place is not None
    operands[link.place] = inner
    if link.row.commutes and link.place == 0 and operands[1] != "c":
        operands.reverse()
    return tuple(operands)
