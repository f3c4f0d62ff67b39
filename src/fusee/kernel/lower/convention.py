"""How handlers hand the registers on.

Where LLVM has `preserve_none` and the machine enough registers, each field of the record is a machine
register from one handler to the next. A tail call of other machines can pass no more than the C convention has
registers for: so many of the first fields. The others stay in memory, in a record that belongs to whoever entered
the interpreter, and the first argument points at it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from fusee.kernel.lower.types import llvm_type
from fusee.kernel.target import Target
from fusee.kernel.tree.types import V128, Type

_VECTOR = llvm_type(V128)
_FLOATS = ("float", "double", _VECTOR)  # what one bank of registers holds


class Convention(NamedTuple):
    """LLVM's name of the convention, and how many of its registers the fields may take; None: as many as there are."""

    name: str
    budget: int | None = None
    register_bits: int = 64
    vectors: int = 0  # so many registers hold floats and vectors; without any, no vector travels
    general: tuple[int, ...] = ()  # for each field that is no float its place among the general registers, if so many

    def travelling(self, fields: Mapping[str, Type]) -> int:
        """How many of the first fields are arguments of their own."""
        if self.budget is None:
            self._check_vectors(fields)
            return len(fields)
        taken = 0
        for count, type_ in enumerate(fields.values()):
            if llvm_type(type_) == _VECTOR:
                return count
            taken += 2 if llvm_type(type_) in ("i64", "double") and self.register_bits == 32 else 1
            if taken > self.budget:
                return count
        return len(fields)

    def _check_vectors(self, fields: Mapping[str, Type]) -> None:
        """What has no register LLVM passes on the stack, without a word; handlers would be several times slower."""
        count = sum(llvm_type(type_) in _FLOATS for type_ in fields.values())
        if count > self.vectors:
            raise ValueError(f"{count} registers hold floats or vectors, {self.name} has {self.vectors}")

    def in_order(self, fields: Mapping[str, Type]) -> list[int]:
        """The numbers of the fields that travel, in the order in which they are passed."""
        numbers = range(self.travelling(fields))
        types = [llvm_type(type_) for type_ in fields.values()]
        general = [number for number in numbers if types[number] not in _FLOATS]
        if len(general) != len(self.general):
            return list(numbers)
        floats = [number for number in numbers if types[number] in _FLOATS]
        return [number for _, number in sorted(zip(self.general, general, strict=True))] + floats

    def parameters(self, fields: Mapping[str, Type]) -> list[tuple[str, str]]:
        """LLVM's type and name of each argument."""
        types = [llvm_type(type_) for type_ in fields.values()]
        own = [(types[number], f"%r{number}") for number in self.in_order(fields)]
        return own if self.budget is None else [("ptr", RECORD), *own]

    def memory_shape(self, fields: Mapping[str, Type]) -> str:
        """The type of the record in memory."""
        return f"{{{', '.join(map(llvm_type, list(fields.values())[self.travelling(fields) :]))}}}"


RECORD = "%record"

_SHORT_CODE = (4, 5, 6, 2, 3, 7, 1, 8, 9, 10, 0)
"""The convention's general registers on x86-64 are r12 to r15, rdi, rsi, rdx, rcx, r8, r9, r11. An instruction that
names one of r8 to r15 is often a byte longer, and another one where it takes r12 or r13 for an address. So the fields
that most handlers use get the others: handlers are a tenth shorter."""

_VECTOR_REGISTERS = 8  # of the convention, on both machines that have it
_BUDGETS = {"riscv32": 7, "riscv64": 7}  # of eight argument registers
_SMALLEST = 2  # 32-bit Arm has four, and a jump needs one for its target


def convention_of(target: Target) -> Convention:
    """The convention of a target's handlers."""
    if target.architecture == "x86_64":
        return Convention("preserve_nonecc", vectors=_VECTOR_REGISTERS, general=_SHORT_CODE)
    if target.architecture == "aarch64":
        return Convention("preserve_nonecc", vectors=_VECTOR_REGISTERS)
    return Convention("ccc", _BUDGETS.get(target.architecture, _SMALLEST), 8 * target.pointer_width)
