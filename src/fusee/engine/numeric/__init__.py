"""What the numeric instructions compute (spec 4.3): one function per operator.

A kernel's name is the mnemonic with its dots replaced; `MEANING` pairs them with the rows of
`spec.opcodes`. Integers are unsigned here; a signed operator converts its operands. Comparisons give `bool`.
"""

from typing import Any, Final

import fusee.spec.opcodes  # noqa: F401  (fills the table)
from fusee.engine.numeric import conversion, integer, vector
from fusee.engine.numeric import float as floating
from fusee.spec.op import BY_MNEMONIC

_KERNELS: Final = {**vars(integer), **vars(floating), **vars(conversion)}

MEANING: Final[dict[str, Any]] = {
    mnemonic: _KERNELS[mnemonic.replace(".", "_")] for mnemonic in BY_MNEMONIC if mnemonic.replace(".", "_") in _KERNELS
} | vector.MEANING
"""The kernel of each numeric instruction, by mnemonic."""
