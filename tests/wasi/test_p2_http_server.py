"""`wasi:http` as a server: what guests answer, and what clients do wrong."""

import http.client
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from fusee import Trap
from fusee.component.values import Variant
from fusee.wasi.p2.http.fields import Fields
from fusee.wasi.p2.http.requests import IncomingRequest
from fusee.wasi.p2.http.responses import OutgoingResponse, ResponseOutparam
from fusee.wasi.p2.http.server import ProxyServer
from tests.wasi import httpprogram
from tests.wasi.httpprogram import call, ok
from tests.wasi.program import Program

program = httpprogram.program
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


def ask(port: int, raw: bytes, is_end: bool = False) -> bytes:
    """What a server says to some bytes, perhaps all that come, until it closes the connection."""
    with socket.create_connection(("127.0.0.1", port), 30) as client:
        client.sendall(raw)
        if is_end:
            client.shutdown(socket.SHUT_WR)
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
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    ],
)
def test_lengths_that_are_not_clear(head: str) -> None:
    with serving(echo) as (port, _):
        assert ask(port, f"POST / HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\nabc".encode()).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    "fields",
    [
        "Content-Length : 3",
        "no field\r\nContent-Length: 3",
        "A: b\r\n Content-Length: 3",
        " A: b\r\nContent-Length: 3",
        "A: b\rContent-Length: 3",
        "A: \0\r\nContent-Length: 3",
        "A\0: b",
        ": b",
        "A(: b",
        "From x",
        "From : x",
        "Host: y",
    ],
)
def test_fields_that_could_be_read_otherwise(fields: str) -> None:
    with serving(echo) as (port, lines):
        answer = ask(port, f"POST / HTTP/1.1\r\nHost: x\r\n{fields}\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n".encode())
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert answer.count(b"HTTP/1.1 ") == 1
        assert lines == []


@pytest.mark.parametrize(
    "head",
    [
        "POST\r/ HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /\xa0HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST / HTTP/1.1\r\nA: b\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1",
        "POST / HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
)
def test_heads_that_could_be_read_otherwise(head: str) -> None:
    with serving(echo) as (port, lines):
        assert ask(port, head.encode("latin-1"), True).startswith(b"HTTP/1.1 400 ")
        assert lines == []


def test_requests_of_before_there_were_fields() -> None:
    with serving(echo) as (port, lines):
        assert b"malformed request line" in ask(port, b"GET /\r\n\r\n")
        assert lines == []


@pytest.mark.parametrize(
    "body",
    [
        "3;a\nabc\r\n0\r\n\r\n",
        f"3;{'a' * 4094}abc\r\n0\r\n\r\n",
        "3\r\nabc \r\n0\r\n\r\n",
        "\r3\r\nabc\r\n0\r\n\r\n",
        "3\r\nabc\r\n0\r\n \r\n",
        "3\r\nabc\r\n0\r\nA: b\r\n C: d\r\n\r\n",
        "3\r\nabc\r\n0\r\nA: b\rC: d\r\n\r\n",
        "3\r\nabc\r\n0\r\nA : b\r\n\r\n",
    ],
)
def test_chunks_that_could_be_read_otherwise(body: str) -> None:
    """The guest may have answered already; but what follows is no request."""
    head = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    with serving(echo) as (port, _):
        answer = ask(port, f"{head}{body}GET /smuggled HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        assert answer.count(b"HTTP/1.1 ") == 1


def test_chunks_with_all_that_they_may_have() -> None:
    head = "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: Chunked\r\n\r\n"
    with serving(echo) as (port, _):
        answer = ask(port, f"{head}3 \t;a=b\r\nabc\r\nA;x\r\n0123456789\r\n00\r\nA: b\r\nC:\n\r\n".encode())
        assert b"post / 13" in answer


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
