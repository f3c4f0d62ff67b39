"""The custom section "name" (spec appendix 7.4.1): names for backtraces. Damage is no error."""

from typing import NamedTuple


class Names(NamedTuple):
    """What backtraces use of the section."""

    module: str | None
    functions: dict[int, str]


def decode_names(binary: bytes, start: int, end: int) -> Names:
    """The names between two offsets; what comes after damage is left out."""
    module: str | None = None
    functions: dict[int, str] = {}
    position = start
    try:
        while position < end:
            kind = binary[position]
            size, position = _u32(binary, position + 1, end)
            if kind == 0:
                module, _ = _name(binary, position, end)
            elif kind == 1:
                _function_names(binary, position, min(position + size, end), functions)
            position += size
    except (IndexError, ValueError):
        pass
    return Names(module, functions)


def _function_names(binary: bytes, position: int, end: int, into: dict[int, str]) -> None:
    count, position = _u32(binary, position, end)
    for _ in range(count):
        index, position = _u32(binary, position, end)
        into[index], position = _name(binary, position, end)


def _name(binary: bytes, position: int, end: int) -> tuple[str, int]:
    size, position = _u32(binary, position, end)
    if position + size > end:
        raise ValueError("name is cut off")
    return binary[position : position + size].decode(errors="replace"), position + size


def _u32(binary: bytes, position: int, end: int) -> tuple[int, int]:
    result = shift = 0
    while True:
        if position >= end or shift > 28:
            raise ValueError("number is damaged")
        byte = binary[position]
        position += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result, position
        shift += 7
