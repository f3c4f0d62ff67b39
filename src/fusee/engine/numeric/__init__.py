"""What the numeric instructions compute (spec 4.3): which operation on operands of which type.

A meaning is a kernel of some shape, specialised for an operation and types; its name is the mnemonic with its dots
replaced. Integers are unsigned here, vectors a `v128`; signed operators and those on lanes see their operands as what
they need. Comparisons of scalars give `bool`.
"""

from typing import Any, Final

import fusee.spec.opcodes  # noqa: F401  (fills the table)
from fusee.engine.numeric import conversion, integer, vector
from fusee.engine.numeric import float as floating
from fusee.spec.op import BY_MNEMONIC

MEANING: Final[dict[str, Any]] = {
    **integer.MEANING, **floating.MEANING, **conversion.MEANING, **vector.MEANING,
}  # fmt: skip
"""The kernel of each numeric instruction, by mnemonic."""

CHEAPER: Final[dict[str, Any]] = vector.CHEAPER
"""Other answers, of instructions that may have several."""

BY_NUMBER: Final[dict[str, Any]] = vector.BY_NUMBER
"""What instructions compute that name a lane, with its number as the last operand."""

TWINS: Final = vector.TWINS
"""By mnemonic, the one of the instruction that does the same."""

assert set(CHEAPER) <= set(MEANING) <= set(BY_MNEMONIC)
