"""Operations on paths: `path_*`. Every path is relative to an open directory and stays below it."""

import os
import stat
from struct import Struct

from fusee.wasi.abi import (
    DIRECTORY_RIGHTS,
    FILE_RIGHTS,
    FILESTAT,
    HOST_FD_FLAGS,
    SYMLINK_FOLLOW,
    FdFlags,
    OpenFlags,
    Rights,
    file_type_of,
    pack_filestat,
)
from fusee.wasi.context import WasiContext
from fusee.wasi.descriptors import Descriptor, Directory, File, open_host_file
from fusee.wasi.errno import Errno, WasiError
from fusee.wasi.fd import new_times
from fusee.wasi.functions import host_function
from fusee.wasi.memory import GuestMemory
from fusee.wasi.resolve import Follow, Place, resolve

# What these rights ask for makes a descriptor one that writes.
_WRITING = Rights.FD_WRITE | Rights.FD_ALLOCATE | Rights.FD_FILESTAT_SET_SIZE


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
    """Opens a file or a directory, with the rights that are both asked for and inherited."""
    directory = context.directory(fd, Rights.PATH_OPEN)
    path = memory.path(address, size)
    memory.check(result, 4)
    if open_flags >= 2 * OpenFlags.TRUNC or fd_flags >= 2 * FdFlags.SYNC:
        raise WasiError(Errno.INVAL)
    if rights & ~directory.inheriting & _WRITING:
        raise WasiError(Errno.NOTCAPABLE)
    how = _Opening(OpenFlags(open_flags), FdFlags(fd_flags), rights & directory.inheriting)
    how.check(directory)
    with resolve(directory.fd, path, how.follow(lookup)) as place:
        opened = how.open(place, inheriting & directory.inheriting)
    memory.write_u32(result, context.add(opened))


class _Opening:
    """How to open a file."""

    def __init__(self, open_flags: OpenFlags, fd_flags: FdFlags, rights: int) -> None:
        self.open_flags, self.fd_flags, self.rights = open_flags, fd_flags, rights

    def check(self, directory: Directory) -> None:
        """Insists on the rights to change what these flags change."""
        if OpenFlags.CREAT in self.open_flags:
            directory.require(Rights.PATH_CREATE_FILE)
        if OpenFlags.TRUNC in self.open_flags:
            directory.require(Rights.PATH_FILESTAT_SET_SIZE)
        if OpenFlags.DIRECTORY in self.open_flags and self.open_flags != OpenFlags.DIRECTORY:
            raise WasiError(Errno.INVAL)

    def follow(self, lookup: int) -> Follow:
        """Whether a link at the path's end is followed: never to a file that has to be new (POSIX, `open`)."""
        asked = _follow(lookup)
        if OpenFlags.CREAT not in self.open_flags:
            return asked
        may_follow = asked is Follow.ALWAYS and OpenFlags.EXCL not in self.open_flags
        return Follow.UNLESS_SLASH if may_follow else Follow.NEVER

    def host_flags(self) -> int:
        """The host's flags; the last component is never followed, `resolve` has done that."""
        flags = os.O_NOFOLLOW | os.O_NOCTTY
        wants_directory = OpenFlags.DIRECTORY in self.open_flags
        if self.rights & _WRITING and not wants_directory:
            flags |= os.O_RDWR if self.rights & Rights.FD_READ else os.O_WRONLY
        for wanted, host in (
            (OpenFlags.CREAT, os.O_CREAT),
            (OpenFlags.EXCL, os.O_EXCL),
            (OpenFlags.TRUNC, os.O_TRUNC),
            (OpenFlags.DIRECTORY, os.O_DIRECTORY),
        ):
            if wanted in self.open_flags:
                flags |= host
        for flag in self.fd_flags:
            flags |= HOST_FD_FLAGS[flag]
        return flags

    def open(self, place: Place, inheriting: int) -> Descriptor:
        """Opens what is at a place."""
        flags = self.host_flags()
        if place.has_slash:
            if flags & os.O_CREAT and not place.dots:
                raise WasiError(Errno.ISDIR)
            flags |= 0 if flags & os.O_CREAT else os.O_DIRECTORY
        host_fd = open_host_file(place.name, flags, place.directory)
        try:
            if stat.S_ISDIR(os.fstat(host_fd).st_mode):
                if self.rights & Rights.FD_WRITE:
                    raise WasiError(Errno.ISDIR)
                return Directory(host_fd, self.rights & DIRECTORY_RIGHTS, inheriting)
            return File(host_fd, self.rights & FILE_RIGHTS, inheriting, self.fd_flags)
        except BaseException:
            os.close(host_fd)
            raise


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
    directory = context.directory(fd, Rights.PATH_FILESTAT_GET)
    memory.check(result, record.size)
    with resolve(directory.fd, memory.path(address, size), _follow(lookup)) as place:
        status = place.status()
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
    directory = context.directory(fd, Rights.PATH_FILESTAT_SET_TIMES)
    with resolve(directory.fd, memory.path(address, size), _follow(lookup)) as place:
        times = new_times(place.status(), access_ns, modified_ns, flags)
        os.utime(place.name, ns=times, dir_fd=place.directory, follow_symlinks=False)


@host_function("i32 i32 i32 -> i32")
def path_create_directory(context: WasiContext, memory: GuestMemory, fd: int, address: int, size: int) -> None:
    """Makes a directory."""
    directory = context.directory(fd, Rights.PATH_CREATE_DIRECTORY)
    with resolve(directory.fd, memory.path(address, size), Follow.NEVER) as place:
        place.refuse_dots(Errno.EXIST)
        os.mkdir(place.name, 0o777, dir_fd=place.directory)


@host_function("i32 i32 i32 -> i32")
def path_remove_directory(context: WasiContext, memory: GuestMemory, fd: int, address: int, size: int) -> None:
    """Removes an empty directory."""
    directory = context.directory(fd, Rights.PATH_REMOVE_DIRECTORY)
    with resolve(directory.fd, memory.path(address, size), Follow.NEVER) as place:
        place.refuse_dots(Errno.INVAL, Errno.NOTEMPTY)
        place.status()  # a link with a slash behind it is no directory
        os.rmdir(place.name, dir_fd=place.directory)


@host_function("i32 i32 i32 -> i32")
def path_unlink_file(context: WasiContext, memory: GuestMemory, fd: int, address: int, size: int) -> None:
    """Removes a file."""
    directory = context.directory(fd, Rights.PATH_UNLINK_FILE)
    with resolve(directory.fd, memory.path(address, size), Follow.NEVER) as place:
        place.refuse_dots(Errno.ISDIR)
        # Some hosts answer EPERM here, which would mean something else to the guest.
        if stat.S_ISDIR(place.status().st_mode):
            raise WasiError(Errno.ISDIR)
        os.unlink(place.name, dir_fd=place.directory)


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
    source = context.directory(fd, Rights.PATH_RENAME_SOURCE)
    target = context.directory(new_fd, Rights.PATH_RENAME_TARGET)
    old_path, new_path = memory.path(address, size), memory.path(new_address, new_size)
    with resolve(source.fd, old_path, Follow.NEVER) as old, resolve(target.fd, new_path, Follow.NEVER) as new:
        old.refuse_dots(Errno.BUSY)
        new.refuse_dots(Errno.BUSY)
        is_directory = stat.S_ISDIR(old.status().st_mode)
        if new.has_slash and not is_directory:
            raise WasiError(Errno.NOTDIR)
        os.rename(old.name, new.name, src_dir_fd=old.directory, dst_dir_fd=new.directory)


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
    source = context.directory(fd, Rights.PATH_LINK_SOURCE)
    target = context.directory(new_fd, Rights.PATH_LINK_TARGET)
    old_path, new_path = memory.path(address, size), memory.path(new_address, new_size)
    if lookup != 0:  # what a link leads to cannot be linked on all hosts
        raise WasiError(Errno.INVAL)
    with resolve(source.fd, old_path, Follow.WITH_SLASH) as old, resolve(target.fd, new_path, Follow.NEVER) as new:
        old.status()
        new.refuse_slash()
        os.link(old.name, new.name, src_dir_fd=old.directory, dst_dir_fd=new.directory, follow_symlinks=False)


@host_function("i32 i32 i32 i32 i32 -> i32")
def path_symlink(
    context: WasiContext, memory: GuestMemory, address: int, size: int, fd: int, new_address: int, new_size: int
) -> None:
    """Makes a symbolic link. An absolute one would mean something else outside the sandbox."""
    directory = context.directory(fd, Rights.PATH_SYMLINK)
    target = memory.path(address, size)
    path = memory.path(new_address, new_size)
    if target.startswith("/"):
        raise WasiError(Errno.NOTCAPABLE)
    with resolve(directory.fd, path, Follow.NEVER) as place:
        place.refuse_slash()
        os.symlink(target, place.name, dir_fd=place.directory)


@host_function("i32 i32 i32 i32 i32 i32 -> i32")
def path_readlink(
    context: WasiContext, memory: GuestMemory, fd: int, address: int, size: int, buffer: int, room: int, result: int
) -> None:
    """Stores the target of a symbolic link, as much as there is room for."""
    directory = context.directory(fd, Rights.PATH_READLINK)
    memory.check(result, 4)
    memory.check(buffer, room)
    with resolve(directory.fd, memory.path(address, size), Follow.WITH_SLASH) as place:
        place.status()
        target = os.fsencode(os.readlink(place.name, dir_fd=place.directory))[:room]
    memory.write(buffer, target)
    memory.write_u32(result, len(target))


def _follow(lookup: int) -> Follow:
    if lookup & ~SYMLINK_FOLLOW:
        raise WasiError(Errno.INVAL)
    return Follow.ALWAYS if lookup & SYMLINK_FOLLOW else Follow.WITH_SLASH
