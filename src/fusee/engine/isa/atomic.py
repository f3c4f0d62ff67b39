"""Rows of the atomic instructions (threads proposal).

They are rare, and take long by themselves: an operation has one row, and one handler, for all widths and both types.
"""

import re
from typing import Final

from fusee.engine.isa.forms import NO_RESULT, NULLARY
from fusee.engine.isa.row import Row
from fusee.spec import opcodes  # noqa: F401  # its rows are asked for by mnemonic
from fusee.spec.features import Feature
from fusee.spec.op import BY_MNEMONIC

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

ATOMIC_OF: Final = {
    mnemonic: f"atomic_{operation[0]}"
    for mnemonic, op in BY_MNEMONIC.items()
    if op.feature == Feature.THREADS and (operation := re.match("[a-z]+", mnemonic.rpartition(".")[2]))
}
"""The row of an instruction: i64.atomic.rmw8.add_u is `atomic_add`, i32.atomic.load16_u `atomic_load`."""
