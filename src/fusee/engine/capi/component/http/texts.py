"""Forms of texts, as the host's implementation insists on them."""

import re
from typing import Final

from fusee.engine.capi.component.http.lists import lower
from fusee.kernel.lang import Ptr, kernel, span, table, u8, u32, usize
from fusee.spec import http

TOKEN: Final = u8(1)
VALUE: Final = u8(2)
PATH: Final = u8(4)
AUTHORITY: Final = u8(8)
SCHEME: Final = u8(16)
FIRST_OF_SCHEME: Final = u8(32)
DIGIT: Final = u8(64)
_FORMS: Final = {
    TOKEN: http.TOKEN, VALUE: http.VALUE, PATH: http.PATH, AUTHORITY: http.AUTHORITY, SCHEME: http.SCHEME,
    FIRST_OF_SCHEME: "A-Za-z", DIGIT: "0-9",
}  # fmt: skip
BYTES = table(u8, [
    sum(int(form) for form, characters in _FORMS.items() if re.fullmatch(f"[{characters}]".encode(), bytes([byte])))
    for byte in range(256)
])  # fmt: skip
"""Which forms a byte is of."""
_NAMES: Final = "".join(f"{chr(len(name))}{name}" for name in sorted(http.FORBIDDEN)).encode()
FORBIDDEN = table(u8, _NAMES)
FORBIDDEN_COUNT: Final = u32(len(http.FORBIDDEN))
MOST_PORT: Final = u32(65535)


@kernel
def is_all(text: Ptr[u8], size: u32, form: u8) -> bool:
    for i in span(size):
        if BYTES[u32(text[i])] & form == 0:
            return False
    return True


@kernel
def is_text(text: Ptr[u8], size: usize, form: u8) -> bool:
    """Whether there are characters, not too many, and all of this form."""
    return size != 0 and size <= http.MAX_TEXT and is_all(text, u32(size), form)


@kernel
def is_forbidden(name: Ptr[u8], size: usize) -> bool:
    """Whether a field belongs to the connection."""
    at = u32(0)
    for _ in span(FORBIDDEN_COUNT):
        length = u32(FORBIDDEN[at])
        is_same = length == size
        for i in span(length):
            is_same = is_same and FORBIDDEN[at + 1 + i] == lower(name[i])
        if is_same:
            return True
        at += length + 1
    return False


@kernel
def is_path(text: Ptr[u8], size: usize) -> bool:
    """Nothing, `*`, or what begins with `/` or `?`."""
    if size == 0 or (size == 1 and text[0] == ord("*")):
        return True
    if size > http.MAX_TEXT or (text[0] != ord("/") and text[0] != ord("?")):
        return False
    return is_all(text + 1, u32(size) - 1, PATH)


@kernel
def is_scheme(text: Ptr[u8], size: usize) -> bool:
    return is_text(text, size, SCHEME) and BYTES[u32(text[0])] & FIRST_OF_SCHEME != 0


@kernel
def is_authority(text: Ptr[u8], size: usize) -> bool:
    """A host and perhaps a port, and no user. In brackets is an address of IPv6."""
    if not is_text(text, size, AUTHORITY):
        return False
    end = u32(size)
    at = u32(0)
    is_bracketed = text[0] == ord("[")
    last = u8(ord("]")) if is_bracketed else u8(ord(":"))
    while at < end and text[at] != last:
        if text[at] == ord("@") or (at != 0 and text[at] == ord("[")) or (not is_bracketed and text[at] == ord("]")):
            return False
        at += 1
    if is_bracketed:
        if at == end or at == 1:
            return False
        at += 1
    elif at == 0:
        return False
    if at == end:
        return True
    return text[at] == ord(":") and is_port(text + at + 1, end - at - 1)


@kernel
def is_port(text: Ptr[u8], size: u32) -> bool:
    """Digits, or nothing."""
    port = u32(0)
    for i in span(size):
        if BYTES[u32(text[i])] & DIGIT == 0:
            return False
        port = port * 10 + (u32(text[i]) - ord("0"))
        if port > MOST_PORT:
            return False
    return True
