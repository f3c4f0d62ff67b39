"""`wasi:io/error` and `wasi:io/streams`."""

from typing import Any, Final

from fusee.api.errors import Trap
from fusee.component.values import Err
from fusee.wasi.context import WasiContext
from fusee.wasi.p2.interface import Interface
from fusee.wasi.p2.pollable import POLL, Pollable, block
from fusee.wasi.p2.streams import PIPE_BYTES, InputStream, IoError, OutputStream, StreamClosedError

ERROR: Final = Interface("io/error")
ERROR.resource("error", IoError)

STREAMS: Final = Interface("io/streams", ERROR, POLL)
STREAMS.define("stream-error", "variant {last-operation-failed(error), closed}")
STREAMS.resource("input-stream", InputStream)
STREAMS.resource("output-stream", OutputStream)

MAX_AT_ONCE: Final = PIPE_BYTES
"""What the functions that write and wait take (`blocking-write-and-flush`)."""


@ERROR.method("error.to-debug-string() -> string")
def to_debug_string(context: WasiContext, error: IoError) -> str:
    """For people to read."""
    return error.text


class _Failures:
    """Makes the error case of a stream's functions."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, StreamClosedError):
            raise Err from None
        if isinstance(error, IoError):  # the guest may keep it: not with what the failed frames have
            raise Err(error.with_traceback(None)) from None


_failures: Final = _Failures()


# Reading


@STREAMS.method("input-stream.read(len: u64) -> result<list<u8>, stream-error>")
def read(context: WasiContext, stream: InputStream, length: int) -> bytes:
    """As many bytes as there are, which may be none; never more than 1 MiB."""
    with _failures:
        return stream.read(length)


@STREAMS.method("input-stream.blocking-read(len: u64) -> result<list<u8>, stream-error>")
def blocking_read(context: WasiContext, stream: InputStream, length: int) -> bytes:
    """Waits until there is at least one byte, or the end."""
    block(context, stream.event())
    return read(context, stream, length)


@STREAMS.method("input-stream.skip(len: u64) -> result<u64, stream-error>")
def skip(context: WasiContext, stream: InputStream, length: int) -> int:
    """Reads, and forgets it: how much it was."""
    return len(read(context, stream, length))


@STREAMS.method("input-stream.blocking-skip(len: u64) -> result<u64, stream-error>")
def blocking_skip(context: WasiContext, stream: InputStream, length: int) -> int:
    """Waits until there is something to skip."""
    return len(blocking_read(context, stream, length))


@STREAMS.method("input-stream.subscribe() -> pollable")
def subscribe_input(context: WasiContext, stream: InputStream) -> Pollable:
    """Ready when there is something to read, or the end."""
    return Pollable(stream.event)


# Writing


@STREAMS.method("output-stream.check-write() -> result<u64, stream-error>")
def check_write(context: WasiContext, stream: OutputStream) -> int:
    """How many bytes the next `write` may have."""
    with _failures:
        return stream.check_write()


@STREAMS.method("output-stream.write(contents: list<u8>) -> result<_, stream-error>")
def write(context: WasiContext, stream: OutputStream, contents: bytes) -> None:
    """Writes all of it; traps if it is more than was permitted."""
    with _failures:
        stream.write(contents)


@STREAMS.method("output-stream.blocking-write-and-flush(contents: list<u8>) -> result<_, stream-error>")
def blocking_write_and_flush(context: WasiContext, stream: OutputStream, contents: bytes) -> None:
    """Writes all of it, waiting where it has to. Traps if it is more than 4096 bytes."""
    if len(contents) > MAX_AT_ONCE:
        raise Trap(f"blocking-write-and-flush: {len(contents)} bytes, and {MAX_AT_ONCE} are allowed")
    while contents and (room := _wait_for_room(context, stream)):
        write(context, stream, contents[:room])
        contents = contents[room:]
    blocking_flush(context, stream)


@STREAMS.method("output-stream.flush() -> result<_, stream-error>")
def flush(context: WasiContext, stream: OutputStream) -> None:
    """Has what was written go on its way."""
    with _failures:
        stream.flush()


@STREAMS.method("output-stream.blocking-flush() -> result<_, stream-error>")
def blocking_flush(context: WasiContext, stream: OutputStream) -> None:
    """Waits until all that was written is on its way, and more can be written."""
    flush(context, stream)
    block(context, stream.event())


@STREAMS.method("output-stream.subscribe() -> pollable")
def subscribe_output(context: WasiContext, stream: OutputStream) -> Pollable:
    """Ready when there is room, or the stream has ended."""
    return Pollable(stream.event)


@STREAMS.method("output-stream.write-zeroes(len: u64) -> result<_, stream-error>")
def write_zeroes(context: WasiContext, stream: OutputStream, length: int) -> None:
    """Writes zeros; traps if it is more than was permitted."""
    if length > stream.permit:
        raise Trap(f"write-zeroes: {length} bytes, and check-write has permitted {stream.permit}")
    write(context, stream, bytes(length))


@STREAMS.method("output-stream.blocking-write-zeroes-and-flush(len: u64) -> result<_, stream-error>")
def blocking_write_zeroes_and_flush(context: WasiContext, stream: OutputStream, length: int) -> None:
    """Writes zeros, waiting where it has to. Traps if it is more than 4096."""
    if length > MAX_AT_ONCE:
        raise Trap(f"blocking-write-zeroes-and-flush: {length} bytes, and {MAX_AT_ONCE} are allowed")
    blocking_write_and_flush(context, stream, bytes(length))


@STREAMS.method("output-stream.splice(src: borrow<input-stream>, len: u64) -> result<u64, stream-error>")
def splice(context: WasiContext, stream: OutputStream, source: InputStream, length: int) -> int:
    """Reads from one stream, and writes to the other, what there is and there is room for: how much it was."""
    data = read(context, source, min(length, check_write(context, stream)))
    write(context, stream, data)
    return len(data)


@STREAMS.method("output-stream.blocking-splice(src: borrow<input-stream>, len: u64) -> result<u64, stream-error>")
def blocking_splice(context: WasiContext, stream: OutputStream, source: InputStream, length: int) -> int:
    """Waits for room and for something to read before."""
    block(context, stream.event())
    block(context, source.event())
    return splice(context, stream, source, length)


def _wait_for_room(context: WasiContext, stream: OutputStream) -> int:
    """How much may be written, at least one byte; 0 if the guest's deadline has come, which stops it."""
    room = check_write(context, stream)
    while not room and block(context, stream.event()):
        room = check_write(context, stream)
    return room
