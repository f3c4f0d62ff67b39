"""A guest without an engine: host functions called on a bytearray."""

import os
import struct
from collections.abc import Callable
from pathlib import Path

from fusee.wasi import WasiConfig, WasiContext, define
from fusee.wasi.abi import ALL_RIGHTS
from fusee.wasi.errno import Errno
from fusee.wasi.memory import GuestMemory

ROOT = 3  # the first preopened directory


class Guest:
    """Calls host functions and holds what they read and write."""

    def __init__(self, root: Path | None = None, configure: Callable[[WasiConfig], None] = lambda config: None) -> None:
        config = WasiConfig()
        if root is not None:
            config.preopen_dir(str(root), "/")
        configure(config)
        self.context = WasiContext(config)
        self.bytes = bytearray(1 << 16)
        self.memory = GuestMemory(memoryview(self.bytes))
        self.used = 1024  # below are results

    def call(self, name: str, *arguments: int) -> Errno:
        """Calls a function; its error code."""
        return Errno(define.find(define.MODULE, name).call(self.context, self.memory, *arguments))

    def put(self, data: bytes) -> int:
        """Stores bytes somewhere; their address."""
        address = self.used
        self.bytes[address : address + len(data)] = data
        self.used += len(data) + 7 & ~7
        assert self.used <= len(self.bytes)
        return address

    def text(self, text: str) -> tuple[int, int]:
        """Stores a string; its address and size."""
        raw = text.encode()
        return self.put(raw), len(raw)

    def vector(self, *ranges: tuple[int, int]) -> tuple[int, int]:
        """Stores an array of iovec; its address and count."""
        return self.put(b"".join(struct.pack("<II", *one) for one in ranges)), len(ranges)

    def u32(self, address: int) -> int:
        """A number in memory."""
        return int(struct.unpack_from("<I", self.bytes, address)[0])

    def u64(self, address: int) -> int:
        """A number in memory."""
        return int(struct.unpack_from("<Q", self.bytes, address)[0])

    def open(
        self, path: str, flags: int = 0, rights: int = ALL_RIGHTS, follow: bool = True, root: int = ROOT
    ) -> Errno | int:
        """Opens a path: a descriptor, or why not."""
        errno = self.call("path_open", root, int(follow), *self.text(path), flags, rights, ALL_RIGHTS, 0, 0)
        return errno or self.u32(0)

    def write(self, fd: int, data: bytes) -> Errno:
        """Writes to a descriptor."""
        return self.call("fd_write", fd, *self.vector((self.put(data), len(data))), 0)

    def read(self, fd: int, size: int = 100) -> bytes:
        """Reads from a descriptor."""
        address = self.put(bytes(size))
        assert self.call("fd_read", fd, *self.vector((address, size)), 0) == Errno.SUCCESS
        return bytes(self.bytes[address : address + self.u32(0)])


def open_file(guest: Guest, path: str, flags: int = 1, rights: int = ALL_RIGHTS) -> int:
    """Opens a path, if need be with a new file."""
    fd = guest.open(path, flags, rights)
    assert not isinstance(fd, Errno), fd
    return fd


def open_files() -> set[str]:
    """The numbers of the files that this process has open."""
    return set(os.listdir("/dev/fd"))
