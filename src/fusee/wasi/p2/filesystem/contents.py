"""What is in a file: reading and writing, at once or by streams."""

import os

from fusee.spec.wasi import FILE_ERRORS
from fusee.wasi import files
from fusee.wasi.abi import Rights
from fusee.wasi.context import WasiContext
from fusee.wasi.descriptors import MAX_PIECE_BYTES
from fusee.wasi.p2.filesystem.types import ADVICE, TYPES, OpenFile
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
    files.advise(file.descriptor, offset, length, ADVICE.index(advice))


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


@TYPES.function("filesystem-error-code(err: borrow<error>) -> option<error-code>")
def filesystem_error_code(context: WasiContext, error: IoError) -> str | None:
    """What a stream of a file failed with."""
    return FILE_ERRORS.get(error.errno)
