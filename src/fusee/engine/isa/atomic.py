"""Rows of the atomic instructions (threads proposal).

They are rare, and take long by themselves: an operation has one row, and one handler, for all widths and both types.
"""

from typing import Final

from fusee.engine.isa.forms import NO_RESULT, NULLARY
from fusee.engine.isa.row import Row

CHANGES: Final = ("add", "sub", "and", "or", "xor", "xchg")
WITHOUT_RESULT: Final = ("atomic_store", "atomic_fence")

ROWS: Final = [
    *(
        Row(f"atomic_{name}", "atomic", (), "", NULLARY, NO_RESULT, ("u64", "u32", "slot", "slot"), detail=name)
        for name in ("load", "store", *CHANGES, "cmpxchg", "notify", "wait")
    ),
    Row("atomic_fence", "atomic_fence", (), "", NULLARY, NO_RESULT),
]
"""They take their operands from consecutive slots and leave their result there: immediates are offset, memory, the
first slot, and the binary logarithm of how many bytes are accessed, with `memory.SPREAD`."""

SIZE_MASK: Final = 3
