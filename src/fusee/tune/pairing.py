"""The pairs for a selection whose trees are known: in a process of its own, because it chooses one."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from fusee.engine.isa.selection import Selection
from fusee.tune.apart import choose_given, run_apart


def select_pairs(selection: Selection, profiles: Iterable[Path], most: int) -> str:
    """The lines of up to so many pairs, for a selection's trees. Every program counts alike."""
    return run_apart(__name__, selection, [most, *profiles]) if most else ""


def _main(arguments: Sequence[str]) -> None:
    most, *paths = choose_given(arguments)
    from fusee.tune.lister import Lister
    from fusee.tune.pairs import Weighted, choose_pairs, pair_lines
    from fusee.tune.profile import Profile

    lister = Lister()
    weighted: list[Weighted] = []
    for path in paths:
        blocks = [block for block in lister.blocks(Profile.read(Path(path))) if block.executions]
        total = sum(block.executions * len(block.cells) for block in blocks) or 1
        weighted += [(block.cells, block.executions / total / len(paths)) for block in blocks]
    for line in pair_lines(choose_pairs(weighted, int(most))):
        print(line)


if __name__ == "__main__":
    _main(sys.argv[1:])
