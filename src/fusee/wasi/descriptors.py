"""What a guest's file descriptors stand for: files, directories, streams without a file."""

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Self

from fusee.wasi.abi import (
    DIRECTORY_RIGHTS,
    FILE_RIGHTS,
    HOST_FD_FLAGS,
    MUTATING,
    NO_FLAGS,
    NO_RIGHTS,
    STREAM_RIGHTS,
    FdFlags,
    FileType,
    Rights,
    file_type_of,
)
from fusee.wasi.errno import Errno, WasiError

CustomOutput = Callable[[bytes], int | None]
StrPath = str | bytes | os.PathLike[str]

# A callback gets this much at once. A vector can name the same memory often, and be larger than the host's memory.
MAX_PIECE_BYTES = 1 << 20
# What a descriptor of the host can change after it was opened.
_CHANGEABLE = FdFlags.APPEND | FdFlags.NONBLOCK


def open_host_file(path: StrPath, flags: int, directory: int | None = None) -> int:
    """Opens a file of the host, never as one of the standard streams, even if this process has none."""
    fd = os.open(path, flags | os.O_CLOEXEC, 0o666, dir_fd=directory)
    if fd > 2:
        return fd
    import fcntl

    try:
        return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3)
    finally:
        os.close(fd)


class Descriptor:
    """An entry of the descriptor table; the base class is one that supports nothing."""

    file_type = FileType.UNKNOWN
    flags = NO_FLAGS
    rights = NO_RIGHTS
    inheriting = NO_RIGHTS

    def require(self, rights: int) -> None:
        """Insists on rights."""
        if rights & ~self.rights:
            raise WasiError(Errno.NOTCAPABLE)

    def narrow(self, rights: int, inheriting: int) -> None:
        """Gives rights away for good."""
        if rights & ~self.rights or inheriting & ~self.inheriting:
            raise WasiError(Errno.NOTCAPABLE)
        self.rights, self.inheriting = rights, inheriting

    def fileno(self) -> int:
        """The host's descriptor."""
        raise WasiError(Errno.NOTSUP)

    def read(self, views: Sequence[memoryview]) -> int:
        """Reads into memory; the number of bytes."""
        raise WasiError(Errno.BADF)

    def write(self, views: Sequence[memoryview]) -> int:
        """Writes from memory; the number of bytes."""
        raise WasiError(Errno.BADF)

    def set_flags(self, flags: FdFlags) -> None:
        """Changes how it reads and writes, if it can."""
        if flags != self.flags:
            raise WasiError(Errno.NOTSUP)

    def share(self) -> Self:
        """The same for a further user."""
        return self

    def close(self) -> None:
        """Ends it."""


class HostFile(Descriptor):
    """A file, pipe, terminal or directory of the host."""

    def __init__(self, fd: int, rights: int, inheriting: int, flags: FdFlags = NO_FLAGS) -> None:
        self.fd = fd
        self.file_type = file_type_of(os.fstat(fd).st_mode)
        self.rights, self.inheriting, self.flags = rights, inheriting, flags
        self._users = 1

    def fileno(self) -> int:
        """The host's descriptor."""
        return self.fd

    def share(self) -> Self:
        """The same for a further user, who closes it, too."""
        self._users += 1
        return self

    def close(self) -> None:
        """Closes the host's descriptor too, when its last user does."""
        self._users -= 1
        if not self._users:
            os.close(self.fd)


class File(HostFile):
    """Anything but a directory."""

    def __init__(self, fd: int, rights: int, inheriting: int, flags: FdFlags = NO_FLAGS) -> None:
        super().__init__(fd, rights, inheriting, flags)
        if self.file_type == FileType.CHARACTER_DEVICE and os.isatty(fd):
            self.rights &= ~(Rights.FD_SEEK | Rights.FD_TELL)  # by which a C library knows a terminal

    def read(self, views: Sequence[memoryview]) -> int:
        """Reads at the current offset."""
        return os.readv(self.fd, views)

    def write(self, views: Sequence[memoryview]) -> int:
        """Writes at the current offset."""
        return os.writev(self.fd, views)

    def set_flags(self, flags: FdFlags) -> None:
        """Has the host change them."""
        if (flags ^ self.flags) & ~_CHANGEABLE:
            raise WasiError(Errno.INVAL)
        import fcntl

        changeable, wanted = (sum(HOST_FD_FLAGS[flag] for flag in some) for some in (_CHANGEABLE, flags & _CHANGEABLE))
        fcntl.fcntl(self.fd, fcntl.F_SETFL, fcntl.fcntl(self.fd, fcntl.F_GETFL) & ~changeable | wanted)
        self.flags = flags


class Inherited(File):
    """One of this process's own standard streams: never closed, and its flags are shared with others."""

    def __init__(self, fd: int, access: int) -> None:
        super().__init__(fd, STREAM_RIGHTS, NO_RIGHTS, _flags_of(fd))
        if self.file_type == FileType.REGULAR_FILE:
            self.rights = FILE_RIGHTS & ~Rights.FD_ADVISE
        elif self.file_type == FileType.CHARACTER_DEVICE and not os.isatty(fd):
            self.file_type = FileType.UNKNOWN
        self.rights &= ~(Rights.FD_READ | Rights.FD_WRITE) | access

    def set_flags(self, flags: FdFlags) -> None:
        """They belong to whoever shares the stream: a shell would find its terminal not waiting for input."""
        Descriptor.set_flags(self, flags)

    def close(self) -> None:
        """Leaves the stream open for this process."""


class Directory(HostFile):
    """A directory; `preopen` is its name if it was given to the guest at the start."""

    def __init__(self, fd: int, rights: int, inheriting: int, preopen: bytes | None = None) -> None:
        super().__init__(fd, rights, inheriting)
        self.preopen = preopen
        self._entries: list[tuple[bytes, int, FileType]] | None = None

    @classmethod
    def open_preopen(cls, host_path: str, guest_path: str, is_mutable: bool) -> "Directory":
        """Opens a directory of the host for the guest."""
        fd = open_host_file(host_path, os.O_RDONLY | os.O_DIRECTORY)
        removed = NO_RIGHTS if is_mutable else MUTATING
        return cls(fd, DIRECTORY_RIGHTS & ~removed, (DIRECTORY_RIGHTS | FILE_RIGHTS) & ~removed, guest_path.encode())

    def entries(self, cookie: int) -> Iterator[tuple[int, bytes, int, FileType]]:
        """The entries from the `cookie`th on, each with the next one's cookie, name, inode and type.

        Reading from the start takes a list, by which later cookies count: what is deleted meanwhile moves no other
        entry to a place that was already read. A descriptor that has not read from the start takes it now.
        """
        if cookie == 0 or self._entries is None:
            self._entries = self.listing()
        for index in range(cookie, len(self._entries)):
            yield index + 1, *self._entries[index]

    def listing(self) -> list[tuple[bytes, int, FileType]]:
        """Name, inode and type of each entry, `.` and `..` first."""
        own = os.fstat(self.fd).st_ino
        with os.scandir(self.fd) as found:
            names = [(os.fsencode(entry.name), entry.inode(), _entry_type(entry)) for entry in found]
        return [(b".", own, FileType.DIRECTORY), (b"..", own, FileType.DIRECTORY), *names]

    def read(self, views: Sequence[memoryview]) -> int:
        """Directories are read with `fd_readdir`."""
        raise WasiError(Errno.ISDIR)

    write = read


class Output(Descriptor):
    """A stream into a function of the embedder; without one it swallows everything."""

    rights = STREAM_RIGHTS & ~Rights.FD_READ

    def __init__(self, callback: CustomOutput | None = None) -> None:
        self.callback = callback

    def write(self, views: Sequence[memoryview]) -> int:
        """Passes the bytes on; the callback may take fewer."""
        if self.callback is None:
            return sum(map(len, views))  # fits: `GuestMemory.vectors` bounds it
        data = bytearray()
        for view in views:
            data += view[: MAX_PIECE_BYTES - len(data)]
        taken = self.callback(bytes(data))
        if taken is None:
            return len(data)
        if taken < 0:
            raise WasiError(Errno.IO)
        return min(taken, len(data))


class EmptyInput(Descriptor):
    """A stream at its end."""

    rights = STREAM_RIGHTS & ~Rights.FD_WRITE

    def read(self, views: Sequence[memoryview]) -> int:
        """There is nothing to read."""
        return 0


def _flags_of(fd: int) -> FdFlags:
    """How a descriptor of this process reads and writes."""
    import fcntl

    host_flags = fcntl.fcntl(fd, fcntl.F_GETFL)
    return FdFlags(sum(flag for flag in _CHANGEABLE if host_flags & HOST_FD_FLAGS[flag]))


def _entry_type(entry: "os.DirEntry[str]") -> FileType:
    if entry.is_symlink():
        return FileType.SYMBOLIC_LINK
    if entry.is_dir(follow_symlinks=False):
        return FileType.DIRECTORY
    if entry.is_file(follow_symlinks=False):
        return FileType.REGULAR_FILE
    return FileType.UNKNOWN
