"""Choosing trees: those that save the most dispatches for each handler that they take."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import product
from math import prod
from typing import Final

from fusee.engine.isa.forms import EVERYWHERE, NO_RESULT, READ, expand
from fusee.engine.isa.row import FLOAT_TYPES, Row
from fusee.engine.isa.trees import Forest, is_possible, ordered
from fusee.tune.chains import Chain, pattern_of

Shape = tuple[str, str]  # a tree's row and signature


@dataclass(frozen=True)
class Choice:
    """A tree in one signature, what it costs, and the share of all dispatches that it saves beyond those before it."""

    row: Row
    signature: str
    handlers: int
    saved: float


@dataclass(frozen=True)
class _Place:
    """Where a tree could stand: links `first` to `last` of a chain."""

    chain: Chain
    first: int
    last: int


def handlers_of(row: Row, signature: str) -> int:
    """How many handlers a signature stands for."""
    return len(expand(signature[0])) * len(expand(signature[1:], row.shape.mirrored))


class Chooser:
    """Chains with their weights, and how they are divided by the trees that have been chosen."""

    def __init__(self, chains: Mapping[Chain, float], forest: Forest) -> None:
        self.weights = {chain: weight for chain, weight in chains.items() if len(chain) > 1}
        self.rows: dict[Shape, Row] = {}
        self._places: dict[Shape, list[_Place]] = defaultdict(list)
        self._joined = {chain: [False] * (len(chain) - 1) for chain in self.weights}  # by link, with the next one
        for chain in self.weights:
            self._add_places(chain, forest)

    def _add_places(self, chain: Chain, forest: Forest) -> None:
        for first in range(len(chain) - 1):
            for last in range(first + 1, len(chain)):
                pattern = pattern_of(chain[first : last + 1])
                if pattern is None:
                    break
                row, (signature,) = forest.find(pattern)
                self.rows[row.name, signature] = row
                self._places[row.name, signature].append(_Place(chain, first, last))

    def gain(self, shape: Shape) -> float:
        """The dispatches that a tree would save now."""
        return sum(self.weights[place.chain] * self._new_joints(place) for place in self._places[shape])

    def _new_joints(self, place: _Place) -> int:
        """How many dispatches the tree saves in a place: none if it overlaps another that is there."""
        joined = self._joined[place.chain]
        if (place.first and joined[place.first - 1]) or (place.last < len(joined) and joined[place.last]):
            return 0
        return joined[place.first : place.last].count(False)

    def choose(self) -> list[Choice]:
        """All trees that save something, each time the one that saves most for each of its handlers."""
        heap = [(-self._gain_per_handler(shape), shape) for shape in self.rows]
        heapify(heap)
        chosen = list[Choice]()
        while heap:
            known, shape = heappop(heap)
            gain = self._gain_per_handler(shape)
            if gain < -known and heap and gain < -heap[0][0]:
                heappush(heap, (-gain, shape))
            elif gain > 0:
                cost = handlers_of(self.rows[shape], shape[1])
                chosen.append(Choice(self.rows[shape], shape[1], cost, gain * cost))
                self._take(shape)
        return chosen

    def _gain_per_handler(self, shape: Shape) -> float:
        return self.gain(shape) / handlers_of(self.rows[shape], shape[1])

    def _take(self, shape: Shape) -> None:
        for place in self._places[shape]:
            if self._new_joints(place):
                self._joined[place.chain][place.first : place.last] = [True] * (place.last - place.first)


def generalized(choices: Sequence[Choice], most_handlers: int) -> list[Choice]:
    """The best of the choices and of their kin, as far as so many handlers go.

    Other programs have the same expressions in other places. So each combination of places counts as if a part of what
    the expression saves had been seen there, as much as is likely if places do not depend on each other.
    """
    likely = _Likelihood(choices)
    saved: dict[Row, float] = defaultdict(float)
    found = {(choice.row.name, choice.signature): choice for choice in choices}
    for choice in choices:
        saved[choice.row] += choice.saved
    worth: dict[Shape, float] = {}
    for row in saved:
        for signature, probability in likely.signatures(row):
            shape = row.name, signature
            choice = found.setdefault(shape, Choice(row, signature, handlers_of(row, signature), 0))
            worth[shape] = (choice.saved + KINSHIP * saved[row] * probability) / choice.handlers
    left, kept = most_handlers, list[Choice]()
    for shape in sorted(worth, key=lambda shape: -worth[shape]):
        if worth[shape] > 0 and found[shape].handlers <= left:
            kept.append(found[shape])
            left -= found[shape].handlers
    return kept


KINSHIP: Final = 1.0
"""How much the likelihood of places counts beside what has been seen."""


class _Likelihood:
    """How likely each place is for a result and for an operand, in each bank."""

    def __init__(self, choices: Sequence[Choice]) -> None:
        self._saved: dict[tuple[object, str], float] = defaultdict(float)
        for choice in choices:
            for role, letter in _roles(choice.row, choice.signature):
                self._saved[role, letter] += choice.saved

    def signatures(self, row: Row) -> Iterator[tuple[str, float]]:
        """Every signature of a row, with its likelihood."""
        words = ["c" if kind == "c" else READ for kind in row.leaves]
        for letters in product(EVERYWHERE if row.result else NO_RESULT, *words):
            signature = "".join(letters)
            if is_possible(row, signature[1:]) and ordered(signature, row.shape.mirrored) == signature:
                yield signature, prod(self._share(role, letter) for role, letter in _roles(row, signature))

    def _share(self, role: object, letter: str) -> float:
        return self._saved[role, letter] / (sum(self._saved[role, other] for other in READ) or 1)


def _roles(row: Row, signature: str) -> Iterator[tuple[object, str]]:
    """For each letter of a signature that is a choice: what for, and in which bank."""
    if row.result:
        yield ("result", row.result in FLOAT_TYPES), signature[0]
    inner = range(row.place, row.place + len(row.inner.sources) if row.inner else 0)
    for place, (letter, kind) in enumerate(zip(signature[1:], row.sources, strict=True)):
        if letter != "c":
            yield ("inner" if place in inner else "outer", kind in FLOAT_TYPES), letter


def normalized(counts: Counter[Chain]) -> dict[Chain, float]:
    """Shares of all dispatches: so every program counts alike."""
    total = sum(count * len(chain) for chain, count in counts.items())
    return {chain: count / total for chain, count in counts.items()}
