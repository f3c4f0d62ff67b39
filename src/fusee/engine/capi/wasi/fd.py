"""Descriptors: the three streams, the directories that the app has opened, and the files that it opens on request."""

from typing import Final

from fusee.engine.capi.wasi.guest import argument, guest, put_u64
from fusee.engine.capi.wasi.state import (
    BADF,
    FAULT,
    INVAL,
    NOTSUP,
    SPIPE,
    STREAMS,
    SUCCESS,
    Call,
)
from fusee.kernel.lang import (
    address,
    is_null,
    kernel,
    stack_array,
    u32,
    u64,
)  # fmt: skip

SEEK_CURRENT: Final = u32(1)
WHENCES: Final = 3


@kernel
def is_stream(fd: u32) -> bool:
    return fd < STREAMS


@kernel
def is_directory(c: Call, fd: u32) -> bool:
    """Whether it is one of those that were there from the start."""
    return fd >= STREAMS and fd - STREAMS < c.wasi.directories.count


@kernel
def fd_close(c: Call) -> u32:
    return close_file(c, argument(c, u32(0)))


@kernel
def close_file(c: Call, fd: u32) -> u32:
    """Streams and the directories of the start stay open, whatever the guest believes."""
    files = c.wasi.files
    if is_stream(fd) or is_directory(c, fd):
        return SUCCESS
    return BADF if address(files.close) == 0 else files.close(files.environment, fd - STREAMS)


@kernel
def seek(c: Call, offset: u64, whence: u32, out: u32) -> u32:
    fd = argument(c, u32(0))
    files = c.wasi.files
    if is_stream(fd):
        return SPIPE
    if is_directory(c, fd) or address(files.seek) == 0:
        return BADF
    if whence >= WHENCES:
        return INVAL
    if is_null(guest(c, out, u64(8))):
        return FAULT
    position = stack_array(u64, 1)
    errno = files.seek(files.environment, fd - STREAMS, offset, whence, position)
    if errno == SUCCESS:
        put_u64(c, out, position[0])
    return errno


@kernel
def fd_seek_0(c: Call) -> u32:
    """Snapshot 0 counts: from the current offset, from the end, from the start."""
    whence = argument(c, u32(2))
    if whence >= WHENCES:
        return INVAL
    return seek(c, c.arguments[1], (whence + 1) % WHENCES, argument(c, u32(3)))


@kernel
def fd_seek(c: Call) -> u32:
    return seek(c, c.arguments[1], argument(c, u32(2)), argument(c, u32(3)))


@kernel
def fd_tell(c: Call) -> u32:
    return seek(c, u64(0), SEEK_CURRENT, argument(c, u32(1)))


@kernel
def fd_accept_anything(c: Call) -> u32:
    """`fd_advise`, `fd_sync` and `fd_datasync`: there is nothing to do."""
    return SUCCESS


@kernel
def fd_refuse(c: Call) -> u32:
    """Flags, rights and numbers, which stay as they are."""
    return NOTSUP
