"""Files by name: all through the app's callbacks, with paths that cannot lead out of their directory."""

from typing import Final

from fusee.engine.capi.wasi.fd import FILESTAT_0_BYTES, FILESTAT_BYTES
from fusee.engine.capi.wasi.guest import argument, check_path, guest, put_filestat, put_filestat_0, put_u32
from fusee.engine.capi.wasi.state import (
    DIRECTORY,
    FAULT,
    INVAL,
    ISDIR,
    NOSYS,
    NOTDIR,
    STREAMS,
    SUCCESS,
    Call,
    Files,
    FileStat,
    Path,
)
from fusee.kernel.lang import Ptr, address, cast, fill_bytes, is_null, kernel, size_of, stack_array, u8, u32, u64, usize

O_DIRECTORY: Final = 2  # `oflags`
FD_WRITE: Final = 1 << 6  # `rights`


@kernel
def directory_of(c: Call, index: u32) -> u32:
    """The handle of the directory in an argument."""
    return argument(c, index) - STREAMS


@kernel
def check_place(c: Call, directory: u32, pointer: u32, size: u32) -> u32:
    """An errno unless a descriptor may be a directory and a path is in the guest's memory and harmless."""
    if argument(c, directory) < STREAMS:
        return NOTDIR
    path = guest(c, argument(c, pointer), argument(c, size))
    return FAULT if is_null(path) else check_path(path, argument(c, size))


@kernel
def path_open(c: Call) -> u32:
    """Descriptor, lookup flags, path, its size, open flags, rights, inherited rights, descriptor flags, result."""
    files = c.wasi.files
    errno = check_place(c, u32(0), u32(2), u32(3))
    if errno != SUCCESS:
        return errno
    if address(files.open) == 0:
        return NOSYS
    size = argument(c, u32(3))
    path = guest(c, argument(c, u32(2)), size)
    flags = argument(c, u32(4))
    if is_null(guest(c, argument(c, u32(8)), u64(4))):
        return FAULT
    if flags & O_DIRECTORY != 0 and flags != O_DIRECTORY:
        return INVAL
    handle = stack_array(u32, 1)
    errno = files.open(
        files.environment,
        directory_of(c, u32(0)),
        path,
        size,
        flags,
        argument(c, u32(7)),
        c.arguments[5],
        handle,
    )
    if errno == SUCCESS and c.arguments[5] & FD_WRITE != 0:
        errno = refuse_directory(files, handle[0])
    if errno == SUCCESS:
        put_u32(c, argument(c, u32(8)), handle[0] + STREAMS)
    return errno


@kernel
def refuse_directory(files: Files, handle: u32) -> u32:
    """A directory cannot be open for writing (POSIX, `open`), as far as the app says what it has opened."""
    if address(files.stat) == 0 or address(files.close) == 0:
        return SUCCESS
    status = stack_array(FileStat, 1)[0]
    fill_bytes(cast(Ptr[u8], status), u8(0), usize(size_of(FileStat)))
    if files.stat(files.environment, handle, status) != SUCCESS or status.filetype != DIRECTORY:
        return SUCCESS
    files.close(files.environment, handle)
    return ISDIR


@kernel
def path_status(c: Call, status: FileStat) -> u32:
    """What the app knows of a path."""
    files = c.wasi.files
    errno = check_place(c, u32(0), u32(2), u32(3))
    if errno != SUCCESS:
        return errno
    if address(files.path_stat) == 0:
        return NOSYS
    fill_bytes(cast(Ptr[u8], status), u8(0), usize(size_of(FileStat)))
    size = argument(c, u32(3))
    path = guest(c, argument(c, u32(2)), size)
    return files.path_stat(files.environment, directory_of(c, u32(0)), path, size, status)


@kernel
def path_filestat_get(c: Call) -> u32:
    if is_null(guest(c, argument(c, u32(4)), FILESTAT_BYTES)):
        return FAULT
    status = stack_array(FileStat, 1)[0]
    errno = path_status(c, status)
    if errno == SUCCESS:
        put_filestat(guest(c, argument(c, u32(4)), FILESTAT_BYTES), status)
    return errno


@kernel
def path_filestat_get_0(c: Call) -> u32:
    if is_null(guest(c, argument(c, u32(4)), FILESTAT_0_BYTES)):
        return FAULT
    status = stack_array(FileStat, 1)[0]
    errno = path_status(c, status)
    if errno == SUCCESS:
        put_filestat_0(guest(c, argument(c, u32(4)), FILESTAT_0_BYTES), status)
    return errno


@kernel
def by_path(c: Call, change: Path) -> u32:
    """One of the functions that take a directory and a path."""
    errno = check_place(c, u32(0), u32(1), u32(2))
    if errno != SUCCESS:
        return errno
    if address(change) == 0:
        return NOSYS
    size = argument(c, u32(2))
    path = guest(c, argument(c, u32(1)), size)
    return change(c.wasi.files.environment, directory_of(c, u32(0)), path, size)


@kernel
def path_create_directory(c: Call) -> u32:
    return by_path(c, c.wasi.files.make_directory)


@kernel
def path_remove_directory(c: Call) -> u32:
    return by_path(c, c.wasi.files.remove_directory)


@kernel
def path_unlink_file(c: Call) -> u32:
    return by_path(c, c.wasi.files.remove_file)


@kernel
def path_rename(c: Call) -> u32:
    files = c.wasi.files
    errno = check_place(c, u32(0), u32(1), u32(2))
    if errno == SUCCESS:
        errno = check_place(c, u32(3), u32(4), u32(5))
    if errno != SUCCESS:
        return errno
    if address(files.rename) == 0:
        return NOSYS
    size = argument(c, u32(2))
    path = guest(c, argument(c, u32(1)), size)
    to_size = argument(c, u32(5))
    to_path = guest(c, argument(c, u32(4)), to_size)
    return files.rename(
        files.environment,
        directory_of(c, u32(0)),
        path,
        size,
        directory_of(c, u32(3)),
        to_path,
        to_size,
    )
