"""Components byte by byte."""

from tests.hostile.encoding import unsigned

HEADER = b"\0asm\x0d\0\1\0"


def section(code: int, content: bytes) -> bytes:
    """A section of a component."""
    return bytes([code]) + unsigned(len(content)) + content


def vector(items: list[bytes]) -> bytes:
    """A vector."""
    return unsigned(len(items)) + b"".join(items)


def types(items: list[bytes]) -> bytes:
    """A component with these types."""
    return HEADER + section(7, vector(items))


def name(text: str) -> bytes:
    """A name."""
    return unsigned(len(text)) + text.encode()


def index(number: int) -> bytes:
    """A type index, in as many bytes as a signed number needs."""
    low, rest = number & 0x7F, number >> 7
    if rest == 0 and low < 0x40:
        return bytes([low])
    return bytes([low | 0x80]) + (index(rest) if rest else b"\0")
