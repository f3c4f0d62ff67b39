"""Names: vectors of bytes that are valid UTF-8 (spec 5.2.4)."""

from fusee.engine.decode.reader import Reader, read_bytes
from fusee.engine.errors import Malformed
from fusee.engine.state.module import Span
from fusee.kernel.lang import Ptr, kernel, load, u8, u32, u64, unlikely
from fusee.spec.errors import ModuleError


@kernel
def read_name(r: Reader, place: Span) -> None:
    """A name, as its place in the source."""
    read_bytes(r, place)
    position = place.start
    while position < place.end:
        if r.source[position] < 0x80:
            position = skip_ascii(r.source, position, place.end)
        else:
            size = sequence_size(r.source + position, place.end - position)
            if unlikely(size == 0):
                raise Malformed(ModuleError.BAD_UTF8, position)
            position += size


@kernel
def skip_ascii(source: Ptr[u8], position: u32, end: u32) -> u32:
    """Eight bytes at a time while it lasts."""
    while end - position >= 8 and load(u64, source + position) & 0x8080_8080_8080_8080 == 0:
        position += 8
    while position < end and source[position] < 0x80:
        position += 1
    return position


@kernel
def sequence_size(bytes: Ptr[u8], available: u32) -> u32:  # noqa: A002
    """Bytes of the sequence at `bytes`, which does not start with ASCII; 0 if it is not one of Unicode's table 3-7."""
    first = bytes[0]
    if available < 2:
        return u32(0)
    second = bytes[1]
    if first >= 0xC2 and first < 0xE0:
        return u32(2) if is_continuation(second) else u32(0)
    if available < 3 or not is_continuation(bytes[2]):
        return u32(0)
    if first >= 0xE0 and first < 0xF0:
        low = u8(0xA0) if first == 0xE0 else u8(0x80)  # no overlong forms
        high = u8(0x9F) if first == 0xED else u8(0xBF)  # no surrogates
        return u32(3) if second >= low and second <= high else u32(0)
    if available < 4 or not is_continuation(bytes[3]) or first < 0xF0 or first > 0xF4:
        return u32(0)
    low = u8(0x90) if first == 0xF0 else u8(0x80)
    high = u8(0x8F) if first == 0xF4 else u8(0xBF)  # nothing beyond U+10FFFF
    return u32(4) if second >= low and second <= high else u32(0)


@kernel(inline=True)
def is_continuation(byte: u8) -> bool:
    return byte & 0xC0 == 0x80
