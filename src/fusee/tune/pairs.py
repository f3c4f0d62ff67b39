"""Choosing pairs of cells (`isa.pairs`): those that save the most dispatches."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise, product
from typing import Final

from fusee.disasm.cells import CodeCell
from fusee.engine.isa.forms import NOWHERE, PIN, PINS, PLACES
from fusee.engine.isa.pairs import FIRST, SECOND
from fusee.engine.isa.table import Placed
from fusee.engine.isa.trees import expression

ROUNDS: Final = 12
"""A pair that is chosen takes its cells from others, so not all are chosen at once."""

KINSHIP: Final = 1.0
"""How much it counts that a pair is seen in other registers: those that a program's locals get are chance."""

_LETTERS: Final = {form: letter for letter, forms in PLACES.items() for form in forms}

Pair = tuple[Placed, Placed]
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


def _tile(blocks: Sequence[Weighted], chosen: set[Pair]) -> tuple[Counter[Pair], Counter[Pair]]:
    """What each chosen pair saves, and what each further one would: dispatches of its first cell that are no pair."""
    saved: Counter[Pair] = Counter()
    gains: Counter[Pair] = Counter()
    for cells, weight in blocks:
        done = False  # by the cell before
        for first, second in pairwise(cells):
            pair = placed(first), placed(second)
            if done:
                done = False
            elif pair in chosen:
                done = True
                saved[pair] += weight  # type: ignore[assignment]
            elif first.row.family in FIRST and second.row.family in SECOND:
                gains[pair] += weight  # type: ignore[assignment]
    return saved, gains


def _with_kin(gains: Counter[Pair]) -> dict[Pair, float]:
    """Gains, with a part of what the same pair saves in other registers; pairs that only have kin are among them."""
    kin: dict[tuple[str, ...], float] = defaultdict(float)
    samples: dict[tuple[str, ...], Pair] = {}
    for pair, gain in gains.items():
        kin[shape_of(pair)] += gain
        samples[shape_of(pair)] = pair
    worth: dict[Pair, float] = defaultdict(float, gains)
    for shape, sample in samples.items():
        relatives = list(_relatives(sample))
        for relative in relatives:
            worth[relative] += KINSHIP * kin[shape] / len(relatives)
    return worth


def shape_of(pair: Pair) -> tuple[str, ...]:
    """A pair without the numbers of its pins."""
    return tuple(part for row, dst, forms in pair for part in (row.name, "".join(_LETTERS[f] for f in (*forms, dst))))


def _relatives(pair: Pair) -> Iterator[Pair]:
    """The pair in all registers."""
    count = sum(_LETTERS[form] == "p" for _, dst, forms in pair for form in (*forms, dst))
    for pins in product(range(PINS), repeat=count):
        remaining = iter(pins)
        halves = []
        for row, dst, forms in pair:
            places = [PIN + next(remaining) if _LETTERS[form] == "p" else form for form in (*forms, dst)]
            sources, at = places[:-1], row.shape.mirrored
            if at and sources[at - 1] > sources[at]:
                sources[at - 1], sources[at] = sources[at], sources[at - 1]
            halves.append((row, places[-1], tuple(sources)))
        yield halves[0], halves[1]


def pair_lines(choices: Iterable[tuple[Pair, float]]) -> Iterator[str]:
    """The lines of a selection for these pairs, those that save most first; a comment says how much, in percent."""
    groups: dict[tuple[str, ...], list[Pair]] = defaultdict(list)
    saved: dict[tuple[str, ...], float] = defaultdict(float)
    for pair, gain in choices:
        groups[shape_of(pair)].append(pair)
        saved[shape_of(pair)] += gain
    for shape in sorted(groups, key=lambda shape: -saved[shape]):
        pins = sorted({_digits(pair) for pair in groups[shape]})
        some = f": {' '.join(pins)}" if len(pins) < len(set(map(str, _relatives(groups[shape][0])))) else ""
        yield f"{_text(groups[shape][0])}{some}  # {100 * saved[shape]:.2f}"


def _text(pair: Pair) -> str:
    halves = []
    for row, dst, forms in pair:
        arrow = "" if dst == NOWHERE else f" -> {_LETTERS[dst]}"
        halves.append(expression(row, [_LETTERS[form] for form in forms]) + arrow)
    return "; ".join(halves)


def _digits(pair: Pair) -> str:
    places = (form for _, dst, forms in pair for form in (*forms, dst))
    return "".join(str(form - PIN) for form in places if _LETTERS[form] == "p")
