"""The bodies of messages: a guest has one end of a pair of sockets, and a thread of the host the other.

So the system's buffers bound what is on its way, and streams of a body are like those of any connection.
"""

import socket
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from fusee.api.errors import Trap
from fusee.component.values import Err, Variant
from fusee.wasi.context import WasiContext
from fusee.wasi.p2.http.fields import TYPES, Fields, HttpError, Pairs
from fusee.wasi.p2.pollable import READY, Pollable
from fusee.wasi.p2.socketoptions import SocketFile
from fusee.wasi.p2.streams import DescriptorInput, DescriptorOutput, InputStream, OutputStream
from fusee.wasi.resources import Resource

PIECE_BYTES: Final = 1 << 16


class IncomingBody(Resource):
    """What a guest reads. The host's thread writes to `far`, and closes it at the end or after `fail`."""

    files = 2

    def __init__(self) -> None:
        near, self.far = socket.socketpair()
        near.setblocking(False)
        self.file = SocketFile(near)
        self.failure: Variant | None = None
        self.trailers: Pairs = []
        self.stream: BodyInput | None = None

    def fail(self, code: Variant) -> None:
        """Has the guest get an error at its end."""
        self.failure = code
        self.far.close()

    def close(self) -> None:
        """Nobody wants to read it; the host's thread notices when it writes."""
        self.file.close()


class BodyInput(DescriptorInput):
    """Ends with the error that the body has."""

    def __init__(self, body: IncomingBody) -> None:
        super().__init__(body.file)
        self.body = body

    def _read(self, length: int) -> bytes | None:
        data = super()._read(length)
        if data == b"" and self.body.failure is not None:
            self.is_closed = True
            raise HttpError(self.body.failure)
        return data


class FutureTrailers(Resource):
    """The trailers of a body, if it has been read to its end."""

    def __init__(self, body: IncomingBody) -> None:
        self.body = body
        self.is_taken = False


class OutgoingBody(Resource):
    """What a guest writes. The host's thread reads `pieces`."""

    files = 2

    def __init__(self, length: int | None) -> None:
        near, self.far = socket.socketpair()
        near.setblocking(False)
        self.file = SocketFile(near)
        self.length = length
        self.stream: BodyOutput | None = None
        self.trailers: Pairs = []
        self.is_finished = False

    def pieces(self) -> Iterator[bytes]:
        """What is written, until the end. Raises `HttpError` if the guest has not finished it."""
        with self.far:
            while piece := self.far.recv(PIECE_BYTES):
                yield piece
        if not self.is_finished:
            raise HttpError(Variant("HTTP-protocol-error"))

    def finish(self, trailers: Fields | None, wrong_size: str) -> None:
        """Says that all was written. Raises `Err` with the case `wrong_size` if it is not what was announced."""
        written = 0 if self.stream is None else self.stream.written
        try:
            if self.length is not None and written != self.length:
                raise Err(Variant(wrong_size, written))
            self.trailers = [] if trailers is None else trailers.pairs
            self.is_finished = True
        finally:
            self.close()

    def close(self) -> None:
        """No more comes; without `finish` that is an error of the message."""
        if self.file.socket.fileno() >= 0:
            with suppress(OSError):
                self.file.socket.shutdown(socket.SHUT_WR)
        self.file.close()


class BodyOutput(DescriptorOutput):
    """Counts what is written, which must not be more than was announced."""

    def __init__(self, body: OutgoingBody) -> None:
        super().__init__(body.file, PIECE_BYTES)
        self.body = body
        self.written = 0

    def _write(self, data: bytes) -> None:
        if self.body.length is not None and self.written + len(data) > self.body.length:
            self.is_closed = True
            raise HttpError(Variant("HTTP-request-body-size", self.written + len(data)))
        super()._write(data)
        self.written += len(data)


TYPES.resource("incoming-body", IncomingBody)
TYPES.resource("future-trailers", FutureTrailers)
TYPES.resource("outgoing-body", OutgoingBody)


@TYPES.method("incoming-body.stream() -> result<input-stream>")
def incoming_stream(context: WasiContext, body: IncomingBody) -> InputStream:
    """Its contents, once."""
    if body.stream is not None:
        raise Err
    body.stream = BodyInput(body)
    return body.stream


@TYPES.static("incoming-body.finish(this: incoming-body) -> future-trailers")
def finish_incoming(context: WasiContext, body: IncomingBody) -> FutureTrailers:
    """What comes after it; what of it was not read is thrown away."""
    body.close()
    return FutureTrailers(body)


@TYPES.method("future-trailers.subscribe() -> pollable")
def subscribe_trailers(context: WasiContext, trailers: FutureTrailers) -> Pollable:
    """Always ready."""
    return Pollable(lambda: READY)


@TYPES.method("future-trailers.get() -> option<result<result<option<trailers>, error-code>>>")
def get_trailers(context: WasiContext, trailers: FutureTrailers) -> Variant:
    """Those that have come, or why the body broke off; once.

    Only the outer result is tagged: what is in it differs in class.
    """
    if trailers.is_taken:
        return Variant("err")
    trailers.is_taken = True
    body = trailers.body
    return Variant("ok", body.failure or (Fields(body.trailers, False) if body.trailers else None))


@TYPES.method("outgoing-body.write() -> result<output-stream>")
def outgoing_stream(context: WasiContext, body: OutgoingBody) -> OutputStream:
    """Its contents, once."""
    if body.stream is not None:
        raise Err
    body.stream = BodyOutput(body)
    return body.stream


@TYPES.static("outgoing-body.finish(this: outgoing-body, trailers: option<trailers>) -> result<_, error-code>")
def finish_outgoing(context: WasiContext, body: OutgoingBody, trailers: Fields | None) -> None:
    """All was written."""
    if body.stream is not None and not body.stream.is_closed:
        raise Trap("outgoing-body.finish: its stream has not been dropped")
    body.finish(trailers, "HTTP-request-body-size")
