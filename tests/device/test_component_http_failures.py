"""What ends or refuses HTTP requests on a device: errors, interrupts, limits, no memory, wrong handles."""

import re
import struct
from contextlib import suppress
from pathlib import Path

import pytest

import fusee.package
from fusee.component.values import Record, Variant
from fusee.spec.http import ERROR_CODES
from tests.device import httpguests
from tests.device.apphttp import ERRORS
from tests.device.components import DeviceTrap
from tests.device.httpguests import FOREVER
from tests.device.httprelay import TYPES, HttpRelay

guest = httpguests.guest


def test_the_header_has_the_errors() -> None:
    text = (Path(fusee.package.__file__).parent / "components/fusee_http.h").read_text()
    names = re.findall(r"FUSEE_HTTP_\w+", text[text.index("FUSEE_HTTP_DNS_TIMEOUT = 1") :])
    expected = [f"FUSEE_HTTP_{code.removeprefix('HTTP-').upper().replace('-', '_')}" for code in ERROR_CODES]
    assert names[: len(expected)] == expected


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


@pytest.mark.parametrize("status", [0, 99, 1000, 0xFFFF_FFFF])
def test_a_status_that_there_is_not(guest: HttpRelay, status: int) -> None:
    guest.answer = lambda exchange: setattr(exchange, "status", status)  # type: ignore[method-assign]
    assert guest.response(guest.handle(guest.request())) == Variant("HTTP-protocol-error")


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
