"""How many dispatches programs need under a selection: in a process of its own, because it chooses one.

Nothing is run: the blocks of the programs have been counted, and the translator says what each consists of.
"""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fusee.api.errors import FuseeError
from fusee.engine.isa.selection import Selection, choose


@dataclass(frozen=True)
class Dispatches:
    """Of one program: all, and those of trees by row and signature."""

    total: int
    trees: dict[tuple[str, str], int]

    @property
    def of_trees(self) -> int:
        """How many were trees."""
        return sum(self.trees.values())


def count_dispatches(selection: Selection, profiles: Iterable[Path]) -> list[Dispatches]:
    """What a selection would need for each profile."""
    arguments = [selection.name, str(selection.pins), str(selection.trees or "")]
    command = [sys.executable, "-m", "fusee.tune.dispatches", *arguments, *map(str, profiles)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise FuseeError(f"counting dispatches failed with status {done.returncode}")
    return [
        Dispatches(total, {(row, signature): count for row, signature, count in trees})
        for total, trees in json.loads(done.stdout)
    ]


def _main(arguments: Sequence[str]) -> None:
    name, pins, trees, *profiles = arguments
    choose(Selection(name, int(pins), Path(trees) if trees else None))
    from fusee.tune.chains import letters_of
    from fusee.tune.lister import Lister
    from fusee.tune.profile import Profile

    lister = Lister()
    counts = []
    for path in profiles:
        total, of_trees = 0, Counter[tuple[str, str]]()
        for block in lister.blocks(Profile.read(Path(path))):
            total += block.executions * len(block.cells)
            for c in block.cells:
                if c.row.outer is not None:
                    of_trees[c.row.name, letters_of(c)] += block.executions
        counts.append((total, [(*shape, count) for shape, count in of_trees.items()]))
    print(json.dumps(counts))


if __name__ == "__main__":
    _main(sys.argv[1:])
