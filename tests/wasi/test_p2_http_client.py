"""`wasi:http` as a client, against a server of this machine."""

import http.client
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from fusee.component.values import Record, Variant
from fusee.wasi.p2.http.fields import Fields, HttpError, code_of
from fusee.wasi.p2.http.requests import OutgoingRequest
from fusee.wasi.p2.http.responses import IncomingResponse
from tests.wasi import httpprogram
from tests.wasi.httpprogram import TYPES, call, ok
from tests.wasi.program import Program

program = httpprogram.program


class _Upstream(BaseHTTPRequestHandler):
    """Says what it was asked, or misbehaves."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass

    def do_GET(self) -> None:
        if self.path == "/short":
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"too short")
            self.close_connection = True
        elif self.path == "/nonsense":
            self.wfile.write(b"nonsense\r\n\r\n")
            self.close_connection = True
        else:
            self._answer(b"")

    def do_POST(self) -> None:
        data = b""
        if self.headers.get("transfer-encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                data += self.rfile.read(size)
                self.rfile.readline()
            while line := self.rfile.readline().strip():
                data += b"|" + line
        else:
            data = self.rfile.read(int(self.headers["content-length"]))
        self._answer(data)

    def _answer(self, data: bytes) -> None:
        text = f"{self.command} {self.path} {self.headers['host']} {self.headers['x-one']} ".encode() + data
        self.send_response(203)
        self.send_header("Content-Length", str(len(text)))
        self.send_header("X-Two", "2")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(text)


@pytest.fixture
def upstream() -> Iterator[str]:
    """The authority of a server."""
    server = HTTPServer(("127.0.0.1", 0), _Upstream)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def request_to(authority: str, path: str, method: str = "get", pairs: tuple[tuple[str, bytes], ...] = ()) -> Any:
    request = OutgoingRequest(Fields([("X-One", b"1"), *pairs]))
    request.method, request.scheme, request.authority, request.path = Variant(method), Variant("HTTP"), authority, path
    return request


def send(program: Program, request: OutgoingRequest) -> Any:
    """The future of its response, or why it is not sent."""
    found = program.call("http/outgoing-handler", "handle", request, None)
    if found.tag == "ok":
        program.context.resources.add(found.payload)
    return found.payload


def receive(program: Program, future: Any) -> Any:
    """The response, once it is there, or the error code."""
    program.call("io/poll", "poll", [call(program, "[method]future-incoming-response.subscribe", future)])
    found = program.call(TYPES, "[method]future-incoming-response.get", future)
    assert found.tag == "some"
    assert program.call(TYPES, "[method]future-incoming-response.get", future) == Variant("some", None)
    return found.payload


def read_all(program: Program, response: IncomingResponse) -> bytes:
    body = ok(program, "[method]incoming-response.consume", response)
    stream = ok(program, "[method]incoming-body.stream", body)
    data = b""
    while (piece := program.call("io/streams", "[method]input-stream.blocking-read", stream, 1 << 20)).tag == "ok":
        data += piece.payload
    stream.close()
    failure = None if piece.payload is None else call(program, "http-error-code", piece.payload)
    trailers = call(program, "[static]incoming-body.finish", body)
    assert program.call(TYPES, "[method]future-trailers.get", trailers) == Variant("ok", failure)
    assert program.call(TYPES, "[method]future-trailers.get", trailers) == Variant("err")
    if failure is not None:
        raise HttpError(failure)
    return data


def test_a_request(program: Program, upstream: str) -> None:
    response = receive(program, send(program, request_to(upstream, "/path?q")))
    assert call(program, "[method]incoming-response.status", response) == 203
    headers = call(program, "[method]incoming-response.headers", response)
    assert headers.get("x-two") == [b"2"]
    assert not headers.get("connection")
    assert call(program, "[method]fields.append", headers, "a", b"") == Variant("immutable")
    assert read_all(program, response) == f"GET /path?q {upstream} 1 ".encode()
    assert program.error(TYPES, "[method]incoming-response.consume", response) is None


@pytest.mark.parametrize("length", [None, 6])
def test_a_request_with_a_body(program: Program, upstream: str, length: int | None) -> None:
    pairs = () if length is None else (("content-length", str(length).encode()),)
    request = request_to(upstream, "/", "post", pairs)
    body = ok(program, "[method]outgoing-request.body", request)
    stream = ok(program, "[method]outgoing-body.write", body)
    future = send(program, request)
    assert program.call(TYPES, "[method]future-incoming-response.get", future) == Variant("none")
    for piece in (b"abc", b"def"):
        program.stream("blocking-write-and-flush", stream, piece)
    stream.close()
    trailers = Fields([("T", b"end")]) if length is None else None
    ok(program, "[static]outgoing-body.finish", body, trailers)
    data = read_all(program, receive(program, future))
    assert data == f"POST / {upstream} 1 abcdef{'|T: end' if length is None else ''}".encode()


def test_a_body_that_is_not_finished_breaks_the_request_off(program: Program, upstream: str) -> None:
    request = request_to(upstream, "/", "post", (("content-length", b"6"),))
    body = ok(program, "[method]outgoing-request.body", request)
    future = send(program, request)
    body.close()
    assert isinstance(receive(program, future), Variant)


def test_responses_that_break_off(program: Program, upstream: str) -> None:
    response = receive(program, send(program, request_to(upstream, "/short")))
    with pytest.raises(HttpError, match="HTTP-response-incomplete"):
        read_all(program, response)
    assert receive(program, send(program, request_to(upstream, "/nonsense"))) == Variant("HTTP-protocol-error")


def test_servers_that_are_not_there(program: Program) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        request = request_to(f"127.0.0.1:{free.getsockname()[1]}", "/")
        assert receive(program, send(program, request)) == Variant("connection-refused")


def test_only_allowed_requests_are_sent(upstream: str) -> None:
    program = Program()
    assert send(program, request_to(upstream, "/")) == Variant("HTTP-request-denied")
    asked = []

    def check(method: str, url: str) -> bool:
        asked.append((method, url))
        return False

    program.context.http_check = check
    assert send(program, request_to(upstream, "/x", "put")) == Variant("HTTP-request-denied")
    assert asked == [("PUT", f"http://{upstream}/x")]
    program.context.http_check = lambda method, url: True
    request = OutgoingRequest(Fields())
    assert send(program, request) == Variant("HTTP-request-URI-invalid")
    request.scheme = Variant("other", "ftp")
    assert send(program, request) == Variant("HTTP-protocol-error")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (socket.gaierror(-2, "unknown"), Variant("DNS-error", Record(rcode="unknown", info_code=0))),
        (TimeoutError(), Variant("connection-timeout")),
        (ConnectionResetError(), Variant("connection-terminated")),
        (http.client.BadStatusLine("x"), Variant("HTTP-protocol-error")),
        (OSError(113, "no route"), Variant("destination-unavailable")),
        (KeyError("secret"), Variant("internal-error", "KeyError")),
    ],
)
def test_errors_have_codes(error: Exception, code: Variant) -> None:
    assert code_of(error) == code
