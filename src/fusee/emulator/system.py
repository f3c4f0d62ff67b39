"""The functions that compiled kernels expect of any C library; on bare metal the device has its own."""

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


_BLOCK: Final = ("address", "address", "usize")

SYSTEM: Final[dict[str, tuple[tuple[str, ...], str | None, Callable[..., Any]]]] = {
    "memmove": (_BLOCK, "address", _move),
    "memcpy": (_BLOCK, "address", _move),
    "memset": (("address", "u32", "usize"), "address", _set),
    "bzero": (("address", "usize"), None, _clear),
}
"""By name: the kinds of the parameters and of the result, and the function, which is also given the device's memory."""
