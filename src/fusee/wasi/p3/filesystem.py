"""`wasi:filesystem`: the operations of 0.2, with its rights and sandbox. All are done at once; none is awaited."""

import os
from typing import Any, Final, Self

from fusee.component.asynchronous.readers import StreamReader
from fusee.component.values import Record, Variant
from fusee.spec.wasi import FILE_ERROR_CODES, FILE_KINDS
from fusee.wasi import directories, files
from fusee.wasi.abi import Rights
from fusee.wasi.context import WasiContext
from fusee.wasi.descriptors import Directory
from fusee.wasi.errno import Errno, WasiError
from fusee.wasi.p2.filesystem import attributes, contents, entries, types
from fusee.wasi.p2.streams import (
    ClosedInput,
    ClosedOutput,
    DescriptorInput,
    DescriptorOutput,
    FileInput,
    FileOutput,
    InputStream,
    IoError,
    OutputStream,
    waits,
)
from fusee.wasi.p3.clocks import SYSTEM_CLOCK, instant
from fusee.wasi.p3.interface import as_before, interface
from fusee.wasi.p3.transfer import Outcome, Pieces, PiecesLater, failed, write_all

_CODES: Final = tuple(code for code in FILE_ERROR_CODES if code != "would-block")
_KINDS: Final = FILE_KINDS[1:]


class OpenFile(types.OpenFile):
    """A `descriptor`. `is_mutable`: whether it was opened to change the directory that it is, or given so."""

    is_mutable = True


def code_of(error: "WasiError | OSError | IoError") -> Variant:
    """The `error-code` of what a file failed with."""
    name = types.code_of(WasiError(error.errno) if isinstance(error, IoError) else error)
    return Variant(name) if name in _CODES else Variant("other", name)


TYPES: Final = interface("filesystem/types", SYSTEM_CLOCK, error=code_of)
types.define_types(
    TYPES,
    f"variant {{{', '.join(_KINDS)}, other(option<string>)}}",
    "instant",
    f"variant {{{', '.join(_CODES)}, other(option<string>)}}",
)
TYPES.resource("descriptor", OpenFile)
PREOPENS: Final = interface("filesystem/preopens", TYPES)


_as_before: Final = as_before(TYPES, "async descriptor.")
_as_before("sync-data() -> result<_, error-code>", contents.sync_data)
_as_before("sync() -> result<_, error-code>", contents.sync)
_as_before("create-directory-at(path: string) -> result<_, error-code>", entries.create_directory_at)
_as_before("readlink-at(path: string) -> result<string, error-code>", entries.readlink_at)
_as_before("remove-directory-at(path: string) -> result<_, error-code>", entries.remove_directory_at)
_as_before("symlink-at(old-path: string, new-path: string) -> result<_, error-code>", entries.symlink_at)
_as_before("unlink-file-at(path: string) -> result<_, error-code>", entries.unlink_file_at)
_as_before("is-same-object(other: borrow<descriptor>) -> bool", attributes.is_same_object)
_as_before("metadata-hash() -> result<metadata-hash-value, error-code>", attributes.metadata_hash)
_as_before(
    "metadata-hash-at(path-flags: path-flags, path: string) -> result<metadata-hash-value, error-code>",
    attributes.metadata_hash_at,
)
_as_before(
    "rename-at(old-path: string, new-descriptor: borrow<descriptor>, new-path: string) -> result<_, error-code>",
    entries.rename_at,
)
_as_before(
    "link-at(old-path-flags: path-flags, old-path: string, new-descriptor: borrow<descriptor>, new-path: string) "
    "-> result<_, error-code>",
    entries.link_at,
)
_as_before(
    "set-times(data-access-timestamp: new-timestamp, data-modification-timestamp: new-timestamp) "
    "-> result<_, error-code>",
    attributes.set_times,
)
_as_before(
    "set-times-at(path-flags: path-flags, path: string, data-access-timestamp: new-timestamp, "
    "data-modification-timestamp: new-timestamp) -> result<_, error-code>",
    attributes.set_times_at,
)


@PREOPENS.function("get-directories() -> list<tuple<descriptor, string>>")
def get_directories(context: WasiContext) -> list[tuple[OpenFile, str]]:
    """The directories that the program was given, and their names."""
    return [(OpenFile(found.descriptor), name) for found, name in types.get_directories(context)]


@TYPES.method(
    "async descriptor.open-at(path-flags: path-flags, path: string, open-flags: open-flags, flags: descriptor-flags) "
    "-> result<descriptor, error-code>"
)
def open_at(
    context: WasiContext, file: OpenFile, flags: set[str], path: str, how: set[str], asked: set[str]
) -> OpenFile:  # fmt: skip
    """Opens a file or a directory. A file that may be made is opened to be written, too, as in Wasmtime."""
    if "create" in how and "directory" not in how:
        asked = (asked or {"read"}) | {"write"}
    made = OpenFile(entries.open_at(context, file, flags, path, how, asked).descriptor)
    made.is_mutable = "mutate-directory" in asked
    return made


@TYPES.method("async descriptor.get-flags() -> result<descriptor-flags, error-code>")
def get_flags(context: WasiContext, file: OpenFile) -> set[str]:
    """What it was opened for."""
    return attributes.get_flags(context, file) - (set() if file.is_mutable else {"mutate-directory"})


@TYPES.method("async descriptor.advise(offset: filesize, length: filesize, advice: advice) -> result<_, error-code>")
def advise(context: WasiContext, file: OpenFile, offset: int, length: int, advice: str) -> None:
    """Tells how a range of the file will be read; a directory has none."""
    if isinstance(file.descriptor, Directory):
        raise WasiError(Errno.BADF)
    contents.advise(context, file, offset, length, advice)


@TYPES.method("async descriptor.set-size(size: filesize) -> result<_, error-code>")
def set_size(context: WasiContext, file: OpenFile, size: int) -> None:
    """Cuts the file off, or extends it with zeros, if it was opened to be written."""
    files.writable(file.descriptor)
    contents.set_size(context, file, size)


# Status


@TYPES.method("async descriptor.get-type() -> result<descriptor-type, error-code>")
def get_type(context: WasiContext, file: OpenFile) -> Variant:
    """What kind of file it is."""
    return _kind(attributes.get_type(context, file))


@TYPES.method("async descriptor.stat() -> result<descriptor-stat, error-code>")
def stat_descriptor(context: WasiContext, file: OpenFile) -> Record:
    """The file's status."""
    return _stat(attributes.status_of(file.descriptor))


@TYPES.method("async descriptor.stat-at(path-flags: path-flags, path: string) -> result<descriptor-stat, error-code>")
def stat_at(context: WasiContext, file: OpenFile, flags: set[str], path: str) -> Record:
    """The status of what a path names."""
    return _stat(directories.status_at(file.directory, types.checked_path(path), types.follow_of(flags)))


def _kind(name: str) -> Variant:
    return Variant(name) if name in _KINDS else Variant("other")


def _stat(status: os.stat_result) -> Record:
    return Record(
        type=_kind(attributes.type_of_status(status)),
        link_count=status.st_nlink,
        size=status.st_size,
        data_access_timestamp=instant(status.st_atime_ns),
        data_modification_timestamp=instant(status.st_mtime_ns),
        status_change_timestamp=instant(status.st_ctime_ns),
    )


# Streams


@TYPES.method("descriptor.read-via-stream(offset: filesize) -> tuple<stream<u8>, future<result<_, error-code>>>")
def read_via_stream(context: WasiContext, file: OpenFile, offset: int) -> tuple[Any, Outcome]:
    """The file from an offset on; what has no offsets, as a terminal, is read where it is."""
    outcome = Outcome()
    stream: InputStream = ClosedInput()
    is_ready = True
    try:
        descriptor = files.readable(file.descriptor)
        is_ready = not waits(descriptor)
        stream = FileInput(descriptor, files.signed(offset)) if is_ready else DescriptorInput(descriptor)
    except (WasiError, OSError) as error:
        outcome.set(code_of(error))
    return (Pieces if is_ready else PiecesLater)(stream, outcome, code_of), outcome


@TYPES.method("descriptor.write-via-stream(data: stream<u8>, offset: filesize) -> future<result<_, error-code>>")
def write_via_stream(context: WasiContext, file: OpenFile, data: StreamReader, offset: int) -> Outcome:
    """Writes all of a stream into the file, from an offset on."""
    return _write(context, file, data, offset)


@TYPES.method("descriptor.append-via-stream(data: stream<u8>) -> future<result<_, error-code>>")
def append_via_stream(context: WasiContext, file: OpenFile, data: StreamReader) -> Outcome:
    """Writes all of a stream at the file's end."""
    return _write(context, file, data, None)


def _write(context: WasiContext, file: OpenFile, data: StreamReader, offset: int | None) -> Outcome:
    stream: OutputStream = ClosedOutput()
    try:
        descriptor = files.writable(file.descriptor)
        start = None if offset is None else files.signed(offset)
        stream = DescriptorOutput(descriptor) if waits(descriptor) else FileOutput(descriptor, start)
    except (WasiError, OSError) as error:
        data.close()
        return failed(code_of(error))
    return write_all(context, data, stream, code_of)


@TYPES.method("descriptor.read-directory() -> tuple<stream<directory-entry>, future<result<_, error-code>>>")
def read_directory(context: WasiContext, file: OpenFile) -> tuple[Any, Outcome]:
    """The entries of the directory as they are when it is asked for."""
    try:
        file.directory.require(Rights.FD_READDIR)
        outcome = Outcome()
        return _Entries(file.directory, outcome), outcome
    except (WasiError, OSError) as error:
        return (), failed(code_of(error))


class _Entries:
    """What `read-directory` gives. It ends when nobody reads on, even if nobody has begun."""

    def __init__(self, directory: Directory, outcome: Outcome) -> None:
        self._found = iter(directory.listing()[2:])  # without `.` and `..`
        self._outcome = outcome

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Record:
        try:
            name, _, kind = next(self._found)
            return Record(type=_kind(entries.entry_type(kind)), name=name.decode())
        except UnicodeDecodeError:
            self._outcome.set(code_of(WasiError(Errno.ILSEQ)))
        except StopIteration:
            pass
        self.close()
        raise StopIteration

    def close(self) -> None:
        """Nobody reads any more."""
        self._found = iter(())
        self._outcome.set(None)
