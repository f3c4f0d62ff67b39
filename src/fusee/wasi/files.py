"""What can be done with what an open descriptor stands for, whichever version of WASI asks."""

import os
import time

from fusee.wasi.abi import FileType, Rights, TimeFlags
from fusee.wasi.descriptors import Descriptor, Directory, File, Inherited
from fusee.wasi.errno import Errno, WasiError

_SIGN_BIT = 1 << 63
# Both a given time and the present make no sense.
_ACCESS = TimeFlags.ATIM | TimeFlags.ATIM_NOW
_MODIFIED = TimeFlags.MTIM | TimeFlags.MTIM_NOW
# What may be a terminal, pipe or socket.
_STREAMS = (FileType.UNKNOWN, FileType.CHARACTER_DEVICE, FileType.SOCKET_STREAM)
_STORED = (FileType.REGULAR_FILE, FileType.DIRECTORY)
_ADVICE = ("NORMAL", "SEQUENTIAL", "RANDOM", "WILLNEED", "DONTNEED", "NOREUSE")


def readable(descriptor: Descriptor) -> Descriptor:
    """Insists on the right to read."""
    if not descriptor.rights & Rights.FD_READ:
        raise WasiError(Errno.ISDIR if isinstance(descriptor, Directory) else Errno.BADF)
    return descriptor


def writable(descriptor: Descriptor) -> Descriptor:
    """Insists on the right to write."""
    if not descriptor.rights & Rights.FD_WRITE:
        raise WasiError(Errno.ISDIR if isinstance(descriptor, Directory) else Errno.BADF)
    return descriptor


def seekable(descriptor: Descriptor, rights: int) -> int:
    """The host's descriptor of a file with a position, with these rights to move it."""
    if isinstance(descriptor, Directory):
        raise WasiError(Errno.ISDIR)
    if not isinstance(descriptor, File) or (rights & ~descriptor.rights and descriptor.file_type in _STREAMS):
        raise WasiError(Errno.SPIPE)
    descriptor.require(rights)
    return descriptor.fd


def plain_file(descriptor: Descriptor, rights: int) -> File:
    """A file that is neither a directory nor a stream, with these rights."""
    if isinstance(descriptor, Directory):
        raise WasiError(Errno.ISDIR)
    if not isinstance(descriptor, File) or (rights & ~descriptor.rights and isinstance(descriptor, Inherited)):
        raise WasiError(Errno.BADF)
    descriptor.require(rights)
    return descriptor


def sync(descriptor: Descriptor) -> None:
    """Waits until data and status are stored."""
    descriptor.require(Rights.FD_SYNC)
    if descriptor.file_type in _STORED:
        os.fsync(descriptor.fileno())


def sync_data(descriptor: Descriptor) -> None:
    """Waits until data is stored."""
    descriptor.require(Rights.FD_DATASYNC)
    if descriptor.file_type in _STORED:
        getattr(os, "fdatasync", os.fsync)(descriptor.fileno())


def advise(descriptor: Descriptor, offset: int, size: int, advice: int) -> None:
    """Tells how a range of a file will be read: `advice` is a place in the list that both versions have."""
    host_fd = plain_file(descriptor, Rights.FD_ADVISE).fd
    if advice >= len(_ADVICE):
        raise WasiError(Errno.INVAL)
    signed(offset), signed(size)
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(host_fd, offset, size, getattr(os, f"POSIX_FADV_{_ADVICE[advice]}"))


def set_size(descriptor: Descriptor, size: int) -> None:
    """Cuts a file off, or extends it with zeros."""
    os.ftruncate(plain_file(descriptor, Rights.FD_FILESTAT_SET_SIZE).fd, signed(size))


def set_times(descriptor: Descriptor, access_ns: int, modified_ns: int, flags: int) -> None:
    """Changes a file's times as `fstflags` ask."""
    descriptor.require(Rights.FD_FILESTAT_SET_TIMES)
    host_fd = descriptor.fileno()
    os.utime(host_fd, ns=new_times(os.fstat(host_fd), access_ns, modified_ns, flags))


def new_times(status: os.stat_result, access_ns: int, modified_ns: int, flags: int) -> tuple[int, int]:
    """The access and modification times that `fstflags` ask for."""
    if flags >= 2 * TimeFlags.MTIM_NOW:
        raise WasiError(Errno.INVAL)
    chosen = TimeFlags(flags)
    if _ACCESS in chosen or _MODIFIED in chosen:
        raise WasiError(Errno.INVAL)
    now = time.time_ns()
    access = signed(access_ns) if chosen & TimeFlags.ATIM else status.st_atime_ns
    modified = signed(modified_ns) if chosen & TimeFlags.MTIM else status.st_mtime_ns
    return now if chosen & TimeFlags.ATIM_NOW else access, now if chosen & TimeFlags.MTIM_NOW else modified


def signed(value: int) -> int:
    """A size, offset or time that the host's signed numbers can hold."""
    if value >= _SIGN_BIT:
        raise WasiError(Errno.INVAL)
    return value
