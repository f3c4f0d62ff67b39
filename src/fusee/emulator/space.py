"""A device's memory: one stretch of this process's, which the device sees at addresses of its own.

So what the device holds is read and written without a copy, and a guest's linear memory is a
buffer like any other. Nothing is set aside for what is not touched.
"""

import ctypes
from bisect import bisect_left, insort
from dataclasses import dataclass, field

from fusee.kernel.checking import reserve
from fusee.kernel.faults import BoundsFault
from fusee.kernel.space import Space
from fusee.kernel.target import Target

PAGE_BYTES = 0x4000  # of watchOS and iOS


class DeviceSpace(Space):
    """The addresses from `base` on, for `size` bytes."""

    def __init__(self, target: Target, base: int, size: int) -> None:
        self.target = target
        self.base = base
        self.size = size
        self._mapping = reserve(size)  # else processes with several devices could not be divided
        self.host_base = ctypes.addressof(ctypes.c_char.from_buffer(self._mapping))

    def host_address(self, address: int, size: int = 0) -> int:
        """Where this process sees what the device has at an address."""
        offset = address - self.base
        if not 0 <= offset <= self.size - size:
            raise BoundsFault(f"{size} bytes at {address:#x} are outside of {self!r}")
        return self.host_base + offset

    def has(self, address: int, size: int) -> bool:
        """Whether all of these bytes are in this memory."""
        return self.base <= address <= self.base + self.size - size

    def read(self, address: int, size: int, mask: int = 0) -> bytes:
        return ctypes.string_at(self.host_address(address, size), size)

    def write(self, address: int, data: bytes, mask: int = 0) -> None:
        ctypes.memmove(self.host_address(address, len(data)), data, len(data))

    def fill(self, address: int, byte: int, size: int) -> None:
        """Set bytes."""
        ctypes.memset(self.host_address(address, size), byte, size)

    def move(self, to: int, start: int, size: int) -> None:
        """Copy bytes from `start`; the two ranges may overlap."""
        ctypes.memmove(self.host_address(to, size), self.host_address(start, size), size)

    def __repr__(self) -> str:
        return f"the memory of {self.target.triple}"


_ALIGNMENT = 16


@dataclass
class Heap:
    """`calloc` and `free` of a device, and the log of what was asked for."""

    space: DeviceSpace
    start: int
    end: int
    used_bytes: int = 0
    peak_bytes: int = 0
    sizes: dict[int, int] = field(default_factory=dict)  # of what is in use, as asked for

    def __post_init__(self) -> None:
        self._fresh = self.start  # never used from here on, so zero
        self._free: list[tuple[int, int]] = []  # address and size, by address; no two touch

    def allocate(self, count: int, size: int) -> int:
        """Zeroed memory, or 0."""
        wanted = count * size
        room = max(-(-wanted // _ALIGNMENT) * _ALIGNMENT, _ALIGNMENT)
        address = self._reuse(room)
        if not address:
            if room > self.end - self._fresh:
                return 0
            address = self._fresh
            self._fresh += room
        self.sizes[address] = wanted
        self.used_bytes += wanted
        self.peak_bytes = max(self.peak_bytes, self.used_bytes)
        return address

    def _reuse(self, room: int) -> int:
        for place, (address, size) in enumerate(self._free):
            if size >= room:
                if size == room:
                    del self._free[place]
                else:
                    self._free[place] = address + room, size - room
                self.space.fill(address, 0, room)
                return address
        return 0

    def release(self, address: int) -> None:
        """Give back what `allocate` gave; 0 is nothing."""
        if not address:
            return
        if address not in self.sizes:
            raise BoundsFault(f"{address:#x} was released but is not in use")
        wanted = self.sizes.pop(address)
        self.used_bytes -= wanted
        size = max(-(-wanted // _ALIGNMENT) * _ALIGNMENT, _ALIGNMENT)
        place = bisect_left(self._free, (address, 0))
        if place < len(self._free) and self._free[place][0] == address + size:
            size += self._free.pop(place)[1]
        if place and sum(self._free[place - 1]) == address:
            address, before = self._free.pop(place - 1)
            size += before
        insort(self._free, (address, size))
