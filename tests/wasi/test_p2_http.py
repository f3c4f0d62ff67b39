"""`wasi:http`: fields and messages, the client against a server of this machine, and the server."""

import http.client
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from fusee import LimitError, Trap
from fusee.component.values import Record, Variant
from fusee.wasi.p2.http.fields import Fields, HttpError, code_of
from fusee.wasi.p2.http.requests import IncomingRequest, OutgoingRequest
from fusee.wasi.p2.http.responses import IncomingResponse, OutgoingResponse, ResponseOutparam
from fusee.wasi.p2.http.server import ProxyServer
from fusee.wasi.p2.streams import IoError
from tests.wasi.program import Program

TYPES = "http/types"


@pytest.fixture
def program() -> Iterator[Program]:
    """One that may send requests."""
    made = Program()
    made.context.http_check = lambda method, url: True
    with made.context:
        yield made


def call(program: Program, name: str, *arguments: Any) -> Any:
    """A function of `wasi:http/types`: what it gives, or its error."""
    found = program.call(TYPES, name, *arguments)
    return found.payload if isinstance(found, Variant) and found.tag in ("ok", "err") else found


def ok(program: Program, name: str, *arguments: Any) -> Any:
    """A function that has to succeed."""
    return program.ok(TYPES, name, *arguments)


# Fields


def test_fields(program: Program) -> None:
    fields = ok(program, "[static]fields.from-list", [("A", b"1"), ("b", b"2"), ("a", b"3")])
    assert call(program, "[method]fields.get", fields, "a") == [b"1", b"3"]
    assert call(program, "[method]fields.get", fields, "no such") == []
    assert call(program, "[method]fields.has", fields, "B") is True
    ok(program, "[method]fields.append", fields, "c", b"")
    ok(program, "[method]fields.set", fields, "B", [b"x", b"y"])
    ok(program, "[method]fields.delete", fields, "a")
    assert call(program, "[method]fields.entries", fields) == [("c", b""), ("B", b"x"), ("B", b"y")]
    copy = call(program, "[method]fields.clone", fields)
    ok(program, "[method]fields.set", copy, "c", [])
    assert call(program, "[method]fields.has", copy, "c") is False
    assert call(program, "[method]fields.has", fields, "c") is True
    request = call(program, "[constructor]outgoing-request", fields)
    headers = call(program, "[method]outgoing-request.headers", request)
    for name, arguments in (("set", ("a", [])), ("append", ("a", b"")), ("delete", ("a",))):
        assert call(program, f"[method]fields.{name}", headers, *arguments) == Variant("immutable")


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("", b"", "invalid-syntax"),
        ("a b", b"", "invalid-syntax"),
        ("a:", b"", "invalid-syntax"),
        ("é", b"", "invalid-syntax"),
        ("a", b"x\r\nevil: 1", "invalid-syntax"),
        ("a", b"\0", "invalid-syntax"),
        ("a", b"x\x7f", "invalid-syntax"),
        ("Transfer-Encoding", b"chunked", "forbidden"),
        ("HOST", b"x", "forbidden"),
        ("connection", b"close", "forbidden"),
    ],
)
def test_fields_that_cannot_be_sent(program: Program, name: str, value: bytes, error: str) -> None:
    assert call(program, "[static]fields.from-list", [(name, value)]) == Variant(error)
    fields = call(program, "[constructor]fields")
    assert call(program, "[method]fields.append", fields, name, value) == Variant(error)
    assert call(program, "[method]fields.set", fields, name, [value]) == Variant(error)


def test_fields_are_limited(program: Program) -> None:
    fields = call(program, "[constructor]fields")
    with pytest.raises(LimitError, match="more than 131072 bytes"):
        call(program, "[method]fields.append", fields, "a", bytes([65]) * 200_000)


# Messages


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("method", (Variant("put"), Variant("other", "PURGE")), (Variant("other", "A B"), Variant("other", ""))),
        ("path-with-query", ("/a?b=%20", "*", "?x", None), ("/a b", "/#x", "a", "/é", "/\r\n", "/" + "x" * 70_000)),
        ("scheme", (Variant("HTTP"), Variant("other", "ws+x"), None), (Variant("other", "1x"), Variant("other", ":"))),
        (
            "authority",
            ("a.org", "a.org:80", "[::1]:8", None),
            ("", "a b", "a:x", "u@a", "a/b", ":80", "a:99999", "[::1]x"),
        ),
    ],
)
def test_parts_of_requests(program: Program, name: str, good: tuple[Any, ...], bad: tuple[Any, ...]) -> None:
    request = OutgoingRequest(Fields())
    setting = f"[method]outgoing-request.set-{name}"
    for value in good:
        assert program.ok(TYPES, setting, request, value) is None
        assert program.call(TYPES, f"[method]outgoing-request.{name}", request) == value
    for value in bad:
        assert program.error(TYPES, setting, request, value) is None


def test_responses_and_options(program: Program) -> None:
    response = call(program, "[constructor]outgoing-response", Fields())
    assert call(program, "[method]outgoing-response.status-code", response) == 200
    ok(program, "[method]outgoing-response.set-status-code", response, 404)
    assert call(program, "[method]outgoing-response.status-code", response) == 404
    for status in (0, 99, 1000, 65535):
        assert program.error(TYPES, "[method]outgoing-response.set-status-code", response, status) is None
    options = call(program, "[constructor]request-options")
    for name in ("connect-timeout", "first-byte-timeout", "between-bytes-timeout"):
        assert call(program, f"[method]request-options.{name}", options) is None
        ok(program, f"[method]request-options.set-{name}", options, 5)
        assert call(program, f"[method]request-options.{name}", options) == 5


def test_bodies_are_taken_once_and_finished(program: Program) -> None:
    fields = ok(program, "[static]fields.from-list", [("content-length", b"3")])
    request = OutgoingRequest(fields)
    body = ok(program, "[method]outgoing-request.body", request)
    assert program.error(TYPES, "[method]outgoing-request.body", request) is None
    stream = ok(program, "[method]outgoing-body.write", body)
    assert program.error(TYPES, "[method]outgoing-body.write", body) is None
    program.stream("blocking-write-and-flush", stream, b"ab")
    with pytest.raises(Trap, match="stream has not been dropped"):
        call(program, "[static]outgoing-body.finish", body, None)
    stream.close()
    assert call(program, "[static]outgoing-body.finish", body, None) == Variant("HTTP-request-body-size", 2)
    request.close()

    request = OutgoingRequest(fields)
    body = ok(program, "[method]outgoing-request.body", request)
    stream = ok(program, "[method]outgoing-body.write", body)
    program.stream("check-write", stream)
    error = program.stream_error("write", stream, b"four")
    assert call(program, "http-error-code", error) == Variant("HTTP-request-body-size", 4)
    assert call(program, "http-error-code", IoError.of(OSError(5, "x"))) is None
    for one in (stream, body, request):
        one.close()


# The client


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


# The server

Guest = Callable[[Program, IncomingRequest, ResponseOutparam], None]


@contextmanager
def serving(guest: Guest) -> Iterator[tuple[int, list[str]]]:
    """A server whose requests `guest` answers, in a program of its own; its port, and what it logs."""
    lines: list[str] = []

    def handle(request: IncomingRequest, out: ResponseOutparam) -> None:
        program = Program()
        with program.context:
            program.context.resources.add(request)
            guest(program, request, out)

    server = ProxyServer(("127.0.0.1", 0), handle, lines.append)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield int(server.server_address[1]), lines
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def respond(program: Program, out: ResponseOutparam, pieces: list[bytes], *pairs: tuple[str, bytes]) -> None:
    """Answers with a body of these pieces."""
    response = OutgoingResponse(Fields(pairs))
    response.status = 201
    body = ok(program, "[method]outgoing-response.body", response)
    call(program, "[static]response-outparam.set", out, Variant("ok", response))
    stream = ok(program, "[method]outgoing-body.write", body)
    for piece in pieces:
        program.stream("blocking-write-and-flush", stream, piece)
    stream.close()
    ok(program, "[static]outgoing-body.finish", body, None)


def echo(program: Program, request: IncomingRequest, out: ResponseOutparam) -> None:
    """Says what was asked."""
    head = [
        call(program, f"[method]incoming-request.{name}", request)
        for name in ("method", "path-with-query", "scheme", "authority")
    ]
    body = ok(program, "[method]incoming-request.consume", request)
    stream = ok(program, "[method]incoming-body.stream", body)
    size = 0
    while (piece := program.call("io/streams", "[method]input-stream.blocking-read", stream, 1 << 16)).tag == "ok":
        size += len(piece.payload)
    stream.close()
    assert head[2] == Variant("HTTP")
    respond(program, out, [f"{head[0].tag} {head[1]} {size}".encode(), b"!"], ("X-A", b"\xe9"))
    body.close()


def test_serving() -> None:
    with serving(echo) as (port, lines):
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        pieces = iter([b"12", b"345"])
        for method, path, body, size in (
            ("GET", "/a?b=c", None, 0), ("POST", "/", bytes(300_000), 300_000), ("PUT", "/", pieces, 5)
        ):  # fmt: skip
            client.request(method, path, body, encode_chunked=body is pieces)
            response = client.getresponse()
            assert response.read() == f"{method.lower()} {path} {size}!".encode()
            assert (response.status, response.headers["x-a"]) == (201, "é")
        client.request("HEAD", "/")
        response = client.getresponse()
        assert (response.status, response.read()) == (201, b"")
        client.close()
        assert lines == []


def ask(port: int, raw: bytes) -> bytes:
    """What a server says to some bytes, until it closes the connection."""
    with socket.create_connection(("127.0.0.1", port), 30) as client:
        client.sendall(raw)
        data = b""
        while piece := client.recv(1 << 16):
            data += piece
    return data


@pytest.mark.parametrize(
    "head",
    [
        "Content-Length: 1\r\nContent-Length: 2",
        "Content-Length: -1",
        "Content-Length: 1x",
        "Transfer-Encoding: chunked\r\nContent-Length: 3",
        "Transfer-Encoding: gzip",
    ],
)
def test_lengths_that_are_not_clear(head: str) -> None:
    with serving(echo) as (port, _):
        assert ask(port, f"POST / HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\nabc".encode()).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    ("raw", "status"), [(b"nonsense\r\n\r\n", b"400"), (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n", b"431")]
)
def test_malformed_requests(raw: bytes, status: bytes) -> None:
    with serving(echo) as (port, _):
        assert status in ask(port, raw)


def test_a_request_that_breaks_off() -> None:
    found = []

    def guest(program: Program, request: IncomingRequest, out: ResponseOutparam) -> None:
        body = ok(program, "[method]incoming-request.consume", request)
        stream = ok(program, "[method]incoming-body.stream", body)
        piece = program.call("io/streams", "[method]input-stream.blocking-read", stream, 10)
        while piece.tag == "ok":
            piece = program.call("io/streams", "[method]input-stream.blocking-read", stream, 10)
        found.append(call(program, "http-error-code", piece.payload))
        stream.close()
        body.close()
        respond(program, out, [])

    with serving(guest) as (port, _), socket.create_connection(("127.0.0.1", port), 30) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n")
        client.recv(100)
    assert found == [Variant("connection-terminated")]


def test_guests_that_do_not_answer() -> None:
    def silent(program: Program, request: IncomingRequest, out: ResponseOutparam) -> None:
        pass

    def failing(program: Program, request: IncomingRequest, out: ResponseOutparam) -> None:
        call(program, "[static]response-outparam.set", out, Variant("err", Variant("DNS-timeout")))

    def trapping(program: Program, request: IncomingRequest, out: ResponseOutparam) -> None:
        raise Trap("unreachable")

    for guest, status, log in (
        (silent, 500, []),
        (failing, 502, ["GET /x: DNS-timeout"]),
        (trapping, 500, ["GET /x: unreachable"]),
    ):
        with serving(guest) as (port, lines):
            assert ask(port, b"GET /x HTTP/1.0\r\n\r\n").startswith(f"HTTP/1.1 {status} ".encode())
        assert lines == log


def test_a_response_that_breaks_off() -> None:
    def guest(program: Program, request: IncomingRequest, out: ResponseOutparam) -> None:
        response = OutgoingResponse(Fields())
        body = ok(program, "[method]outgoing-response.body", response)
        call(program, "[static]response-outparam.set", out, Variant("ok", response))
        stream = ok(program, "[method]outgoing-body.write", body)
        program.stream("blocking-write-and-flush", stream, b"half")
        stream.close()
        body.close()  # without `finish`

    with serving(guest) as (port, _):
        data = ask(port, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b"half" in data
    assert not data.endswith(b"0\r\n\r\n")
