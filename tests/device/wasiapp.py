"""An app's callbacks for files, un-compiled, and a program's system on the watch that asks them."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from fusee.engine.capi.state import StoreObject
from fusee.engine.capi.wasi.functions import COUNT, FUNCTIONS
from fusee.engine.capi.wasi.state import SUCCESS, Call, FileStat, Wasi
from fusee.engine.state.runtime import Memory
from fusee.kernel.arena import allocate_simulated, new, new_array, simulate
from fusee.kernel.lang import Ptr, kernel, u8, u32, u64, usize
from fusee.kernel.target import ILP32
from fusee.wasi.errno import Errno

MEMORY_BYTES = 1 << 16
FILE, FOLDER = 7, 8  # handles
"""What the app opens."""


@dataclass
class App:
    """What the app's callbacks were asked, and the most that one of them takes at once."""

    asked: list[tuple[Any, ...]] = field(default_factory=list)
    most: int = 1 << 31


app = App()


@kernel
def transfer(environment: usize, handle: u32, buffer: Ptr[u8], size: usize, offset: u64, done: Ptr[usize]) -> u32:
    app.asked.append((int(handle), int(size), int(offset)))
    done[0] = usize(min(int(size), app.most))
    return u32(SUCCESS)


@kernel
def seek(environment: usize, handle: u32, offset: u64, whence: u32, position: Ptr[u64]) -> u32:
    app.asked.append((int(handle), int(offset), int(whence)))
    position[0] = u64(5)
    return u32(SUCCESS)


@kernel
def open_file(
    environment: usize,
    directory: u32,
    path: Ptr[u8],
    size: usize,
    flags: u32,
    fd_flags: u32,
    rights: u64,
    out: Ptr[u32],
) -> u32:
    name = bytes(int(path[i]) for i in range(int(size)))
    app.asked.append(("open", name))
    out[0] = u32(FOLDER if name == b"folder" else FILE)
    return u32(SUCCESS)


@kernel
def close(environment: usize, handle: u32) -> u32:
    app.asked.append(("close", int(handle)))
    return u32(SUCCESS)


@kernel
def stat(environment: usize, handle: u32, status: FileStat) -> u32:
    status.device, status.inode, status.links, status.size = u64(1), u64(2), u64(3), u64(4)
    status.accessed, status.modified, status.changed = u64(5), u64(6), u64(7)
    status.filetype = u32(3 if int(handle) == FOLDER else 4)
    return u32(SUCCESS)


@kernel
def set_size(environment: usize, handle: u32, size: u64) -> u32:
    app.asked.append(("size", int(handle), int(size)))
    return u32(SUCCESS)


@kernel
def set_times(environment: usize, handle: u32, accessed: u64, modified: u64, flags: u32) -> u32:
    app.asked.append(("times", int(handle), int(accessed), int(modified), int(flags)))
    return u32(SUCCESS)


@kernel
def path_set_times(
    environment: usize, directory: u32, path: Ptr[u8], size: usize, accessed: u64, modified: u64, flags: u32
) -> u32:
    name = bytes(int(path[i]) for i in range(int(size)))
    app.asked.append((name, int(directory), int(accessed), int(modified), int(flags)))
    return u32(SUCCESS)


class Device:
    """A program's system on the watch."""

    def __init__(self) -> None:
        self.call = new(Call)
        self.call.store, self.call.wasi, self.call.memory = new(StoreObject), new(Wasi), new(Memory)
        self.call.memory.base = allocate_simulated(MEMORY_BYTES)
        self.call.memory.length_bytes = u64(MEMORY_BYTES)
        files = self.call.wasi.files
        files.read = files.write = transfer
        files.seek, files.open, files.close, files.stat = seek, open_file, close, stat
        app.asked, app.most = [], 1 << 31

    def __call__(self, name: str, *arguments: int, first: int = 0) -> Errno:
        number = next(n for n in range(first, COUNT) if FUNCTIONS[n].name == name)
        slots = new_array(u64, max(1, len(arguments)))
        for i, value in enumerate(arguments):
            slots[i] = u64(value)
        self.call.arguments = slots
        return Errno(int(FUNCTIONS[number].body(self.call)))

    def vectors(self, *ranges: tuple[int, int]) -> tuple[int, int]:
        return self.put(1024, b"".join(struct.pack("<II", *one) for one in ranges)), len(ranges)

    def u32(self, at: int) -> int:
        return int.from_bytes(self.bytes(at, 4), "little")

    def put(self, at: int, data: bytes) -> int:
        for i, byte in enumerate(data):
            self.call.memory.base[at + i] = u8(byte)
        return at

    def bytes(self, at: int, size: int) -> bytes:
        return bytes(int(self.call.memory.base[at + i]) for i in range(size))


@pytest.fixture
def device() -> Iterator[Device]:
    with simulate(ILP32):
        yield Device()
