"""Operations on paths: `path_*`. Every path is relative to an open directory and stays below it."""

from struct import Struct

from fusee.wasi import directories
from fusee.wasi.abi import FILESTAT, SYMLINK_FOLLOW, FdFlags, OpenFlags, file_type_of, pack_filestat
from fusee.wasi.context import WasiContext
from fusee.wasi.errno import Errno, WasiError
from fusee.wasi.files import new_times
from fusee.wasi.functions import host_function
from fusee.wasi.memory import GuestMemory
from fusee.wasi.resolve import Follow


@host_function("i32 i32 i32 i32 i32 i64 i64 i32 i32 -> i32")
def path_open(
    context: WasiContext,
    memory: GuestMemory,
    fd: int,
    lookup: int,
    address: int,
    size: int,
    open_flags: int,
    rights: int,
    inheriting: int,
    fd_flags: int,
    result: int,
) -> None:
    """Opens a file or a directory, to read or to write as `rights` say; `inheriting` is what the directory's is."""
    directory = context.directory(fd)
    path = memory.path(address, size)
    memory.check(result, 4)
    if open_flags >= 2 * OpenFlags.TRUNC or fd_flags >= 2 * FdFlags.SYNC:
        raise WasiError(Errno.INVAL)
    opening = directories.Opening(OpenFlags(open_flags), FdFlags(fd_flags), rights)
    memory.write_u32(result, context.add(opening.open_at(directory, path, _follow(lookup))))


@host_function("i32 i32 i32 i32 i32 -> i32")
def path_filestat_get(
    context: WasiContext, memory: GuestMemory, fd: int, lookup: int, address: int, size: int, result: int
) -> None:
    """Stores a file's status."""
    write_status(FILESTAT, context, memory, fd, lookup, address, size, result)


def write_status(
    record: Struct,
    context: WasiContext,
    memory: GuestMemory,
    fd: int,
    lookup: int,
    address: int,
    size: int,
    result: int,
) -> None:
    """Stores the status of what a path names, as a record of preview 1 or of snapshot 0."""
    directory = context.directory(fd)
    memory.check(result, record.size)
    status = directories.status_at(directory, memory.path(address, size), _follow(lookup))
    memory.write(result, pack_filestat(record, status, file_type_of(status.st_mode)))


@host_function("i32 i32 i32 i32 i64 i64 i32 -> i32")
def path_filestat_set_times(
    context: WasiContext,
    memory: GuestMemory,
    fd: int,
    lookup: int,
    address: int,
    size: int,
    access_ns: int,
    modified_ns: int,
    flags: int,
) -> None:
    """Changes a file's times."""
    directory, path = context.directory(fd), memory.path(address, size)
    directories.set_times_at(
        directory, path, _follow(lookup), lambda status: new_times(status, access_ns, modified_ns, flags)
    )


@host_function("i32 i32 i32 -> i32")
def path_create_directory(context: WasiContext, memory: GuestMemory, fd: int, address: int, size: int) -> None:
    """Makes a directory."""
    directories.create_directory_at(context.directory(fd), memory.path(address, size))


@host_function("i32 i32 i32 -> i32")
def path_remove_directory(context: WasiContext, memory: GuestMemory, fd: int, address: int, size: int) -> None:
    """Removes an empty directory."""
    directories.remove_directory_at(context.directory(fd), memory.path(address, size))


@host_function("i32 i32 i32 -> i32")
def path_unlink_file(context: WasiContext, memory: GuestMemory, fd: int, address: int, size: int) -> None:
    """Removes a file."""
    directories.unlink_file_at(context.directory(fd), memory.path(address, size))


@host_function("i32 i32 i32 i32 i32 i32 -> i32")
def path_rename(
    context: WasiContext,
    memory: GuestMemory,
    fd: int,
    address: int,
    size: int,
    new_fd: int,
    new_address: int,
    new_size: int,
) -> None:
    """Moves a file or a directory."""
    source, target = context.directory(fd), context.directory(new_fd)
    directories.rename_at(source, memory.path(address, size), target, memory.path(new_address, new_size))


@host_function("i32 i32 i32 i32 i32 i32 i32 -> i32")
def path_link(
    context: WasiContext,
    memory: GuestMemory,
    fd: int,
    lookup: int,
    address: int,
    size: int,
    new_fd: int,
    new_address: int,
    new_size: int,
) -> None:
    """Gives a file a further name."""
    source, target = context.directory(fd), context.directory(new_fd)
    old_path, new_path = memory.path(address, size), memory.path(new_address, new_size)
    if lookup != 0:  # what a link leads to cannot be linked on all hosts
        raise WasiError(Errno.INVAL)
    directories.link_at(source, old_path, target, new_path)


@host_function("i32 i32 i32 i32 i32 -> i32")
def path_symlink(
    context: WasiContext, memory: GuestMemory, address: int, size: int, fd: int, new_address: int, new_size: int
) -> None:
    """Makes a symbolic link. An absolute one would mean something else outside the sandbox."""
    directory, target = context.directory(fd), memory.path(address, size)
    directories.symlink_at(directory, target, memory.path(new_address, new_size))


@host_function("i32 i32 i32 i32 i32 i32 -> i32")
def path_readlink(
    context: WasiContext, memory: GuestMemory, fd: int, address: int, size: int, buffer: int, room: int, result: int
) -> None:
    """Stores the target of a symbolic link, as much as there is room for."""
    directory = context.directory(fd)
    memory.check(result, 4)
    memory.check(buffer, room)
    target = directories.readlink_at(directory, memory.path(address, size))[:room]
    memory.write(buffer, target)
    memory.write_u32(result, len(target))


def _follow(lookup: int) -> Follow:
    if lookup & ~SYMLINK_FOLLOW:
        raise WasiError(Errno.INVAL)
    return Follow.ALWAYS if lookup & SYMLINK_FOLLOW else Follow.WITH_SLASH
