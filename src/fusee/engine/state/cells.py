"""The sizes of a heap's cells, as tables. Not beside its structures: the interface to Python needs those only."""

from typing import Final

from fusee.engine.state.heap import CELL_SIZES, TABULATED_BYTES
from fusee.kernel.lang import table, u8, u16

CELL_BYTES: Final = table(u16, CELL_SIZES)
CLASS_BY_GRANULES: Final = table(
    u8,
    [
        next(i for i, size in enumerate(CELL_SIZES) if size >= granules * 8)
        for granules in range(TABULATED_BYTES // 8 + 1)
    ],
)
"""The size class of objects that take so many granules."""
