"""`wasi:http/outgoing-handler`: sends requests with Python's `http.client`, each in threads of its own."""

import ssl
import threading
from contextlib import suppress
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from socket import SHUT_RDWR, socket
from typing import Final

from fusee.component.values import Err, Variant
from fusee.wasi.context import WasiContext
from fusee.wasi.p2.background import Background, TooManyThreadsError
from fusee.wasi.p2.http.bodies import PIECE_BYTES, IncomingBody, OutgoingBody
from fusee.wasi.p2.http.fields import TYPES, HttpError, code_of, received
from fusee.wasi.p2.http.framing import chunks, framed
from fusee.wasi.p2.http.requests import OutgoingRequest, RequestOptions, split_authority
from fusee.wasi.p2.http.responses import FutureIncomingResponse, IncomingResponse
from fusee.wasi.p2.interface import Interface

_SECOND_NS: Final = 1_000_000_000
_LONGEST_SECONDS: Final = 600.0

OUTGOING_HANDLER: Final = Interface("http/outgoing-handler", TYPES)


@OUTGOING_HANDLER.function(
    "handle(request: outgoing-request, options: option<request-options>) "
    "-> result<future-incoming-response, error-code>"
)
def handle(
    context: WasiContext, request: OutgoingRequest, options: RequestOptions | None
) -> FutureIncomingResponse:  # fmt: skip
    """Sends a request, if the embedder allows it."""
    try:
        return FutureIncomingResponse(Background(Exchange(context, request, options).run))
    except TooManyThreadsError:
        raise Err(Variant("connection-limit-reached")) from None


class Exchange:
    """A request and its response. Raises `Err` for what cannot be sent."""

    def __init__(self, context: WasiContext, request: OutgoingRequest, options: RequestOptions | None) -> None:
        scheme = "HTTPS" if request.scheme is None else request.scheme.tag
        if scheme == "other":
            raise Err(Variant("HTTP-protocol-error"))
        if request.authority is None:
            raise Err(Variant("HTTP-request-URI-invalid"))
        self.is_secure = scheme == "HTTPS"
        self.host, self.port = split_authority(request.authority)
        path = request.path or "/"
        self.path = path if path[0] in "/*" else f"/{path}"
        self.method = request.method.payload if request.method.tag == "other" else request.method.tag.upper()
        self.request, self.timeouts = request, {} if options is None else options.timeouts
        url = f"{scheme.lower()}://{request.authority}{self.path}"
        if context.http_check is None or not context.http_check(self.method, url):
            raise Err(Variant("HTTP-request-denied"))

    def run(self, background: Background) -> None:
        """Has the guest know the response as soon as its headers are here, and then passes the body on."""
        connection = self._connect()
        made = connection.sock  # the connection forgets it when the response has it
        sender = _Sender(made, self.request.body)
        try:
            self._send_head(connection)
            self.request.is_sent = True  # the thread ends its body
            sender.start()
            made.settimeout(self._seconds("first-byte-timeout"))
            try:
                response = connection.getresponse()
            except TimeoutError:
                raise HttpError(Variant("HTTP-response-timeout")) from None
            except OSError as error:
                raise sender.failure or error from None
            made.settimeout(self._seconds("between-bytes-timeout"))
            body = IncomingBody()
            background.publish(IncomingResponse(response.status, received(response.getheaders()), body))
            _pass_on(response, body)
        finally:
            connection.close()

    def _connect(self) -> HTTPConnection:
        timeout = self._seconds("connect-timeout")
        if self.is_secure:
            context = ssl.create_default_context()
            made: HTTPConnection = HTTPSConnection(self.host, self.port, timeout=timeout, context=context)
        else:
            made = HTTPConnection(self.host, self.port, timeout=timeout)
        made.connect()
        return made

    def _send_head(self, connection: HTTPConnection) -> None:
        connection.putrequest(self.method, self.path, skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", self.request.authority or "")
        for name, value in self.request.headers.pairs:
            connection.putheader(name, value)
        body = self.request.body
        if body is not None and body.length is None:
            connection.putheader("Transfer-Encoding", "chunked")
        connection.endheaders()

    def _seconds(self, name: str) -> float:
        duration_ns = self.timeouts.get(name)
        return _LONGEST_SECONDS if duration_ns is None else min(max(duration_ns / _SECOND_NS, 1e-3), _LONGEST_SECONDS)


class _Sender:
    """Sends a request's body, while the response may come already."""

    def __init__(self, connection: socket, body: OutgoingBody | None) -> None:
        self.connection, self.body = connection, body
        self.failure: BaseException | None = None

    def start(self) -> None:
        """Begins, if there is a body."""
        if self.body is not None:
            threading.Thread(target=self._run, args=(self.body,), name="fusee-wasi", daemon=True).start()

    def _run(self, body: OutgoingBody) -> None:
        try:
            for piece in framed(body):
                self.connection.sendall(piece)
        except Exception as error:
            self.failure = error
            with suppress(OSError):  # the response will not come, or has come without the body
                self.connection.shutdown(SHUT_RDWR)


def _pass_on(response: HTTPResponse, body: IncomingBody) -> None:
    """Gives a response's body to the guest, until its end or until nobody wants it."""
    with body.far:
        try:
            is_chunked = response.chunked and response.length is None  # 0: there is none after all
            pieces = chunks(response.fp, body) if is_chunked else iter(lambda: response.read1(PIECE_BYTES), b"")
            for piece in pieces:
                body.far.sendall(piece)
            if response.length:
                body.fail(Variant("HTTP-response-incomplete"))
        except (EOFError, ValueError):
            body.fail(Variant("HTTP-protocol-error"))
        except BrokenPipeError:
            pass
        except Exception as error:
            body.fail(code_of(error, "connection-read-timeout"))
