"""What a guest's file descriptors stand for: files, directories, streams without a file."""

import os
from collections.abc import Callable, Sequence

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
        """Changes how it reads and writes."""
        self.flags = flags

    def close(self) -> None:
        """Ends it."""


class HostFile(Descriptor):
    """A file, pipe, terminal or directory of the host."""

    def __init__(self, fd: int, rights: int, inheriting: int, flags: FdFlags = NO_FLAGS) -> None:
        self.fd = fd
        self.file_type = file_type_of(os.fstat(fd).st_mode)
        self.rights, self.inheriting, self.flags = rights, inheriting, flags

    def fileno(self) -> int:
        """The host's descriptor."""
        return self.fd

    def close(self) -> None:
        """Closes the host's descriptor too."""
        os.close(self.fd)


class File(HostFile):
    """Anything but a directory."""

    def read(self, views: Sequence[memoryview]) -> int:
        """Reads at the current offset."""
        return os.readv(self.fd, views)

    def write(self, views: Sequence[memoryview]) -> int:
        """Writes at the current offset."""
        return os.writev(self.fd, views)

    def set_flags(self, flags: FdFlags) -> None:
        """Hosts can change only these two after a file was opened."""
        if (flags ^ self.flags) & ~(FdFlags.APPEND | FdFlags.NONBLOCK):
            raise WasiError(Errno.INVAL)
        import fcntl

        changeable = os.O_APPEND | os.O_NONBLOCK
        wanted = sum(HOST_FD_FLAGS[flag] for flag in flags) & changeable
        fcntl.fcntl(self.fd, fcntl.F_SETFL, fcntl.fcntl(self.fd, fcntl.F_GETFL) & ~changeable | wanted)
        self.flags = flags


class Inherited(File):
    """One of this process's own standard streams: never closed, and its flags are shared with others."""

    def __init__(self, fd: int, access: int) -> None:
        super().__init__(fd, STREAM_RIGHTS, NO_RIGHTS)
        if self.file_type == FileType.REGULAR_FILE:
            self.rights = FILE_RIGHTS
        self.rights &= ~(Rights.FD_READ | Rights.FD_WRITE) | access

    def set_flags(self, flags: FdFlags) -> None:
        """Remembers the flags, but leaves those of the parent's terminal alone."""
        self.flags = flags

    def close(self) -> None:
        """Leaves the stream open for this process."""


class Directory(HostFile):
    """A directory; `preopen` is its name if it was given to the guest at the start."""

    def __init__(self, fd: int, rights: int, inheriting: int, preopen: bytes | None = None) -> None:
        super().__init__(fd, rights, inheriting)
        self.preopen = preopen
        self.entries: list[tuple[bytes, int, FileType]] = []

    @classmethod
    def open_preopen(cls, host_path: str, guest_path: str, is_mutable: bool) -> "Directory":
        """Opens a directory of the host for the guest."""
        fd = os.open(host_path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        removed = NO_RIGHTS if is_mutable else MUTATING
        return cls(fd, DIRECTORY_RIGHTS & ~removed, (DIRECTORY_RIGHTS | FILE_RIGHTS) & ~removed, guest_path.encode())

    def scan(self) -> None:
        """Takes the list of entries that a guest then reads piecemeal."""
        own = os.fstat(self.fd).st_ino
        self.entries = [(b".", own, FileType.DIRECTORY), (b"..", own, FileType.DIRECTORY)]
        with os.scandir(self.fd) as found:
            for entry in found:
                self.entries.append((os.fsencode(entry.name), entry.inode(), _entry_type(entry)))

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
        size = sum(map(len, views))
        if self.callback is None:
            return size
        taken = self.callback(b"".join(views))
        if taken is None:
            return size
        if taken < 0:
            raise WasiError(Errno.IO)
        return min(taken, size)


class EmptyInput(Descriptor):
    """A stream at its end."""

    rights = STREAM_RIGHTS & ~Rights.FD_WRITE

    def read(self, views: Sequence[memoryview]) -> int:
        """There is nothing to read."""
        return 0


def _entry_type(entry: "os.DirEntry[str]") -> FileType:
    if entry.is_symlink():
        return FileType.SYMBOLIC_LINK
    if entry.is_dir(follow_symlinks=False):
        return FileType.DIRECTORY
    if entry.is_file(follow_symlinks=False):
        return FileType.REGULAR_FILE
    return FileType.UNKNOWN
