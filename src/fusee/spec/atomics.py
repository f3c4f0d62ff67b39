"""What atomic instructions do, by their names (threads proposal)."""

import re
from typing import Final

from fusee.spec import opcodes  # noqa: F401  # its rows are asked for by mnemonic
from fusee.spec.features import Feature
from fusee.spec.op import BY_MNEMONIC

ATOMIC_OF: Final = {
    mnemonic: f"atomic_{operation[0]}"
    for mnemonic, op in BY_MNEMONIC.items()
    if op.feature == Feature.THREADS and (operation := re.match("[a-z]+", mnemonic.rpartition(".")[2]))
}
"""The interpreter's row for an instruction, whatever its width: i64.atomic.rmw8.add_u is `atomic_add`,
i32.atomic.load16_u `atomic_load`."""
