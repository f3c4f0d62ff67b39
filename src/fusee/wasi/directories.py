"""What can be done with paths below an open directory, whichever version of WASI asks.

Each function insists on the directory's rights first. Paths are resolved by `resolve`, and stay below the directory.
"""

import os
import stat
from collections.abc import Callable

from fusee.wasi.abi import DIRECTORY_RIGHTS, FILE_RIGHTS, HOST_FD_FLAGS, FdFlags, OpenFlags, Rights
from fusee.wasi.descriptors import Descriptor, Directory, File, open_host_file
from fusee.wasi.errno import Errno, WasiError
from fusee.wasi.resolve import Follow, Place, resolve

# What these rights ask for makes a descriptor one that writes.
_WRITING = Rights.FD_WRITE | Rights.FD_ALLOCATE | Rights.FD_FILESTAT_SET_SIZE


class Opening:
    """How to open a file. Of `rights` only those to read and to write matter; who asks for neither may read."""

    def __init__(self, open_flags: OpenFlags, fd_flags: FdFlags, rights: int) -> None:
        self.open_flags, self.fd_flags, self.rights = open_flags, fd_flags, rights

    def open_at(self, directory: Directory, path: str, asked: Follow) -> Descriptor:
        """A file or a directory, with all the rights that the directory passes on but reading or writing unasked.

        Programs ask for fewer than they use, since Wasmtime knows no others: Go truncates files through directories
        opened without the right. Who wants fewer gives them away (`fd_fdstat_set_rights`).
        """
        directory.require(Rights.PATH_OPEN)
        if self.rights & ~directory.inheriting & _WRITING:
            raise WasiError(Errno.NOTCAPABLE)
        withheld = (Rights.FD_READ | _WRITING) & ~self.rights
        if self.rights & Rights.FD_WRITE:
            withheld &= ~_WRITING
        elif not self.rights & _WRITING:
            withheld &= ~Rights.FD_READ
        self.rights = directory.inheriting & ~withheld
        self._check(directory)
        with resolve(directory.fd, path, self._follow(asked)) as place:
            return self._open(place, directory.inheriting)

    def _check(self, directory: Directory) -> None:
        """Insists on the rights to change what these flags change."""
        if OpenFlags.CREAT in self.open_flags:
            directory.require(Rights.PATH_CREATE_FILE)
        if OpenFlags.TRUNC in self.open_flags:
            directory.require(Rights.PATH_FILESTAT_SET_SIZE)
        if OpenFlags.DIRECTORY in self.open_flags and self.open_flags != OpenFlags.DIRECTORY:
            raise WasiError(Errno.INVAL)

    def _follow(self, asked: Follow) -> Follow:
        """Whether a link at the path's end is followed: never to a file that has to be new (POSIX, `open`)."""
        if OpenFlags.CREAT not in self.open_flags:
            return asked
        may_follow = asked is Follow.ALWAYS and OpenFlags.EXCL not in self.open_flags
        return Follow.UNLESS_SLASH if may_follow else Follow.NEVER

    def _host_flags(self) -> int:
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

    def _open(self, place: Place, inheriting: int) -> Descriptor:
        """Opens what is at a place."""
        flags = self._host_flags()
        if place.has_slash:
            if flags & os.O_CREAT and not place.dots:
                raise WasiError(Errno.ISDIR)
            flags |= 0 if flags & os.O_CREAT else os.O_DIRECTORY
        # A pipe without another end, and some devices, would have the host wait, whom no deadline would reach there.
        host_fd = open_host_file(place.name, flags | os.O_NONBLOCK, place.directory)
        try:
            os.set_blocking(host_fd, not flags & os.O_NONBLOCK)
            if stat.S_ISDIR(os.fstat(host_fd).st_mode):
                if self.rights & Rights.FD_WRITE:
                    raise WasiError(Errno.ISDIR)
                return Directory(host_fd, self.rights & DIRECTORY_RIGHTS, inheriting)
            return File(host_fd, self.rights & FILE_RIGHTS, inheriting, self.fd_flags)
        except BaseException:
            os.close(host_fd)
            raise


def status_at(directory: Directory, path: str, follow: Follow) -> os.stat_result:
    """The status of what a path names."""
    directory.require(Rights.PATH_FILESTAT_GET)
    with resolve(directory.fd, path, follow) as place:
        return place.status()


def set_times_at(
    directory: Directory, path: str, follow: Follow, times: Callable[[os.stat_result], tuple[int, int]]
) -> None:
    """Changes the times of access and modification, in ns, to what `times` makes of the status."""
    directory.require(Rights.PATH_FILESTAT_SET_TIMES)
    with resolve(directory.fd, path, follow) as place:
        os.utime(place.name, ns=times(place.status()), dir_fd=place.directory, follow_symlinks=False)


def create_directory_at(directory: Directory, path: str) -> None:
    """Makes a directory."""
    directory.require(Rights.PATH_CREATE_DIRECTORY)
    with resolve(directory.fd, path, Follow.NEVER) as place:
        place.refuse_dots(Errno.EXIST)
        os.mkdir(place.name, 0o777, dir_fd=place.directory)


def remove_directory_at(directory: Directory, path: str) -> None:
    """Removes an empty directory."""
    directory.require(Rights.PATH_REMOVE_DIRECTORY)
    with resolve(directory.fd, path, Follow.NEVER) as place:
        place.refuse_dots(Errno.INVAL, Errno.NOTEMPTY)
        place.status()  # a link with a slash behind it is no directory
        os.rmdir(place.name, dir_fd=place.directory)


def unlink_file_at(directory: Directory, path: str) -> None:
    """Removes a file."""
    directory.require(Rights.PATH_UNLINK_FILE)
    with resolve(directory.fd, path, Follow.NEVER) as place:
        place.refuse_dots(Errno.ISDIR)
        # Some hosts answer EPERM here, which would mean something else to the guest.
        if stat.S_ISDIR(place.status().st_mode):
            raise WasiError(Errno.ISDIR)
        os.unlink(place.name, dir_fd=place.directory)


def rename_at(source: Directory, old_path: str, target: Directory, new_path: str) -> None:
    """Moves a file or a directory."""
    source.require(Rights.PATH_RENAME_SOURCE)
    target.require(Rights.PATH_RENAME_TARGET)
    with resolve(source.fd, old_path, Follow.NEVER) as old, resolve(target.fd, new_path, Follow.NEVER) as new:
        old.refuse_dots(Errno.BUSY)
        new.refuse_dots(Errno.BUSY)
        is_directory = stat.S_ISDIR(old.status().st_mode)
        if new.has_slash and not is_directory:
            raise WasiError(Errno.NOTDIR)
        os.rename(old.name, new.name, src_dir_fd=old.directory, dst_dir_fd=new.directory)


def link_at(source: Directory, old_path: str, target: Directory, new_path: str) -> None:
    """Gives a file, or a symbolic link itself, a further name."""
    source.require(Rights.PATH_LINK_SOURCE)
    target.require(Rights.PATH_LINK_TARGET)
    with resolve(source.fd, old_path, Follow.WITH_SLASH) as old, resolve(target.fd, new_path, Follow.NEVER) as new:
        old.status()
        new.refuse_slash()
        os.link(old.name, new.name, src_dir_fd=old.directory, dst_dir_fd=new.directory, follow_symlinks=False)


def symlink_at(directory: Directory, target: str, path: str) -> None:
    """Makes a symbolic link. An absolute one would mean something else outside the sandbox."""
    directory.require(Rights.PATH_SYMLINK)
    if target.startswith("/"):
        raise WasiError(Errno.NOTCAPABLE)
    with resolve(directory.fd, path, Follow.NEVER) as place:
        place.refuse_slash()
        os.symlink(target, place.name, dir_fd=place.directory)


def readlink_at(directory: Directory, path: str) -> bytes:
    """The target of a symbolic link."""
    directory.require(Rights.PATH_READLINK)
    with resolve(directory.fd, path, Follow.WITH_SLASH) as place:
        place.status()
        return os.fsencode(os.readlink(place.name, dir_fd=place.directory))
