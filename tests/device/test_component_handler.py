"""`wasi:http/incoming-handler` on a device: the app has a guest answer requests."""

import pytest

from fusee.component.values import Record, Variant
from fusee.spec.http import ERROR_CODES, FORBIDDEN
from tests.device import handlerrelay
from tests.device.apphttp import ERRORS
from tests.device.handlerrelay import HandlerRelay
from tests.device.httprelay import TYPES
from tests.wasi.components import GREETING

guest = handlerrelay.guest


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
