"""The directories that the app has opened: their names, and what is in them."""

from typing import Final

from fusee.engine.capi.wasi.fd import is_directory, is_stream
from fusee.engine.capi.wasi.guest import argument, guest
from fusee.engine.capi.wasi.state import (
    BADF,
    FAULT,
    NAMETOOLONG,
    STREAMS,
    SUCCESS,
    Call,
    Strings,
)
from fusee.engine.capi.wasi.transfers import finished
from fusee.kernel.lang import (
    Ptr,
    address,
    copy_bytes,
    is_null,
    kernel,
    minimum,
    span,
    stack_array,
    store,
    u8,
    u32,
    u64,
    usize,
)  # fmt: skip

PRESTAT_BYTES: Final = u64(8)


@kernel
def directory_name(directories: Strings, number: u32) -> u32:
    """Where a directory's name starts in the list."""
    at = u32(0)
    for _ in span(number):
        at += name_size(directories, at) + 1
    return at


@kernel
def name_size(directories: Strings, at: u32) -> u32:
    end = at  # within the list's size, or LLVM would make it a call of `strlen`, which not every device has
    while end < directories.size and directories.bytes[end] != 0:
        end += 1
    return end - at


@kernel
def fd_prestat_get(c: Call) -> u32:
    fd = argument(c, u32(0))
    if not is_directory(c, fd):
        return BADF
    place = guest(c, argument(c, u32(1)), PRESTAT_BYTES)
    if is_null(place):
        return FAULT
    store(place, u32(0))
    store(place + 4, name_size(c.wasi.directories, directory_name(c.wasi.directories, fd - STREAMS)))
    return SUCCESS


@kernel
def fd_prestat_dir_name(c: Call) -> u32:
    fd = argument(c, u32(0))
    if not is_directory(c, fd):
        return BADF
    at = directory_name(c.wasi.directories, fd - STREAMS)
    size = name_size(c.wasi.directories, at)
    if argument(c, u32(2)) < size:
        return NAMETOOLONG
    place = guest(c, argument(c, u32(1)), size)
    if is_null(place):
        return FAULT
    copy_bytes(place, c.wasi.directories.bytes + at, size)
    return SUCCESS


@kernel
def fd_readdir(c: Call) -> u32:
    size = argument(c, u32(2))
    buffer = guest(c, argument(c, u32(1)), size)
    if is_null(buffer) or is_null(guest(c, argument(c, u32(4)), u64(4))):
        return FAULT
    used = stack_array(usize, 1)
    errno = read_entries(c, argument(c, u32(0)), c.arguments[3], buffer, size, used)
    return errno if errno != SUCCESS else finished(c, argument(c, u32(4)), minimum(u32(used[0]), size))


@kernel
def read_entries(c: Call, fd: u32, cookie: u64, buffer: Ptr[u8], size: usize, used: Ptr[usize]) -> u32:
    """`dirent` records, which the app writes itself, and how many bytes."""
    files = c.wasi.files
    if is_stream(fd) or address(files.read_directory) == 0:
        return BADF
    used[0] = usize(0)
    return files.read_directory(files.environment, fd - STREAMS, cookie, buffer, size, used)
