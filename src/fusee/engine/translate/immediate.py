"""Signed constants of validated code (spec 5.2.2)."""

from fusee.engine.decode.reader import Reader, read_byte
from fusee.kernel.lang import i64, kernel, u64


@kernel
def read_s64(r: Reader) -> u64:
    """A signed LEB128 integer of up to 64 bits, sign-extended."""
    value = u64(0)
    shift = u64(0)
    while True:
        byte = u64(read_byte(r))
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            if shift < 64:
                return u64(i64(value << (64 - shift)) >> i64(64 - shift))
            return value
