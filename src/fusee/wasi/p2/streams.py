"""Streams of bytes: what `input-stream` and `output-stream` are, over the descriptors that preview 1 has.

A stream never waits of itself: it gives what is there, takes what there is room for, and says what to wait for
(`event`). What it fails with once closes it (`wasi:io/streams`).
"""

import os
import select
from typing import Final

from fusee.api.errors import Trap
from fusee.wasi.abi import FileType, Rights
from fusee.wasi.descriptors import MAX_PIECE_BYTES, Descriptor, File
from fusee.wasi.errno import Errno, WasiError, errno_of
from fusee.wasi.p2.pollable import READY, Event
from fusee.wasi.resources import Resource
from fusee.wasi.waiting import reported

PIPE_BYTES: Final = 4096
"""What a pipe takes without waiting if it is ready for anything (POSIX, `PIPE_BUF`)."""


class StreamClosedError(Exception):
    """A stream is at its end, or has failed before."""


class IoError(Resource, Exception):
    """Why an operation of a stream failed: what `wasi:io/error` has handles to."""

    def __init__(self, errno: Errno, text: str) -> None:
        super().__init__(text)
        self.errno = errno
        self.text = text

    @classmethod
    def of(cls, error: "WasiError | OSError") -> "IoError":
        """The error that a host's file has."""
        if isinstance(error, WasiError):
            return cls(error.errno, error.errno.name)
        return cls(errno_of(error), error.strerror or str(error))


class _Stream(Resource):
    """What both kinds of streams have: they close when they fail."""

    files = 1

    def __init__(self) -> None:
        self.is_closed = False

    def event(self) -> Event:
        """What to wait for; a stream that is closed is ready."""
        return READY if self.is_closed else self._event()

    def _event(self) -> Event:
        return READY

    def _fail(self, error: "WasiError | OSError | None") -> "IoError | StreamClosedError":
        """What to raise; None is the end of the stream, and so is that nobody reads any more."""
        self.is_closed = True
        if error is None or isinstance(error, BrokenPipeError):
            return StreamClosedError()
        return IoError.of(error)

    def close(self) -> None:
        """Ends the stream."""
        self.is_closed = True


class InputStream(_Stream):
    """Bytes to read."""

    def read(self, length: int) -> bytes:
        """Up to `length` bytes, as many as there are, which may be none. Raises `StreamClosedError` or `IoError`."""
        if self.is_closed:
            raise StreamClosedError
        if not length:
            return b""
        try:
            data = self._read(min(length, MAX_PIECE_BYTES))
        except BlockingIOError:
            return b""
        except (WasiError, OSError) as error:
            raise self._fail(error) from None
        if data == b"":
            raise self._fail(None)
        return data or b""

    def _read(self, length: int) -> bytes | None:
        """At most `length` bytes; nothing at the end, None if there are none yet."""
        return b""


class OutputStream(_Stream):
    """Bytes to write. `permit` says how many may be written since `check_write` was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.permit = 0

    def check_write(self) -> int:
        """How many bytes may be written now. Raises `StreamClosedError` or `IoError`."""
        if self.is_closed:
            raise StreamClosedError
        try:
            self.permit = self._room()
        except (WasiError, OSError) as error:
            raise self._fail(error) from None
        return self.permit

    def write(self, data: bytes) -> None:
        """Writes all of it. Raises `StreamClosedError`, `IoError`; `Trap` if it is more than was permitted."""
        if len(data) > self.permit:
            raise Trap(f"write: {len(data)} bytes, and check-write has permitted {self.permit}")
        if self.is_closed:
            raise StreamClosedError
        self.permit -= len(data)
        try:
            self._write(data)
        except (WasiError, OSError) as error:
            raise self._fail(error) from None

    def flush(self) -> None:
        """Has what was written go on its way. Raises `StreamClosedError` or `IoError`."""
        if self.is_closed:
            raise StreamClosedError
        try:
            self._flush()
        except (WasiError, OSError) as error:
            raise self._fail(error) from None

    def _room(self) -> int:
        return MAX_PIECE_BYTES

    def _write(self, data: bytes) -> None:
        """Takes all of it."""

    def _flush(self) -> None:
        """Nothing is kept."""


class ClosedInput(InputStream):
    """A stream that there is none of."""

    files = 0

    def __init__(self) -> None:
        super().__init__()
        self.is_closed = True


class ClosedOutput(OutputStream):
    """A stream that there is none of."""

    files = 0

    def __init__(self) -> None:
        super().__init__()
        self.is_closed = True


class FileInput(InputStream):
    """A file from an offset on, whatever else is read and written in it."""

    def __init__(self, descriptor: Descriptor, offset: int) -> None:
        super().__init__()
        self.descriptor, self.offset = descriptor.share(), offset

    def _read(self, length: int) -> bytes:
        data = os.pread(self.descriptor.fileno(), length, self.offset)
        self.offset += len(data)
        return data

    def close(self) -> None:
        """Ends the stream; the file is open as long as others have it."""
        super().close()
        self.descriptor.close()


class FileOutput(OutputStream):
    """A file from an offset on, or always at its end."""

    def __init__(self, descriptor: Descriptor, offset: int | None) -> None:
        super().__init__()
        self.descriptor, self.offset = descriptor.share(), offset

    def _write(self, data: bytes) -> None:
        left = memoryview(data)
        while left:
            if self.offset is None:
                written = os.pwritev(self.descriptor.fileno(), [left], 0, os.RWF_APPEND)
            else:
                written = os.pwrite(self.descriptor.fileno(), left, self.offset)
                self.offset += written
            left = left[written:]

    def close(self) -> None:
        """Ends the stream; the file is open as long as others have it."""
        super().close()
        self.descriptor.close()


class DescriptorInput(InputStream):
    """What a descriptor reads at its own place: a standard stream, a pipe, a terminal, a socket."""

    def __init__(self, descriptor: Descriptor) -> None:
        super().__init__()
        self.descriptor = descriptor.share()

    def _event(self) -> Event:
        return Event(self.descriptor.fileno(), select.POLLIN) if waits(self.descriptor) else READY

    def _read(self, length: int) -> bytes | None:
        if waits(self.descriptor) and not reported(self.descriptor.fileno(), select.POLLIN):
            return None
        buffer = memoryview(bytearray(length))
        return bytes(buffer[: self.descriptor.read([buffer])])

    def close(self) -> None:
        """Ends the stream; the descriptor is open as long as others have it."""
        super().close()
        self.descriptor.close()


class DescriptorOutput(OutputStream):
    """What a descriptor writes at its own place.

    What it did not take, `_pending`, is written before anything else is accepted; it is no more than was permitted.
    """

    def __init__(self, descriptor: Descriptor, most: int = PIPE_BYTES) -> None:
        super().__init__()
        self.descriptor = descriptor.share()
        self.most = most if waits(descriptor) else MAX_PIECE_BYTES
        self._pending = memoryview(b"")

    def _event(self) -> Event:
        if not waits(self.descriptor):
            return READY
        return Event(self.descriptor.fileno(), select.POLLOUT, confirm=self._is_drained if self._pending else None)

    def _is_drained(self) -> bool:
        """Whether all has been written, after an attempt; a failure is for the next who asks."""
        try:
            self._flush()
        except (WasiError, OSError):
            return True
        return not self._pending

    def _room(self) -> int:
        self._flush()
        if self._pending:
            return 0
        is_ready = not waits(self.descriptor) or reported(self.descriptor.fileno(), select.POLLOUT)
        return self.most if is_ready else 0

    def _write(self, data: bytes) -> None:
        self._flush()
        self._pending = memoryview(bytes(self._pending) + data if self._pending else data)
        self._flush()

    def _flush(self) -> None:
        while self._pending:
            try:
                written = self.descriptor.write([self._pending])
            except BlockingIOError:
                return
            if not written:  # a function of the embedder's, which would be asked for ever
                raise WasiError(Errno.IO)
            self._pending = self._pending[written:]

    def close(self) -> None:
        """Ends the stream; the descriptor is open as long as others have it."""
        super().close()
        self._pending = memoryview(b"")
        self.descriptor.close()


def waits(descriptor: Descriptor) -> bool:
    """Whether reading or writing may have to wait: it is neither a regular file nor the embedder's own."""
    return isinstance(descriptor, File) and descriptor.file_type != FileType.REGULAR_FILE


def input_of(descriptor: Descriptor | None) -> InputStream:
    """A standard stream to read; None is one that the program has not."""
    if descriptor is None or not descriptor.rights & Rights.FD_READ:
        return ClosedInput()
    return DescriptorInput(descriptor)


def output_of(descriptor: Descriptor | None) -> OutputStream:
    """A standard stream to write."""
    if descriptor is None or not descriptor.rights & Rights.FD_WRITE:
        return ClosedOutput()
    return DescriptorOutput(descriptor)
