"""Vector operators that do to each lane what a scalar's operator does (spec 4.3.5): the shapes of these.

A kernel here is given the operation and the type of the lanes; both are static. The signedness is that of the lanes.
"""

from typing import Any, TypeVar

from fusee.kernel.lang import (
    IntegerLanes,
    Lanes,
    Static,
    bitcast,
    dot,
    dot_sat,
    f32x4,
    f64x2,
    fma,
    i8x16,
    i32x4,
    kernel,
    pairwise_sum,
    select,
    u8x16,
    u32,
    v128,
    widen_high,
    widen_low,
)  # fmt: skip

T = TypeVar("T", bound=Lanes[Any, Any])
I = TypeVar("I", bound=IntegerLanes[Any, Any])  # noqa: E741
F = TypeVar("F", f32x4, f64x2)
W = TypeVar("W", bound=IntegerLanes[Any, Any])  # whose lanes are twice as wide


@kernel(inline=True)
def unary(a: v128, operation: Static[Any], t: Static[type[T]]) -> v128:
    return bitcast(v128, operation(bitcast(t, a)))


@kernel(inline=True)
def binary(a: v128, b: v128, operation: Static[Any], t: Static[type[T]]) -> v128:
    return bitcast(v128, operation(bitcast(t, a), bitcast(t, b)))


@kernel(inline=True)
def ternary(a: v128, b: v128, c: v128, operation: Static[Any], t: Static[type[T]]) -> v128:
    return bitcast(v128, operation(bitcast(t, a), bitcast(t, b), bitcast(t, c)))


@kernel(inline=True)
def shift(a: v128, count: u32, operation: Static[Any], t: Static[type[I]]) -> v128:
    """All lanes by one count, modulo their width."""
    return bitcast(v128, operation(bitcast(t, a), count & (t.element.bits - 1)))


@kernel(inline=True)
def convert(a: v128, operation: Static[Any], s: Static[type[Lanes[Any, Any]]], t: Static[type[T]]) -> v128:
    """By an operation that is told the type of the result."""
    return bitcast(v128, operation(t, bitcast(s, a)))


@kernel(inline=True)
def join(a: v128, b: v128, operation: Static[Any], s: Static[type[Lanes[Any, Any]]], t: Static[type[T]]) -> v128:
    """Two vectors to one, by an operation that is told the type of the result."""
    return bitcast(v128, operation(t, bitcast(s, a), bitcast(s, b)))


@kernel(inline=True)
def magnitude(a: v128, t: Static[type[I]]) -> v128:
    """Without the sign; the least number, which has no opposite, stays."""
    x = bitcast(t, a)
    return bitcast(v128, select(x < 0, -x, x))


@kernel(inline=True)
def average(a: v128, b: v128, t: Static[type[I]]) -> v128:
    """Half of the sum, rounded up, which is computed without the bit that a sum could need more."""
    x, y = bitcast(t, a), bitcast(t, b)
    return bitcast(v128, (x | y) - ((x ^ y) >> 1))


@kernel(inline=True)
def multiply_low(a: v128, b: v128, s: Static[type[I]], t: Static[type[W]]) -> v128:
    """The products of the lower halves, in lanes twice as wide."""
    return bitcast(v128, widen_low(t, bitcast(s, a)) * widen_low(t, bitcast(s, b)))


@kernel(inline=True)
def multiply_high(a: v128, b: v128, s: Static[type[I]], t: Static[type[W]]) -> v128:
    return bitcast(v128, widen_high(t, bitcast(s, a)) * widen_high(t, bitcast(s, b)))


@kernel(inline=True)
def pseudo_minimum(a: v128, b: v128, t: Static[type[T]]) -> v128:
    """b < a ? b : a, whatever a NaN or a zero makes of that."""
    x, y = bitcast(t, a), bitcast(t, b)
    return bitcast(v128, select(y < x, y, x))


@kernel(inline=True)
def pseudo_maximum(a: v128, b: v128, t: Static[type[T]]) -> v128:
    """a < b ? b : a"""
    x, y = bitcast(t, a), bitcast(t, b)
    return bitcast(v128, select(x < y, y, x))


@kernel(inline=True)
def negated_multiply_add(a: v128, b: v128, c: v128, t: Static[type[F]]) -> v128:
    return bitcast(v128, fma(-bitcast(t, a), bitcast(t, b), bitcast(t, c)))


@kernel(inline=True)
def dot_bytes_add(a: v128, b: v128, c: v128) -> v128:
    """Products of signed bytes, four neighbours added, and a sum so far."""
    return bitcast(v128, pairwise_sum(i32x4, dot(bitcast(i8x16, a), bitcast(i8x16, b))) + bitcast(i32x4, c))


@kernel(inline=True)
def dot_bytes_sat(a: v128, b: v128) -> v128:
    """Products of signed bytes and of bytes that are less than 128, neighbours added with limits."""
    return bitcast(v128, dot_sat(bitcast(u8x16, b), bitcast(i8x16, a)))


@kernel(inline=True)
def dot_bytes_sat_add(a: v128, b: v128, c: v128) -> v128:
    return bitcast(v128, pairwise_sum(i32x4, dot_sat(bitcast(u8x16, b), bitcast(i8x16, a))) + bitcast(i32x4, c))
