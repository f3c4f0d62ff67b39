"""How many dispatches programs need under a selection: in a process of its own, because it chooses one.

Nothing is run: the blocks of the programs have been counted, and the translator says what each consists of.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fusee.engine.isa.selection import Selection
from fusee.tune.apart import choose_given, run_apart


@dataclass(frozen=True)
class Dispatches:
    """Of one program: all, and executions of trees, in pairs or alone, by row and signature."""

    total: int
    trees: dict[tuple[str, str], int]


def count_dispatches(selection: Selection, profiles: Iterable[Path]) -> list[Dispatches]:
    """What a selection would need for each profile."""
    text = run_apart(__name__, selection, profiles)
    return [
        Dispatches(total, {(row, signature): count for row, signature, count in trees})
        for total, trees in json.loads(text)
    ]


def _main(arguments: Sequence[str]) -> None:
    profiles = choose_given(arguments)
    from fusee.tune.chains import letters_of
    from fusee.tune.lister import Lister
    from fusee.tune.profile import Profile

    lister = Lister()
    counts = []
    for path in profiles:
        total, of_trees = 0, Counter[tuple[str, str]]()
        for block in lister.blocks(Profile.read(Path(path))):
            for c in block.cells:
                if c.row.outer is not None:
                    of_trees[c.row.name, letters_of(c)] += block.executions
            total += block.executions * sum(1 for _ in block.dispatches())
        counts.append((total, [(*shape, count) for shape, count in of_trees.items()]))
    print(json.dumps(counts))


if __name__ == "__main__":
    _main(sys.argv[1:])
