"""Choosing pairs of cells (`isa.pairs`): those that save the most dispatches."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise, product
from typing import Final

from fusee.disasm.cells import CodeCell
from fusee.engine.isa.forms import LETTERS, NOWHERE, PIN, PINS
from fusee.engine.isa.pairs import FIRST, SECOND, Pair, place
from fusee.engine.isa.table import Placed
from fusee.engine.isa.trees import expression

ROUNDS: Final = 12
"""A pair that is chosen takes its cells from others, so not all are chosen at once."""

KINSHIP: Final = 1.0
"""How much it counts that a pair is seen in other registers: those that a program's locals get are chance."""

Worth = dict[Pair, float]
Weighted = tuple[Sequence[CodeCell], float]
"""The cells of a basic block, and the share of its program's dispatches that each of them is."""


def placed(c: CodeCell) -> Placed:
    """What a cell's handler is found by."""
    return c.row, c.destination, c.forms


def choose_pairs(blocks: Iterable[Weighted], most: int) -> list[tuple[Pair, float]]:
    """Up to `most` pairs, each with the share of dispatches that it saves beside all the others."""
    chosen: set[Pair] = set()
    known = [(cells, weight) for cells, weight in blocks if len(cells) > 1 and weight]
    for number in range(ROUNDS):
        gains = _tile(known, chosen)[1]
        worth = _with_kin(gains)
        best = sorted((pair for pair in worth if pair not in chosen), key=lambda pair: (-worth[pair], str(pair)))
        chosen.update(best[: most * (number + 1) // ROUNDS - len(chosen)])
    saved = _tile(known, chosen)[0]
    return [(pair, saved[pair]) for pair in sorted(chosen, key=lambda pair: (-saved[pair], str(pair)))]


def _tile(blocks: Sequence[Weighted], chosen: set[Pair]) -> tuple[Worth, Worth]:
    """What each chosen pair saves, and what each further one would: dispatches of its first cell that are no pair."""
    saved: Worth = defaultdict(float)
    gains: Worth = defaultdict(float)
    for cells, weight in blocks:
        done = False  # by the cell before
        for first, second in pairwise(cells):
            pair = placed(first), placed(second)
            if done:
                done = False
            elif pair in chosen:
                done = True
                saved[pair] += weight
            elif first.row.family in FIRST and second.row.family in SECOND:
                gains[pair] += weight
    return saved, gains


def _with_kin(gains: Worth) -> Worth:
    """Gains, with a part of what the same pair saves in other registers; pairs that only have kin are among them."""
    kin: dict[tuple[str, ...], float] = defaultdict(float)
    samples: dict[tuple[str, ...], Pair] = {}
    for pair, gain in gains.items():
        kin[shape_of(pair)] += gain
        samples[shape_of(pair)] = pair
    worth: Worth = defaultdict(float, gains)
    for shape, sample in samples.items():
        relatives = list(_relatives(sample))
        for relative in relatives:
            worth[relative] += KINSHIP * kin[shape] / len(relatives)
    return worth


def _letters(one: Placed) -> str:
    """The letters of a cell's sources and destination."""
    _, destination, forms = one
    return "".join(LETTERS[form] for form in (*forms, destination))


def shape_of(pair: Pair) -> tuple[str, ...]:
    """A pair without the numbers of its pins."""
    return tuple(part for one in pair for part in (one[0].name, _letters(one)))


def _relatives(pair: Pair) -> Iterator[Pair]:
    """The pair in all registers."""
    first, second = pair
    letters = _letters(first), _letters(second)
    for assignment in product(range(PINS), repeat="".join(letters).count("p")):
        pins = iter(assignment)
        yield place(first[0], letters[0], pins), place(second[0], letters[1], pins)


def pair_lines(choices: Iterable[tuple[Pair, float]]) -> Iterator[str]:
    """The lines of a selection for these pairs, those that save most first; a comment says how much, in percent."""
    groups: dict[tuple[str, ...], list[Pair]] = defaultdict(list)
    saved: dict[tuple[str, ...], float] = defaultdict(float)
    for pair, gain in choices:
        groups[shape_of(pair)].append(pair)
        saved[shape_of(pair)] += gain
    for shape in sorted(groups, key=lambda shape: -saved[shape]):
        pins = sorted({_digits(pair) for pair in groups[shape]})
        some = f": {' '.join(pins)}" if len(pins) < len(set(_relatives(groups[shape][0]))) else ""
        yield f"{_text(groups[shape][0])}{some}  # {100 * saved[shape]:.2f}"


def _text(pair: Pair) -> str:
    halves = []
    for row, destination, forms in pair:
        arrow = "" if destination == NOWHERE else f" -> {LETTERS[destination]}"
        halves.append(expression(row, [LETTERS[form] for form in forms]) + arrow)
    return "; ".join(halves)


def _digits(pair: Pair) -> str:
    """The registers of the operands that are in pins."""
    places = (form for _, destination, forms in pair for form in (*forms, destination))
    return "".join(str(form - PIN) for form in places if LETTERS[form] == "p")
