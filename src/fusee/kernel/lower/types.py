"""LLVM's names of the kernel language's types and constants."""

from __future__ import annotations

import math
import struct
from functools import cache

from fusee.kernel.tree.functions import Specialised
from fusee.kernel.tree.types import Boolean, Float, Integer, Lanes, Nothing, Several, Type, Vector, is_address


@cache
def llvm_type(t: Type) -> str:
    """The type of a value in a register."""
    if isinstance(t, Integer):
        return f"i{t.bits}"
    if isinstance(t, Boolean):
        return "i1"
    if isinstance(t, Float):
        return "float" if t.bits == 32 else "double"
    if isinstance(t, Lanes):
        return f"<{t.count} x {llvm_type(t.element)}>"
    if isinstance(t, Vector):
        return "<2 x i64>"
    if isinstance(t, Nothing):
        return "void"
    if isinstance(t, Several):
        return f"{{{', '.join(map(llvm_type, t.items))}}}"
    return "ptr"


def memory_type(t: Type) -> str:
    """The type of a value in memory."""
    return "i8" if isinstance(t, Boolean) else llvm_type(t)


def extension(t: Type) -> str:
    """The attribute by which C's small integers are passed, with a space before it."""
    if isinstance(t, Boolean):
        return " zeroext"
    if isinstance(t, Integer) and t.bits < 32:
        return " signext" if t.signed else " zeroext"
    return ""


def result_items(function: Specialised) -> list[Type]:
    """What a kernel gives beside its status: nothing, one value, or several."""
    if isinstance(function.result, Nothing):
        return []
    return list(function.result.items) if isinstance(function.result, Several) else [function.result]


def result_type(function: Specialised) -> str:
    """The machine result: the status first if the kernel may raise."""
    if not function.may_raise:
        return llvm_type(function.result)
    items = ["i64", *map(llvm_type, result_items(function))]
    return items[0] if len(items) == 1 else f"{{{', '.join(items)}}}"


def constant(t: Type, value: float | bool) -> str:
    """A constant operand."""
    if is_address(t):
        return "null"
    if isinstance(t, Boolean):
        return "true" if value else "false"
    if isinstance(t, Float):
        return _float(float(value), t.bits)
    if isinstance(t, Lanes):
        return _lanes(t, int(value))
    if isinstance(t, Vector):
        low, high = int(value) & (1 << 64) - 1, int(value) >> 64
        return f"<i64 {low}, i64 {high}>"
    return str(int(value))


def _lanes(t: Lanes, pattern: int) -> str:
    """Lanes in LLVM's order, which on a little-endian machine is that of the bytes."""
    lanes = (lane.value for lane in t.python.from_bits(pattern).lanes())
    return f"<{', '.join(f'{llvm_type(t.element)} {constant(t.element, lane)}' for lane in lanes)}>"


def _float(value: float, bits: int) -> str:
    if bits == 32 and math.isfinite(value):
        value = struct.unpack("<f", struct.pack("<f", value))[0]
    return f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}"
