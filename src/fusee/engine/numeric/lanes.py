"""Vector operators that are about lanes and bits, not numbers (spec 4.3.5 and 4.4.3)."""

from typing import Any, Final, TypeVar

from fusee.kernel.lang import (
    IntegerLanes,
    Lanes,
    Static,
    any_bits,
    bitcast,
    bitmask,
    f32,
    f64,
    kernel,
    lane_at,
    select,
    shuffle,
    splat,
    swizzle,
    swizzle_near,
    swizzle_pair,
    u8,
    u8x16,
    u16,
    u16x8,
    u32,
    u64,
    u64x2,
    v128,
    widen_low,
    with_lane,
)  # fmt: skip

T = TypeVar("T", bound=Lanes[Any, Any])
I = TypeVar("I", bound=IntegerLanes[Any, Any])  # noqa: E741
R = TypeVar("R", u8, u16, u32, u64, f32, f64)  # an operand or a number in memory

NUMBERS: Final[dict[Any, Any]] = {t: t.of(*range(t.count)) for t in (u8x16, u16x8)}
"""In each lane its number."""

# A lane's number is static: an immediate of the instruction.


@kernel(inline=True)
def splatted(x: R, t: Static[type[T]], r: Static[type[R]]) -> v128:
    """`x`, of the type `r` that an operand has; lanes may be narrower."""
    return bitcast(v128, splat(t, t.element(x)))


@kernel(inline=True)
def extracted(a: v128, lane: Static[int], t: Static[type[T]], r: Static[type[R]]) -> R:
    """A lane as an `r`, extended by the signedness of the lanes."""
    return r(bitcast(t, a)[lane])


@kernel(inline=True)
def replaced(a: v128, x: R, lane: Static[int], t: Static[type[T]], r: Static[type[R]]) -> v128:
    return bitcast(v128, with_lane(bitcast(t, a), lane, t.element(x)))


# The same by a number that the cell has, for one handler in place of as many as there are lanes.


@kernel(inline=True)
def extracted_at(a: v128, lane: u32, t: Static[type[T]], r: Static[type[R]]) -> R:
    return r(lane_at(bitcast(t, a), lane))


@kernel(inline=True)
def replaced_at(a: v128, x: R, lane: u32, t: Static[type[T]], r: Static[type[R]]) -> v128:
    """`x`, of the type `r` that an operand has, in one lane."""
    is_there = NUMBERS[t] == splat(t, t.element(lane))
    return bitcast(v128, select(is_there, splat(t, t.element(x)), bitcast(t, a)))


# Bits.


@kernel(inline=True)
def inverted(a: v128) -> v128:
    return bitcast(v128, ~bitcast(u64x2, a))


@kernel(inline=True)
def and_not(a: v128, b: v128) -> v128:
    return bitcast(v128, bitcast(u64x2, a) & ~bitcast(u64x2, b))


@kernel(inline=True)
def selected(a: v128, b: v128, mask: v128) -> v128:
    """The bits of `a` where the mask has ones, those of `b` where it has zeros."""
    ones = bitcast(u64x2, mask)
    return bitcast(v128, bitcast(u64x2, a) & ones | bitcast(u64x2, b) & ~ones)


@kernel(inline=True)
def any_true(a: v128) -> bool:
    return any_bits(a)


@kernel(inline=True)
def all_true(a: v128, t: Static[type[I]]) -> bool:
    return not any_bits(bitcast(t, a) == splat(t, 0))


@kernel(inline=True)
def signs(a: v128, t: Static[type[I]]) -> u32:
    return bitmask(bitcast(t, a))


# Places.


@kernel(inline=True)
def shuffled(a: v128, b: v128, places: v128) -> v128:
    """Bytes of both by their numbers, which the validator has found to be less than 32."""
    return bitcast(v128, swizzle_pair(bitcast(u8x16, a), bitcast(u8x16, b), bitcast(u8x16, places)))


@kernel(inline=True)
def picked(a: v128, b: v128, places: Static[tuple[int, ...]]) -> v128:
    """The same by numbers that are static."""
    return bitcast(v128, shuffle(bitcast(u8x16, a), bitcast(u8x16, b), places))


@kernel(inline=True)
def swizzled(a: v128, places: v128) -> v128:
    return bitcast(v128, swizzle(bitcast(u8x16, a), bitcast(u8x16, places)))


@kernel(inline=True)
def swizzled_near(a: v128, places: v128) -> v128:
    """As `swizzled`, but places of 16 to 127 are taken modulo 16."""
    return bitcast(v128, swizzle_near(bitcast(u8x16, a), bitcast(u8x16, places)))


# What loads make of the number in memory.


@kernel(inline=True)
def extended(x: u64, s: Static[type[T]], t: Static[type[Lanes[Any, Any]]]) -> v128:
    """Half a vector, with lanes of type `s`, as lanes twice as wide."""
    return bitcast(v128, widen_low(t, bitcast(s, with_lane(u64x2.from_bits(0), 0, x))))


@kernel(inline=True)
def alone(x: R, t: Static[type[T]], r: Static[type[R]]) -> v128:
    """In the first lane; the others are zero."""
    return bitcast(v128, with_lane(t.from_bits(0), 0, x))
