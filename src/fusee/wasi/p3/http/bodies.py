"""The bodies of messages: streams of a guest's, which the host sends, and the host's, which a guest reads."""

from collections.abc import AsyncIterable
from contextlib import suppress
from select import POLLIN
from typing import TYPE_CHECKING, Any, Protocol

from fusee.api.errors import WasmtimeError
from fusee.component.asynchronous.hosttasks import host_tasks_of
from fusee.component.asynchronous.readers import FutureReader, StreamReader
from fusee.component.resources import ResourceAny
from fusee.component.values import Err, Variant
from fusee.wasi.context import WasiContext
from fusee.wasi.p2.http.bodies import BodyInput, BodyOutput, IncomingBody, OutgoingBody
from fusee.wasi.p2.http.fields import HttpError
from fusee.wasi.p2.interface import hand_out
from fusee.wasi.p2.pollable import Event
from fusee.wasi.p2.socketoptions import SocketFile
from fusee.wasi.p2.streams import IoError, OutputStream
from fusee.wasi.p3.http.fields import Fields
from fusee.wasi.p3.ready import until
from fusee.wasi.p3.transfer import Outcome, PiecesLater

if TYPE_CHECKING:
    from fusee.api.store import Store


class Body(Protocol):
    """Of a message: it is given to a guest, or read by the host, or closed; one of these, once."""

    store: "Store"

    @property
    def is_empty(self) -> bool:
        """Whether it is known to have no contents."""

    def give(self, context: WasiContext, handled: FutureReader) -> tuple[Any, Any]:
        """Contents and trailers for a guest, who says how it has handled them."""

    def read(self, context: WasiContext) -> tuple[AsyncIterable[bytes], Any]:
        """Contents, and what trailers are awaited from, for the host."""

    def end(self, code: Variant | None) -> None:
        """How its transmission has ended; what is said later changes nothing."""

    def close(self) -> None:
        """Nobody wants it."""


class GuestBody:
    """What a guest has made. `sent` tells it how that was transmitted."""

    def __init__(self, contents: StreamReader | None, trailers: FutureReader) -> None:
        self.store = trailers._store
        self.contents, self.trailers = contents, trailers
        self.sent = Outcome()
        self.end = self.sent.set

    @property
    def is_empty(self) -> bool:
        """Whether there are no contents; then there are no trailers either."""
        return self.contents is None

    def give(self, context: WasiContext, handled: FutureReader) -> tuple[Any, Any]:
        """Passed from guest to guest."""
        host_tasks_of(self.store).spawn(handled.read(), self._handled, False, None)
        return self.contents or (), self.trailers

    def _handled(self, value: Any) -> None:
        self.end(value if isinstance(value, Variant) else None)

    def read(self, context: WasiContext) -> tuple[AsyncIterable[bytes], Any]:
        """For the host."""
        assert self.contents is not None
        return self.contents, self.trailers

    def close(self) -> None:
        """Nobody sends it, or reads on."""
        self.end(Variant("internal-error", "the message was not sent"))
        for reader in (self.contents, self.trailers):
            if reader is not None and not self.store._is_closed:
                with suppress(WasmtimeError):  # it is being read
                    reader.close()


class HostBody:
    """What has come from outside."""

    is_empty = False

    def __init__(self, store: "Store", incoming: IncomingBody) -> None:
        self.store, self._incoming = store, incoming
        self._is_taken = False

    def give(self, context: WasiContext, handled: FutureReader) -> tuple[Any, Any]:
        """For a guest; nobody outside hears how it has handled it."""
        handled.close()
        return self.read(context)

    def read(self, context: WasiContext) -> tuple[PiecesLater, Outcome]:
        """The bytes as they come, and then trailers, or why it broke off."""
        outcome = _Trailers(context, self._incoming)
        pieces = PiecesLater(BodyInput(self._incoming), outcome, _code_of)
        self.close()
        return pieces, outcome

    def end(self, code: Variant | None) -> None:
        """Nobody outside hears of it."""

    def close(self) -> None:
        """The host's thread notices when it writes."""
        if not self._is_taken:
            self._is_taken = True
            self._incoming.close()


class _Trailers(Outcome):
    """Trailers, once a body has ended."""

    def __init__(self, context: WasiContext, incoming: IncomingBody) -> None:
        super().__init__()
        self._context, self._incoming = context, incoming

    def set(self, value: Any) -> None:
        """It has ended."""
        if value is None and self._incoming.trailers and not self._is_known:
            value = hand_out(self._context.resources, Fields(self._incoming.trailers, False))
        super().set(value)


def _code_of(error: IoError) -> Variant:
    return error.code if isinstance(error, HttpError) else Variant("connection-terminated")


class Transmission:
    """Has a thread of the host's client or server send a body; what of it goes on its way waits in the event loop."""

    def __init__(self, context: WasiContext, body: Body, out: OutgoingBody) -> None:
        self._context, self._body, self._out = context, body, out
        self._stream: BodyOutput | None = BodyOutput(out)
        out.stream = self._stream  # which knows how much was written
        self._file: SocketFile | None = out.file.share()
        self._is_finished = False

    def start(self) -> None:
        """Sends it while the guest goes on."""
        host_tasks_of(self._body.store).spawn(self.run(), lambda value: None, False, None)

    async def run(self) -> None:
        """Sends all of it."""
        code: Variant | None = Variant("connection-terminated")
        try:
            await self._send()
            code = None
        except Err as error:
            code = error.payload
        except IoError as error:
            code = _code_of(error)
        except Exception:  # the stream has ended, or the guest
            pass
        finally:
            self.close(code)

    async def _send(self) -> None:
        contents, trailers = self._body.read(self._context)
        if self._stream is None or self._file is None:
            return
        await _pump(contents, self._stream)
        found = await self._trailers(trailers)
        self._end_stream()
        self._is_finished = True
        self._out.finish(found, "HTTP-request-body-size")
        await until(Event(self._file.fd, POLLIN))  # its end: the thread has taken all

    async def _trailers(self, trailers: Any) -> Fields | None:
        """The trailers. Raises `HttpError` if the message is to be broken off."""
        value = await trailers
        if isinstance(value, Variant):
            raise HttpError(value)
        if isinstance(value, ResourceAny):
            return self._context.resources.take(value.to_host(self._body.store).rep, Fields)
        return None if value is None else self._context.resources.take(value.rep, Fields)

    def _end_stream(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

    def close(self, code: Variant | None) -> None:
        """It has ended, with an error or well; what was not sent is broken off."""
        file, self._file = self._file, None
        if file is None:
            return
        self._end_stream()
        if not self._is_finished:
            self._out.close()
        file.close()
        self._body.end(code)
        self._body.close()


async def _pump(source: AsyncIterable[bytes], stream: OutputStream) -> None:
    async for piece in source:
        left = memoryview(piece)
        while left:
            if room := stream.check_write():
                stream.write(bytes(left[:room]))
                left = left[room:]
            else:
                await until(stream.event())
    while not stream.is_closed and not stream.check_write():
        await until(stream.event())
