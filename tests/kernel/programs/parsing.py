"""Reading input: structs, errors that propagate, jump tables, text."""

from fusee.kernel.lang import (
    KernelError,
    Ptr,
    cast,
    caught,
    i32,
    i64,
    is_null,
    kernel,
    load,
    null,
    size_of,
    span,
    stack_array,
    store,
    struct,
    table,
    u8,
    u32,
    u64,
    unlikely,
    usize,
)


class Truncated(KernelError, tag=206):
    """The input ended too early; the detail is where."""


class Malformed(KernelError, tag=202):
    """The input is wrong."""


@struct
class Cursor:
    start: Ptr[u8]
    size: u32
    position: u32
    depth: u8
    is_strict: bool


POWERS = table(u64, [1, 10, 100, 1000, 10000, 100000, 1000000, 10000000])


@kernel
def next_byte(c: Cursor) -> u8:
    if unlikely(c.position >= c.size):
        raise Truncated(1, c.position)
    byte = c.start[c.position]
    c.position += 1
    return byte


@kernel
def leb_u64(c: Cursor) -> u64:
    result = u64(0)
    shift = u64(0)
    while True:
        byte = next_byte(c)
        if shift == 63 and byte > 1:
            raise Malformed(2, c.position - 1)
        result |= u64(byte & 0x7F) << shift
        if byte < 0x80:
            return result
        shift += 7
        if shift > 63:
            raise Malformed(1, c.position)


@kernel
def leb_i64(c: Cursor) -> i64:
    result = i64(0)
    shift = i64(0)
    byte = u8(0x80)
    while byte & 0x80 != 0:
        if shift > 63:
            raise Malformed(3)
        byte = next_byte(c)
        result |= i64(byte & 0x7F) << shift
        shift += 7
    if shift < 64 and byte & 0x40 != 0:
        result |= i64(-1) << shift
    return result


@kernel
def open_cursor(work: Ptr[u8], size: u32) -> Cursor:
    """A cursor on the stack cannot leave its kernel; this one is in the last bytes of the work area."""
    c = cast(Cursor, work + (1024 - size_of(Cursor)))
    c.start = work
    c.size = size
    c.position = u32(0)
    c.depth = u8(3)
    c.is_strict = True
    return c


@kernel
def sum_unsigned(work: Ptr[u8], count: u8) -> u64:
    c = open_cursor(work, u32(64))
    total = u64(0)
    for i in span(count & 31):
        total += leb_u64(c) * (u64(i) + 1)
    if c.depth != 3 or not c.is_strict:
        raise Malformed(77)
    return total


@kernel
def sum_signed(work: Ptr[u8], count: u8) -> i64:
    c = open_cursor(work, u32(64))
    total = i64(0)
    for _ in span(count & 31):
        total = total + leb_i64(c)
    return total


@kernel
def skip_numbers(c: Cursor, count: u32) -> None:
    for _ in span(count):
        leb_u64(c)


@kernel
def first_error(work: Ptr[u8], count: u8) -> u64:
    c = open_cursor(work, u32(40))
    status = caught(skip_numbers, c, u32(count))
    if status != 0:
        return status
    return u64(c.position)


@kernel
def number(c: Cursor) -> u64:
    """Decimal digits."""
    result = u64(0)
    digits = u32(0)
    while c.position < c.size:
        digit = u64(c.start[c.position]) - 48
        if digit > 9:
            break
        if digits == 7:
            raise Malformed(4, c.position)
        result = result * 10 + digit
        digits += 1
        c.position += 1
    if digits == 0:
        raise Malformed(5, c.position)
    return result % POWERS[digits]


@kernel
def calculate(work: Ptr[u8]) -> i64:
    """`12+3*4-5` from left to right, up to a byte that is no operator."""
    c = open_cursor(work, u32(100))
    result = i64(number(c))
    while True:
        operator = next_byte(c)
        if operator == 0x2B:
            result = result + i64(number(c))
        elif operator == 0x2D:
            result = result - i64(number(c))
        elif operator == 0x2A:
            result = result * i64(number(c))
        elif operator == 0x20 or operator == 0x09:
            continue
        else:
            break
    return result


@kernel
def classify(byte: u8) -> u32:
    kind = u32(0)
    if byte == 0:
        kind = u32(7)
    elif byte == 1 or byte == 2 or byte == 3:
        return u32(byte) * 10
    elif byte == 200:
        raise Malformed(byte, i32(-1))
    elif byte > 250:
        kind = u32(9)
    elif byte == 4:
        kind = u32(4)
    return kind


@kernel
def hexadecimal(work: Ptr[u8], value: u64) -> u32:
    digits = stack_array(u8, 20)
    length = u32(0)
    rest = value
    while True:
        digit = u8(rest & 15)
        digits[length] = digit + 48 if digit < 10 else digit + 87
        length += 1
        rest = rest >> 4
        if rest == 0:
            break
    for i in span(length):
        work[i] = digits[length - 1 - i]
    nothing = null(Ptr[u8])
    if is_null(nothing) and not is_null(work):
        store(work + length, u32(0x0A0D))
    return length + load(u32, work + length)


@kernel
def align_up(x: usize, alignment: usize) -> usize:
    return (x + alignment - 1) & ~(alignment - 1)


ENTRIES = [sum_unsigned, sum_signed, first_error, calculate, classify, hexadecimal]
