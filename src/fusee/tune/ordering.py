"""The order of handlers in memory, for a selection that is complete: in a process of its own, as that chooses one."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from fusee.engine.isa.selection import ORDER_MARK, Selection
from fusee.tune.apart import choose_given, run_apart

MOST: Final = 1000
"""Handlers that lie together. The corpus executes others in less than one dispatch of a hundred."""


def select_order(selection: Selection, profiles: Iterable[Path]) -> str:
    """The lines that say which handlers lie together. Every program counts alike."""
    return run_apart(__name__, selection, profiles)


def order_file(file: Path, selection: Selection, profiles: Iterable[Path]) -> None:
    """Write these lines behind a selection's trees and pairs, in the place of those that it has."""
    lines = select_order(selection, profiles)
    kept = [line for line in file.read_text("utf-8").splitlines(keepends=True) if not line.startswith(ORDER_MARK)]
    file.write_text("".join(kept) + lines, "utf-8")


def order_lines(shares: Counter[str]) -> Iterator[str]:
    """The lines for these handlers, by name, of which each is so large a share of all dispatches."""
    for name, share in sorted(shares.items(), key=lambda item: (-item[1], item[0]))[:MOST]:
        yield f"{ORDER_MARK} {name}  # {100 * share:.2f}"


def _main(arguments: Sequence[str]) -> None:
    paths = choose_given(arguments)
    from fusee.engine.isa.order import name_of
    from fusee.tune.lister import Lister
    from fusee.tune.pairs import placed
    from fusee.tune.profile import Profile

    lister, shares = Lister(), Counter[str]()
    for path in paths:
        counts = Counter[str]()
        for block in lister.blocks(Profile.read(Path(path))):
            for cells in block.dispatches():
                counts[name_of(*map(placed, cells))] += block.executions
        total = counts.total() * len(paths) or 1
        shares.update({name: count / total for name, count in counts.items()})
    print(*order_lines(shares), sep="\n")


if __name__ == "__main__":
    _main(sys.argv[1:])
