"""Vectors as LLVM writes them, which rules for lanes have in common."""

from __future__ import annotations

from fusee.kernel.lower.function import FunctionWriter
from fusee.kernel.lower.types import llvm_type
from fusee.kernel.tree.expressions import Node
from fusee.kernel.tree.types import Lanes


def lanes_of(node: Node) -> Lanes:
    assert isinstance(node.type, Lanes)
    return node.type


def every(count: int, bits: int, number: int) -> str:
    """A constant vector of equal integers."""
    return f"<{', '.join([f'i{bits} {number}'] * count)}>"


def shuffled(writer: FunctionWriter, type_: Lanes, left: str, right: str, numbers: range | tuple[int, ...]) -> str:
    """`shufflevector` of two vectors of one type."""
    shape = llvm_type(type_)
    mask = ", ".join(f"i32 {number}" for number in numbers)
    return writer.value(f"shufflevector {shape} {left}, {shape} {right}, <{len(numbers)} x i32> <{mask}>")


def splat(writer: FunctionWriter, lanes: Lanes, operand: str) -> str:
    """A number in all lanes."""
    shape = llvm_type(lanes)
    first = writer.value(f"insertelement {shape} poison, {llvm_type(lanes.element)} {operand}, i32 0")
    return shuffled(writer, lanes, first, "poison", (0,) * lanes.count)


def chosen(writer: FunctionWriter, type_: Lanes, condition: str, a: str, b: str) -> str:
    """`select` by a vector of truth values."""
    shape = llvm_type(type_)
    return writer.value(f"select <{type_.count} x i1> {condition}, {shape} {a}, {shape} {b}")


def with_zeros(writer: FunctionWriter, lanes: Lanes, half: str) -> str:
    """A vector of `lanes` from half as many; the upper ones are zero."""
    count = lanes.count // 2
    shape = f"<{count} x {llvm_type(lanes.element)}>"
    mask = ", ".join(f"i32 {number}" for number in range(lanes.count))
    return writer.value(f"shufflevector {shape} {half}, {shape} zeroinitializer, <{lanes.count} x i32> <{mask}>")
