"""Narrower integers where wider ones are wanted: arguments, results, memory, operands; constants that have a type."""

from typing import Final, TypeVar

from fusee.kernel.lang import (
    Fn,
    Inline,
    Order,
    Ptr,
    Static,
    atomic_add,
    atomic_exchange,
    cast,
    copy_bytes,
    i8,
    i16,
    i32,
    i64,
    instance,
    kernel,
    maximum,
    minimum,
    span,
    store,
    struct,
    u8,
    u16,
    u32,
    u64,
    usize,
)

T = TypeVar("T", u16, u32, usize, u64)
STEP: Final = u8(3)
FAR: Final = u32(0x1_2345)


@struct
class Pair:
    small: u16
    large: u64


@struct
class Record:
    size: u32
    offset: i64
    pair: Inline[Pair]


@kernel(cold=True)
def twice(a: u32) -> u32:
    return a * 2  # as a `u32`, whatever came in


@kernel(cold=True)
def wide(a: u16) -> u64:
    return a


@kernel(cold=True)
def both(a: u8, b: i8) -> tuple[u32, i64]:
    return a, b


@kernel(cold=True)
def grown(a: T, b: T, t: Static[type[T]]) -> T:
    return (a - b) * 3


@kernel(cold=True)
def negated(a: i64) -> i64:
    return -a


@kernel
def calls(out: Ptr[u8], a: u8, b: u16, c: i16) -> u64:
    code: Fn[[u32], u32] = twice
    store(out, twice(a))
    store(out + 4, code(b))
    store(out + 8, wide(a) - 1)
    first, second = both(a, i8(c))
    store(out + 16, first - 1)
    store(out + 24, second - 1)
    store(out + 32, grown(a, b, u32))
    store(out + 36, grown(a, u8(b), u16))
    store(out + 40, negated(c))
    return grown(a, b, u64)


@kernel
def memory(out: Ptr[u8], a: u8, b: u16, c: i8) -> u64:
    record = cast(Record, out)
    record.size = a
    record.offset = c
    record.pair.small = a
    record.pair.large = record.size
    record.pair.large += b
    record.size *= b
    numbers = cast(Ptr[u32], out + 64)
    numbers[0] = b
    numbers[a & 7], numbers[9] = a, b
    numbers[10] -= a
    copy_bytes(out + 200, out, a)
    atomic_add(numbers, a, Order.RELAXED)
    return record.pair.large + atomic_exchange(numbers, a, Order.SEQ_CST)


@kernel
def operators(out: Ptr[u8], a: u8, b: u16, c: u32, d: u64) -> u64:
    store(out, c + a)
    store(out + 4, a - c)
    store(out + 8, b * d)
    store(out + 16, d // (a | 1))
    store(out + 24, a % (c | 1))
    store(out + 28, b << (a & 15))
    store(out + 30, d >> (a & 63))
    store(out + 38, (c ^ b) & ~u32(a) | a)
    store(out + 42, minimum(a, d))
    store(out + 50, maximum(c, b))
    total = d
    for i in span(a, b & 0x1FF):
        total = total * 31 + i
    total -= a
    answers = u32(a < b) | u32(b <= a) << 1 | u32(c > a) << 2 | u32(a >= d) << 3
    answers |= u32(b == c) << 4 | u32(d != b) << 5
    return total ^ answers


@kernel
def signed(out: Ptr[u8], a: i8, b: i16, c: i32, d: i64) -> i64:
    store(out, c + a)
    store(out + 4, a - d)
    store(out + 12, b * a)
    store(out + 14, minimum(a, c))
    store(out + 18, c >> (a & 31))
    return select_signed(a, b) + (d ^ a)


@kernel(inline=True)
def select_signed(a: i32, b: i32) -> i64:
    return a if a < b else b


@kernel
def constants(out: Ptr[u8], a: u8, b: u32, c: u64) -> u64:
    cast(Ptr[u32], out)[0] = STEP
    cast(Ptr[u64], out)[1] = FAR
    store(out + 16, twice(STEP))
    store(out + 20, b + STEP)
    store(out + 24, STEP * c)
    store(out + 32, a & FAR)
    if b == STEP:
        return STEP
    if a == FAR:
        return FAR
    return kind_of(a, b) << STEP


@kernel(inline=True)
def kind_of(a: u8, b: u32) -> u64:
    found = u64(0)
    if b == STEP:
        found = u64(1)
    elif b == FAR:
        found = u64(2)
    elif b == 7:
        found = u64(3)
    if a == FAR:
        found += 8
    elif a == STEP:
        found += 16
    elif a == 7:
        found += 32
    return found


@kernel
def pointer_sizes(out: Ptr[u8], a: u16, b: u32) -> u64:
    """The same with every width of pointers, as long as nothing of `usize` wraps."""
    size = usize(b & 0xFFFF)
    store(out, u64(size + a))
    store(out + 8, u64(a * (size & 0xFF)))
    total = u64(b) << 32
    if size > a:
        total += size
    return total | size


ENTRIES = [calls, memory, operators, signed, constants, pointer_sizes, *(instance(grown, t=t) for t in (u16, u64))]
