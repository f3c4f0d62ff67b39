"""`wasi:http` on a device: requests, responses, bodies and trailers through what the app gives, as on this machine."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from fusee.component.values import Variant
from tests.device import httpguests
from tests.device.apphttp import Exchange, ask
from tests.device.components import DeviceTrap
from tests.device.httpguests import FOREVER
from tests.device.httprelay import TYPES, HttpRelay

guest = httpguests.guest


def test_a_request_and_its_response(guest: HttpRelay) -> None:
    request = guest.request("a.org:8080", "post", "HTTPS", ("X-a", b"1"), ("content-length", b"6"))
    assert guest.types("outgoing-request.set-path-with-query", request, "/p?q") is None
    options = guest.types("[constructor]request-options")
    guest.types("request-options.set-first-byte-timeout", options, 9)
    body = guest.types("outgoing-request.body", request)
    assert guest.plain(TYPES, "outgoing-request.body", request).tag == "err"
    future = guest.handle(request, options)
    stream = guest.types("outgoing-body.write", body)
    assert guest.plain(TYPES, "outgoing-body.write", body).tag == "err"
    assert guest.stream("output-stream.check-write", stream) == 65536
    for piece in (b"abc", b"def"):
        assert guest.stream("output-stream.blocking-write-and-flush", stream, piece) is None
    guest.drop(stream, "output-stream")
    assert guest.types("outgoing-body.finish", body, guest.fields(("t", b"1"))) is None
    (sent,) = guest.http.exchanges.values()
    assert (sent.method, sent.url, sent.body, sent.length) == ("POST", "https://a.org:8080/p?q", b"abcdef", 6)
    assert (sent.fields, sent.trailers) == ([(b"X-a", b"1"), (b"content-length", b"6")], [(b"t", b"1")])
    assert sent.timeouts == (FOREVER, 9, FOREVER)
    response = guest.response(future)
    assert guest.types("incoming-response.status", response) == 201
    headers = guest.types("incoming-response.headers", response)
    assert guest.types("fields.entries", headers) == [("x-a", b"1"), ("content-length", b"6")]
    assert guest.types("fields.append", headers, "a", b"") == Variant("immutable")
    assert guest.contents(response) == b"abcdef"
    assert guest.plain(TYPES, "incoming-response.consume", response).tag == "err"
    assert guest.types("future-incoming-response.get", future) == Variant("some", None)


def test_what_is_written_before_the_request_is_sent(guest: HttpRelay) -> None:
    request = guest.request(method="put")
    body = guest.types("outgoing-request.body", request)
    stream = guest.types("outgoing-body.write", body)
    assert guest.stream("output-stream.write", stream, b"x" * 60_000) is None
    assert guest.stream("output-stream.check-write", stream) == 5536
    assert guest.stream("output-stream.write", stream, b"y" * 5536) is None
    assert guest.stream("output-stream.check-write", stream) == 0
    future = guest.handle(request)
    assert guest.stream("output-stream.check-write", stream) == 65536
    assert guest.stream("output-stream.write", stream, b"z") is None
    guest.drop(stream, "output-stream")
    assert guest.types("outgoing-body.finish", body, None) is None
    assert guest.contents(guest.response(future)) == b"x" * 60_000 + b"y" * 5536 + b"z"
    assert guest.http.exchanges[7].length == FOREVER


@pytest.mark.parametrize("path", [None, "", "/", "?x", "*", "/a"])
def test_urls(guest: HttpRelay, path: str | None) -> None:
    request = guest.request()
    guest.types("outgoing-request.set-path-with-query", request, path)
    guest.types("outgoing-request.set-scheme", request, None)
    guest.handle(request)
    expected = {None: "/", "": "/", "?x": "/?x"}.get(path, path)
    assert guest.http.exchanges[7].url == f"https://a.org{expected}"
    assert guest.http.asked == ["send", "finish"]


def test_methods(guest: HttpRelay) -> None:
    for number, name in enumerate(("get", "head", "post", "put", "delete", "connect", "options", "trace", "patch"), 7):
        guest.drop(guest.handle(guest.request(method=name)), "future-incoming-response")
        assert guest.http.exchanges[number].method == name.upper()
    request = guest.request()
    guest.types("outgoing-request.set-method", request, Variant("other", "purge"))
    guest.handle(request)
    assert guest.http.exchanges[16].method == "purge"


def test_bodies_of_a_wrong_size(guest: HttpRelay) -> None:
    request = guest.request("a.org", "put", "HTTP", ("content-length", b"3"))
    body = guest.types("outgoing-request.body", request)
    future = guest.handle(request)
    stream = guest.types("outgoing-body.write", body)
    assert guest.stream("output-stream.write", stream, b"ab") is None
    error = guest.stream("output-stream.write", stream, b"cd")
    assert guest.types("http-error-code", error) == Variant("HTTP-request-body-size", None)
    assert guest.stream("output-stream.write", stream, b"c") is None  # closed
    guest.drop(stream, "output-stream")
    assert guest.types("outgoing-body.finish", body, None) == Variant("HTTP-request-body-size", 2)
    assert guest.response(future) == Variant("HTTP-protocol-error")
    assert guest.http.exchanges[7].trailers is None


@pytest.mark.parametrize("is_sent_before", [False, True])
def test_a_body_that_is_dropped_breaks_the_request_off(guest: HttpRelay, is_sent_before: bool) -> None:
    request = guest.request(method="put")
    body = guest.types("outgoing-request.body", request)
    future = guest.handle(request) if is_sent_before else 0
    guest.drop(body, "outgoing-body")
    future = future or guest.handle(request)
    assert guest.http.exchanges[7].is_closed
    assert guest.http.exchanges[7].trailers is None
    assert guest.response(future) == Variant("HTTP-protocol-error")


def test_a_body_whose_stream_is_open_is_not_finished() -> None:
    guest = HttpRelay()
    body = guest.types("outgoing-request.body", guest.request())
    guest.types("outgoing-body.write", body)
    with pytest.raises(DeviceTrap, match="not of the expected type"):
        guest.types("outgoing-body.finish", body, None)
    assert guest.close() == 0


def test_trailers(guest: HttpRelay) -> None:
    def answer(exchange: Exchange) -> None:
        exchange.content, exchange.trailing = b"abc", [(b"Sum", b"9"), (b"Upgrade", b"x"), (b"bad name", b"")]

    guest.answer = answer  # type: ignore[method-assign]
    for is_read in (False, True):
        body = guest.types("incoming-response.consume", guest.response(guest.handle(guest.request())))
        stream = guest.types("incoming-body.stream", body)
        assert guest.plain(TYPES, "incoming-body.stream", body).tag == "err"
        if is_read:
            assert guest.stream("input-stream.blocking-read", stream, 10) == b"abc"
            assert guest.stream("input-stream.read", stream, 10) is None  # closed
        trailers = guest.types("incoming-body.finish", body)
        found = guest.types("future-trailers.get", trailers)
        assert (found is None) is not is_read
        if is_read:
            assert guest.types("fields.entries", found) == [("sum", b"9")]


# Waiting


def test_waiting_with_a_timer() -> None:
    """While nothing has come the guest sleeps, until the app wakes it."""
    guest = HttpRelay(())
    future = guest.handle(guest.request())
    exchange = guest.http.exchanges[7]
    exchange.is_ready = False
    assert guest.types("future-incoming-response.get", future) == Variant("none")
    pollable = guest.types("future-incoming-response.subscribe", future)
    timer = guest.plain("clocks/monotonic-clock", "subscribe-duration", 1000)
    assert guest.plain("io/poll", "pollable.ready", pollable) is False
    assert guest.plain("io/poll", "poll", [pollable, timer]) == [1]
    assert guest.device.slept_ns == 1000

    def come() -> None:
        exchange.is_ready = True
        guest.call("fusee_http_wake", guest.store)

    guest.device.when_waiting = come
    assert guest.plain("io/poll", "poll", [pollable]) == [0]
    body = guest.types("incoming-response.consume", guest.response(future))
    stream = guest.types("incoming-body.stream", body)
    exchange.is_ready, exchange.content = False, b"late"
    assert guest.stream("input-stream.read", stream, 9) == b""
    pollable = guest.plain("io/streams", "input-stream.subscribe", stream)
    assert guest.plain("io/poll", "pollable.block", pollable) is None
    exchange.is_ready = False
    assert guest.stream("input-stream.blocking-read", stream, 9) == b"late"
    guest.device.when_waiting = None
    assert guest.close() == 0


# A server of this machine


class _Echo(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers.get("content-length", 0)))
        answer = f"{self.command} {self.path} {self.headers.get('x-a')} ".encode() + content
        self.send_response(203)
        self.send_header("X-Answer", "yes")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *arguments: Any) -> None:
        return


def test_a_request_to_a_server(guest: HttpRelay) -> None:
    """By an app that asks it with Python's client."""
    guest.answer = ask  # type: ignore[method-assign]
    with HTTPServer(("127.0.0.1", 0), _Echo) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        request = guest.request(f"127.0.0.1:{server.server_port}", "post", "HTTP", ("X-a", b"7"))
        guest.types("outgoing-request.set-path-with-query", request, "/path?x=1")
        body = guest.body(request, b"con", b"tent")
        future = guest.handle(request)
        assert guest.types("outgoing-body.finish", body, None) is None
        response = guest.response(future)
        server.shutdown()
    assert guest.types("incoming-response.status", response) == 203
    headers = guest.types("incoming-response.headers", response)
    assert guest.types("fields.get", headers, "X-ANSWER") == [b"yes"]
    assert guest.types("fields.has", headers, "connection") is False
    assert guest.contents(response) == b"POST /path?x=1 7 content"
