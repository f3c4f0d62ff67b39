"""What is known of descriptors, and what of it can be changed: rights, sizes, times."""

from typing import Final

from fusee.engine.capi.wasi.fd import is_directory, is_stream
from fusee.engine.capi.wasi.guest import argument, guest, put_filestat, put_filestat_0
from fusee.engine.capi.wasi.state import (
    BADF,
    DIRECTORY,
    FAULT,
    INVAL,
    NOTSUP,
    STREAMS,
    SUCCESS,
    UNKNOWN,
    Call,
    FileStat,
)
from fusee.engine.capi.wasi.transfers import is_offset
from fusee.kernel.lang import (
    Ptr,
    address,
    cast,
    fill_bytes,
    is_null,
    kernel,
    size_of,
    stack_array,
    store,
    u8,
    u32,
    u64,
    usize,
)  # fmt: skip

ALL_RIGHTS: Final = u64((1 << 30) - 1)
STREAM_RIGHTS: Final = u64(1 << 1 | 1 << 3 | 1 << 6 | 1 << 21 | 1 << 27)  # no seek and no tell
FDSTAT_BYTES: Final = u64(24)
FILESTAT_BYTES: Final = u64(64)
FILESTAT_0_BYTES: Final = u64(56)  # of snapshot 0
ALL_TIMES: Final = u32(15)  # `fstflags`
GIVEN_TIMES: Final = u32(5)  # the two that are not together with the one after them


@kernel
def status_of(c: Call, fd: u32, status: FileStat) -> u32:
    """What is known of a descriptor."""
    fill_bytes(cast(Ptr[u8], status), u8(0), usize(size_of(FileStat)))
    files = c.wasi.files
    if is_stream(fd):
        status.filetype = UNKNOWN  # a terminal would be sent colours
    elif is_directory(c, fd):
        status.filetype = DIRECTORY
    elif address(files.stat) == 0:
        return BADF
    else:
        return files.stat(files.environment, fd - STREAMS, status)
    return SUCCESS


@kernel
def fd_filestat_get(c: Call) -> u32:
    status = stack_array(FileStat, 1)[0]
    if is_null(guest(c, argument(c, u32(1)), FILESTAT_BYTES)):
        return FAULT
    errno = status_of(c, argument(c, u32(0)), status)
    if errno == SUCCESS:
        put_filestat(guest(c, argument(c, u32(1)), FILESTAT_BYTES), status)
    return errno


@kernel
def fd_filestat_get_0(c: Call) -> u32:
    status = stack_array(FileStat, 1)[0]
    if is_null(guest(c, argument(c, u32(1)), FILESTAT_0_BYTES)):
        return FAULT
    errno = status_of(c, argument(c, u32(0)), status)
    if errno == SUCCESS:
        put_filestat_0(guest(c, argument(c, u32(1)), FILESTAT_0_BYTES), status)
    return errno


@kernel
def fd_fdstat_get(c: Call) -> u32:
    fd = argument(c, u32(0))
    status = stack_array(FileStat, 1)[0]
    if is_null(guest(c, argument(c, u32(1)), FDSTAT_BYTES)):
        return FAULT
    errno = status_of(c, fd, status)
    if errno == SUCCESS:
        place = guest(c, argument(c, u32(1)), FDSTAT_BYTES)
        rights = STREAM_RIGHTS if is_stream(fd) else ALL_RIGHTS
        store(place, u64(status.filetype & 0xFF))
        store(place + 8, rights)
        store(place + 16, rights)
    return errno


@kernel
def set_size_of(c: Call, fd: u32, size: u64) -> u32:
    """Cut a file off, or extend it."""
    files = c.wasi.files
    if is_stream(fd) or is_directory(c, fd):
        return BADF
    if not is_offset(size):
        return INVAL
    return NOTSUP if address(files.set_size) == 0 else files.set_size(files.environment, fd - STREAMS, size)


@kernel
def fd_allocate(c: Call) -> u32:
    """Make sure that a range of a file has room; without a callback as on the host, where not all systems can."""
    fd = argument(c, u32(0))
    files = c.wasi.files
    if is_stream(fd) or is_directory(c, fd):
        return BADF
    offset, size = c.arguments[1], c.arguments[2]
    if not is_offset(offset) or not is_offset(size) or not is_offset(offset + size):
        return INVAL
    return NOTSUP if address(files.allocate) == 0 else files.allocate(files.environment, fd - STREAMS, offset, size)


@kernel
def set_times_of(c: Call, fd: u32, accessed: u64, modified: u64, flags: u32) -> u32:
    """Change a file's or a directory's times as `fstflags` ask."""
    files = c.wasi.files
    if is_stream(fd):
        return BADF
    if address(files.set_times) == 0:
        return NOTSUP
    return files.set_times(files.environment, fd - STREAMS, accessed, modified, flags)


@kernel
def check_times(c: Call, first: u32) -> u32:
    """Two times and `fstflags` among the arguments, of which the app is given none that it must not look at."""
    flags = argument(c, first + 2)
    if flags > ALL_TIMES or flags & flags >> 1 & GIVEN_TIMES != 0:
        return INVAL
    if flags & 1 == 0:
        c.arguments[first] = u64(0)
    if flags & 4 == 0:
        c.arguments[first + 1] = u64(0)
    return INVAL if (c.arguments[first] | c.arguments[first + 1]) >> 63 != 0 else SUCCESS


@kernel
def fd_filestat_set_size(c: Call) -> u32:
    return set_size_of(c, argument(c, u32(0)), c.arguments[1])


@kernel
def fd_filestat_set_times(c: Call) -> u32:
    errno = check_times(c, u32(1))
    if errno != SUCCESS:
        return errno
    return set_times_of(c, argument(c, u32(0)), c.arguments[1], c.arguments[2], argument(c, u32(3)))
