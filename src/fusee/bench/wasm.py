"""Makes large modules out of small ones."""

from collections.abc import Iterator

_HEADER = b"\0asm\1\0\0\0"
_FUNCTION_SECTION = 3
_CODE_SECTION = 10


def repeat_functions(module: bytes, size: int) -> bytes:
    """The module with its functions' bodies repeated until it has about so many bytes.

    The copies come after all other functions and nobody calls them, but they are as valid as their originals.
    """
    sections = list(_sections(module))
    code = sum(len(payload) for identifier, payload in sections if identifier == _CODE_SECTION)
    times = max(-(-size // code), 1) if code else 1
    repeated = {_FUNCTION_SECTION, _CODE_SECTION}
    parts = (
        bytes([identifier]) + _sized(_repeated_vector(payload, times) if identifier in repeated else payload)
        for identifier, payload in sections
    )
    return _HEADER + b"".join(parts)


def _sections(module: bytes) -> Iterator[tuple[int, bytes]]:
    position = len(_HEADER)
    while position < len(module):
        size, start = read_unsigned(module, position + 1)
        yield module[position], module[start : start + size]
        position = start + size


def _repeated_vector(payload: bytes, times: int) -> bytes:
    count, start = read_unsigned(payload, 0)
    return unsigned(count * times) + payload[start:] * times


def _sized(payload: bytes) -> bytes:
    return unsigned(len(payload)) + payload


def read_unsigned(data: bytes, position: int) -> tuple[int, int]:
    """A LEB128 number and the position after it."""
    value = shift = 0
    while True:
        byte = data[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80:
            return value, position


def unsigned(value: int) -> bytes:
    """A number as LEB128."""
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(encoded + bytes([value]))
