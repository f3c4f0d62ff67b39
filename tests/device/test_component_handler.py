"""`wasi:http/incoming-handler` on a device: the app has a guest answer requests."""

from collections.abc import Iterator
from contextlib import suppress
from random import Random

import pytest

from fusee.component.values import Record, Variant
from fusee.spec.http import ERROR_CODES, FORBIDDEN, MAX_FIELDS_BYTES
from fusee.wasi.p2.http.requests import method_named
from tests.device.apphttp import ERRORS
from tests.device.components import DeviceTrap
from tests.device.handlerrelay import NUMBER, HandlerRelay
from tests.device.httprelay import INTERFACES, TYPES
from tests.device.relay import relay
from tests.wasi.components import GREETING

WRONG = "not of the expected type"


@pytest.fixture
def guest() -> Iterator[HandlerRelay]:
    """It gives everything back, and every request is closed, once."""
    made = HandlerRelay()
    yield made
    assert made.close() == 0
    assert all(exchange.is_closed for exchange in made.http.exchanges.values())


def test_a_guest_that_greets() -> None:
    """The one that `fusee serve` is tested with."""
    guest = HandlerRelay(text=GREETING)
    for _ in range(2):
        found = guest.ask()
        assert (found.error, found.status, found.body, found.trailers) == (0, 200, b"hello from a component", [])
        assert (found.answer, found.length) == ([], (1 << 64) - 1)
    assert guest.http.asked == ["answer", "write", "finish"] * 2
    assert guest.close() == 0
    assert all(exchange.is_closed for exchange in guest.http.exchanges.values())


def test_what_a_guest_is_given(guest: HandlerRelay) -> None:
    fields = [(b"X-A", b"1"), (b"host", b"b.org"), (b"X-b", b""), *((name.encode(), b"x") for name in FORBIDDEN)]
    guest.ask(b"POST", b"https://a.org:8080/p?q=1", fields, b"abc", [(b"T", b"9")])
    request, _ = guest.given
    assert guest.types("incoming-request.method", request) == Variant("post")
    assert guest.types("incoming-request.scheme", request) == Variant("HTTPS")
    assert guest.types("incoming-request.authority", request) == "a.org:8080"
    assert guest.types("incoming-request.path-with-query", request) == "/p?q=1"
    headers = guest.types("incoming-request.headers", request)
    assert guest.types("fields.entries", headers) == [("x-a", b"1"), ("x-b", b"")]
    assert guest.types("fields.append", headers, "a", b"") == Variant("immutable")
    body = guest.types("incoming-request.consume", request)
    assert guest.plain(TYPES, "incoming-request.consume", request).tag == "err"
    stream = guest.types("incoming-body.stream", body)
    assert guest.stream("input-stream.blocking-read", stream, 2) == b"ab"
    assert guest.stream("input-stream.read", stream, 9) == b"c"
    assert guest.stream("input-stream.read", stream, 9) is None
    guest.drop(stream, "input-stream")
    found = guest.types("future-trailers.get", guest.types("incoming-body.finish", body))
    assert guest.types("fields.entries", found) == [("t", b"9")]


def test_what_a_guest_answers(guest: HandlerRelay) -> None:
    exchange = guest.ask()
    request, outparam = guest.given
    guest.drop(request, "incoming-request")
    body = guest.answer_with(outparam, b"abc", b"def", a=b"1", **{"content-length": b"6"})
    assert (exchange.error, exchange.status, exchange.length) == (0, 203, 6)
    assert exchange.answer == [(b"a", b"1"), (b"content-length", b"6")]
    assert (exchange.body, exchange.trailers, exchange.is_closed) == (b"abcdef", None, False)
    assert guest.types("outgoing-body.finish", body, guest.fields(("t", b"2"))) is None
    assert (exchange.trailers, exchange.is_closed) == ([(b"t", b"2")], True)
    assert guest.http.asked == ["answer", "write", "write", "finish", "close"]


def test_a_response_without_a_body_is_complete(guest: HandlerRelay) -> None:
    exchange = guest.ask()
    request, outparam = guest.given
    guest.respond(outparam, guest.types("[constructor]outgoing-response", guest.fields()))
    assert (exchange.status, exchange.length, exchange.trailers) == (200, 0, [])
    assert not exchange.is_closed
    guest.drop(request, "incoming-request")
    assert exchange.is_closed


def test_what_was_written_before_the_answer_comes_behind_it(guest: HandlerRelay) -> None:
    exchange = guest.ask()
    response = guest.types("[constructor]outgoing-response", guest.fields())
    body = guest.types("outgoing-response.body", response)
    assert guest.write_pieces(body, b"early") is None
    assert guest.types("outgoing-body.finish", body, None) is None
    assert guest.http.asked == []
    guest.respond(guest.given[1], response)
    assert guest.http.asked == ["answer", "write", "finish"]
    assert exchange.body == b"early"


@pytest.mark.parametrize("code", ERROR_CODES)
def test_a_guest_that_has_no_answer(guest: HandlerRelay, code: str) -> None:
    """Payloads are not told."""
    exchange = guest.ask()
    request, outparam = guest.given
    payload = Record(**dict.fromkeys(PAYLOADS[ERROR_CODES[code]])) if ERROR_CODES[code] in PAYLOADS else None
    guest.types("response-outparam.set", outparam, Variant(code, payload))
    assert (exchange.error, exchange.answer) == (ERRORS[code], [])
    assert not exchange.is_closed
    guest.drop(request, "incoming-request")
    assert exchange.is_closed


PAYLOADS = {
    "DNS-error-payload": ("rcode", "info_code"), "TLS-alert-received-payload": ("alert_id", "alert_message"),
    "field-size-payload": ("field_name", "field_size"),
}  # fmt: skip


def test_a_guest_that_says_nothing(guest: HandlerRelay) -> None:
    exchange = guest.ask()
    request, outparam = guest.given
    guest.drop(outparam, "response-outparam")
    guest.drop(request, "incoming-request")
    assert (exchange.is_closed, guest.http.asked) == (True, ["close"])


def test_a_body_that_is_not_finished_breaks_off(guest: HandlerRelay) -> None:
    exchange = guest.ask()
    body = guest.answer_with(guest.given[1], b"abc")
    guest.drop(body, "outgoing-body")
    assert (exchange.body, exchange.trailers, exchange.is_closed) == (b"abc", None, True)
    stream = guest.types("incoming-body.stream", guest.types("incoming-request.consume", guest.given[0]))
    assert "read" not in guest.http.asked
    assert guest.http.asked.count("close") == 1
    error = guest.stream("input-stream.read", stream, 9)
    assert guest.types("http-error-code", error) == Variant("HTTP-protocol-error")


@pytest.mark.parametrize("where", ["answer", "write"])
def test_an_app_that_hears_no_more(guest: HandlerRelay, where: str) -> None:
    guest.http.failing[where] = ERRORS["connection-terminated"]
    guest.ask()
    response = guest.types("[constructor]outgoing-response", guest.fields())
    body = guest.types("outgoing-response.body", response)
    guest.respond(guest.given[1], response)
    error = guest.write_pieces(body, b"abc")
    assert guest.types("http-error-code", error) == Variant("connection-terminated")


def test_an_app_without_callbacks() -> None:
    guest = HandlerRelay(("answer", "read", "write", "finish", "trailers", "ready", "close"))
    guest.ask()
    response = guest.types("[constructor]outgoing-response", guest.fields())
    body = guest.types("outgoing-response.body", response)
    guest.respond(guest.given[1], response)
    assert guest.types("http-error-code", guest.write_pieces(body, b"abc")) == Variant("HTTP-request-denied")
    assert guest.close() == 0


# What is no request


URLS = {
    b"/": (None, None, "/"), b"": (None, None, None), b"*": (None, None, "*"), b"/a?b": (None, None, "/a?b"),
    b"http://a": (Variant("HTTP"), "a", None), b"https://[::1]:8?x": (Variant("HTTPS"), "[::1]:8", "?x"),
    b"http://a/http://b": (Variant("HTTP"), "a", "/http://b"),
}  # fmt: skip


@pytest.mark.parametrize("url", URLS)
def test_urls(guest: HandlerRelay, url: bytes) -> None:
    guest.ask(url=url)
    request, _ = guest.given
    names = "scheme", "authority", "path-with-query"
    assert tuple(guest.types(f"incoming-request.{name}", request) for name in names) == URLS[url]


@pytest.mark.parametrize("name", ["GET", "HEAD", "PATCH", "get", "Get", "GETS", "PURGE", "GE", "P-1"])
def test_methods(guest: HandlerRelay, name: str) -> None:
    guest.ask(name.encode())
    assert guest.types("incoming-request.method", guest.given[0]) == method_named(name)


REFUSED = {
    "method": (b"A B", b"/", []), "no method": (b"", b"/", []), "url": (b"GET", b"a", []),
    "no host": (b"GET", b"http://", []), "no host of https": (b"GET", b"https://", []),
    "no host but a path": (b"GET", b"http:///", []), "port": (b"GET", b"http://a:x/", []),
    "scheme": (b"GET", b"httpx://a/", []), "user": (b"GET", b"http://a@b/", []), "line": (b"GET", b"/\r\n", []),
    "half": (b"GET", b"https:/a", []), "name": (b"GET", b"/", [(b"a b", b"")]),
    "value": (b"GET", b"/", [(b"a", b"1"), (b"b", b"x\r\ny: z")]), "long": (b"GET", b"/" + b"x" * 70_000, []),
    "fields": (b"GET", b"/", [(b"a", b"x" * MAX_FIELDS_BYTES)]),
    "sum of fields": (b"GET", b"/", [(b"a", b"x" * (MAX_FIELDS_BYTES // 2))] * 2),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_request(guest: HandlerRelay, name: str) -> None:
    with pytest.raises(DeviceTrap, match=WRONG):
        guest.ask(*REFUSED[name])
    assert guest.http.asked == ["close"]
    guest.ask()
    assert guest.types("incoming-request.method", guest.given[0]) == Variant("get")


@pytest.mark.parametrize("seed", range(3))
def test_random_requests(guest: HandlerRelay, seed: int) -> None:
    """A request or a trap, whatever they are."""
    random = Random(seed)
    pieces = (b"http", b"s", b":", b"//", b"a.org", b"[", b"]", b"/", b"?", b"#", b"*", b"@", b"80", b"\0", b"\xff")
    for _ in range(60):
        url = b"".join(random.choices(pieces, k=random.randrange(8)))
        fields = [(random.choice((b"a", b"", b"TE")), random.randbytes(random.randrange(3))) for _ in range(3)]
        with suppress(DeviceTrap):
            guest.ask(random.choice((b"GET", b"x", b"")), url, fields[: random.randrange(4)])
            request, outparam = guest.given
            path = guest.types("incoming-request.path-with-query", request)
            assert path is None or url.endswith(path.encode())
            guest.drop(request, "incoming-request")
            guest.drop(outparam, "response-outparam")
    assert guest.http.asked.count("close") == 60


# Guests that are not what they should be


def test_a_guest_that_traps() -> None:
    guest = HandlerRelay()
    guest.ask()
    body = guest.answer_with(guest.given[1])
    guest.func("break")()
    with pytest.raises(DeviceTrap, match="unreachable"):
        guest.ask()
    with pytest.raises(DeviceTrap, match="cannot enter"):
        guest.ask()
    assert body
    assert [exchange.is_closed for exchange in guest.http.exchanges.values()] == [False, True, True]
    assert guest.close() == 0
    assert guest.http.exchanges[NUMBER].is_closed


def test_a_component_without_a_handler() -> None:
    guest = HandlerRelay(text=relay(*INTERFACES))
    with pytest.raises(DeviceTrap, match=WRONG):
        guest.ask()
    assert guest.http.asked == []
    assert guest.close() == 0


def test_a_component_that_was_not_given_http() -> None:
    guest = HandlerRelay(has_http=False)
    with pytest.raises(DeviceTrap, match=WRONG):
        guest.ask()
    assert guest.close() == 0


_OUTPARAM = '(param "response-out" (own $r-response-outparam))'
OTHER_TYPES = {
    "numbers": '(param "request" u32) (param "response-out" u32)',
    "one": f"(param \"x\" (tuple u8)) {_OUTPARAM}",
    "more": f'(param "request" (own $r-incoming-request)) {_OUTPARAM} (param "x" u32)',
    "swapped": '(param "request" (own $r-response-outparam)) (param "response-out" (own $r-incoming-request))',
    "another": f'(param "request" (own $r-fields)) {_OUTPARAM}',
    "lent": f'(param "request" (borrow $r-incoming-request)) {_OUTPARAM}',
}  # fmt: skip


@pytest.mark.parametrize("name", OTHER_TYPES)
def test_a_handler_of_other_types_is_not_called(name: str) -> None:
    """It might take the numbers for those of the app's own resources."""
    handler = f"""
      (core module $k (func (export "handle") (param {"i32 " * (3 if name == "more" else 2)})))
      (core instance $k (instantiate $k))
      (func $handle {OTHER_TYPES[name]} (canon lift (core func $k "handle")))
      (instance $made (export "handle" (func $handle)))
      (export "wasi:http/incoming-handler@0.2.8" (instance $made)))"""
    guest = HandlerRelay(text=relay(*INTERFACES).rstrip().removesuffix(")") + handler)
    with pytest.raises(DeviceTrap, match=WRONG):
        guest.ask()
    assert guest.http.asked == []
    assert guest.close() == 0


def test_a_guest_that_ends_meanwhile() -> None:
    """The app ends it, and the component, when it is told the answer."""
    guest = HandlerRelay(text=GREETING)

    def end() -> None:
        guest.call("fusee_component_instance_delete", guest.instance)
        guest.call("fusee_component_delete", guest.component)

    guest.http.meanwhile["answer"] = end
    with suppress(DeviceTrap):
        guest.ask()
    assert guest.http.exchanges[NUMBER].is_closed
    guest.instance = guest.component = 0
    assert guest.close() == 0


def test_requests_at_once_are_limited(guest: HandlerRelay) -> None:
    for _ in range(64):
        guest.ask()
    with pytest.raises(DeviceTrap, match="out of memory"):
        guest.ask()
    assert guest.http.asked == ["close"]
    for name, handle in zip(("incoming-request", "response-outparam"), guest.given, strict=True):
        guest.drop(handle, name)
    guest.ask()


def test_an_outparam_that_is_gone() -> None:
    guest = HandlerRelay()
    guest.ask()
    outparam = guest.given[1]
    guest.respond(outparam, guest.types("[constructor]outgoing-response", guest.fields()))
    with pytest.raises(DeviceTrap, match="handle"):
        guest.types("response-outparam.set", outparam, Variant("loop-detected"))
    assert guest.close() == 0
    assert guest.http.asked.count("answer") == 1


def test_a_number_is_not_taken_for_a_handle() -> None:
    """A component may import `set` with another type; the number is that of the first resource that there is."""
    guest = HandlerRelay(changed=("(result (own $r-outgoing-response) (error", "(result u32 (error"))
    guest.types("[constructor]outgoing-response", guest.fields())
    guest.ask()
    with pytest.raises(DeviceTrap, match=WRONG):
        guest.respond(guest.given[1], 1 << 30)
    assert guest.http.asked == []
    assert guest.close() == 0


def test_without_memory() -> None:
    """Each allocation fails once: nothing is lost, and every request is closed."""
    guest = HandlerRelay()
    step, is_through = 0, False
    while not is_through:
        step += 1
        guest.device.allocations_left = step
        with suppress(DeviceTrap, AssertionError, AttributeError, TypeError, KeyError):
            exchange_all(guest)
            is_through = guest.device.allocations_left > 0
        guest.device.allocations_left = 0
        guest.call("fusee_component_instance_delete", guest.instance)
        guest.is_giving = False
        assert all(exchange.is_closed for exchange in guest.http.exchanges.values())
        guest.instantiate()
    assert step > 20
    assert guest.close() == 0


def exchange_all(guest: HandlerRelay) -> None:
    """A request with a body, and the answer."""
    guest.ask(b"POST", b"http://a.org/p", [(b"x", b"y")], b"abc")
    request, outparam = guest.given
    assert guest.contents_of(request) == b"abc"
    body = guest.answer_with(outparam, b"abc", a=b"1")
    assert guest.types("outgoing-body.finish", body, guest.fields(("t", b"1"))) is None
