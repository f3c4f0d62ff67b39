"""The guest's memory as host functions see it: every access is checked."""

from collections.abc import Sequence
from struct import Struct

from fusee.spec.wasi import MAX_PATH_BYTES
from fusee.wasi.abi import IOVEC
from fusee.wasi.errno import Errno, WasiError

_U32 = Struct("<I")
_U64 = Struct("<Q")
# Longer vectors are cut here: reads and writes may be short, and hosts have such a limit themselves.
MAX_IOVECS = 1024
# They can name the same memory again and again; the number of bytes read or written has 32 bits. Linux's own limit.
MAX_TRANSFER_BYTES = 0x7FFF_F000


class GuestMemory:
    """A linear memory for the duration of one call."""

    __slots__ = ("buffer",)

    def __init__(self, buffer: memoryview) -> None:
        self.buffer = buffer

    def view(self, address: int, size: int) -> memoryview:
        """A range of memory, in place."""
        end = address + size
        if end > len(self.buffer):
            raise WasiError(Errno.FAULT)
        return self.buffer[address:end]

    def check(self, address: int, size: int) -> None:
        """Refuses a range that is not in memory, before something is done that cannot be undone."""
        if address + size > len(self.buffer):
            raise WasiError(Errno.FAULT)

    def write(self, address: int, data: bytes) -> None:
        """Stores bytes."""
        self.view(address, len(data))[:] = data

    def write_u32(self, address: int, value: int) -> None:
        """Stores a 32-bit number."""
        self.check(address, 4)
        _U32.pack_into(self.buffer, address, value)

    def write_u64(self, address: int, value: int) -> None:
        """Stores a 64-bit number."""
        self.check(address, 8)
        _U64.pack_into(self.buffer, address, value)

    def path(self, address: int, size: int) -> str:
        """A path: UTF-8 without zero bytes."""
        if size > MAX_PATH_BYTES:
            raise WasiError(Errno.NAMETOOLONG)
        raw = bytes(self.view(address, size))
        if 0 in raw:
            raise WasiError(Errno.ILSEQ)
        try:
            return raw.decode()
        except UnicodeDecodeError:
            raise WasiError(Errno.ILSEQ) from None

    def vectors(self, address: int, count: int) -> list[memoryview]:
        """The ranges that an array of `iovec` or `ciovec` names."""
        self.check(address, count * IOVEC.size)
        end = address + min(count, MAX_IOVECS) * IOVEC.size
        room = MAX_TRANSFER_BYTES
        views = []
        for start, size in IOVEC.iter_unpack(bytes(self.buffer[address:end])):
            views.append(self.view(start, size)[:room])
            room -= len(views[-1])
        return views

    def write_strings(self, pointers: int, data: int, strings: Sequence[bytes]) -> None:
        """Stores zero-terminated strings one after the other at `data`, and their addresses at `pointers`."""
        self.check(pointers, 4 * len(strings))
        for index, string in enumerate(strings):
            self.write(data, string + b"\0")
            self.write_u32(pointers + 4 * index, data)
            data += len(string) + 1
