"""Serves a component that exports `wasi:http/incoming-handler`, with Python's `http.server`: an instance a request.

The server is Python's own, which is meant for small loads; all that a client can make it keep is bounded.
"""

import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from socket import SHUT_RDWR, socket
from typing import Any, Final

from fusee.api.errors import LinkError
from fusee.api.store import Store
from fusee.component.component import Component
from fusee.component.linker import Linker
from fusee.component.resources import ResourceHost
from fusee.component.values import Variant
from fusee.spec import http
from fusee.wasi.p2.http.bodies import IncomingBody
from fusee.wasi.p2.http.fields import HttpError, received
from fusee.wasi.p2.http.framing import FIELD, chunks, framed, sized
from fusee.wasi.p2.http.requests import IncomingRequest
from fusee.wasi.p2.http.responses import OutgoingResponse, ResponseOutparam

MAX_CONNECTIONS: Final = 64
CLIENT_SECONDS: Final = 60.0
"""How long a client may be silent."""
_FEEDER_SECONDS: Final = 0.2  # for what is on its way; who has more to say is not listened to any more

_REQUEST: Final = re.compile(rf"[{http.TOKEN}]+ [^\0- \x7f]+ HTTP/1\.[0-9]\r?\n".encode())
_OLD: Final = "HTTP/1.0"  # there is neither need of a host nor are there chunks

_HANDLER: Final = "wasi:http/incoming-handler@0.2."

Handle = Callable[[IncomingRequest, ResponseOutparam], None]
"""Calls a new instance's handler, and gives back what it holds."""


class ProxyServer(ThreadingHTTPServer):
    """Answers requests with `handle`, some at once; further clients wait to be accepted."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], handle: Handle, log: Callable[[str], None] | None = None) -> None:
        """Listens at host and port. Raises `OSError`."""
        self.handle = handle
        self.log = log or (lambda line: print(line, file=sys.stderr, flush=True))
        self._room = threading.BoundedSemaphore(MAX_CONNECTIONS)
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """In a thread of its own, when there is room."""
        self._room.acquire()
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._room.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answers a connection's requests."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is nothing to tell."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            self.log(f"{type(error).__name__}: {error}")


class _Head(BufferedIOBase):
    """Reads the fields of a request, and sees what Python's parser lets through.

    That leaves out lines without a name or ends the fields there, continues them, takes a lone CR for the end of a
    line, and the end of the connection for that of the fields; who is in between may do none of it.
    """

    def __init__(self, reader: BufferedIOBase) -> None:
        self._reader = reader
        self.is_malformed = False

    def readline(self, size: int | None = -1, /) -> bytes:
        """A line, with its end."""
        line = self._reader.readline(-1 if size is None else size)
        self.is_malformed |= line not in (b"\r\n", b"\n") and FIELD.fullmatch(line) is None
        return line


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: ProxyServer
    raw_requestline: bytes
    protocol_version = "HTTP/1.1"
    timeout = CLIENT_SECONDS

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Requests are not logged."""

    def version_string(self) -> str:
        """Says nothing of Python's version."""
        return "fusee"

    def parse_request(self) -> bool:
        """Every method is answered in one way, and no request whose fields Python reads otherwise than others may."""
        reader = self.rfile
        self.rfile = head = _Head(reader)
        try:
            if not super().parse_request():
                return False
        finally:
            self.rfile = reader
        if reason := self._reason(head.is_malformed):
            self.send_error(400, explain=reason)
            return False
        setattr(self, f"do_{self.command}", self._answer)
        return True

    def _reason(self, is_malformed: bool) -> str:
        """Why a request is refused that Python has read; empty if it is not (RFC 9112, 3)."""
        hosts = len(self.headers.get_all("host") or [])
        if not _REQUEST.fullmatch(self.raw_requestline):
            return "malformed request line"
        if hosts > 1 or (hosts == 0 and self.request_version != _OLD):
            return "there must be one host"
        return "malformed field" if is_malformed else ""

    def _answer(self) -> None:
        body = IncomingBody()
        try:
            pieces = self._body(body)
        except ValueError as error:
            body.close()
            body.far.close()
            self.close_connection = True
            self.send_error(400, explain=str(error))
            return
        feeder = threading.Thread(target=self._feed, args=(pieces, body), name="fusee-wasi", daemon=True)
        request = IncomingRequest(
            self.command, self.path, "HTTP", self.headers.get("host"), received(self.headers.items()), body
        )
        answer = _Answer(self)
        feeder.start()
        try:
            self.server.handle(request, ResponseOutparam(answer.respond))
        except Exception as error:
            self.server.log(f"{self.command} {self.path}: {error}")
        finally:
            answer.finish()
            request.close()
            feeder.join(_FEEDER_SECONDS)
            self.close_connection |= feeder.is_alive()

    def _body(self, body: IncomingBody) -> Iterator[bytes]:
        """The pieces of the request's body. Raises `ValueError` if its length is not clear (RFC 9112, 6.3)."""
        codings, lengths = (self.headers.get_all(name) or [] for name in ("transfer-encoding", "content-length"))
        if codings:
            if [coding.lower() for coding in codings] != ["chunked"] or lengths or self.request_version == _OLD:
                raise ValueError("a body is chunked, or has a length")
            return chunks(self.rfile, body)
        if len(lengths) > 1 or not all(re.fullmatch("[0-9]{1,18}", length) for length in lengths):
            raise ValueError("malformed content-length")
        return sized(self.rfile, int(lengths[0]) if lengths else 0)

    def _feed(self, pieces: Iterator[bytes], body: IncomingBody) -> None:
        """Passes the request's body on; what the guest does not want is not read, and the connection closed."""
        with body.far:
            try:
                for piece in pieces:
                    body.far.sendall(piece)
            except BrokenPipeError:
                self.close_connection = True
            except Exception:
                self.close_connection = True
                body.fail(Variant("connection-terminated"))


class _Answer:
    """The response to one request: sent by a thread, as the guest may go on meanwhile."""

    def __init__(self, handler: _Handler) -> None:
        self.handler = handler
        self.thread: threading.Thread | None = None
        self.is_failed = False

    def respond(self, response: "OutgoingResponse | Variant") -> None:
        """Begins to send."""
        if isinstance(response, Variant):
            self.is_failed = True
            self.handler.server.log(f"{self.handler.command} {self.handler.path}: {response.tag}")
            return
        response.is_sent = True
        self.thread = threading.Thread(target=self._send, args=(response,), name="fusee-wasi", daemon=True)
        self.thread.start()

    def finish(self) -> None:
        """Waits until all has been sent; without a response, says that there is none."""
        if self.thread is not None:
            self.thread.join()
        else:
            self.handler.send_error(502 if self.is_failed else 500)

    def _send(self, response: OutgoingResponse) -> None:
        handler, body = self.handler, response.body
        try:
            handler.send_response(response.status)
            for name, value in response.headers.pairs:
                handler.send_header(name, value.decode("latin-1"))
            has_body = handler.command != "HEAD" and response.status >= 200 and response.status not in (204, 304)
            if body is None and has_body:
                handler.send_header("content-length", "0")
            elif body is not None and body.length is None and has_body:
                handler.send_header("transfer-encoding", "chunked")
            handler.end_headers()
            if body is not None:
                for piece in framed(body):
                    if has_body:
                        handler.wfile.write(piece)
        except (OSError, HttpError):
            handler.close_connection = True
            _abort(handler.connection)


def _abort(connection: socket) -> None:
    """A response that breaks off is not to look complete."""
    with suppress(OSError):
        connection.shutdown(SHUT_RDWR)


def handler_of(linker: Linker, component: Component, make_store: Callable[[], Store]) -> Handle:
    """Calls the handler of `component` in a new instance, in a store of `make_store`, which has WASI.

    Raises `LinkError` if it exports no `wasi:http/incoming-handler`.
    """
    exports = component.type.exports(linker.engine)
    name = next((name for name in exports if name.startswith(_HANDLER)), "")
    index = component.get_export_index("handle", component.get_export_index(name))
    if index is None:
        shown = ", ".join(exports) or "nothing"
        raise LinkError(f"the component does not export `wasi:http/incoming-handler`; it exports {shown}")

    def handle(request: IncomingRequest, out: ResponseOutparam) -> None:
        with make_store() as store:
            table = store._wasi.resources
            handles = [ResourceHost.own(table.add(one), one.number) for one in (request, out)]
            function = linker.instantiate(store, component).get_func(store, index)
            if function is None:
                raise LinkError("`handle` is no function")
            function(store, *handles)

    return handle
