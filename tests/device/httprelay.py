"""A component on a device whose calls of `wasi:http` come from a test, and the app that answers its requests."""

from typing import Any, Final

from fusee.component.values import Variant
from tests.device.apphttp import AppHttp, Exchange
from tests.device.commands import Command
from tests.device.guestcalls import Relay
from tests.device.relay import relay

INTERFACES: Final = (
    "io/error", "io/poll", "io/streams", "clocks/monotonic-clock", "http/types", "http/outgoing-handler",
)  # fmt: skip
TYPES: Final = "http/types"


class HttpRelay(Relay):
    """A guest whose functions of HTTP's are called from here. `answer` is what the app does with a complete request."""

    def __init__(
        self, without: tuple[str, ...] = ("ready",), has_http: bool = True, changed: tuple[str, str] = ("", ""),
        text: str = "",
    ) -> None:  # fmt: skip
        Command.__init__(self, (text or relay(*INTERFACES)).replace(*changed), ["app"])
        self.http = AppHttp(self.device, lambda exchange: self.answer(exchange))
        if has_http:
            assert self.call("fusee_component_use_http", self.component, self.put(self.http.table(without)))
        self.instantiate()

    def answer(self, exchange: Exchange) -> None:
        """What a test says otherwise: what was sent, again."""
        exchange.status, exchange.answer, exchange.content = 201, exchange.fields, exchange.body

    def types(self, name: str, *arguments: Any) -> Any:
        """What a function gives: its payload for a result."""
        found = self.plain(TYPES, name, *arguments)
        return found.payload if isinstance(found, Variant) and found.tag in ("ok", "err") else found

    def fields(self, *pairs: tuple[str, bytes]) -> Any:
        return self.types("[static]fields.from-list", [*pairs])

    def request(
        self, authority: str = "a.org", method: str = "get", scheme: str = "HTTP", *pairs: tuple[str, bytes]
    ) -> int:
        request: int = self.types("[constructor]outgoing-request", self.fields(*pairs))
        self.types("outgoing-request.set-authority", request, authority)
        self.types("outgoing-request.set-scheme", request, Variant(scheme))
        self.types("outgoing-request.set-method", request, Variant(method))
        return request

    def handle(self, request: int, options: int | None = None) -> Any:
        """A future, or why there is none."""
        return self.plain("http/outgoing-handler", "handle", request, options).payload

    def body(self, request: int, *pieces: bytes) -> int:
        """A request's body, with its contents."""
        body: int = self.types("outgoing-request.body", request)
        stream = self.types("outgoing-body.write", body)
        for piece in pieces:
            assert self.stream("output-stream.write", stream, piece) is None
        self.drop(stream, "output-stream")
        return body

    def response(self, future: int) -> Any:
        """The response, or why there is none."""
        return self.types("future-incoming-response.get", future).payload

    def contents(self, response: int) -> bytes:
        """All of its contents."""
        body = self.types("incoming-response.consume", response)
        stream, data = self.types("incoming-body.stream", body), b""
        while (piece := self.stream("input-stream.blocking-read", stream, 1000)) is not None:
            data += piece
        self.drop(stream, "input-stream")
        self.drop(body, "incoming-body")
        return data
