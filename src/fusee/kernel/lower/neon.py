"""Operations on lanes for which AArch64 has an instruction that LLVM does not find from the plain form."""

from __future__ import annotations

from fusee.kernel.lower.function import FunctionWriter
from fusee.kernel.lower.rules import call, machine_rule, suffix
from fusee.kernel.lower.types import llvm_type
from fusee.kernel.lower.vectors import lanes_of, shuffled, with_zeros
from fusee.kernel.tree.expressions import Intrinsic
from fusee.kernel.tree.types import Integer

_BYTES = "<16 x i8>"


@machine_rule("neon", "fmin")
@machine_rule("neon", "fmax")
def _extreme(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    """One instruction with Wasm's rules, signalling NaNs included."""
    type_, name = llvm_type(node.type), {"fmin": "llvm.minimum", "fmax": "llvm.maximum"}[node.name]
    return call(writer, f"{name}.{suffix(node.type)}", type_, *(f"{type_} {operand}" for operand in operands))


@machine_rule("neon", "swizzle")
@machine_rule("neon", "swizzle_pair")
def _look_up(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    name = f"llvm.aarch64.neon.tbl{len(operands) - 1}.v16i8"
    return call(writer, name, _BYTES, *(f"{_BYTES} {operand}" for operand in operands))


@machine_rule("neon", "mul_q15_sat")
def _mul_q15_sat(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    arguments = (f"<8 x i16> {operand}" for operand in operands)
    return call(writer, "llvm.aarch64.neon.sqrdmulh.v8i16", "<8 x i16>", *arguments)


@machine_rule("neon", "pairwise_sum")
def _pairwise_sum(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    have, want = lanes_of(node.operands[0]), lanes_of(node)
    assert isinstance(have.element, Integer)
    name = f"llvm.aarch64.neon.{'s' if have.element.signed else 'u'}addlp.{suffix(want)}.{suffix(have)}"
    return call(writer, name, llvm_type(want), f"{llvm_type(have)} {operands[0]}")


@machine_rule("neon", "dot")
def _dot(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    """Products of the halves, which need no other order of lanes, and one addition of neighbours."""
    have, want = lanes_of(node.operands[0]), llvm_type(node.type)
    half = have.count // 2
    shape = f"<{half} x {llvm_type(have.element)}>"
    products = []
    for first in (0, half):
        factors = []
        for operand in operands:
            lanes = shuffled(writer, have, operand, "poison", range(first, first + half))
            factors.append(writer.value(f"sext {shape} {lanes} to {want}"))
        products.append(writer.value(f"mul {want} {factors[0]}, {factors[1]}"))
    arguments = (f"{want} {product}" for product in products)
    return call(writer, f"llvm.aarch64.neon.addp.{suffix(node.type)}", want, *arguments)


@machine_rule("neon", "trunc_sat", "f64x2->i32x4")
@machine_rule("neon", "trunc_sat", "f64x2->u32x4")
def _trunc_sat_double(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    """To 64 bits, then to 32, both limited."""
    want = lanes_of(node)
    assert isinstance(want.element, Integer)
    sign = "s" if want.element.signed else "u"
    name = f"llvm.fpto{sign}i.sat.v2i64.v2f64"
    wide = call(writer, name, "<2 x i64>", f"<2 x double> {operands[0]}")
    half = call(writer, f"llvm.aarch64.neon.{sign}qxtn.v2i32", "<2 x i32>", f"<2 x i64> {wide}")
    return with_zeros(writer, want, half)


@machine_rule("neon", "any_bits")
def _any_bits(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    words = writer.value(f"bitcast {llvm_type(node.operands[0].type)} {operands[0]} to <4 x i32>")
    greatest = call(writer, "llvm.vector.reduce.umax.v4i32", "i32", f"<4 x i32> {words}")
    return writer.value(f"icmp ne i32 {greatest}, 0")
