"""Atomic accesses as LLVM has them, and what stands for them where the machine has none."""

from __future__ import annotations

from fusee.kernel.atomics import Order
from fusee.kernel.lower.function import FunctionWriter, lowers
from fusee.kernel.lower.types import llvm_type
from fusee.kernel.tree.expressions import Atomic
from fusee.kernel.tree.types import Integer, Pointer
from fusee.kernel.triple import Triple

_UNSUCCESSFUL = {Order.RELEASE: Order.RELAXED, Order.ACQ_REL: Order.ACQUIRE}
"""What a compare-exchange that changes nothing orders: a load releases nothing."""

_CHANGES = {"atomic_exchange": "xchg"}
"""LLVM's names of the operations, where they are not ours."""


@lowers(Atomic)
def _atomic(writer: FunctionWriter, node: Atomic) -> str:
    operands = [writer.lower(operand) for operand in node.operands]
    if node.name == "atomic_fence":
        writer.emit(f"fence {_fence_scope(writer)}{node.order.value}")
        return ""
    word = _word(node)
    if writer.module.checks:
        writer.module.checks.access(writer, word, operands[0], True)
    if word.bits > _atomic_bits(writer):
        return _plain(writer, node, word, operands)
    type_, place, order = llvm_type(word), operands[0], node.order.value
    alignment = f"align {word.bits // 8}"
    if node.name == "atomic_load":
        return writer.value(f"load atomic {type_}, ptr {place} {order}, {alignment}")
    if node.name == "atomic_store":
        writer.emit(f"store atomic {type_} {operands[1]}, ptr {place} {order}, {alignment}")
        return ""
    if node.name == "atomic_compare_exchange":
        exchanged = f"ptr {place}, {type_} {operands[1]}, {type_} {operands[2]}"
        otherwise = _UNSUCCESSFUL.get(node.order, node.order).value
        both = writer.value(f"cmpxchg {exchanged} {order} {otherwise}, {alignment}")
        return writer.value(f"extractvalue {{ {type_}, i1 }} {both}, 0")
    change = _CHANGES.get(node.name, node.name.removeprefix("atomic_"))
    return writer.value(f"atomicrmw {change} ptr {place}, {type_} {operands[1]} {order}, {alignment}")


def _word(node: Atomic) -> Integer:
    pointer = node.operands[0].type
    assert isinstance(pointer, Pointer) and isinstance(pointer.element, Integer)
    return pointer.element


def _atomic_bits(writer: FunctionWriter) -> int:
    return Triple.parse(writer.types.target.triple).atomic_bits


def _fence_scope(writer: FunctionWriter) -> str:
    """On one core only LLVM can change an order, and is told not to; there need be no instruction."""
    return "" if _atomic_bits(writer) else 'syncscope("singlethread") '


def _plain(writer: FunctionWriter, node: Atomic, word: Integer, operands: list[str]) -> str:
    """A load and a store. The machine has one core, and nothing that interrupts it uses the engine's memory."""
    type_, place = llvm_type(word), operands[0]
    if node.name == "atomic_store":
        writer.store(word, operands[1], place, True)
        return ""
    before = writer.load(word, place, True)
    if node.name == "atomic_load":
        return before
    after = operands[-1]
    if node.name == "atomic_compare_exchange":
        equal = writer.value(f"icmp eq {type_} {before}, {operands[1]}")
        after = writer.value(f"select i1 {equal}, {type_} {operands[2]}, {type_} {before}")
    elif node.name != "atomic_exchange":
        after = writer.value(f"{node.name.removeprefix('atomic_')} {type_} {before}, {operands[1]}")
    writer.store(word, after, place, True)
    return before
