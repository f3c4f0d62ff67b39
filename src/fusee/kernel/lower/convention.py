"""How handlers hand the registers on.

Where LLVM has `preserve_none` and the machine enough registers, each field of the record is a machine
register from one handler to the next. A tail call of other machines can pass no more than the C convention has
registers for: so many of the first fields. The others stay in memory, in a record that belongs to whoever entered
the interpreter, and the first argument points at it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fusee.kernel.lower.types import llvm_type
from fusee.kernel.target import Target
from fusee.kernel.tree import Type


@dataclass(frozen=True)
class Convention:
    """LLVM's name of the convention, and how many of its registers the fields may take; None: as many as there are."""

    name: str
    budget: int | None = None
    register_bits: int = 64

    def travelling(self, fields: Mapping[str, Type]) -> int:
        """How many of the first fields are arguments of their own."""
        if self.budget is None:
            return len(fields)
        taken = 0
        for count, type_ in enumerate(fields.values()):
            taken += 2 if llvm_type(type_) in ("i64", "double") and self.register_bits == 32 else 1
            if taken > self.budget:
                return count
        return len(fields)

    def parameters(self, fields: Mapping[str, Type]) -> list[tuple[str, str]]:
        """LLVM's type and name of each argument."""
        own = [(llvm_type(t), f"%r{index}") for index, t in enumerate(fields.values())][: self.travelling(fields)]
        return own if self.budget is None else [("ptr", RECORD), *own]

    def memory_shape(self, fields: Mapping[str, Type]) -> str:
        """The type of the record in memory."""
        return f"{{{', '.join(map(llvm_type, list(fields.values())[self.travelling(fields) :]))}}}"


RECORD = "%record"

_BUDGETS = {"riscv32": 7, "riscv64": 7}  # of eight argument registers
_SMALLEST = 2  # 32-bit Arm has four, and a jump needs one for its target


def convention_of(target: Target) -> Convention:
    """The convention of a target's handlers."""
    if target.architecture in ("x86_64", "aarch64"):
        return Convention("preserve_nonecc")
    return Convention("ccc", _BUDGETS.get(target.architecture, _SMALLEST), 8 * target.pointer_width)
