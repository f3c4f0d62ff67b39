"""What is known of a file: its flags, kind, size and times, and which it is."""

import hashlib
import os
import stat
from typing import Any, Final

from fusee.component.values import Record, Variant
from fusee.wasi import directories, files
from fusee.wasi.abi import Rights, TimeFlags
from fusee.wasi.context import WasiContext
from fusee.wasi.descriptors import Descriptor, Directory, HostFile
from fusee.wasi.errno import Errno, WasiError
from fusee.wasi.p2.clocks import datetime, nanoseconds_of
from fusee.wasi.p2.filesystem.types import SYNC_FLAGS, TYPES, OpenFile, checked_path, follow_of

_TYPES: Final = {
    stat.S_IFBLK: "block-device", stat.S_IFCHR: "character-device", stat.S_IFDIR: "directory", stat.S_IFIFO: "fifo",
    stat.S_IFLNK: "symbolic-link", stat.S_IFREG: "regular-file", stat.S_IFSOCK: "socket",
}  # fmt: skip


@TYPES.method("descriptor.get-flags() -> result<descriptor-flags, error-code>")
def get_flags(context: WasiContext, file: OpenFile) -> set[str]:
    """What it was opened for."""
    d = file.descriptor
    if isinstance(d, Directory):
        rights = ((Rights.FD_READDIR, "read"), (Rights.PATH_CREATE_FILE, "mutate-directory"))
    else:
        rights = ((Rights.FD_READ, "read"), (Rights.FD_WRITE, "write"))
    found = {name for right, name in rights if d.rights & right}
    return found | {name for name, flag in SYNC_FLAGS.items() if flag in d.flags}


@TYPES.method("descriptor.get-type() -> result<descriptor-type, error-code>")
def get_type(context: WasiContext, file: OpenFile) -> str:
    """What kind of file it is."""
    return type_of_status(os.fstat(file.descriptor.fileno()))


@TYPES.method("descriptor.stat() -> result<descriptor-stat, error-code>")
def stat_descriptor(context: WasiContext, file: OpenFile) -> Record:
    """The file's status."""
    return _stat(status_of(file.descriptor))


@TYPES.method("descriptor.stat-at(path-flags: path-flags, path: string) -> result<descriptor-stat, error-code>")
def stat_at(context: WasiContext, file: OpenFile, flags: set[str], path: str) -> Record:
    """The status of what a path names."""
    return _stat(directories.status_at(file.directory, checked_path(path), follow_of(flags)))


@TYPES.method(
    "descriptor.set-times(data-access-timestamp: new-timestamp, data-modification-timestamp: new-timestamp) "
    "-> result<_, error-code>"
)
def set_times(context: WasiContext, file: OpenFile, access: Variant, modified: Variant) -> None:
    """Changes the file's times."""
    files.set_times(file.descriptor, *_times(access, modified))


@TYPES.method(
    "descriptor.set-times-at(path-flags: path-flags, path: string, data-access-timestamp: new-timestamp, "
    "data-modification-timestamp: new-timestamp) -> result<_, error-code>"
)
def set_times_at(
    context: WasiContext, file: OpenFile, flags: set[str], path: str, access: Variant, modified: Variant
) -> None:
    """Changes the times of what a path names."""
    times = _times(access, modified)
    directories.set_times_at(
        file.directory, checked_path(path), follow_of(flags), lambda status: files.new_times(status, *times)
    )


@TYPES.method("descriptor.is-same-object(other: borrow<descriptor>) -> bool")
def is_same_object(context: WasiContext, file: OpenFile, other: OpenFile) -> bool:
    """Whether both are the same file."""
    return os.path.sameopenfile(file.descriptor.fileno(), other.descriptor.fileno())


@TYPES.method("descriptor.metadata-hash() -> result<metadata-hash-value, error-code>")
def metadata_hash(context: WasiContext, file: OpenFile) -> Record:
    """Says which file it is, without saying more of it."""
    return _hash(status_of(file.descriptor))


@TYPES.method(
    "descriptor.metadata-hash-at(path-flags: path-flags, path: string) -> result<metadata-hash-value, error-code>"
)
def metadata_hash_at(context: WasiContext, file: OpenFile, flags: set[str], path: str) -> Record:
    """The same of what a path names."""
    return _hash(directories.status_at(file.directory, checked_path(path), follow_of(flags)))


def status_of(descriptor: Descriptor) -> os.stat_result:
    """The status of an open file."""
    descriptor.require(Rights.FD_FILESTAT_GET)
    assert isinstance(descriptor, HostFile)
    return os.fstat(descriptor.fd)


def type_of_status(status: os.stat_result) -> str:
    """The name of a file's kind."""
    return _TYPES.get(stat.S_IFMT(status.st_mode), "unknown")


def _stat(status: os.stat_result) -> Record:
    """A `descriptor-stat`; a time before 1970 cannot be said."""

    def time_of(time_ns: int) -> Record | None:
        return datetime(time_ns) if time_ns >= 0 else None

    return Record(
        type=type_of_status(status),
        link_count=status.st_nlink,
        size=status.st_size,
        data_access_timestamp=time_of(status.st_atime_ns),
        data_modification_timestamp=time_of(status.st_mtime_ns),
        status_change_timestamp=time_of(status.st_ctime_ns),
    )


def _hash(status: os.stat_result) -> Record:
    data = hashlib.blake2b(b"%d %d" % (status.st_dev, status.st_ino), digest_size=16).digest()
    return Record(lower=int.from_bytes(data[:8], "little"), upper=int.from_bytes(data[8:], "little"))


def _times(access: Variant, modified: Variant) -> tuple[int, int, int]:
    """Two `new-timestamp`s as preview 1 has them: two times and `fstflags`."""
    flags, times = 0, []
    kinds = ((access, TimeFlags.ATIM, TimeFlags.ATIM_NOW), (modified, TimeFlags.MTIM, TimeFlags.MTIM_NOW))
    for wanted, given, present in kinds:
        when: Any = wanted.payload
        flags |= given if wanted.tag == "timestamp" else present if wanted.tag == "now" else 0
        if when is not None and when.nanoseconds >= 1_000_000_000:
            raise WasiError(Errno.INVAL)
        times.append(0 if when is None else nanoseconds_of(when))
    return times[0], times[1], flags
