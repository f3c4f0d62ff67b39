"""Making a selection: from the profiles of a corpus to the text that lists its trees."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from fusee.engine.isa.forms import READ
from fusee.engine.isa.pairs import ALL_HANDLERS, MOST_HANDLERS
from fusee.engine.isa.row import Row
from fusee.engine.isa.selection import chosen
from fusee.engine.isa.table import SINGLES
from fusee.engine.isa.trees import Forest, Pattern, expression, parse, with_kin
from fusee.tune.chains import Chain, count_chains
from fusee.tune.choice import Choice, Chooser, generalized, handlers_of, normalized
from fusee.tune.dispatches import count_dispatches
from fusee.tune.lister import Lister
from fusee.tune.listing import show_selection
from fusee.tune.profile import Profile

MOST_WIDE_HANDLERS: Final = MOST_HANDLERS - ALL_HANDLERS
"""Of a selection that is only looked at, beside the single operations of this process: so many have numbers."""


class NothingToChooseError(ValueError):
    """The programs execute next to nothing."""


def select_trees(profiles: Mapping[str, Path], most_handlers: int, folder: Path) -> str:
    """The text of a selection for programs by name. This process must have chosen a selection without trees.

    First the expressions are found that occur, from the chains of cells without trees. Then the programs are translated
    with these expressions in all places: only then it is known where operands are when there are trees.
    Raises `NothingToChooseError`.
    """
    patterns = [str(pattern) for pattern in numbered(_expressions(profiles))]
    if not patterns:
        raise NothingToChooseError("these programs execute no expression that could be one instruction")
    wide = folder / "wide.txt"
    wide.write_text("\n".join(patterns) + "\n", "utf-8")
    choices = generalized(_measure(profiles, wide), most_handlers)
    return "\n".join(show_selection(choices, profiles)) + "\n"


def _expressions(profiles: Mapping[str, Path]) -> Iterator[Pattern]:
    """Patterns of the expressions, in all places, those first that save most."""
    lister, forest = Lister(), Forest(SINGLES)
    chains: dict[Chain, float] = defaultdict(float)
    for path in profiles.values():
        for chain, share in normalized(count_chains(lister.blocks(Profile.read(path)))).items():
            chains[chain] += share / len(profiles)
    saved: dict[Row, float] = defaultdict(float)
    for choice in Chooser(chains, forest).choose():
        saved[choice.row] += choice.saved
    for row in sorted(saved, key=lambda row: -saved[row]):
        words = ["c" if kind == "c" else READ for kind in row.leaves]
        yield parse(expression(row, words) + (f" -> {READ}" if row.result else ""))


def numbered(patterns: Iterable[Pattern]) -> Iterator[Pattern]:
    """The first ones, as far as their handlers have numbers."""
    forest, left = Forest(SINGLES), MOST_WIDE_HANDLERS
    for pattern in patterns:
        for row, signatures in map(forest.find, with_kin(pattern)):
            left -= sum(handlers_of(row, signature) for signature in signatures)
        if left > 0:
            yield pattern


def _measure(profiles: Mapping[str, Path], wide: Path) -> list[Choice]:
    """What each tree saves in each signature if all may be used."""
    forest = Forest(SINGLES)
    for line in wide.read_text("utf-8").splitlines():
        forest.add(parse(line))
    rows = {row.name: row for row in forest.rows()}
    plain = count_dispatches(chosen(), profiles.values())
    with_trees = count_dispatches(chosen()._replace(name="wide", file=str(wide)), profiles.values())
    saved: dict[tuple[str, str], float] = defaultdict(float)
    for before, after in zip(plain, with_trees, strict=True):
        for (name, signature), count in after.trees.items():
            share = count * _inner_nodes(rows[name]) / before.total
            saved[name, signature] += share / len(profiles)
    return [Choice(rows[name], signature, handlers_of(rows[name], signature), share)
            for (name, signature), share in saved.items()]  # fmt: skip


def _inner_nodes(row: Row) -> int:
    """How many dispatches a tree saves each time."""
    return 0 if row.inner is None else 1 + _inner_nodes(row.inner)
