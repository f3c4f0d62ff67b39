"""Reading values from the binary format (spec 5.2), never past the end of what is being read."""

from typing import Final

from fusee.engine.errors import Malformed
from fusee.engine.state.module import Span
from fusee.kernel.lang import Ptr, kernel, likely, span, struct, u8, u32, u64, unlikely
from fusee.spec.errors import ModuleError

SHORT_BYTES: Final = u32(4)  # of an integer whose 28 bits are in any range
NO_INDEX: Final = u32(0xFFFF_FFFF)


@struct
class Reader:
    """A position in the binary; positions are offsets from the module's first byte."""

    source: Ptr[u8]
    position: u32
    end: u32  # of the section, body or expression at hand
    module_end: u32


@kernel(cold=True)
def fail_at_end(r: Reader) -> None:
    """Something reaches beyond `r.end`."""
    if r.end == r.module_end:
        raise Malformed(ModuleError.UNEXPECTED_END, r.end)
    raise Malformed(ModuleError.UNEXPECTED_END_OF_SECTION, r.end)


@kernel(inline=True)
def read_byte(r: Reader) -> u8:
    position = r.position
    if unlikely(position >= r.end):
        fail_at_end(r)
    r.position = position + 1
    return r.source[position]


@kernel(inline=True)
def skip_bytes(r: Reader, count: u32) -> None:
    if unlikely(count > r.end - r.position):
        fail_at_end(r)
    r.position += count


@kernel(inline=True)
def read_u32(r: Reader) -> u32:
    """An unsigned LEB128 integer; most take one byte."""
    position = r.position
    if likely(position < r.end):
        byte = r.source[position]
        if likely(byte < 0x80):
            r.position = position + 1
            return byte
    return read_long_u32(r)


@kernel
def read_long_u32(r: Reader) -> u32:
    value = u32(0)
    shift = u32(0)
    while shift < 28:
        byte = u32(read_byte(r))
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value
        shift += 7
    last = u32(read_byte(r))
    check_last_byte(r, last, last < 0x10)
    return value | last << 28


@kernel
def read_u64(r: Reader) -> u64:
    value = u64(0)
    shift = u64(0)
    while shift < 63:
        byte = u64(read_byte(r))
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value
        shift += 7
    last = u32(read_byte(r))
    check_last_byte(r, last, last < 2)
    return value | u64(last) << 63


@kernel(inline=True)
def check_last_byte(r: Reader, last: u32, fits: bool) -> None:
    """The byte with an integer's topmost bits must end it, and its unused bits must extend the value."""
    if unlikely(not fits):
        if last >= 0x80:
            raise Malformed(ModuleError.INTEGER_TOO_LONG, r.position - 1)
        raise Malformed(ModuleError.INTEGER_TOO_LARGE, r.position - 1)


@kernel(inline=True)
def skip_s32(r: Reader) -> None:
    """A signed integer whose value does not matter."""
    position = r.position
    if likely(position < r.end and r.source[position] < 0x80):
        r.position = position + 1
    else:
        skip_long_s32(r)


@kernel
def skip_long_s32(r: Reader) -> None:
    for _ in span(u32(4)):
        if read_byte(r) < 0x80:
            return
    last = u32(read_byte(r))
    check_last_byte(r, last, fits_s32(last))


@kernel(inline=True)
def fits_s32(last: u32) -> bool:
    """Whether this may be the fifth byte of a signed integer of 32 bits."""
    return last < 0x08 or (last >= 0x78 and last < 0x80)


@kernel
def skip_s64(r: Reader) -> None:
    for _ in span(u32(9)):
        if read_byte(r) < 0x80:
            return
    last = u32(read_byte(r))
    check_last_byte(r, last, last == 0 or last == 0x7F)


@kernel(inline=True)
def behind_number(source: Ptr[u8], start: u32) -> u32:
    """The position behind a LEB128 integer of any length, which is known to end."""
    position = start
    while source[position] >= 0x80:
        position += 1
    return position + 1


@kernel(inline=True)
def number_at(source: Ptr[u8], start: u32) -> tuple[u32, u32]:
    """An unsigned integer that is known to end, and the position behind it; `NO_INDEX` if it has too many bits."""
    value = u32(source[start])
    if likely(value < 0x80):
        return value, start + 1
    return long_number_at(source, start)


@kernel
def long_number_at(source: Ptr[u8], start: u32) -> tuple[u32, u32]:
    value = u32(0)
    shift = u32(0)
    position = start
    while source[position] >= 0x80 and shift < 28:
        value |= u32(source[position] & 0x7F) << shift
        shift += 7
        position += 1
    last = u32(source[position])
    if shift == 28 and last >= 0x10:
        return NO_INDEX, position
    return value | last << shift, position + 1


@kernel
def read_index_s33(r: Reader) -> u32:
    """A type index in the form of a non-negative s33 (spec 5.3.3); its first byte does not have bit 6 set alone."""
    value = u32(0)
    shift = u32(0)
    while shift < 28:
        byte = u32(read_byte(r))
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            check_last_byte(r, byte, byte < 0x40)
            return value
        shift += 7
    last = u32(read_byte(r))
    check_last_byte(r, last, last < 0x10)
    return value | last << 28


@kernel
def read_size(r: Reader) -> u32:
    """The length of something in bytes, which must lie inside the rest."""
    size = read_u32(r)
    if unlikely(size > r.end - r.position):
        raise Malformed(ModuleError.LENGTH_OUT_OF_BOUNDS, r.position)
    return size


@kernel
def read_count(r: Reader, item_bytes: u32) -> u32:
    """The length of a vector whose items take at least `item_bytes`: refused before anything is allocated for it."""
    count = read_u32(r)
    if unlikely(u64(count) * item_bytes > u64(r.end - r.position)):
        fail_at_end(r)
    return count


@kernel
def read_bytes(r: Reader, place: Span) -> None:
    """A vector of bytes, as its place in the source."""
    size = read_size(r)
    place.start = r.position
    r.position += size
    place.end = r.position
