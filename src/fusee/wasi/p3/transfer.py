"""Streams of bytes between guests and the host's files: the streams of WASI 0.2, read and written for the guest."""

import asyncio
import errno
from collections.abc import Callable, Generator
from typing import Any, Final, Self

from fusee.component.asynchronous.hostcalls import settle
from fusee.component.asynchronous.hosttasks import host_tasks_of
from fusee.component.asynchronous.readers import HostBuffer, StreamReader
from fusee.component.asynchronous.streams import COMPLETED, DROPPED
from fusee.component.asynchronous.tasks import NO_RESULT
from fusee.wasi.context import WasiContext
from fusee.wasi.descriptors import MAX_PIECE_BYTES
from fusee.wasi.p2.pollable import block
from fusee.wasi.p2.streams import InputStream, IoError, OutputStream, StreamClosedError
from fusee.wasi.p3.ready import until

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


class Pieces:
    """What is read of a file that is always ready. It ends when nobody reads on, even if nobody has begun."""

    def __init__(self, stream: InputStream, outcome: Outcome, code_of: Callable[[IoError], Any]) -> None:
        self._stream, self._outcome, self._code_of = stream, outcome, code_of
        self._is_over = False

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        data = self._read()
        if data is None:
            raise StopIteration
        return data

    def _read(self) -> bytes | None:
        """What is there; none at the end."""
        if self._is_over:
            return None
        try:
            return self._stream.read(MAX_PIECE_BYTES)
        except StreamClosedError:
            pass
        except IoError as error:
            self._outcome.set(self._code_of(error))
        self.close()
        return None

    def close(self) -> None:
        """Nobody reads any more."""
        if not self._is_over:
            self._is_over = True
            self._outcome.set(None)
            self._stream.close()


class PiecesLater(Pieces):
    """What is read where one may have to wait for it."""

    __iter__ = None  # type: ignore[assignment]

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        while (data := self._read()) is not None:
            if data:
                return data
            await until(self._stream.event())
        raise StopAsyncIteration


class Sink:
    """Writes what a guest gives at once, so that little is left to be written when it ends.

    Where there is no room it waits: in the event loop if the other end may be a guest of the same store.
    """

    def __init__(
        self, context: WasiContext, reader: StreamReader, stream: OutputStream, code_of: Callable[[IoError], Any],
        outcome: Outcome, waits_in_loop: bool,
    ) -> None:  # fmt: skip
        self._context = context
        self._store = reader._store
        self._shared: Any = reader._take(reader._store)
        self._stream = stream
        self._code_of = code_of
        self._outcome = outcome
        self._waits_in_loop = waits_in_loop
        self._left = memoryview(b"")
        self._is_last = self._is_over = False

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
            self._left = memoryview(b"".join(buffer.values))
            self._is_last = result == DROPPED
            self._go_on()

        return done

    def _go_on(self, value: Any = None) -> None:
        """Write what was taken; then take more, or end."""
        if self._is_over or value is NO_RESULT:  # the store ends
            return
        try:
            if not self._write():
                return
        except StreamClosedError:
            self._end(IoError.of(BrokenPipeError(errno.EPIPE, "nobody reads")))
        except IoError as error:
            self._end(error)
        if self._is_last:
            self._end(None)
        self._has_asked = False
        if not self._is_asking and not self._is_over:
            self.start()

    def _write(self) -> bool:
        """Write all that is left; false if that goes on later. Raises `StreamClosedError`, `IoError`."""
        stream = self._stream
        while self._left or (self._is_last and not stream.is_closed):  # in the end, also what the stream has kept
            room = stream.check_write()
            if room and not self._left:
                break
            if room:
                stream.write(bytes(self._left[:room]))
                self._left = self._left[room:]
            elif self._waits_in_loop:
                host_tasks_of(self._store).spawn(until(stream.event()), self._go_on, False, None)
                return False
            else:
                block(self._context, stream.event())
        return True

    def _end(self, error: IoError | None) -> None:
        if self._is_over:
            return
        self._is_over = True
        self._left = memoryview(b"")
        self._outcome.set(None if error is None else self._code_of(error))
        self._stream.close()
        if error is not None:
            self._shared.drop()


def write_all(
    context: WasiContext, reader: StreamReader, stream: OutputStream, code_of: Callable[[IoError], Any],
    waits_in_loop: bool = False,
) -> Outcome:  # fmt: skip
    """Write all that a guest gives; how that has ended."""
    outcome = Outcome()
    Sink(context, reader, stream, code_of, outcome, waits_in_loop).start()
    return outcome


def failed(code: Any) -> Outcome:
    """A transfer that has not begun."""
    outcome = Outcome()
    outcome.set(code)
    return outcome
