"""Every operator and function on lanes, on every type of lanes: operands at the start of memory, results behind."""

import operator
from typing import Any, TypeVar

from fusee.kernel.lang import (
    Ptr,
    Static,
    add_sat,
    any_bits,
    bitcast,
    bitmask,
    ceil,
    copysign,
    dot,
    dot_sat,
    f32,
    f32x4,
    f64x2,
    fabs,
    floor,
    fma,
    fmax,
    fmin,
    i8x16,
    i16x8,
    i32x4,
    i64x2,
    instance,
    kernel,
    lane_at,
    load,
    maximum,
    minimum,
    mul_high,
    mul_q15,
    mul_q15_sat,
    narrow_sat,
    narrow_zero,
    nearest,
    pairwise_sum,
    popcount,
    select,
    shuffle,
    splat,
    sqrt,
    store,
    sub_sat,
    swizzle,
    swizzle_near,
    swizzle_pair,
    trunc,
    trunc_or_least,
    trunc_sat,
    u8,
    u8x16,
    u16x8,
    u32,
    u32x4,
    u64x2,
    unroll,
    v128,
    widen_high,
    widen_low,
    with_lane,
)

N = TypeVar("N", i8x16, u8x16, i16x8, u16x8, i32x4, u32x4, i64x2, u64x2)
F = TypeVar("F", f32x4, f64x2)

INTEGERS: list[Any] = [i8x16, u8x16, i16x8, u16x8, i32x4, u32x4, i64x2, u64x2]
FLOATS: list[Any] = [f32x4, f64x2]
WIDER: list[tuple[Any, Any]] = [
    (i8x16, i16x8), (u8x16, u16x8), (i16x8, i32x4), (u16x8, u32x4), (i32x4, i64x2), (u32x4, u64x2),
]  # fmt: skip
NARROWER: list[tuple[Any, Any]] = [
    (i16x8, i8x16), (i16x8, u8x16), (u16x8, u8x16), (i32x4, i16x8), (i32x4, u16x8), (u32x4, u16x8),
]  # fmt: skip
OPERATIONS = (operator.add, operator.xor, operator.lt)
PRIMES = u8x16.of(2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53)
BACKWARDS = tuple(range(15, -1, -1))


@kernel(inline=True)
def applied(a: N, b: N, operation: Static[Any], t: Static[type[N]]) -> v128:
    """By a function of Python's `operator`."""
    return bitcast(v128, operation(a, b))


@kernel
def integers(p: Ptr[u8], number: u32, t: Static[type[N]]) -> u32:
    a, b = load(t, p), load(t, p + 16)
    out = p + 128
    store(out, a + b)
    store(out + 16, a - b)
    store(out + 32, a * b)
    store(out + 48, a & b | (a ^ ~b))
    store(out + 64, a << (number & (t.element.bits - 1)))
    store(out + 80, a >> (number & (t.element.bits - 1)))
    store(out + 96, -a)
    store(out + 112, a + 7 - 100)
    store(out + 128, a << 3 ^ b >> 5)
    store(out + 144, minimum(a, b))
    store(out + 160, maximum(a, b))
    store(out + 176, add_sat(a, b))
    store(out + 192, sub_sat(a, b))
    store(out + 208, popcount(a))
    store(out + 224, select(a < b, a, b))
    store(out + 240, (a <= b) ^ (a == b))
    store(out + 256, (a > b) & (a != b) | (a >= 3))
    store(out + 272, with_lane(a, 1, b[0]))
    store(out + 288, splat(t, b[t.count - 1]))
    store(out + 304, splat(t, 5))
    store(out + 320, splat(t, lane_at(a, number)))  # modulo their count
    place = u32(336)
    for operation in unroll(OPERATIONS):
        store(out + place, applied(a, b, operation, t))
        place += 16
    answers = u32(any_bits(a)) | u32(any_bits(a == b)) << 1 | u32(not any_bits(a ^ a)) << 2
    return answers | bitmask(a) << 3


@kernel(inline=True)
def canonical(x: F, t: Static[type[F]]) -> F:
    """NaNs differ in their payloads between machines."""
    return select(x != x, splat(t, 0.0), x)


@kernel
def floats(p: Ptr[u8], t: Static[type[F]]) -> u32:
    a, b, c = load(t, p), load(t, p + 16), load(t, p + 32)
    out = p + 128
    store(out, canonical(a + b, t))
    store(out + 16, canonical(a - b, t))
    store(out + 32, canonical(a * b, t))
    store(out + 48, canonical(a / b, t))
    store(out + 64, canonical(fma(a, b, c), t))
    store(out + 80, canonical(a * b + c, t))  # never contracted
    store(out + 96, -a)
    store(out + 112, fabs(a))
    store(out + 128, canonical(floor(a), t))
    store(out + 144, canonical(ceil(a), t))
    store(out + 160, canonical(trunc(a), t))
    store(out + 176, canonical(nearest(a), t))
    store(out + 192, canonical(sqrt(a), t))
    store(out + 208, copysign(a, b))
    store(out + 224, canonical(fmin(a, b), t))
    store(out + 240, canonical(fmax(a, b), t))
    store(out + 256, canonical(a + 1.5, t))
    store(out + 272, (a < b) ^ (a <= b) ^ (a == b))
    store(out + 288, (a > b) ^ (a >= b) ^ (a != b))
    store(out + 304, select(b < a, b, a))
    store(out + 320, with_lane(a, 0, b[1]))
    return bitmask(a) | bitmask(b) << 8


@kernel
def widths(p: Ptr[u8]) -> None:
    out = p + 128
    for have, want in unroll(WIDER):
        store(out, widen_low(want, load(have, p)))
        store(out + 16, widen_high(want, load(have, p)))
        store(out + 32, pairwise_sum(want, load(have, p)))
        out = out + 48
    for have, want in unroll(NARROWER):
        store(out, narrow_sat(want, load(have, p), load(have, p + 16)))
        out = out + 16
    store(out, mul_high(load(i16x8, p), load(i16x8, p + 16)))
    store(out + 16, mul_high(load(u16x8, p), load(u16x8, p + 16)))
    store(out + 32, mul_q15_sat(load(i16x8, p), load(i16x8, p + 16)))
    store(out + 48, dot(load(i16x8, p), load(i16x8, p + 16)))
    store(out + 64, dot(load(i8x16, p), load(i8x16, p + 16)))
    store(out + 80, i8x16(load(u8x16, p)) + 1)
    store(out + 96, mul_q15(load(i16x8, p), load(i16x8, p + 16)))
    store(out + 112, dot_sat(load(u8x16, p), load(i8x16, p + 16)))


@kernel
def conversions(p: Ptr[u8], number: f32) -> None:
    single, double = load(f32x4, p), load(f64x2, p)
    out = p + 128
    store(out, trunc_sat(i32x4, single))
    store(out + 16, trunc_sat(u32x4, single))
    store(out + 32, trunc_sat(i32x4, double))
    store(out + 48, trunc_sat(u32x4, double))
    store(out + 64, f32x4(load(i32x4, p)))
    store(out + 80, f32x4(load(u32x4, p)))
    store(out + 96, widen_low(f64x2, load(i32x4, p)))
    store(out + 112, widen_high(f64x2, load(u32x4, p)))
    store(out + 128, canonical(widen_low(f64x2, single), f64x2))
    store(out + 144, canonical(narrow_zero(f32x4, double), f32x4))
    store(out + 160, trunc_sat(i32x4, splat(f32x4, number)))
    store(out + 176, trunc_or_least(i32x4, single))
    store(out + 192, trunc_or_least(i32x4, double))


@kernel
def places(p: Ptr[u8]) -> None:
    a, b = load(u8x16, p), load(u8x16, p + 16)
    out = p + 128
    store(out, swizzle(a, b))
    store(out + 16, swizzle_pair(a, b, load(u8x16, p + 32) & 31))
    store(out + 32, shuffle(a, b, BACKWARDS))
    store(out + 48, shuffle(bitcast(u32x4, a), bitcast(u32x4, b), (6, 0, 5, 5)))
    store(out + 64, a + PRIMES)
    store(out + 80, swizzle(PRIMES, b & 15))
    store(out + 96, shuffle(bitcast(f64x2, a), bitcast(f64x2, b), (1, 2)))
    store(out + 112, swizzle_near(a, b))


ENTRIES = [
    *(instance(integers, t=t) for t in INTEGERS),
    *(instance(floats, t=t) for t in FLOATS),
    widths,
    conversions,
    places,
]
