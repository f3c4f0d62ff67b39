"""Opcodes and immediates of validated code (spec 5.2.2): nothing can be missing or too long."""

from fusee.engine.decode.reader import Reader
from fusee.kernel.lang import i64, kernel, likely, u8, u32, u64


@kernel(inline=True)
def next_byte(r: Reader) -> u8:
    position = r.position
    r.position = position + 1
    return r.source[position]


@kernel(inline=True)
def next_u32(r: Reader) -> u32:
    """An unsigned LEB128 integer; most take one byte."""
    byte = next_byte(r)
    if likely(byte < 0x80):
        return byte
    return u32(next_long(r, byte))


@kernel(inline=True)
def next_u64(r: Reader) -> u64:
    byte = next_byte(r)
    if likely(byte < 0x80):
        return byte
    return next_long(r, byte)


@kernel
def next_long(r: Reader, first: u64) -> u64:
    """The rest of an unsigned LEB128 integer whose first byte is not its last."""
    value = first & 0x7F
    shift = u64(7)
    while True:
        byte = u64(next_byte(r))
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value
        shift += 7


@kernel(inline=True)
def next_s64(r: Reader) -> u64:
    """A signed LEB128 integer of up to 64 bits, sign-extended."""
    byte = u64(next_byte(r))
    if likely(byte < 0x80):
        return u64(i64(byte << 57) >> 57)
    return next_long_s64(r, byte)


@kernel
def next_long_s64(r: Reader, first: u64) -> u64:
    """The rest of a signed LEB128 integer whose first byte is not its last."""
    value = first & 0x7F
    shift = u64(7)
    while True:
        byte = u64(next_byte(r))
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            if shift < 64:
                return u64(i64(value << (64 - shift)) >> i64(64 - shift))
            return value
