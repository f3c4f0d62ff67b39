"""`wasi:http` of 0.3: fields and messages, the client against a server of this machine, and the server."""

import asyncio
import http.client
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest

from fusee import Engine, Store
from fusee.component.asynchronous.hostcalls import Call
from fusee.component.asynchronous.hosttasks import host_tasks_of
from fusee.component.values import Err, Variant
from fusee.wasi import WasiConfig
from fusee.wasi.p2.http.bodies import OutgoingBody
from fusee.wasi.p2.http.fields import HttpError
from fusee.wasi.p2.http.requests import IncomingRequest
from fusee.wasi.p2.http.responses import OutgoingResponse, ResponseOutparam
from fusee.wasi.p2.http.server import ProxyServer
from fusee.wasi.p3.http import client  # fills the table
from fusee.wasi.p3.http.bodies import HostBody, Transmission
from fusee.wasi.p3.http.fields import Fields, RequestOptions
from fusee.wasi.p3.http.messages import Request, Response
from fusee.wasi.p3.interface import INTERFACES, VERSION
from fusee.wasi.p3.transfer import Outcome
from tests.wasi.upstream import serving


class Contents:
    """A body of the host's that is sent as a guest's is."""

    is_empty = False

    def __init__(self, store: Store, pieces: list[bytes], trailers: Any = None) -> None:
        self.store, self.pieces, self.trailers = store, pieces, trailers
        self.sent = Outcome()
        self.end = self.sent.set

    def give(self, context: Any, handled: Any) -> Any:
        """Nobody is given it."""
        raise NotImplementedError

    def read(self, context: Any) -> tuple[AsyncIterator[bytes], Any]:
        """The pieces."""
        ending = Outcome()
        ending.set(self.trailers)

        async def pieces() -> AsyncIterator[bytes]:
            for piece in self.pieces:
                await asyncio.sleep(0)
                yield piece

        return pieces(), ending

    def close(self) -> None:
        """Nothing is held."""


class Program:
    """A program that may send requests."""

    def __init__(self) -> None:
        self.store = Store(Engine())
        self.store.set_wasi(WasiConfig())
        self.store.set_wasi_http()
        self.context = self.store._wasi

    def call(self, name: str, *arguments: Any) -> Any:
        """A function of `wasi:http/types`: what it gives, or its error."""
        try:
            return INTERFACES[f"wasi:http/types@{VERSION}"].functions[name].call(self.context, *arguments)
        except Err as error:
            return ("err", error.payload)

    def request(self, authority: str, path: str | None, method: str = "get", *pieces: bytes, **more: Any) -> Request:
        """A request, with a body."""
        headers = Fields(more.pop("headers", ()))
        made = Request(headers, Contents(self.store, [*pieces], **more))
        made.method, made.scheme, made.authority, made.path = Variant(method), Variant("HTTP"), authority, path
        return made

    async def send(self, request: Request) -> Any:
        """The response, or why there is none."""
        try:
            response = await client.send(self.context, request)
            self.context.resources.add(response)
            return response
        except Err as error:
            return error.payload

    async def read(self, message: Request | Response) -> tuple[bytes, Any]:
        """The contents of a message, and how it has ended."""
        assert isinstance(message.body, HostBody)
        pieces, ending = message.body.read(self.context)
        return b"".join([piece async for piece in pieces]), await ending


@pytest.fixture
def program() -> Iterator[Program]:
    """One that may send requests."""
    made = Program()
    with made.store:
        yield made


def run(program: Program, main: Callable[[], Awaitable[None]]) -> None:
    """Runs a coroutine while a guest of the program waits; it is not to take long."""

    async def bounded() -> None:
        guest = Call(None)
        waiting = asyncio.ensure_future(host_tasks_of(program.store).wait(guest))
        try:
            await asyncio.wait_for(main(), 60)
        finally:
            guest.resolve(None)
            await waiting

    asyncio.run(bounded())


# Fields and messages


def test_fields(program: Program) -> None:
    fields = program.call("[static]fields.from-list", [("a", b"1"), ("b", b"2"), ("A", b"3")])
    assert program.call("[method]fields.get-and-delete", fields, "A") == [b"1", b"3"]
    assert program.call("[method]fields.copy-all", fields) == [("b", b"2")]
    program.call("[method]fields.append", fields, "B", b"4")
    assert program.call("[method]fields.copy-all", fields) == [("b", b"2"), ("b", b"4")]
    copy = program.call("[method]fields.clone", fields)
    program.call("[method]fields.append", copy, "c", b"")
    assert program.call("[method]fields.has", fields, "c") is False
    too_large = ("err", Variant("size-exceeded"))
    assert program.call("[method]fields.append", copy, "c", bytes(200_000).replace(b"\0", b"x")) == too_large
    assert program.call("[method]fields.set", copy, "c", [b"x" * 200_000]) == too_large
    assert program.call("[static]fields.from-list", [("c", b"x" * 200_000)]) == too_large
    assert program.call("[method]fields.get-and-delete", fields.frozen(), "b") == ("err", Variant("immutable"))
    assert program.call("[method]fields.append", fields, "host", b"") == ("err", Variant("forbidden"))


@pytest.mark.parametrize(
    ("part", "given", "kept"),
    [
        ("method", Variant("other", "PUT"), Variant("put")),
        ("method", Variant("other", "put"), Variant("other", "put")),
        ("scheme", Variant("other", "https"), Variant("HTTPS")),
        ("scheme", Variant("other", "ws"), Variant("other", "ws")),
        ("path-with-query", "", "/"),
        ("path-with-query", None, None),
        ("path-with-query", "a/ü?b", "a/ü?b"),
        ("authority", "who:how@host:80", "who:how@host:80"),
    ],
)
def test_parts_of_requests(program: Program, part: str, given: Any, kept: Any) -> None:
    request = program.request("host", "/")
    assert program.call(f"[method]request.set-{part}", request, given) is None
    assert program.call(f"[method]request.get-{part}", request) == kept


@pytest.mark.parametrize(
    ("part", "given"),
    [
        ("method", Variant("other", "a b")),
        ("scheme", Variant("other", "1")),
        ("path-with-query", "/a b"),
        ("path-with-query", "/a\r\nb: c"),
        ("authority", "a@b@c"),
        ("authority", "@:"),
        ("authority", "host:port"),
    ],
)
def test_parts_that_requests_cannot_have(program: Program, part: str, given: Any) -> None:
    request = program.request("host", "/")
    assert program.call(f"[method]request.set-{part}", request, given) == ("err", None)


def test_statuses_and_options(program: Program) -> None:
    response = Response(Fields(), Contents(program.store, []))
    assert program.call("[method]response.set-status-code", response, 599) is None
    assert program.call("[method]response.set-status-code", response, 600) == ("err", None)
    assert program.call("[method]response.get-status-code", response) == 599
    options = RequestOptions()
    program.call("[method]request-options.set-connect-timeout", options, 5)
    kept = program.call("[method]request.get-options", Request(Fields(), response.body, options))
    assert program.call("[method]request-options.get-connect-timeout", kept) == 5
    assert program.call("[method]request-options.set-connect-timeout", kept, 6) == ("err", Variant("immutable"))
    copy = program.call("[method]request-options.clone", kept)
    assert program.call("[method]request-options.set-connect-timeout", copy, 6) is None


# The client

ECHO = {"endpoints": [{"method": "POST", "path": "/%C3%BC?a=b", "mode": "echo-body"}]}
HEADERS = {"endpoints": [{"method": "POST", "path": "/", "mode": "echo-headers"}]}
PARTS = {"endpoints": [{"method": "GET", "path": "/", "response": {"chunks": ["a", "bc"], "trailers": {"sum": "7"}}}]}


def test_a_body_both_ways(program: Program) -> None:
    async def main() -> None:
        with serving(ECHO) as authority:
            request = program.request(authority, "/ü?a=b", "post", *[b"x" * 50_000] * 20)
            response = await program.send(request)
            assert (response.status, await program.read(response)) == (200, (b"x" * 1_000_000, None))
            assert await request.body.sent is None  # type: ignore[attr-defined]

    run(program, main)


def test_trailers_both_ways(program: Program) -> None:
    async def main() -> None:
        with serving(HEADERS) as authority:
            given = program.context.resources.add(Fields([("sum", b"7")]))
            response = await program.send(program.request(authority, "/", "post", b"x", trailers=Handle(given)))
            assert ("x-trailer-sum", b"7") in response.headers.pairs
        with serving(PARTS) as authority:
            data, handle = await program.read(await program.send(program.request(authority, None)))
            assert data == b"abc"
            assert program.context.resources.take(handle.rep, Fields).pairs == [("sum", b"7")]

    run(program, main)


class Handle:
    """A handle to trailers."""

    def __init__(self, rep: int) -> None:
        self.rep = rep


@pytest.mark.parametrize(
    ("pieces", "more", "code"),
    [
        ([b"x"], {"trailers": Variant("internal-error", "no")}, Variant("internal-error", "no")),
        ([b"x"], {"headers": [("content-length", b"2")]}, Variant("HTTP-request-body-size", 1)),
        ([b"xyz"], {"headers": [("content-length", b"2")]}, Variant("HTTP-request-body-size", 3)),
    ],
)
def test_messages_that_break_off(program: Program, pieces: list[bytes], more: Any, code: Variant) -> None:
    async def main() -> None:
        with serving(HEADERS) as authority:
            request = program.request(authority, "/", "post", *pieces, **more)
            assert isinstance(await program.send(request), Variant)
            assert await request.body.sent == code  # type: ignore[attr-defined]

    run(program, main)


def test_what_is_not_sent(program: Program) -> None:
    async def main() -> None:
        with serving({"kind": "closed"}) as authority:
            request = program.request(authority, "/", "post", b"x" * 1_000_000)
            assert await program.send(request) == Variant("connection-refused")
            assert await request.body.sent == Variant("connection-refused")  # type: ignore[attr-defined]
        assert await program.send(program.request("a@b", "/")) == Variant("HTTP-request-URI-invalid")
        program.context.http_check = None
        assert await program.send(program.request("b", "/")) == Variant("HTTP-request-denied")

    run(program, main)


# The server


def test_serving(program: Program) -> None:
    """The body of a response is sent while it is made."""

    def handle(asked: IncomingRequest, out: ResponseOutparam) -> None:
        async def answer() -> None:
            request = Request.received(program.store, asked)
            data, _ = await program.read(request)
            wire = OutgoingResponse(Fields([("kind", request.method.tag.encode())]))
            body = Contents(program.store, [data, b"!"])
            sending = Transmission(program.context, body, wire.take_body())
            out.respond(wire)
            await sending.run()
            assert await body.sent is None

        run(program, answer)

    with ProxyServer(("127.0.0.1", 0), handle) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=60)
        connection.request("PUT", "/", b"data")
        response = connection.getresponse()
        assert (response.read(), response.getheader("kind")) == (b"data!", "put")
        connection.close()
        server.shutdown()


def test_a_message_that_nobody_sends_breaks_off(program: Program) -> None:
    body = OutgoingBody(None)
    transmission = Transmission(program.context, Contents(program.store, [b"x"]), body)
    transmission.close(Variant("connection-terminated"))
    transmission.close(None)
    with pytest.raises(HttpError, match="HTTP-protocol-error"):
        list(body.pieces())
