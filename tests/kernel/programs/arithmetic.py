"""Every operator and numeric intrinsic, on every type."""

from typing import TypeVar

from fusee.kernel.lang import (
    Ptr,
    Static,
    bitcast,
    byte_swap,
    ceil,
    clz,
    copysign,
    ctz,
    div_trunc,
    f32,
    f64,
    fabs,
    floor,
    fmax,
    fmin,
    from_low,
    i8,
    i16,
    i32,
    i64,
    instance,
    kernel,
    low,
    maximum,
    minimum,
    mul_high,
    nearest,
    popcount,
    rem_trunc,
    rotl,
    rotr,
    select,
    size_of,
    sqrt,
    store,
    trunc,
    trunc_sat,
    u8,
    u16,
    u32,
    u64,
    unroll,
    whole,
    with_low,
)

U = TypeVar("U", u8, u16, u32, u64)
S = TypeVar("S", i8, i16, i32, i64)
F = TypeVar("F", f32, f64)

UNSIGNED: list[type[u8] | type[u16] | type[u32] | type[u64]] = [u8, u16, u32, u64]
SIGNED: list[type[i8] | type[i16] | type[i32] | type[i64]] = [i8, i16, i32, i64]
INTEGERS = [*UNSIGNED, *SIGNED]


@kernel
def unsigned(out: Ptr[u8], a: U, b: U, t: Static[type[U]]) -> u32:
    n = size_of(t)
    count = b & (n * 8 - 1)
    store(out + 0 * n, a + b)
    store(out + 1 * n, a - b)
    store(out + 2 * n, a * b)
    store(out + 3 * n, a & b | (a ^ ~b))
    store(out + 4 * n, a << count)
    store(out + 5 * n, a >> count)
    store(out + 6 * n, -a)
    store(out + 7 * n, a // (b | 1))
    store(out + 8 * n, a % (b | 1))
    store(out + 9 * n, rotl(a, b))
    store(out + 10 * n, rotr(a, b))
    store(out + 11 * n, clz(a))
    store(out + 12 * n, ctz(a))
    store(out + 13 * n, popcount(a))
    store(out + 14 * n, byte_swap(a))
    store(out + 15 * n, mul_high(a, b))
    store(out + 16 * n, minimum(a, b))
    store(out + 17 * n, maximum(a, b))
    store(out + 18 * n, select(a < b, a, b))
    store(out + 19 * n, a + 7 - 100)
    comparisons = u32(a < b) | u32(a <= b) << 1 | u32(a > b) << 2
    return comparisons | u32(a >= b) << 3 | u32(a == b) << 4 | u32(a != b) << 5


@kernel
def signed(out: Ptr[u8], a: S, b: S, t: Static[type[S]]) -> u32:
    n = size_of(t)
    count = b & (n * 8 - 1)
    divisor = b
    if b == 0 or b == -1:
        divisor = t(3)
    store(out + 0 * n, a + b)
    store(out + 1 * n, a - b)
    store(out + 2 * n, a * b)
    store(out + 3 * n, a & b | (a ^ ~b))
    store(out + 4 * n, a << count)
    store(out + 5 * n, a >> count)
    store(out + 6 * n, -a)
    store(out + 7 * n, div_trunc(a, divisor))
    store(out + 8 * n, rem_trunc(a, divisor))
    store(out + 9 * n, rotl(a, b))
    store(out + 10 * n, rotr(a, b))
    store(out + 11 * n, clz(a))
    store(out + 12 * n, ctz(a))
    store(out + 13 * n, popcount(a))
    store(out + 14 * n, byte_swap(a))
    store(out + 15 * n, mul_high(a, b))
    store(out + 16 * n, minimum(a, b))
    store(out + 17 * n, maximum(a, b))
    store(out + 18 * n, select(a < b, a, b))
    store(out + 19 * n, a + 7 - 100)
    comparisons = u32(a < b) | u32(a <= b) << 1 | u32(a > b) << 2
    return comparisons | u32(a >= b) << 3 | u32(a == b) << 4 | u32(a != b) << 5


@kernel(inline=True)
def canonical(x: F, t: Static[type[F]]) -> F:
    """NaNs differ in their payloads between machines."""
    if x != x:
        return t(0.0)
    return x


@kernel
def floats(out: Ptr[u8], a: F, b: F, t: Static[type[F]]) -> u32:
    n = size_of(t)
    store(out + 0 * n, canonical(a + b, t))
    store(out + 1 * n, canonical(a - b, t))
    store(out + 2 * n, canonical(a * b, t))
    store(out + 3 * n, canonical(a / b, t))
    store(out + 4 * n, canonical(a * b + a, t))  # never contracted
    store(out + 5 * n, canonical(-a, t))
    store(out + 6 * n, canonical(fabs(a), t))
    store(out + 7 * n, canonical(floor(a), t))
    store(out + 8 * n, canonical(ceil(a), t))
    store(out + 9 * n, canonical(trunc(a), t))
    store(out + 10 * n, canonical(nearest(a), t))
    store(out + 11 * n, canonical(sqrt(a), t))
    store(out + 12 * n, canonical(copysign(a, b), t))
    store(out + 13 * n, canonical(fmin(a, b), t))
    store(out + 14 * n, canonical(fmax(a, b), t))
    store(out + 15 * n, canonical(a + 1.5, t))
    comparisons = u32(a < b) | u32(a <= b) << 1 | u32(a > b) << 2
    return comparisons | u32(a >= b) << 3 | u32(a == b) << 4 | u32(a != b) << 5


@kernel
def conversions(out: Ptr[u8], a: u64, x: f64) -> f32:
    p = out
    for source in unroll(INTEGERS):
        for wanted in unroll(INTEGERS):
            store(p, wanted(source(a)))
            p = p + size_of(wanted)
        store(p, f64(source(a)))
        store(p + 8, f32(source(a)))
        store(p + 12, bitcast(f64, u64(source(a))) == x)
        store(p + 13, trunc_sat(source, x))
        store(p + 21, trunc_sat(source, f32(x)))
        p = p + 29
    store(p, u64(whole(i32(a))) - u64(whole(u32(a))))
    return low(f32, with_low(from_low(whole(x)), f32(whole(a))))


ENTRIES = [
    *(instance(unsigned, t=t) for t in UNSIGNED),
    *(instance(signed, t=t) for t in SIGNED),
    *(instance(floats, t=t) for t in (f32, f64)),
    conversions,
]
