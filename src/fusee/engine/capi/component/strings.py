"""Strings: UTF-8 for the app, one of three encodings for the guest (CanonicalABI, "Loading", "Storing")."""

from typing import Final

from fusee.engine.capi.component.blocks import value_room
from fusee.engine.capi.component.errors import Broken, Fault
from fusee.engine.capi.component.format import Encoding, Kind
from fusee.engine.capi.component.guest import allocate
from fusee.engine.capi.component.state import Call, Value
from fusee.kernel.lang import Ptr, copy_bytes, is_null, kernel, load, store, u8, u16, u32, u64, usize

UTF16_TAG: Final = u32(0x8000_0000)
MOST_BYTES: Final = (1 << 28) - 1
ONE: Final = usize(1)
WRONG: Final = u32(0xFFFF_FFFF)
SURROGATES: Final = 0xD800
HIGHEST: Final = 0x10_FFFF


# UTF-8 and UTF-16.


@kernel
def utf8_size(code: u32) -> u32:
    """How many bytes a character takes."""
    if code < 0x80:
        return u32(1)
    if code < 0x800:
        return u32(2)
    return u32(3) if code < 0x1_0000 else u32(4)


@kernel
def put_utf8(to: Ptr[u8], code: u32) -> u32:
    """Write a character; how many bytes it takes."""
    size = utf8_size(code)
    if size == 1:
        to[0] = u8(code)
        return size
    left = size - 1
    to[0] = u8((u32(0xF00) >> size & 0xFF) | code >> 6 * left)
    place = u32(1)
    while left != 0:
        left -= 1
        to[place] = u8(0x80 | (code >> 6 * left & 0x3F))
        place += 1
    return size


@kernel
def read_utf8(text: Ptr[u8], left: u64) -> u32:
    """The character at the start of `left` bytes, 1 at least; `WRONG` if there is none (Unicode, table 3-7)."""
    first = u32(text[0])
    if first < 0x80:
        return first
    size = u32(2) + u32(first >= 0xE0) + u32(first >= 0xF0)
    if first < 0xC2 or first > 0xF4 or u64(size) > left:
        return WRONG
    code = first & (u32(0x7F) >> size)
    at = u32(1)
    while at != size:
        byte = u32(text[at])
        if byte & 0xC0 != 0x80:
            return WRONG
        code = code << 6 | byte & 0x3F
        at += 1
    if utf8_size(code) != size or not is_scalar(code):
        return WRONG
    return code


@kernel
def is_scalar(code: u32) -> bool:
    """Whether it is a Unicode scalar value."""
    return code <= HIGHEST and code >> 11 != SURROGATES >> 11


@kernel
def read_utf16(text: Ptr[u8], left: u64) -> u32:
    """The character at the start of `left` units, 1 at least; `WRONG` if there is none."""
    first = u32(load(u16, text))
    if first >> 11 != SURROGATES >> 11:
        return first
    if first >= 0xDC00 or left < 2:
        return WRONG
    second = u32(load(u16, text + 2))
    if second >> 10 != 0xDC00 >> 10:
        return WRONG
    return 0x1_0000 + ((first & 0x3FF) << 10 | second & 0x3FF)


@kernel
def put_utf16(to: Ptr[u8], code: u32) -> u32:
    """Write a character; how many bytes it takes."""
    if code < 0x1_0000:
        store(to, u16(code))
        return u32(2)
    store(to, u16(0xD7C0 + (code >> 10)))
    store(to + 2, u16(0xDC00 | code & 0x3FF))
    return u32(4)


# Lifting.


@kernel
def lift_string(call: Call, pointer: u32, length: u32, out: Value) -> None:
    """A string of the guest's as the app has it."""
    out.kind = u8(Kind.STRING)
    is_wide = call.encoding == Encoding.UTF16
    units = u64(length)
    if call.encoding == Encoding.LATIN1_OR_UTF16 and length & UTF16_TAG != 0:
        is_wide = True
        units = u64(length ^ UTF16_TAG)
    size = units << u64(is_wide)
    if size > MOST_BYTES:
        raise Broken(Fault.STRING_LENGTH, 0)
    if call.encoding != Encoding.UTF8 and pointer & 1 != 0:
        raise Broken(Fault.STRING_ALIGNMENT, 0)
    if u64(pointer) + size > call.size:
        raise Broken(Fault.STRING_BOUNDS, 0)
    if size == 0:
        return
    text = call.base + pointer
    if is_wide:
        lift_utf16(call, text, units, out)
    elif call.encoding == Encoding.UTF8:
        lift_utf8(call, text, units, out)
    else:
        lift_latin1(call, text, units, out)


@kernel
def lift_utf8(call: Call, text: Ptr[u8], size: u64, out: Value) -> None:
    check_utf8(text, size)
    out.data = value_room(call, size, ONE)
    copy_bytes(out.data, text, usize(size))
    out.size = usize(size)


@kernel
def check_utf8(text: Ptr[u8], size: u64) -> None:
    at = u64(0)
    while at != size:
        if u32(text[at]) < 0x80:
            at += 1
            continue
        code = read_utf8(text + at, size - at)
        if code == WRONG:
            raise Broken(Fault.UTF8, 0)
        at += u64(utf8_size(code))


@kernel
def lift_utf16(call: Call, text: Ptr[u8], units: u64, out: Value) -> None:
    size = u64(0)
    at = u64(0)
    while at < units:
        code = read_utf16(text + 2 * at, units - at)
        if code == WRONG:
            raise Broken(Fault.UTF16, 0)
        size += u64(utf8_size(code))
        at += u64(1) + u64(code >= 0x1_0000)
    out.data = value_room(call, size, ONE)
    out.size = usize(size)
    to = out.data
    at = u64(0)
    while at < units:
        code = read_utf16(text + 2 * at, units - at)
        to = to + put_utf8(to, code)
        at += u64(1) + u64(code >= 0x1_0000)


@kernel
def lift_latin1(call: Call, text: Ptr[u8], units: u64, out: Value) -> None:
    size = units
    at = u64(0)
    while at != units:
        size += u64(text[at] >> 7)
        at += 1
    out.data = value_room(call, size, ONE)
    out.size = usize(size)
    to = out.data
    at = u64(0)
    while at != units:
        to = to + put_utf8(to, u32(text[at]))
        at += 1


# Lowering.


@kernel
def lower_string(call: Call, value: Value) -> tuple[u32, u32]:
    """Where it is in the guest's memory, and its length as the guest knows it."""
    size = u64(value.size)
    if u32(value.kind) != Kind.STRING or (is_null(value.data) and size != 0) or size > MOST_BYTES:
        raise Broken(Fault.VALUE, 0)
    units, highest = measure(value.data, size)
    if call.encoding == Encoding.UTF8:
        pointer = allocate(call, u32(1), size)
        if size != 0:
            copy_bytes(call.base + pointer, value.data, usize(size))
        return pointer, u32(size)
    if call.encoding == Encoding.LATIN1_OR_UTF16 and highest < 0x100:
        pointer = allocate(call, u32(2), units)
        put_latin1(value.data, size, call.base, pointer)
        return pointer, u32(units)
    pointer = allocate(call, u32(2), 2 * units)
    put_wide(value.data, size, call.base, pointer)
    tag = UTF16_TAG if call.encoding == Encoding.LATIN1_OR_UTF16 else u32(0)
    return pointer, u32(units) | tag


@kernel
def measure(text: Ptr[u8], size: u64) -> tuple[u64, u32]:
    """How many units of UTF-16 a text takes, and its highest character, or one as high. It must be UTF-8."""
    units = u64(0)
    highest = u32(0)
    at = u64(0)
    while at != size:
        code = read_utf8(text + at, size - at)
        if code == WRONG:
            raise Broken(Fault.VALUE, 0)
        highest = highest | code
        units += u64(1) + u64(code >= 0x1_0000)
        at += u64(utf8_size(code))
    return units, highest


@kernel
def put_latin1(text: Ptr[u8], size: u64, base: Ptr[u8], pointer: u32) -> None:
    to = u64(pointer)
    at = u64(0)
    while at != size:
        code = read_utf8(text + at, size - at)
        base[to] = u8(code)
        to += 1
        at += u64(utf8_size(code))


@kernel
def put_wide(text: Ptr[u8], size: u64, base: Ptr[u8], pointer: u32) -> None:
    to = u64(pointer)
    at = u64(0)
    while at != size:
        code = read_utf8(text + at, size - at)
        to += u64(put_utf16(base + to, code))
        at += u64(utf8_size(code))
