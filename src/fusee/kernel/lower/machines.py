"""Operations on lanes for which a machine has an instruction that LLVM does not find from the plain form."""

from __future__ import annotations

from fusee.kernel import tree
from fusee.kernel.lower.function import FunctionWriter
from fusee.kernel.lower.intrinsics import call, machine_rule, suffix
from fusee.kernel.lower.types import llvm_type


@machine_rule("neon", "fmin")
@machine_rule("neon", "fmax")
def _extreme_neon(writer: FunctionWriter, node: tree.Intrinsic, operands: list[str]) -> str:
    type_, name = llvm_type(node.type), {"fmin": "llvm.minimum", "fmax": "llvm.maximum"}[node.name]
    return call(writer, f"{name}.{suffix(node.type)}", type_, *(f"{type_} {operand}" for operand in operands))
