"""Operations on lanes that give lanes of another width, or go through them."""

from __future__ import annotations

from fusee.kernel.lower.expressions import conversion
from fusee.kernel.lower.function import FunctionWriter
from fusee.kernel.lower.rules import call, lane_rule, rule
from fusee.kernel.lower.types import llvm_type
from fusee.kernel.lower.vectors import every, lanes_of, shuffled, with_zeros
from fusee.kernel.tree.expressions import Intrinsic
from fusee.kernel.tree.types import Integer, Lanes


def _half(writer: FunctionWriter, lanes: Lanes, operand: str, *, high: bool) -> tuple[str, str]:
    """The type and value of one half of the lanes."""
    half = lanes.count // 2
    first = half if high else 0
    return f"<{half} x {llvm_type(lanes.element)}>", shuffled(
        writer, lanes, operand, "poison", range(first, first + half)
    )


@rule("widen_low", "widen_high")
def _widen(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    have, want = lanes_of(node.operands[0]), lanes_of(node)
    shape, half = _half(writer, have, operands[0], high=node.name == "widen_high")
    return writer.value(f"{conversion(have.element, want.element)} {shape} {half} to {llvm_type(want)}")


@rule("narrow_zero")
def _narrow_zero(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    have, want = lanes_of(node.operands[0]), lanes_of(node)
    shape = f"<{have.count} x {llvm_type(want.element)}>"
    half = writer.value(f"{conversion(have.element, want.element)} {llvm_type(have)} {operands[0]} to {shape}")
    return with_zeros(writer, want, half)


@rule("narrow_sat")
def _narrow_sat(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    have, want = lanes_of(node.operands[0]), lanes_of(node)
    assert isinstance(have.element, Integer) and isinstance(want.element, Integer)
    both = shuffled(writer, have, operands[0], operands[1], range(want.count))
    shape, suffix = f"<{want.count} x i{have.element.bits}>", f"v{want.count}i{have.element.bits}"
    sign = "s" if have.element.signed else "u"
    kind = want.python.element
    for name, limit in (("min", kind.maximum()), ("max", kind.minimum())):
        limits = every(want.count, have.element.bits, limit)
        if sign == "s" or name == "min":
            both = call(writer, f"llvm.{sign}{name}.{suffix}", shape, f"{shape} {both}", f"{shape} {limits}")
    return writer.value(f"trunc {shape} {both} to {llvm_type(want)}")


@rule("pairwise_sum")
def _pairwise_sum(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    have, want = lanes_of(node.operands[0]), lanes_of(node)
    shape = f"<{want.count} x {llvm_type(have.element)}>"
    extend = conversion(have.element, want.element)
    parts = []
    for first in (0, 1):
        lanes = shuffled(writer, have, operands[0], "poison", range(first, have.count, 2))
        parts.append(writer.value(f"{extend} {shape} {lanes} to {llvm_type(want)}"))
    return writer.value(f"add {llvm_type(want)} {parts[0]}, {parts[1]}")


@rule("dot")
def _dot(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    have, want = lanes_of(node.operands[0]), llvm_type(node.type)
    shape = f"<{have.count // 2} x {llvm_type(have.element)}>"
    parts = []
    for first in (0, 1):
        factors = []
        for operand in operands:
            lanes = shuffled(writer, have, operand, "poison", range(first, have.count, 2))
            factors.append(writer.value(f"sext {shape} {lanes} to {want}"))
        parts.append(writer.value(f"mul {want} {factors[0]}, {factors[1]}"))
    return writer.value(f"add {want} {parts[0]}, {parts[1]}")


@rule("dot_sat")
def _dot_sat(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    bytes_ = lanes_of(node.operands[0])
    products = []
    for first in (0, 1):
        factors = []
        for operand, extend in zip(operands, ("zext", "sext"), strict=True):
            lanes = shuffled(writer, bytes_, operand, "poison", range(first, 16, 2))
            factors.append(writer.value(f"{extend} <8 x i8> {lanes} to <8 x i16>"))
        products.append(writer.value(f"mul <8 x i16> {factors[0]}, {factors[1]}"))
    return call(writer, "llvm.sadd.sat.v8i16", "<8 x i16>", *(f"<8 x i16> {product}" for product in products))


@rule("mul_q15")
@rule("mul_q15_sat")
def _mul_q15(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    wide = [writer.value(f"sext <8 x i16> {operand} to <8 x i32>") for operand in operands]
    product = writer.value(f"mul <8 x i32> {wide[0]}, {wide[1]}")
    total = writer.value(f"add <8 x i32> {product}, {every(8, 32, 0x4000)}")
    shifted = writer.value(f"ashr <8 x i32> {total}, {every(8, 32, 15)}")
    if node.name == "mul_q15_sat":
        limit = every(8, 32, 0x7FFF)
        shifted = call(writer, "llvm.smin.v8i32", "<8 x i32>", f"<8 x i32> {shifted}", f"<8 x i32> {limit}")
    return writer.value(f"trunc <8 x i32> {shifted} to <8 x i16>")


@lane_rule("mul_high")
def _mul_high(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    lanes = lanes_of(node)
    assert isinstance(lanes.element, Integer)
    bits = lanes.element.bits
    shape = f"<{lanes.count} x i{2 * bits}>"
    extend = "sext" if lanes.element.signed else "zext"
    wide = [writer.value(f"{extend} {llvm_type(lanes)} {operand} to {shape}") for operand in operands]
    product = writer.value(f"mul {shape} {wide[0]}, {wide[1]}")
    upper = writer.value(f"lshr {shape} {product}, {every(lanes.count, 2 * bits, bits)}")
    return writer.value(f"trunc {shape} {upper} to {llvm_type(lanes)}")
