"""`wasi:http` on a device, through what the app gives, as it is on this machine."""

import re
import struct
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest

import fusee.package
from fusee.component.values import Record, Variant
from fusee.spec.http import ERROR_CODES, FORBIDDEN, MAX_FIELDS_BYTES
from tests.device.apphttp import ERRORS, Exchange, ask
from tests.device.components import DeviceTrap
from tests.device.httprelay import TYPES, HttpRelay
from tests.wasi.program import Program

FOREVER: Final = (1 << 64) - 1


@pytest.fixture
def guest() -> Iterator[HttpRelay]:
    """It gives everything back, and every exchange is closed."""
    made = HttpRelay()
    yield made
    assert made.close() == 0
    assert all(exchange.is_closed for exchange in made.http.exchanges.values())


@pytest.fixture
def program() -> Iterator[Program]:
    """The same functions on this machine."""
    made = Program()
    made.context.http_check = lambda method, url: True
    with made.context:
        yield made


def here(program: Program, name: str, *arguments: Any) -> Any:
    found = program.call(TYPES, name, *arguments)
    return found.payload if isinstance(found, Variant) and found.tag in ("ok", "err") else found


# What guests make


FIELDS: Final = [
    ("a", b"1"), ("A-b", b""), ("x", bytes([9, 32, 126, 128, 255])), ("", b""), ("a b", b""), ("a:", b""), ("é", b""),
    ("a", b"x\r\nevil: 1"), ("a", b"\0"), ("a", b"x\x7f"), ("HOST", b"x"), ("connections", b"close"),
    *((name.title(), b"x") for name in sorted(FORBIDDEN)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), FIELDS)
def test_fields_are_what_they_are_here(guest: HttpRelay, program: Program, name: str, value: bytes) -> None:
    expected, found = here(program, "[static]fields.from-list", [(name, value)]), guest.fields((name, value))
    if isinstance(expected, Variant):
        assert found == expected
    else:
        assert guest.types("fields.entries", found) == here(program, "[method]fields.entries", expected)
    made, fields = here(program, "[constructor]fields"), guest.types("[constructor]fields")
    for function, arguments in (("append", (name, value)), ("set", (name, [value, b"2"])), ("delete", (name,))):
        expected = here(program, f"[method]fields.{function}", made, *arguments)
        assert guest.types(f"fields.{function}", fields, *arguments) == expected
        assert guest.types("fields.entries", fields) == here(program, "[method]fields.entries", made)


def test_fields(guest: HttpRelay) -> None:
    fields = guest.fields(("A", b"1"), ("b", b"2"), ("a", b"3"))
    assert guest.types("fields.get", fields, "a") == [b"1", b"3"]
    assert guest.types("fields.get", fields, "no such") == []
    assert [guest.types("fields.has", fields, name) for name in ("B", "c")] == [True, False]
    copy = guest.types("fields.clone", fields)
    assert guest.types("fields.append", fields, "c", b"") is None
    assert guest.types("fields.set", fields, "B", [b"x", b"y"]) is None
    assert guest.types("fields.delete", fields, "a") is None
    assert guest.types("fields.entries", fields) == [("c", b""), ("B", b"x"), ("B", b"y")]
    assert guest.types("fields.entries", copy) == [("A", b"1"), ("b", b"2"), ("a", b"3")]
    headers = guest.types("outgoing-request.headers", guest.types("[constructor]outgoing-request", fields))
    for name, arguments in (("set", ("a", [])), ("append", ("a", b"")), ("delete", ("a",))):
        assert guest.types(f"fields.{name}", headers, *arguments) == Variant("immutable")
    assert guest.types("fields.append", guest.types("fields.clone", headers), "d", b"") is None


PARTS: Final = {
    "method": (Variant("put"), Variant("other", "PURGE"), Variant("other", "A B"), Variant("other", "")),
    "path-with-query": ("/a?b=%20", "*", "?x", None, "", "/a b", "/#x", "a", "/é", "/\r\n", "/" + "x" * 70_000, "**"),
    "scheme": (Variant("HTTP"), Variant("other", "ws+x"), None, Variant("other", "1x"), Variant("other", ":")),
    "authority": (
        "a.org", "a.org:80", "[::1]:8", None, "", "a b", "a:x", "u@a", "a/b", ":80", "a:99999", "a:65536", "a:65535",
        "a:", "a:1:2", "[::1", "[::1]x", "[]", "a%20b", "@", "a]", "[::1]", "[::1]:", "[:@]", "[::1][::2]", "a[::1]",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PARTS)
def test_parts_of_requests_are_what_they_are_here(guest: HttpRelay, program: Program, name: str) -> None:
    made = here(program, "[constructor]outgoing-request", here(program, "[constructor]fields"))
    request = guest.types("[constructor]outgoing-request", guest.fields())
    for value in PARTS[name]:
        expected = program.call(TYPES, f"[method]outgoing-request.set-{name}", made, value)
        assert guest.plain(TYPES, f"outgoing-request.set-{name}", request, value) == expected, value
        expected = here(program, f"[method]outgoing-request.{name}", made)
        assert guest.types(f"outgoing-request.{name}", request) == expected


LETTERS: Final = "aZk09-_.~!$&'()*+,;=:@%/?#|`^ \t\r\n\0\x7f\x80é\u212a\uff0f\U0001f4a9\"\\<>{}"
"""Without brackets: which addresses of IPv6 there are, is not looked at on devices."""


@pytest.mark.parametrize("seed", range(3))
def test_random_texts_are_what_they_are_here(guest: HttpRelay, program: Program, seed: int) -> None:
    random = Random(seed)

    def text() -> str:
        start = random.choice(("", "", "/", "?", "a", "a.org:", "http", "keep-alive", "TE"))
        return start + "".join(random.choices(LETTERS[: random.choice((9, 24, 60))], k=random.randrange(4)))

    made, fields = here(program, "[constructor]fields"), guest.fields()
    message = here(program, "[constructor]outgoing-request", here(program, "[constructor]fields"))
    request = guest.types("[constructor]outgoing-request", guest.fields())
    for _ in range(100):
        name, value = text(), text().encode(random.choice(("utf-8", "utf-16-le")))
        for function, arguments in (
            ("append", (name, value)), ("delete", (text(),)), ("get", (text(),)), ("has", (name,)),
        ):  # fmt: skip
            expected = here(program, f"[method]fields.{function}", made, *arguments)
            assert guest.types(f"fields.{function}", fields, *arguments) == expected, (function, arguments)
        for part, wanted in (
            ("method", Variant("other", text())), ("scheme", Variant("other", text())),
            ("path-with-query", text()), ("authority", text()),
        ):  # fmt: skip
            expected = program.call(TYPES, f"[method]outgoing-request.set-{part}", message, wanted)
            assert guest.plain(TYPES, f"outgoing-request.set-{part}", request, wanted) == expected, (part, wanted)
    assert guest.types("fields.entries", fields) == here(program, "[method]fields.entries", made)


def test_a_sign_that_becomes_a_letter_is_none(guest: HttpRelay, program: Program) -> None:
    """The small letter of the sign for Kelvin is `k`."""
    made = here(program, "[static]fields.from-list", [("k", b"1")])
    assert guest.types("fields.has", guest.fields(("k", b"1")), "\u212a") is False
    assert here(program, "[method]fields.has", made, "\u212a") is False
    assert here(program, "[method]fields.has", made, "K") is True


def test_responses_and_options(guest: HttpRelay) -> None:
    response = guest.types("[constructor]outgoing-response", guest.fields())
    assert guest.types("outgoing-response.status-code", response) == 200
    results = [guest.plain(TYPES, "outgoing-response.set-status-code", response, code).tag for code in (99, 404, 1000)]
    assert (results, guest.types("outgoing-response.status-code", response)) == (["err", "ok", "err"], 404)
    options = guest.types("[constructor]request-options")
    for name in ("connect-timeout", "first-byte-timeout", "between-bytes-timeout"):
        assert guest.types(f"request-options.{name}", options) is None
        assert guest.plain(TYPES, f"request-options.set-{name}", options, 5).tag == "ok"
        assert guest.types(f"request-options.{name}", options) == 5
        assert guest.plain(TYPES, f"request-options.set-{name}", options, None).tag == "ok"
        assert guest.types(f"request-options.{name}", options) is None


def test_the_header_has_the_errors() -> None:
    text = (Path(fusee.package.__file__).parent / "components/fusee_http.h").read_text()
    names = re.findall(r"FUSEE_HTTP_\w+", text[text.index("FUSEE_HTTP_DNS_TIMEOUT = 1") :])
    expected = [f"FUSEE_HTTP_{code.removeprefix('HTTP-').upper().replace('-', '_')}" for code in ERROR_CODES]
    assert names[: len(expected)] == expected


# Sending


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


def test_requests_that_cannot_be_sent(guest: HttpRelay) -> None:
    request = guest.types("[constructor]outgoing-request", guest.fields())
    assert guest.handle(request) == Variant("HTTP-request-URI-invalid")
    request = guest.request()
    guest.types("outgoing-request.set-scheme", request, Variant("other", "ws"))
    assert guest.handle(request) == Variant("HTTP-protocol-error")
    guest.http.failing["send"] = ERRORS["HTTP-request-denied"]
    assert guest.handle(guest.request()) == Variant("HTTP-request-denied")
    del guest.http.failing["send"]
    assert "close" not in guest.http.asked
    futures = [guest.handle(guest.request()) for _ in range(64)]
    assert guest.handle(guest.request()) == Variant("connection-limit-reached")
    guest.drop(futures[0], "future-incoming-response")
    assert isinstance(guest.handle(guest.request()), int)


@pytest.mark.parametrize("code", ERROR_CODES)
@pytest.mark.parametrize("where", ["send", "response"])
def test_every_error(guest: HttpRelay, code: str, where: str) -> None:
    """Payloads have nothing."""
    guest.http.failing[where] = ERRORS[code]
    found = guest.handle(guest.request())
    found = found if where == "send" else guest.response(found)
    nothing = {
        "DNS-error": Record(rcode=None, info_code=None),
        "TLS-alert-received": Record(alert_id=None, alert_message=None),
        "HTTP-request-trailer-size": Record(field_name=None, field_size=None),
        "HTTP-response-header-size": Record(field_name=None, field_size=None),
        "HTTP-response-trailer-size": Record(field_name=None, field_size=None),
    }
    assert found == Variant(code, nothing.get(code))


@pytest.mark.parametrize("error", [40, 0x8000_0000, FOREVER >> 32])
def test_an_error_that_there_is_not(guest: HttpRelay, error: int) -> None:
    guest.http.failing["response"] = error
    assert guest.response(guest.handle(guest.request())) == Variant("internal-error", None)


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


def test_a_response_that_breaks_off(guest: HttpRelay) -> None:
    response = guest.response(guest.handle(guest.request()))
    body = guest.types("incoming-response.consume", response)
    stream = guest.types("incoming-body.stream", body)
    guest.http.failing["read"] = ERRORS["connection-terminated"]
    error = guest.stream("input-stream.blocking-read", stream, 10)
    assert guest.types("http-error-code", error) == Variant("connection-terminated")
    assert guest.plain("io/error", "error.to-debug-string", error) == "error 07"
    trailers = guest.types("incoming-body.finish", body)
    assert guest.plain(TYPES, "future-trailers.get", trailers) == Variant("ok", Variant("connection-terminated"))
    assert guest.plain(TYPES, "future-trailers.get", trailers) == Variant("err")


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


@pytest.mark.parametrize("status", [0, 99, 1000, 0xFFFF_FFFF])
def test_a_status_that_there_is_not(guest: HttpRelay, status: int) -> None:
    guest.answer = lambda exchange: setattr(exchange, "status", status)  # type: ignore[method-assign]
    assert guest.response(guest.handle(guest.request())) == Variant("HTTP-protocol-error")


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


def test_an_interrupt_ends_a_wait() -> None:
    guest = HttpRelay(())
    future = guest.handle(guest.request())
    body = guest.types("incoming-response.consume", guest.response(future))
    stream = guest.types("incoming-body.stream", body)
    guest.http.exchanges[7].is_ready = False
    guest.device.when_waiting = lambda: guest.call("fusee_store_interrupt", guest.store, 1)
    with pytest.raises(DeviceTrap, match="interrupt"):
        guest.stream("input-stream.blocking-read", stream, 9)
    assert "read" not in guest.http.asked
    guest.device.when_waiting = None
    assert guest.close() == 0


def test_an_interrupt_while_a_body_is_written() -> None:
    guest = HttpRelay(())
    request = guest.request(method="put")
    stream = guest.types("outgoing-body.write", guest.types("outgoing-request.body", request))
    guest.handle(request)
    guest.http.exchanges[7].is_ready = False
    guest.device.when_waiting = lambda: guest.call("fusee_store_interrupt", guest.store, 1)
    with pytest.raises(DeviceTrap, match="interrupt"):
        guest.stream("output-stream.blocking-write-and-flush", stream, b"abc")
    assert "write" not in guest.http.asked
    guest.device.when_waiting = None
    assert guest.close() == 0


# Limits, and what is not there


def test_an_app_without_callbacks() -> None:
    guest = HttpRelay(("send", "ready"))
    assert guest.handle(guest.request()) == Variant("HTTP-request-denied")
    assert guest.close() == 0
    guest = HttpRelay(("write", "finish", "response", "read", "trailers", "ready", "close"))
    future = guest.handle(guest.request())
    assert guest.response(future) == Variant("HTTP-protocol-error")
    assert guest.close() == 0


def test_without_http_its_functions_trap() -> None:
    guest = HttpRelay(has_http=False)
    with pytest.raises(DeviceTrap, match="not defined"):
        guest.types("[constructor]fields")
    assert guest.close() == 0


@pytest.mark.parametrize("size", [MAX_FIELDS_BYTES - 1, MAX_FIELDS_BYTES])
def test_fields_are_limited(size: int) -> None:
    guest = HttpRelay()
    fields = guest.types("[constructor]fields")
    if size < MAX_FIELDS_BYTES:
        assert guest.types("fields.append", fields, "a", b"x" * size) is None
    else:
        with pytest.raises(DeviceTrap, match="out of memory"):
            guest.types("fields.append", fields, "a", b"x" * size)
    assert guest.close() == 0


def test_what_is_kept_is_limited() -> None:
    """However many resources it is in."""
    guest = HttpRelay()
    made = guest.fields(("a", b"x" * 120_000))

    def fill() -> None:
        for _ in range(200):
            guest.types("fields.append", guest.types("fields.clone", made), "b", b"")

    with pytest.raises(DeviceTrap, match="out of memory"):
        fill()
    assert guest.close() == 0


def test_without_memory() -> None:
    """Each allocation fails once: nothing is lost, and every exchange is closed."""
    guest = HttpRelay()
    step = guest.device.allocations_left = 0
    is_through = False
    while not is_through:
        step += 1
        guest.device.allocations_left = step
        with suppress(DeviceTrap, AssertionError, AttributeError, TypeError, KeyError, struct.error):
            exchange_all(guest)
            is_through = guest.device.allocations_left > 0
        guest.device.allocations_left = 0
        guest.call("fusee_component_instance_delete", guest.instance)
        guest.is_giving = False
        assert all(exchange.is_closed for exchange in guest.http.exchanges.values())
        assert all(exchange.trailers in (None, [(b"t", b"1")]) for exchange in guest.http.exchanges.values())
        guest.instantiate()
    assert step > 40
    assert guest.close() == 0


def exchange_all(guest: HttpRelay) -> None:
    """A request with a body, and all of its response."""
    request = guest.request("a.org", "post", "HTTP", ("x", b"y"))
    options = guest.types("[constructor]request-options")
    body = guest.body(request, b"abc")
    future = guest.handle(request, options)
    guest.types("outgoing-body.finish", body, guest.fields(("t", b"1")))
    response = guest.response(future)
    guest.types("fields.entries", guest.types("incoming-response.headers", response))
    assert guest.contents(response) == b"abc"


def test_handles_of_other_resources_are_refused() -> None:
    """A guest that has been dropped, or is of another kind, stands for nothing."""
    guest = HttpRelay()
    fields = guest.fields()
    guest.types("[constructor]outgoing-request", fields)
    with pytest.raises(DeviceTrap, match="wrong type"):
        guest.types("fields.entries", fields)
    assert guest.close() == 0


@pytest.mark.parametrize("resource", ["request-options", "fields"])
def test_a_number_is_not_taken_for_a_handle(resource: str) -> None:
    """A component may import functions with other types; the number is that of the first resource that there is."""
    guest = HttpRelay(changed=(f"(option (own $r-{resource}))", "(option u32)"))
    forged = 1 << 30
    if resource == "fields":
        fields = guest.fields(("a", b"b"))
        body = guest.types("outgoing-request.body", guest.request())
        with pytest.raises(DeviceTrap, match="not of the expected type"):
            guest.types("outgoing-body.finish", body, forged)
    else:
        fields = guest.types("[constructor]request-options")
        with pytest.raises(DeviceTrap, match="not of the expected type"):
            guest.handle(guest.request(), forged)
    assert fields == 1
    assert guest.http.asked == []
    assert guest.close() == 0


def test_fields_of_which_none_are_left(guest: HttpRelay) -> None:
    request = guest.types("[constructor]outgoing-request", emptied(guest))
    guest.types("outgoing-request.set-authority", request, "a.org")
    body = guest.types("outgoing-request.body", request)
    guest.handle(request)
    assert guest.types("outgoing-body.finish", body, emptied(guest)) is None
    assert (guest.http.exchanges[7].fields, guest.http.exchanges[7].trailers) == ([], [])


def emptied(guest: HttpRelay) -> int:
    fields: int = guest.fields(("a", b"b"))
    guest.types("fields.delete", fields, "A")
    return fields


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
