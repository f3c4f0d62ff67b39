"""The functions that compiled kernels expect of any C library or compiler runtime."""

from collections.abc import Callable
from typing import Any, Final

from fusee.emulator.space import DeviceSpace


def _move(space: DeviceSpace, to: int, start: int, size: int) -> int:
    space.move(to, start, size)
    return to


def _set(space: DeviceSpace, to: int, byte: int, size: int) -> int:
    space.fill(to, byte & 0xFF, size)
    return to


def _clear(space: DeviceSpace, to: int, size: int) -> None:
    space.fill(to, 0, size)


def _divide(space: DeviceSpace, a: int, b: int) -> int:
    return a // b if b else 0


def _remainder(space: DeviceSpace, a: int, b: int) -> int:
    return a % b if b else 0


def _signed(number: int) -> int:
    return number - (number >> 63 << 64)


def _divide_signed(space: DeviceSpace, a: int, b: int) -> int:
    x, y = _signed(a), _signed(b)
    return abs(x) // abs(y) * (1 if (x < 0) == (y < 0) else -1) if y else 0


def _remainder_signed(space: DeviceSpace, a: int, b: int) -> int:
    x, y = _signed(a), _signed(b)
    return abs(x) % abs(y) * (-1 if x < 0 else 1) if y else 0


_BLOCK: Final = ("address", "address", "usize")
_PAIR: Final = ("u64", "u64")

SYSTEM: Final[dict[str, tuple[tuple[str, ...], str | None, Callable[..., Any]]]] = {
    "memmove": (_BLOCK, "address", _move),
    "memcpy": (_BLOCK, "address", _move),
    "memset": (("address", "u32", "usize"), "address", _set),
    "bzero": (("address", "usize"), None, _clear),
    "__udivdi3": (_PAIR, "u64", _divide),
    "__umoddi3": (_PAIR, "u64", _remainder),
    "__divdi3": (_PAIR, "u64", _divide_signed),
    "__moddi3": (_PAIR, "u64", _remainder_signed),
}
"""By name: the kinds of the parameters and of the result, and the function, which is also given the device's memory."""
