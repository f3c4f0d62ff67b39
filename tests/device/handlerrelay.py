"""A component on a device that is given requests, and keeps what it is given for a test to work with."""

import struct
from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.device.apphttp import Exchange, Pairs
from tests.device.httprelay import INTERFACES, HttpRelay
from tests.device.relay import relay

_PARAMS: Final = '(param "request" (own $r-incoming-request)) (param "response-out" (own $r-response-outparam))'
KEEPER: Final = f"""
  (core module $keeper
    (global $request (mut i32) (i32.const 0)) (global $outparam (mut i32) (i32.const 0))
    (func (export "request") (result i32) (global.get $request))
    (func (export "outparam") (result i32) (global.get $outparam))
    (func (export "handle") (param i32 i32)
      (if (i32.eq (global.get $request) (i32.const -1)) (then (unreachable)))
      (global.set $request (local.get 0)) (global.set $outparam (local.get 1)))
    (func (export "break") (global.set $request (i32.const -1))))
  (core instance $k (instantiate $keeper))
  (func (export "request") (result u32) (canon lift (core func $k "request")))
  (func (export "outparam") (result u32) (canon lift (core func $k "outparam")))
  (func (export "break") (canon lift (core func $k "break")))
  (func $handle {_PARAMS} (canon lift (core func $k "handle")))
  (component $shim
    (import "request" (type $request (sub resource))) (import "outparam" (type $outparam (sub resource)))
    (import "handle" (func $handle {_PARAMS.replace("r-incoming-", "").replace("r-response-", "")}))
    (export "handle" (func $handle)))
  (instance $shim (instantiate $shim (with "request" (type $r-incoming-request))
    (with "outparam" (type $r-response-outparam)) (with "handle" (func $handle))))
  (export "wasi:http/incoming-handler@0.2.8" (instance $shim)))"""
NUMBER: Final = 40
"""What the app knows the first request as."""
WRONG: Final = "not of the expected type"
"""The trap for what is no request, or cannot be answered."""


def keeping() -> str:
    """The text of the component."""
    return relay(*INTERFACES).rstrip().removesuffix(")") + KEEPER


class HandlerRelay(HttpRelay):
    """A guest that answers requests."""

    def __init__(
        self, without: tuple[str, ...] = ("ready",), has_http: bool = True, changed: tuple[str, str] = ("", ""),
        text: str = "",
    ) -> None:  # fmt: skip
        super().__init__(without, has_http, changed, text or keeping())
        self.next = NUMBER

    def texts(self, *texts: bytes) -> bytes:
        """Places and sizes."""
        return b"".join(self._words(self.put(text + b"?"), len(text)) for text in texts)

    def ask(
        self, method: bytes = b"GET", url: bytes = b"http://a.org/", fields: Pairs | None = None, body: bytes = b"",
        trailing: Pairs | None = None,
    ) -> Exchange:  # fmt: skip
        """Have a request handled. Raises `DeviceTrap`."""
        fields = fields or []
        made = Exchange("", "", [], 0, ())
        made.content, made.trailing = body, trailing or []
        pairs = self.put(b"".join(self.texts(*pair) for pair in fields) + b"?")
        head = self.texts(method, url) + self._words(pairs, len(fields)) + struct.pack("<4Q", 0, 0, 0, 0)
        self.ask_at(self.put(head), made)
        return made

    def ask_at(self, head: int, exchange: Exchange) -> None:
        """The same for a `fusee_http_request_t` that is somewhere, and what the app has of it."""
        self.http.exchanges[self.next] = exchange
        self.next += 1
        self.fail(self.call("fusee_http_handle", self.instance, head, self.next - 1))

    @property
    def given(self) -> tuple[int, int]:
        """The guest's handles to the request and to where the answer goes."""
        return self.func("request")(), self.func("outparam")()

    def respond(self, outparam: int, response: int) -> None:
        """Answer with a response, which is given away."""
        self.types("response-outparam.set", outparam, response)

    def answer_with(self, outparam: int, *pieces: bytes, **fields: bytes) -> int:
        """Answer with a response that has a body; the body."""
        response = self.types("[constructor]outgoing-response", self.fields(*fields.items()))
        self.types("outgoing-response.set-status-code", response, 203)
        body: int = self.types("outgoing-response.body", response)
        self.respond(outparam, response)
        self.write_pieces(body, *pieces)
        return body

    def contents_of(self, request: int) -> bytes:
        """All of a request's body."""
        body = self.types("incoming-request.consume", request)
        stream, data = self.types("incoming-body.stream", body), b""
        while (piece := self.stream("input-stream.blocking-read", stream, 1000)) is not None:
            data += piece
        return data

    def write_pieces(self, body: int, *pieces: bytes) -> Any:
        """What the last one gives: its error, or None."""
        stream, found = self.types("outgoing-body.write", body), None
        for piece in pieces:
            found = self.stream("output-stream.blocking-write-and-flush", stream, piece)
        self.drop(stream, "output-stream")
        return found


@pytest.fixture
def guest() -> Iterator[HandlerRelay]:
    """It gives everything back, and every request is closed, once."""
    made = HandlerRelay()
    yield made
    assert made.close() == 0
    assert all(exchange.is_closed for exchange in made.http.exchanges.values())
