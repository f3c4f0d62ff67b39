"""Streams of bytes between guests and the host's files: the streams of WASI 0.2, read and written for the guest."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from typing import Any, Final

from fusee.component.hosttasks import settle
from fusee.component.readers import HostBuffer, StreamReader
from fusee.component.streams import COMPLETED, DROPPED
from fusee.wasi.context import WasiContext
from fusee.wasi.descriptors import MAX_PIECE_BYTES
from fusee.wasi.p2.pollable import Event, block
from fusee.wasi.p2.streams import InputStream, IoError, OutputStream, StreamClosedError

_NANOSECONDS: Final = 1_000_000_000
_OWNER: Final = object()


class Outcome:
    """How a transfer has ended, which a guest's future gives: None, or an error code."""

    def __init__(self) -> None:
        self._is_known = False
        self._value: Any = None
        self._waiting: asyncio.Future[None] | None = None

    def set(self, value: Any) -> None:
        """It has ended."""
        if self._is_known:
            return
        self._is_known, self._value = True, value
        if self._waiting is not None:
            settle(self._waiting)

    def __await__(self) -> Generator[Any, None, Any]:
        if not self._is_known:
            self._waiting = asyncio.get_running_loop().create_future()
            yield from self._waiting.__await__()
        return self._value


def pieces(stream: InputStream, outcome: Outcome, code_of: Callable[[IoError], Any]) -> Iterator[bytes]:
    """What is read of a file that is always ready."""
    try:
        while True:
            yield stream.read(MAX_PIECE_BYTES)
    except StreamClosedError:
        pass
    except IoError as error:
        outcome.set(code_of(error))
    finally:
        outcome.set(None)
        stream.close()


async def pieces_later(
    stream: InputStream, outcome: Outcome, code_of: Callable[[IoError], Any]
) -> AsyncIterator[bytes]:
    """What is read where one may have to wait for it."""
    try:
        while True:
            data = stream.read(MAX_PIECE_BYTES)
            if data:
                yield data
            else:
                await until(stream.event())
    except StreamClosedError:
        pass
    except IoError as error:
        outcome.set(code_of(error))
    finally:
        outcome.set(None)
        stream.close()


async def until(event: Event) -> None:
    """Wait until it may have happened."""
    if event.fd is None:
        await asyncio.sleep(max(0, (event.deadline_ns or 0) - time.monotonic_ns()) / _NANOSECONDS)
        return
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    file = os.dup(event.fd)  # others may wait for the same file
    try:
        loop.add_reader(file, settle, ready)
        await ready
    finally:
        loop.remove_reader(file)
        os.close(file)


class Sink:
    """Writes what a guest gives at once, so that nothing is left to be written when it ends."""

    def __init__(
        self, context: WasiContext, reader: StreamReader, stream: OutputStream, code_of: Callable[[IoError], Any],
        outcome: Outcome,
    ) -> None:  # fmt: skip
        self._context = context
        self._shared: Any = reader._take(reader._store)
        self._stream = stream
        self._code_of = code_of
        self._outcome = outcome
        self._is_over = False

    def start(self) -> None:
        """Take what is there, and what will be."""
        self._has_asked = False
        while not self._has_asked and not self._is_over:
            self._has_asked = True
            buffer = HostBuffer(MAX_PIECE_BYTES)
            done = self._receiver(buffer)

            def on_copy(take_back: Callable[[], None], done: Callable[[int], None] = done) -> None:
                take_back()
                done(COMPLETED)

            self._is_asking = True
            self._shared.read(_OWNER, buffer, on_copy, done)
            self._is_asking = False

    def _receiver(self, buffer: HostBuffer) -> Callable[[int], None]:
        def done(result: int) -> None:
            self._write(b"".join(buffer.values))
            if result == DROPPED:
                self._end(None)
            self._has_asked = False
            if not self._is_asking and not self._is_over:
                self.start()

        return done

    def _write(self, data: bytes) -> None:
        stream, left = self._stream, memoryview(data)
        try:
            while left and not self._is_over:
                room = stream.check_write()
                if not room:
                    block(self._context, stream.event())
                    continue
                stream.write(bytes(left[:room]))
                left = left[room:]
        except StreamClosedError:
            self._end("pipe")
        except IoError as error:
            self._end(error)

    def _end(self, error: "IoError | str | None") -> None:
        if self._is_over:
            return
        self._is_over = True
        try:
            while error is None and not self._stream.is_closed and not self._stream.check_write():
                block(self._context, self._stream.event())  # what it has not written yet
        except (StreamClosedError, IoError) as late:
            error = late if isinstance(late, IoError) else "pipe"
        if error == "pipe":
            error = IoError.of(BrokenPipeError(32, "nobody reads"))
        self._outcome.set(None if error is None else self._code_of(error))  # type: ignore[arg-type]
        self._stream.close()
        if error is not None:
            self._shared.drop()


def write_all(
    context: WasiContext, reader: StreamReader, stream: OutputStream, code_of: Callable[[IoError], Any]
) -> Outcome:  # fmt: skip
    """Write all that a guest gives; how that has ended."""
    outcome = Outcome()
    Sink(context, reader, stream, code_of, outcome).start()
    return outcome
