"""Guests that are asked to answer requests and are not what they should be, or have no room."""

from contextlib import suppress

import pytest

from fusee.component.values import Variant
from tests.device import handlerrelay
from tests.device.components import DeviceTrap
from tests.device.handlerrelay import NUMBER, WRONG, HandlerRelay
from tests.device.httprelay import INTERFACES
from tests.device.relay import relay
from tests.wasi.components import GREETING

guest = handlerrelay.guest


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
