"""Which handlers lie together in memory: those that programs execute most, in the order of that.

A line of a selection that begins with `ORDER_MARK` has a handler's name (`Row.handler_name`), or the two of a pair.
What an engine does not have is passed over: names depend on the number of pins, and on the parts that it has.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from fusee.engine.isa.pairs import PAIRS
from fusee.engine.isa.selection import ORDER_MARK, chosen
from fusee.engine.isa.table import Placed, handlers


def name_of(*cells: Placed) -> str:
    """What a handler is called: after its cell, or the two of a pair."""
    return " ".join(row.handler_name(destination, forms) for row, destination, forms in cells)


def read_order(text: str) -> Iterator[str]:
    """The names in a selection."""
    for line in text.splitlines():
        if line.startswith(ORDER_MARK):
            yield line.removeprefix(ORDER_MARK).partition("#")[0].strip()


def numbered(names: Iterable[str]) -> list[int]:
    """The numbers of the handlers with these names, of those that there are."""
    wanted = list(dict.fromkeys(names))
    if not wanted:
        return []
    cells = (*((placed,) for placed in handlers()), *PAIRS)
    numbers = {name_of(*placed): number for number, placed in enumerate(cells)}
    return [numbers[name] for name in wanted if name in numbers]


ORDER: Final = numbered(read_order(chosen().patterns))
"""The numbers of the handlers that lie together."""
