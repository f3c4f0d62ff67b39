"""An exception in words: the name of its tag where there is one, and its values; floats as C writes them in `%a`."""

from typing import Final

from fusee.engine.capi.blocks import new_bytes
from fusee.engine.capi.kinds import kind_from_code, slots_of
from fusee.engine.capi.state import VAL_EXTERNREF, VAL_F32, VAL_F64, VAL_I32, VAL_I64, StoreObject, Vector
from fusee.engine.runtime.names import tag_name
from fusee.engine.runtime.payload import payload
from fusee.engine.state.runtime import Exn
from fusee.kernel.lang import (
    Ptr,
    cast,
    copy_bytes,
    kernel,
    maximum,
    span,
    stack_array,
    struct,
    table,
    u8,
    u32,
    u64,
    usize,
)
from fusee.spec.traps import TrapCode

VALUE_BYTES: Final = 48  # that a value takes at most, with what is between two
WORDS: Final = TrapCode.UNCAUGHT_EXCEPTION.message.encode() + b": nullreferencenaninf0x"
TEXT = table(u8, WORDS)
SAID: Final = u32(WORDS.index(b"null"))
NULL: Final = (SAID, u32(4))
REFERENCE: Final = (SAID + 4, u32(9))
NAN: Final = (SAID + 13, u32(3))
INF: Final = (SAID + 16, u32(3))
HEX: Final = (SAID + 19, u32(2))


@struct
class Line:
    """Text as far as it is written; there is room for all of it."""

    data: Ptr[u8]
    size: u32


@kernel
def write_thrown(out: Vector, s: StoreObject, exn: Exn) -> bool:
    """With a zero byte behind it; false if there is no memory."""
    name = stack_array(u64, 2)
    tag_name(s.store, exn.tag, name)
    size = usize(name[1])
    if not new_bytes(out, size + SAID + 8 + usize(exn.tag.param_count) * VALUE_BYTES):
        return False
    line = stack_array(Line, 1)[0]
    line.data = out.data
    line.size = u32(0)
    put_words(line, u32(0), SAID)
    if size != 0:
        copy_bytes(out.data + line.size, cast(Ptr[u8], usize(name[0])), size)
        line.size += u32(size)
        put(line, u32(0x20))
    put_values(line, exn)
    put(line, u32(0))
    out.size = line.size
    return True


@kernel
def put_values(line: Line, exn: Exn) -> None:
    put(line, u32(0x28))  # (
    place = payload(exn)
    for i in span(exn.tag.param_count):
        if i != 0:
            put(line, u32(0x2C))  # ,
            put(line, u32(0x20))
        code = exn.tag.params[i]
        put_value(line, kind_from_code(code), place)
        place = place + slots_of(code)
    put(line, u32(0x29))  # )


@kernel
def put_value(line: Line, kind: u32, slot: Ptr[u64]) -> None:
    if kind == VAL_I32:
        word = u64(u32(slot[0]))
        put_integer(line, word, word >> 31, (u64(1) << 32) - word)
    elif kind == VAL_I64:
        put_integer(line, slot[0], slot[0] >> 63, u64(0) - slot[0])
    elif kind == VAL_F32:
        put_float(line, u64(u32(slot[0])) << 32, u32(8))
    elif kind == VAL_F64:
        put_float(line, slot[0], u32(11))
    elif kind < VAL_EXTERNREF:
        put_words(line, HEX[0], HEX[1])
        put_hex(line, slot[1], u32(16))
        put_hex(line, slot[0], u32(16))
    elif slot[0] == 0:
        put_words(line, NULL[0], NULL[1])
    else:
        put_words(line, REFERENCE[0], REFERENCE[1])


@kernel(inline=True)
def put(line: Line, byte: u32) -> None:
    line.data[line.size] = u8(byte)
    line.size += 1


@kernel
def put_words(line: Line, start: u32, size: u32) -> None:
    copy_bytes(line.data + line.size, cast(Ptr[u8], TEXT) + start, size)
    line.size += size


@kernel
def put_integer(line: Line, value: u64, is_negative: u64, negated: u64) -> None:
    if is_negative != 0:
        put(line, u32(0x2D))  # -
        put_decimal(line, negated)
    else:
        put_decimal(line, value)


@kernel
def put_decimal(line: Line, value: u64) -> None:
    digits = u32(1)
    rest = value
    while rest >= 10:
        rest = rest // 10
        digits += 1
    at = line.size + digits
    line.size = at
    rest = value
    for _ in span(digits):
        at -= 1
        line.data[at] = u8(u32(rest % 10) + 0x30)
        rest = rest // 10


@kernel
def put_hex(line: Line, value: u64, digits: u32) -> None:
    """The lowest so many digits."""
    left = digits
    while left != 0:
        left -= 1
        digit = u32(value >> u64(left * 4)) & 15
        put(line, digit + (u32(0x30) if digit < 10 else u32(0x57)))


@kernel
def put_float(line: Line, bits: u64, exponent_bits: u32) -> None:
    """A float whose sign is in the highest bit."""
    if bits >> 63 != 0:
        put(line, u32(0x2D))
    fraction = bits << u64(exponent_bits + 1)  # in the highest bits
    raw = u32(bits << 1 >> u64(64 - exponent_bits))
    highest = (u32(1) << exponent_bits) - 1
    if raw == highest:
        if fraction == 0:
            put_words(line, INF[0], INF[1])
        else:
            put_words(line, NAN[0], NAN[1])
        return
    put_words(line, HEX[0], HEX[1])
    put(line, u32(0x31) if raw != 0 else u32(0x30))
    if fraction != 0:
        put(line, u32(0x2E))  # .
        while fraction != 0:
            put_hex(line, fraction >> 60, u32(1))
            fraction = fraction << 4
    put(line, u32(0x70))  # p
    exponent = u64(0)
    if bits << 1 != 0:
        exponent = u64(maximum(raw, u32(1))) - highest // 2
    if exponent >> 63 == 0:
        put(line, u32(0x2B))  # +
    put_integer(line, exponent, exponent >> 63, u64(0) - exponent)
