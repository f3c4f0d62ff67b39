"""Sparse tables laid into one another, as the teeth of combs, so that each is looked up at once.

Each table has a few keys between 0 and 255. Placed at its own displacement in one array, a table leaves gaps that
those of others fill. Beside each value stands its key: as no two tables have the same displacement, another table's
entry has another key than the one sought.
"""

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Final

KEYS: Final = 256


class Comb:
    """Where each table begins, and what is there: `keys[start + key] == key` if the table has the key."""

    def __init__(self, tables: Sequence[Mapping[int, int]]) -> None:
        entries: dict[int, tuple[int, int]] = {}
        places: dict[int, int] = {}  # by table
        for number in sorted(range(len(tables)), key=lambda number: -len(tables[number])):
            taken = set(places.values())
            wanted = tables[number]
            places[number] = next(
                start
                for start in count()
                if start % KEYS != KEYS - 1  # so that in no place all keys are sought
                and start not in taken
                and not any(start + key in entries for key in wanted)
            )
            entries.update({places[number] + key: (key, value) for key, value in wanted.items()})
        self.starts: Final = [places[number] for number in range(len(tables))]
        size = max(self.starts, default=0) + KEYS
        self.keys: Final = [entries[at][0] if at in entries else self._unsought(at) for at in range(size)]
        self.values: Final = [entries[at][1] if at in entries else 0 for at in range(max(entries, default=0) + 1)]

    def _unsought(self, at: int) -> int:
        """A key that no table would seek in this place."""
        sought = {at - start for start in self.starts}
        return next(key for key in range(KEYS) if key not in sought)
