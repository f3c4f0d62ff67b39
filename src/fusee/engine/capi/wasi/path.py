"""Files by name: all through the app's callbacks, with paths that cannot lead out of their directory."""

from typing import Final

from fusee.engine.capi.wasi.guest import argument, check_path, guest, put_filestat, put_filestat_0, put_u32, text
from fusee.engine.capi.wasi.state import (
    DIRECTORY,
    FAULT,
    INVAL,
    ISDIR,
    NOFOLLOW,
    NOSYS,
    NOTDIR,
    NOTSUP,
    STREAMS,
    SUCCESS,
    SYMLINK_FOLLOW,
    Call,
    Files,
    FileStat,
    Path,
)
from fusee.engine.capi.wasi.status import FILESTAT_0_BYTES, FILESTAT_BYTES, check_times
from fusee.kernel.lang import Ptr, address, cast, fill_bytes, is_null, kernel, size_of, stack_array, u8, u32, u64, usize

O_DIRECTORY: Final = 2  # `oflags`
ALL_FLAGS: Final = u32(15)
ALL_FD_FLAGS: Final = u32(31)  # `fdflags`
FD_WRITE: Final = 1 << 6  # `rights`


# What can be done with paths, wherever these come from.


@kernel
def check_place(directory: u32, path: Ptr[u8], size: usize) -> u32:
    """An errno unless a descriptor may be a directory, and a path is harmless; null is one that is not in memory."""
    if directory < STREAMS:
        return NOTDIR
    return FAULT if is_null(path) else check_path(path, u32(size))


@kernel
def open_file(
    c: Call, directory: u32, path: Ptr[u8], size: usize, flags: u32, fd_flags: u32, rights: u64, out: Ptr[u32]
) -> u32:  # fmt: skip
    """Open what a path names: its descriptor is put into `out`. `flags` are `oflags`, and `NOFOLLOW`."""
    files = c.wasi.files
    errno = check_place(directory, path, size)
    if errno != SUCCESS:
        return errno
    if address(files.open) == 0:
        return NOSYS
    if flags & O_DIRECTORY != 0 and flags & ~NOFOLLOW != O_DIRECTORY:
        return INVAL
    errno = files.open(files.environment, directory - STREAMS, path, size, flags, fd_flags, rights, out)
    if errno == SUCCESS and rights & FD_WRITE != 0:
        errno = refuse_directory(files, out[0])
    if errno == SUCCESS:
        out[0] += STREAMS
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
def status_at(c: Call, lookup: u32, directory: u32, path: Ptr[u8], size: usize, status: FileStat) -> u32:
    """What the app knows of a path, or of the link that is there; without links that is the same."""
    files = c.wasi.files
    errno = check_place(directory, path, size)
    if errno != SUCCESS:
        return errno
    ask = files.path_stat
    if lookup & SYMLINK_FOLLOW == 0 and address(files.link_stat) != 0:
        ask = files.link_stat
    if address(ask) == 0:
        return NOSYS
    fill_bytes(cast(Ptr[u8], status), u8(0), usize(size_of(FileStat)))
    return ask(files.environment, directory - STREAMS, path, size, status)


@kernel
def nofollow(lookup: u32) -> u32:
    """The flag for the app, where a link at the path's end is not to be followed."""
    return NOFOLLOW if lookup & SYMLINK_FOLLOW == 0 else u32(0)


@kernel
def change_at(c: Call, directory: u32, path: Ptr[u8], size: usize, change: Path) -> u32:
    """One of the functions that take a directory and a path."""
    errno = check_place(directory, path, size)
    if errno != SUCCESS:
        return errno
    return NOSYS if address(change) == 0 else change(c.wasi.files.environment, directory - STREAMS, path, size)


@kernel
def rename_at(
    c: Call, directory: u32, path: Ptr[u8], size: usize, to_directory: u32, to_path: Ptr[u8], to_size: usize
) -> u32:  # fmt: skip
    """Move what a path names to where another says."""
    files = c.wasi.files
    errno = check_place(directory, path, size)
    if errno == SUCCESS:
        errno = check_place(to_directory, to_path, to_size)
    if errno != SUCCESS:
        return errno
    if address(files.rename) == 0:
        return NOSYS
    return files.rename(
        files.environment, directory - STREAMS, path, size, to_directory - STREAMS, to_path, to_size
    )  # fmt: skip


@kernel
def set_times_at(
    c: Call, directory: u32, path: Ptr[u8], size: usize, accessed: u64, modified: u64, flags: u32
) -> u32:  # fmt: skip
    """Change the times of what a path names as `fstflags` ask, and `NOFOLLOW`."""
    files = c.wasi.files
    errno = check_place(directory, path, size)
    if errno != SUCCESS:
        return errno
    if address(files.path_set_times) == 0:
        return NOTSUP
    return files.path_set_times(files.environment, directory - STREAMS, path, size, accessed, modified, flags)


# The functions of preview 1.


@kernel
def path_open(c: Call) -> u32:
    """Descriptor, lookup flags, path, its size, open flags, rights, inherited rights, descriptor flags, result."""
    size = argument(c, u32(3))
    path = text(c, u32(2), size)
    if is_null(guest(c, argument(c, u32(8)), u64(4))):
        return FAULT
    lookup, flags, fd_flags = argument(c, u32(1)), argument(c, u32(4)), argument(c, u32(7))
    if lookup > SYMLINK_FOLLOW or flags > ALL_FLAGS or fd_flags > ALL_FD_FLAGS:
        return INVAL
    opened = stack_array(u32, 1)
    errno = open_file(
        c, argument(c, u32(0)), path, size, flags | nofollow(lookup), fd_flags, c.arguments[5], opened
    )  # fmt: skip
    if errno == SUCCESS:
        put_u32(c, argument(c, u32(8)), opened[0])
    return errno


@kernel
def path_status(c: Call, status: FileStat) -> u32:
    """What the app knows of the path in the arguments."""
    size = argument(c, u32(3))
    path = text(c, u32(2), size)
    return status_at(c, argument(c, u32(1)), argument(c, u32(0)), path, size, status)


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
    size = argument(c, u32(2))
    return change_at(c, argument(c, u32(0)), text(c, u32(1), size), size, change)


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
    size = argument(c, u32(2))
    path = text(c, u32(1), size)
    to_size = argument(c, u32(5))
    to_path = text(c, u32(4), to_size)
    return rename_at(c, argument(c, u32(0)), path, size, argument(c, u32(3)), to_path, to_size)


@kernel
def path_filestat_set_times(c: Call) -> u32:
    """Descriptor, lookup flags, path, its size, two times, `fstflags`."""
    errno = check_times(c, u32(4))
    if errno != SUCCESS:
        return errno
    size = argument(c, u32(3))
    path = text(c, u32(2), size)
    flags = argument(c, u32(6)) | nofollow(argument(c, u32(1)))
    return set_times_at(c, argument(c, u32(0)), path, size, c.arguments[4], c.arguments[5], flags)
