"""Reading and writing: by streams, and at offsets."""

from typing import Final

from fusee.engine.capi.wasi.fd import is_directory, is_stream
from fusee.engine.capi.wasi.guest import argument, guest, put_u32
from fusee.engine.capi.wasi.state import (
    BADF,
    CURRENT,
    FAULT,
    INVAL,
    SPIPE,
    STREAMS,
    SUCCESS,
    Call,
)
from fusee.kernel.lang import (
    Ptr,
    address,
    is_null,
    kernel,
    load,
    minimum,
    span,
    stack_array,
    u8,
    u32,
    u64,
    usize,
)  # fmt: skip

IOVEC_BYTES: Final = u32(8)
MOST_VECTORS: Final = u32(1024)
MOST_BYTES: Final = 0x4000_0000
LAST_OFFSET: Final = (1 << 63) - 1 - MOST_BYTES


@kernel
def transfer(c: Call, is_write: bool, offset: u64, done_at: u32) -> u32:
    """Read into, or write from, a list of buffers, until one is not filled or emptied.

    A long list is cut, and so is what it names beyond `MOST_BYTES` (the same ranges can be named often): a transfer may
    be short, and its size has 32 bits. The app may call the guest, whose memory then grows and moves.
    """
    count = argument(c, u32(2))
    vectors = argument(c, u32(1))
    if is_null(guest(c, vectors, u64(count) * IOVEC_BYTES)) or is_null(guest(c, done_at, u64(4))):
        return FAULT
    total = u32(0)
    done = stack_array(usize, 1)
    for i in span(minimum(count, MOST_VECTORS)):
        vector = guest(c, vectors + i * IOVEC_BYTES, IOVEC_BYTES)
        size = load(u32, vector + 4)
        buffer = guest(c, load(u32, vector), size)
        if is_null(buffer):
            return FAULT if total == 0 else finished(c, done_at, total)
        size = minimum(size, MOST_BYTES - total)
        if size == 0:
            continue
        done[0] = usize(0)
        at = offset if offset == CURRENT else offset + total
        errno = move(c, argument(c, u32(0)), is_write, buffer, size, at, done)
        if errno != SUCCESS:
            return errno if total == 0 else finished(c, done_at, total)
        total += minimum(u32(done[0]), size)
        if done[0] < size:
            break
    return finished(c, done_at, total)


@kernel
def transfer_at(c: Call, is_write: bool) -> u32:
    """At the guest's offset."""
    offset = c.arguments[3]
    return transfer(c, is_write, offset, argument(c, u32(4))) if is_offset(offset) else INVAL


@kernel
def is_offset(offset: u64) -> bool:
    """Whether a guest may give it: neither that nor its sum with a size looks like `CURRENT` or negative to the app."""
    return offset <= LAST_OFFSET


@kernel
def finished(c: Call, done_at: u32, total: u32) -> u32:
    return SUCCESS if put_u32(c, done_at, total) else FAULT


@kernel
def move(c: Call, fd: u32, is_write: bool, buffer: Ptr[u8], size: usize, offset: u64, done: Ptr[usize]) -> u32:
    """One buffer of a transfer."""
    files = c.wasi.files
    if is_stream(fd):
        if offset != CURRENT:
            return SPIPE
        return write_stream(c, fd, buffer, size, done) if is_write else read_stream(c, fd, buffer, size, done)
    if is_directory(c, fd):
        return BADF
    if is_write:
        if address(files.write) == 0:
            return BADF
        return files.write(files.environment, fd - STREAMS, buffer, size, offset, done)
    if address(files.read) == 0:
        return BADF
    return files.read(files.environment, fd - STREAMS, buffer, size, offset, done)


@kernel(inline=True)
def write_stream(c: Call, fd: u32, buffer: Ptr[u8], size: usize, done: Ptr[usize]) -> u32:
    """To the app's stream, or else to the platform's."""
    streams = c.wasi.streams
    done[0] = size
    if address(streams.write) != 0:
        return streams.write(streams.environment, fd, buffer, size)
    write = c.store.engine.system.write
    return BADF if address(write) == 0 else write(fd, buffer, size)


@kernel(inline=True)
def read_stream(c: Call, fd: u32, buffer: Ptr[u8], size: usize, done: Ptr[usize]) -> u32:
    """From the app's stream, or else the platform's; without either, the end of the file."""
    streams = c.wasi.streams
    if fd != 0:
        return BADF
    if address(streams.read) != 0:
        return streams.read(streams.environment, fd, buffer, size, done)
    read = c.store.engine.system.read
    return SUCCESS if address(read) == 0 else read(fd, buffer, size, done)


@kernel
def fd_write(c: Call) -> u32:
    return transfer(c, True, CURRENT, argument(c, u32(3)))


@kernel
def fd_read(c: Call) -> u32:
    return transfer(c, False, CURRENT, argument(c, u32(3)))


@kernel
def fd_pwrite(c: Call) -> u32:
    return transfer_at(c, True)


@kernel
def fd_pread(c: Call) -> u32:
    return transfer_at(c, False)
