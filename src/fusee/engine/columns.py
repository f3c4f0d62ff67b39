"""Tables with many columns in which most rows are alike."""

from collections.abc import Sequence
from typing import Final


class Columns:
    """Columns of equal length, split in two: the class of each row, and each column by class.

    A table of hundreds of rows then takes a byte for each, and the columns a few dozen entries.
    """

    def __init__(self, **columns: Sequence[int]) -> None:
        rows = list(zip(*columns.values(), strict=True))
        classes = {row: number for number, row in enumerate(dict.fromkeys(rows))}
        self.classes: Final = [classes[row] for row in rows]
        self._columns: Final = dict(zip(columns, zip(*classes, strict=True), strict=True))

    def __getitem__(self, name: str) -> Sequence[int]:
        """A column, by class."""
        return self._columns[name]
