"""Address spaces: this process, a simulated target, an emulated device.

A pointer carries the `Region` it may access. In a simulated space that is one allocation, in any
other the whole space.
"""

import ctypes
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, NoReturn

from fusee.kernel.faults import NullFault
from fusee.kernel.target import Target

if TYPE_CHECKING:
    from fusee.kernel.pointer import Fn


class Region(ABC):
    """A part of an address space. `mask` is the access's alignment minus one, for spaces that care."""

    __slots__ = ()

    @property
    @abstractmethod
    def space(self) -> "Space":
        """The address space that this is a part of."""

    @abstractmethod
    def read(self, address: int, size: int, mask: int = 0) -> bytes | bytearray:
        """`size` bytes from `address` on."""

    @abstractmethod
    def write(self, address: int, data: bytes, mask: int = 0) -> None:
        """Replace the bytes from `address` on."""


class Space(Region):
    """A whole address space, laid out for `target`."""

    target: Target

    @property
    def space(self) -> "Space":
        return self

    def host_address(self, address: int, size: int = 0) -> int:
        """Where this process sees `size` bytes, in spaces that are part of its memory."""
        raise TypeError(f"{self!r} is not memory of this process")

    def region_at(self, address: int) -> Region:
        """The region that a pointer found in memory may access."""
        return self if address else NULL

    def function_at(self, address: int) -> "Fn[..., object]":
        """The function that a function pointer found in memory stands for."""
        from fusee.kernel.pointer import CodeAddress

        return CodeAddress(address)

    def function_address(self, function: "Fn[..., object]") -> int:
        """The address of a function, to be stored in memory."""
        from fusee.kernel.pointer import CodeAddress

        if isinstance(function, CodeAddress):
            return function.address
        raise TypeError(f"{function!r} has no address in {self!r}: only compiled code has")


class HostSpace(Space):
    """The memory of this process. Nothing is checked: a wrong address ends the process."""

    def __init__(self) -> None:
        self.target = Target.host()

    def host_address(self, address: int, size: int = 0) -> int:
        return address

    def read(self, address: int, size: int, mask: int = 0) -> bytes:
        return ctypes.string_at(address, size)

    def write(self, address: int, data: bytes, mask: int = 0) -> None:
        ctypes.memmove(address, data, len(data))

    def __repr__(self) -> str:
        return "HOST"


class NullRegion(Region):
    """Where null pointers point."""

    @property
    def space(self) -> Space:
        return current_space()

    def _refuse(self, address: int, size: int) -> NoReturn:
        raise NullFault(f"access of {size} bytes through null" + (f" + {address}" if address else ""))

    def read(self, address: int, size: int, mask: int = 0) -> bytes:
        self._refuse(address, size)

    def write(self, address: int, data: bytes, mask: int = 0) -> None:
        self._refuse(address, len(data))


HOST = HostSpace()
NULL = NullRegion()

_entered: list[Space] = [HOST]


def current_space() -> Space:
    """The space in which un-compiled kernels run now: the innermost simulated one, or this process."""
    return _entered[-1]


def enter_space(space: Space) -> None:
    """Run kernels in `space` from now on, until `leave_space`."""
    _entered.append(space)


def leave_space() -> None:
    """Back to the space before."""
    _entered.pop()
