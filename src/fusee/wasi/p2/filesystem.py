"""`wasi:filesystem`: files and directories, through the operations that preview 1 has, with its rights and sandbox."""

import hashlib
import os
import stat
from typing import Any, Final

from fusee.component.values import Record, Variant
from fusee.spec.wasi import FILE_ERROR_CODES, FILE_ERRORS, FILE_KINDS, MAX_PATH_BYTES
from fusee.wasi import directories, files
from fusee.wasi.abi import (
    ALL_RIGHTS,
    DIRECTORY_RIGHTS,
    FILE_RIGHTS,
    NO_FLAGS,
    FdFlags,
    FileType,
    OpenFlags,
    Rights,
    TimeFlags,
)
from fusee.wasi.context import WasiContext
from fusee.wasi.descriptors import MAX_PIECE_BYTES, Descriptor, Directory, HostFile
from fusee.wasi.errno import Errno, WasiError, errno_of
from fusee.wasi.p2.clocks import WALL_CLOCK, datetime, nanoseconds_of
from fusee.wasi.p2.interface import Interface
from fusee.wasi.p2.io import ERROR, STREAMS
from fusee.wasi.p2.streams import (
    DescriptorInput,
    DescriptorOutput,
    FileInput,
    FileOutput,
    InputStream,
    IoError,
    OutputStream,
    waits,
)
from fusee.wasi.resolve import Follow
from fusee.wasi.resources import Resource

_ADVICE: Final = ("normal", "sequential", "random", "will-need", "dont-need", "no-reuse")
_SYNC_FLAGS: Final = {
    "file-integrity-sync": FdFlags.SYNC,
    "data-integrity-sync": FdFlags.DSYNC,
    "requested-write-sync": FdFlags.RSYNC,
}
_OPEN_FLAGS: Final = {
    "create": OpenFlags.CREAT,
    "directory": OpenFlags.DIRECTORY,
    "exclusive": OpenFlags.EXCL,
    "truncate": OpenFlags.TRUNC,
}
_READING: Final = Rights.FD_READ
_WRITING: Final = Rights.FD_WRITE | Rights.FD_ALLOCATE | Rights.FD_FILESTAT_SET_SIZE
_TYPES: Final = {
    stat.S_IFBLK: "block-device", stat.S_IFCHR: "character-device", stat.S_IFDIR: "directory", stat.S_IFIFO: "fifo",
    stat.S_IFLNK: "symbolic-link", stat.S_IFREG: "regular-file", stat.S_IFSOCK: "socket",
}  # fmt: skip
_ENTRY_TYPES: Final = {
    FileType.DIRECTORY: "directory", FileType.REGULAR_FILE: "regular-file", FileType.SYMBOLIC_LINK: "symbolic-link",
}  # fmt: skip


class OpenFile(Resource):
    """A `descriptor`: one of preview 1's."""

    files = 1

    def __init__(self, descriptor: Descriptor) -> None:
        self.descriptor = descriptor

    @property
    def directory(self) -> Directory:
        """The directory that it is."""
        if not isinstance(self.descriptor, Directory):
            raise WasiError(Errno.NOTDIR)
        return self.descriptor

    def close(self) -> None:
        """Ends it; streams of the file go on."""
        self.descriptor.close()


class EntryStream(Resource):
    """The entries of a directory as they were when it was made."""

    def __init__(self, directory: Directory) -> None:
        self.entries = iter(directory.listing()[2:])  # without `.` and `..`


def code_of(error: "WasiError | OSError") -> str:
    """The `error-code` of what a file failed with."""
    errno = error.errno if isinstance(error, WasiError) else errno_of(error)
    return FILE_ERRORS.get(errno, "io")


def define_types(types: Interface, kind: str, time: str, error_code: str) -> None:
    """The types of `wasi:filesystem/types`. Versions have other kinds of files, times and errors."""
    types.define("filesize", "u64")
    types.define("link-count", "u64")
    types.define("descriptor-type", kind)
    types.define(
        "descriptor-flags",
        "flags {read, write, file-integrity-sync, data-integrity-sync, requested-write-sync, mutate-directory}",
    )
    types.define("path-flags", "flags {symlink-follow}")
    types.define("open-flags", "flags {create, directory, exclusive, truncate}")
    types.define(
        "descriptor-stat",
        "record {type: descriptor-type, link-count: link-count, size: filesize, "
        f"data-access-timestamp: option<{time}>, data-modification-timestamp: option<{time}>, "
        f"status-change-timestamp: option<{time}>}}",
    )
    types.define("new-timestamp", f"variant {{no-change, now, timestamp({time})}}")
    types.define("directory-entry", "record {type: descriptor-type, name: string}")
    types.define("metadata-hash-value", "record {lower: u64, upper: u64}")
    types.define("advice", f"enum {{{', '.join(_ADVICE)}}}")
    types.define("error-code", error_code)


TYPES: Final = Interface("filesystem/types", ERROR, STREAMS, WALL_CLOCK, error=code_of)
define_types(
    TYPES,
    f"enum {{{', '.join(FILE_KINDS)}}}",
    "datetime",
    f"enum {{{', '.join(FILE_ERROR_CODES)}}}",
)
TYPES.resource("descriptor", OpenFile)
TYPES.resource("directory-entry-stream", EntryStream)

PREOPENS: Final = Interface("filesystem/preopens", TYPES)


@PREOPENS.function("get-directories() -> list<tuple<descriptor, string>>")
def get_directories(context: WasiContext) -> list[tuple[OpenFile, str]]:
    """The directories that the program was given, and their names."""
    return [
        (OpenFile(found.share()), found.preopen.decode())
        for found in context.descriptors.values()
        if isinstance(found, Directory) and found.preopen is not None
    ]


# Reading and writing


@TYPES.method("descriptor.read-via-stream(offset: filesize) -> result<input-stream, error-code>")
def read_via_stream(context: WasiContext, file: OpenFile, offset: int) -> InputStream:
    """A stream of the file from an offset on; what has no offsets, as a terminal, is read where it is."""
    descriptor = files.readable(file.descriptor)
    return DescriptorInput(descriptor) if waits(descriptor) else FileInput(descriptor, files.signed(offset))


@TYPES.method("descriptor.write-via-stream(offset: filesize) -> result<output-stream, error-code>")
def write_via_stream(context: WasiContext, file: OpenFile, offset: int) -> OutputStream:
    """A stream into the file from an offset on."""
    descriptor = files.writable(file.descriptor)
    return DescriptorOutput(descriptor) if waits(descriptor) else FileOutput(descriptor, files.signed(offset))


@TYPES.method("descriptor.append-via-stream() -> result<output-stream, error-code>")
def append_via_stream(context: WasiContext, file: OpenFile) -> OutputStream:
    """A stream that always writes at the file's end."""
    descriptor = files.writable(file.descriptor)
    return DescriptorOutput(descriptor) if waits(descriptor) else FileOutput(descriptor, None)


@TYPES.method("descriptor.read(length: filesize, offset: filesize) -> result<tuple<list<u8>, bool>, error-code>")
def read(context: WasiContext, file: OpenFile, length: int, offset: int) -> tuple[bytes, bool]:
    """Bytes at an offset, at most 1 MiB, and whether the file has ended there: there was nothing left to read."""
    host_fd = files.seekable(files.readable(file.descriptor), Rights.FD_SEEK)
    data = os.pread(host_fd, min(length, MAX_PIECE_BYTES), files.signed(offset))
    return data, not data and length > 0


@TYPES.method("descriptor.write(buffer: list<u8>, offset: filesize) -> result<filesize, error-code>")
def write(context: WasiContext, file: OpenFile, buffer: bytes, offset: int) -> int:
    """Writes at an offset: how many bytes, which may be fewer."""
    host_fd = files.seekable(files.writable(file.descriptor), Rights.FD_SEEK)
    return os.pwrite(host_fd, buffer, files.signed(offset))


@TYPES.method("descriptor.advise(offset: filesize, length: filesize, advice: advice) -> result<_, error-code>")
def advise(context: WasiContext, file: OpenFile, offset: int, length: int, advice: str) -> None:
    """Tells how a range of the file will be read."""
    files.advise(file.descriptor, offset, length, _ADVICE.index(advice))


@TYPES.method("descriptor.sync-data() -> result<_, error-code>")
def sync_data(context: WasiContext, file: OpenFile) -> None:
    """Waits until data is stored."""
    files.sync_data(file.descriptor)


@TYPES.method("descriptor.sync() -> result<_, error-code>")
def sync(context: WasiContext, file: OpenFile) -> None:
    """Waits until data and status are stored."""
    files.sync(file.descriptor)


@TYPES.method("descriptor.set-size(size: filesize) -> result<_, error-code>")
def set_size(context: WasiContext, file: OpenFile, size: int) -> None:
    """Cuts the file off, or extends it with zeros."""
    files.set_size(file.descriptor, size)


# Status


@TYPES.method("descriptor.get-flags() -> result<descriptor-flags, error-code>")
def get_flags(context: WasiContext, file: OpenFile) -> set[str]:
    """What it was opened for."""
    d = file.descriptor
    if isinstance(d, Directory):
        rights = ((Rights.FD_READDIR, "read"), (Rights.PATH_CREATE_FILE, "mutate-directory"))
    else:
        rights = ((Rights.FD_READ, "read"), (Rights.FD_WRITE, "write"))
    found = {name for right, name in rights if d.rights & right}
    return found | {name for name, flag in _SYNC_FLAGS.items() if flag in d.flags}


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


# Directories


@TYPES.method("descriptor.read-directory() -> result<directory-entry-stream, error-code>")
def read_directory(context: WasiContext, file: OpenFile) -> EntryStream:
    """The entries of the directory."""
    file.directory.require(Rights.FD_READDIR)
    return EntryStream(file.directory)


@TYPES.method("directory-entry-stream.read-directory-entry() -> result<option<directory-entry>, error-code>")
def read_directory_entry(context: WasiContext, stream: EntryStream) -> Record | None:
    """The next entry, or none."""
    for name, _, kind in stream.entries:
        try:
            return Record(type=entry_type(kind), name=name.decode())
        except UnicodeDecodeError:
            raise WasiError(Errno.ILSEQ) from None
    return None


@TYPES.method("descriptor.create-directory-at(path: string) -> result<_, error-code>")
def create_directory_at(context: WasiContext, file: OpenFile, path: str) -> None:
    """Makes a directory."""
    directories.create_directory_at(file.directory, checked_path(path))


@TYPES.method(
    "descriptor.link-at(old-path-flags: path-flags, old-path: string, new-descriptor: borrow<descriptor>, "
    "new-path: string) -> result<_, error-code>"
)
def link_at(
    context: WasiContext, file: OpenFile, flags: set[str], old_path: str, new: OpenFile, new_path: str
) -> None:  # fmt: skip
    """Gives a file a further name."""
    if flags:  # what a link leads to cannot be linked on all hosts
        raise WasiError(Errno.INVAL)
    directories.link_at(file.directory, checked_path(old_path), new.directory, checked_path(new_path))


@TYPES.method(
    "descriptor.open-at(path-flags: path-flags, path: string, open-flags: open-flags, flags: descriptor-flags) "
    "-> result<descriptor, error-code>"
)
def open_at(
    context: WasiContext, file: OpenFile, flags: set[str], path: str, how: set[str], asked: set[str]
) -> OpenFile:  # fmt: skip
    """Opens a file or a directory. Whether a directory can be changed is inherited, as in Wasmtime."""
    rights = (FILE_RIGHTS | DIRECTORY_RIGHTS) & ~(_READING | _WRITING)
    rights |= _WRITING if "write" in asked else 0
    rights |= _READING if "read" in asked or "write" not in asked else 0
    fd_flags = NO_FLAGS
    for name in asked & _SYNC_FLAGS.keys():
        fd_flags |= _SYNC_FLAGS[name]
    open_flags = OpenFlags(0)
    for name in how:
        open_flags |= _OPEN_FLAGS[name]
    opening = directories.Opening(open_flags, fd_flags, rights, ALL_RIGHTS)
    return OpenFile(opening.open_at(file.directory, checked_path(path), follow_of(flags)))


@TYPES.method("descriptor.readlink-at(path: string) -> result<string, error-code>")
def readlink_at(context: WasiContext, file: OpenFile, path: str) -> str:
    """The target of a symbolic link."""
    try:
        return directories.readlink_at(file.directory, checked_path(path)).decode()
    except UnicodeDecodeError:
        raise WasiError(Errno.ILSEQ) from None


@TYPES.method("descriptor.remove-directory-at(path: string) -> result<_, error-code>")
def remove_directory_at(context: WasiContext, file: OpenFile, path: str) -> None:
    """Removes an empty directory."""
    directories.remove_directory_at(file.directory, checked_path(path))


@TYPES.method(
    "descriptor.rename-at(old-path: string, new-descriptor: borrow<descriptor>, new-path: string) "
    "-> result<_, error-code>"
)
def rename_at(context: WasiContext, file: OpenFile, old_path: str, new: OpenFile, new_path: str) -> None:
    """Moves a file or a directory."""
    directories.rename_at(file.directory, checked_path(old_path), new.directory, checked_path(new_path))


@TYPES.method("descriptor.symlink-at(old-path: string, new-path: string) -> result<_, error-code>")
def symlink_at(context: WasiContext, file: OpenFile, target: str, path: str) -> None:
    """Makes a symbolic link, which is not absolute."""
    directories.symlink_at(file.directory, checked_path(target), checked_path(path))


@TYPES.method("descriptor.unlink-file-at(path: string) -> result<_, error-code>")
def unlink_file_at(context: WasiContext, file: OpenFile, path: str) -> None:
    """Removes a file."""
    directories.unlink_file_at(file.directory, checked_path(path))


@TYPES.function("filesystem-error-code(err: borrow<error>) -> option<error-code>")
def filesystem_error_code(context: WasiContext, error: IoError) -> str | None:
    """What a stream of a file failed with."""
    return FILE_ERRORS.get(error.errno)


def checked_path(path: str) -> str:
    """A path that the host can be asked for."""
    if len(path.encode()) > MAX_PATH_BYTES:
        raise WasiError(Errno.NAMETOOLONG)
    if "\0" in path:
        raise WasiError(Errno.ILSEQ)
    return path


def follow_of(flags: set[str]) -> Follow:
    """Whether symbolic links at the end of a path are followed."""
    return Follow.ALWAYS if flags else Follow.WITH_SLASH


def status_of(descriptor: Descriptor) -> os.stat_result:
    """The status of an open file."""
    descriptor.require(Rights.FD_FILESTAT_GET)
    assert isinstance(descriptor, HostFile)
    return os.fstat(descriptor.fd)


def entry_type(kind: FileType) -> str:
    """The name of the kind of an entry."""
    return _ENTRY_TYPES.get(kind, "unknown")


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
