"""Requests and responses of `wasi:http/types`."""

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from fusee.component.values import Err, Variant
from fusee.spec import http
from fusee.wasi.context import WasiContext
from fusee.wasi.p2.background import Background
from fusee.wasi.p2.http.bodies import IncomingBody, OutgoingBody
from fusee.wasi.p2.http.fields import TOKEN, TYPES, Fields, code_of, content_length
from fusee.wasi.p2.pollable import Pollable
from fusee.wasi.resources import Resource

_PATH: Final = re.compile(rf"\*|[/?][{http.PATH}]*")
AUTHORITY: Final = re.compile(f"[{http.AUTHORITY}]+")
_HOST_AND_PORT: Final = re.compile(r"(\[[^\[\]@]+\]|[^\[\]@:]+)(:[0-9]*)?")  # `urlsplit` skips what is behind `]`
SCHEME: Final = re.compile(f"[A-Za-z][{http.SCHEME}]*")


def method_named(name: str) -> Variant:
    """The `method` of a name."""
    lower = name.lower()
    return Variant(lower) if lower in http.METHODS and name.isupper() else Variant("other", name)


class _WithBody(Resource):
    """A message that a guest makes."""

    files = 2

    def __init__(self, headers: Fields) -> None:
        self.headers = headers.frozen()
        self.body: OutgoingBody | None = None
        self.is_sent = False

    def close(self) -> None:
        """Nobody sends it any more."""
        if self.body is not None and not self.is_sent:
            self.body.far.close()

    def take_body(self) -> OutgoingBody:
        """Its body, once. Raises `Err`."""
        if self.body is not None:
            raise Err
        self.body = OutgoingBody(content_length(self.headers))
        return self.body


class OutgoingRequest(_WithBody):
    """A request that a guest sends."""

    def __init__(self, headers: Fields) -> None:
        super().__init__(headers)
        self.method = Variant("get")
        self.path: str | None = None
        self.authority: str | None = None
        self.scheme: Variant | None = None


class OutgoingResponse(_WithBody):
    """A response that a guest gives."""

    status = 200


class RequestOptions(Resource):
    """How long to wait, in nanoseconds, or as long as the host does."""

    def __init__(self) -> None:
        self.timeouts: dict[str, int | None] = {}


class IncomingMessage(Resource):
    """A message from outside."""

    files = 2

    def __init__(self, headers: Fields, body: IncomingBody) -> None:
        self.headers, self.body = headers, body
        self.is_consumed = False

    def consume(self) -> IncomingBody:
        """Its body, once. Raises `Err`."""
        if self.is_consumed:
            raise Err
        self.is_consumed = True
        return self.body

    def close(self) -> None:
        """Ends it, and its body unless somebody has that."""
        if not self.is_consumed:
            self.is_consumed = True
            self.body.close()


class IncomingRequest(IncomingMessage):
    """A request that a guest answers."""

    def __init__(
        self, method: str, path: str | None, scheme: str, authority: str | None, headers: Fields, body: IncomingBody
    ) -> None:
        super().__init__(headers, body)
        self.method = method_named(method)
        self.path, self.authority, self.scheme = path, authority, Variant(scheme)


class IncomingResponse(IncomingMessage):
    """An answer to a guest."""

    def __init__(self, status: int, headers: Fields, body: IncomingBody) -> None:
        super().__init__(headers, body)
        self.status = status


class ResponseOutparam(Resource):
    """Where a guest puts its response, once."""

    def __init__(self, respond: Callable[[OutgoingResponse | Variant], None]) -> None:
        self.respond = respond


class FutureIncomingResponse(Resource):
    """An answer that has not come yet."""

    files = Background.files

    def __init__(self, exchange: Background) -> None:
        self.exchange = exchange
        self.is_taken = False

    def close(self) -> None:
        """Nobody wants to have it."""
        self.exchange.close()


TYPES.resource("incoming-request", IncomingRequest)
TYPES.resource("outgoing-request", OutgoingRequest)
TYPES.resource("request-options", RequestOptions)
TYPES.resource("response-outparam", ResponseOutparam)
TYPES.resource("incoming-response", IncomingResponse)
TYPES.resource("outgoing-response", OutgoingResponse)
TYPES.resource("future-incoming-response", FutureIncomingResponse)


# Requests from outside


@TYPES.method("incoming-request.method() -> method")
def incoming_method(context: WasiContext, request: IncomingRequest) -> Variant:
    """Its method."""
    return request.method


@TYPES.method("incoming-request.path-with-query() -> option<string>")
def incoming_path(context: WasiContext, request: IncomingRequest) -> str | None:
    """Path and query of its target."""
    return request.path


@TYPES.method("incoming-request.scheme() -> option<scheme>")
def incoming_scheme(context: WasiContext, request: IncomingRequest) -> Variant | None:
    """HTTP or HTTPS."""
    return request.scheme


@TYPES.method("incoming-request.authority() -> option<string>")
def incoming_authority(context: WasiContext, request: IncomingRequest) -> str | None:
    """Which host was asked."""
    return request.authority


@TYPES.method("incoming-request.headers() -> headers")
def request_headers(context: WasiContext, request: IncomingRequest) -> Fields:
    """Its headers, not to be changed."""
    return request.headers.frozen()


@TYPES.method("incoming-request.consume() -> result<incoming-body>")
def consume_request(context: WasiContext, request: IncomingRequest) -> IncomingBody:
    """Its body, once."""
    return request.consume()


# Requests of the guest


@TYPES.constructor("outgoing-request(headers: headers)")
def make_request(context: WasiContext, headers: Fields) -> OutgoingRequest:
    """A request with these headers."""
    return OutgoingRequest(headers)


@TYPES.method("outgoing-request.body() -> result<outgoing-body>")
def request_body(context: WasiContext, request: OutgoingRequest) -> OutgoingBody:
    """Its body, once."""
    return request.take_body()


@TYPES.method("outgoing-request.method() -> method")
def method(context: WasiContext, request: OutgoingRequest) -> Variant:
    """Its method."""
    return request.method


@TYPES.method("outgoing-request.set-method(method: method) -> result")
def set_method(context: WasiContext, request: OutgoingRequest, wanted: Variant) -> None:
    """Its method."""
    if wanted.tag == "other":
        check_text(TOKEN, wanted.payload)
    request.method = wanted


@TYPES.method("outgoing-request.path-with-query() -> option<string>")
def path_with_query(context: WasiContext, request: OutgoingRequest) -> str | None:
    """Path and query of its target."""
    return request.path


@TYPES.method("outgoing-request.set-path-with-query(path-with-query: option<string>) -> result")
def set_path_with_query(context: WasiContext, request: OutgoingRequest, path: str | None) -> None:
    """Path and query of its target."""
    if path:
        check_text(_PATH, path)
    request.path = path


@TYPES.method("outgoing-request.scheme() -> option<scheme>")
def scheme(context: WasiContext, request: OutgoingRequest) -> Variant | None:
    """Its scheme."""
    return request.scheme


@TYPES.method("outgoing-request.set-scheme(scheme: option<scheme>) -> result")
def set_scheme(context: WasiContext, request: OutgoingRequest, wanted: Variant | None) -> None:
    """Its scheme."""
    if wanted is not None and wanted.tag == "other":
        check_text(SCHEME, wanted.payload)
    request.scheme = wanted


@TYPES.method("outgoing-request.authority() -> option<string>")
def authority(context: WasiContext, request: OutgoingRequest) -> str | None:
    """Which host is asked."""
    return request.authority


@TYPES.method("outgoing-request.set-authority(authority: option<string>) -> result")
def set_authority(context: WasiContext, request: OutgoingRequest, wanted: str | None) -> None:
    """Which host is asked."""
    if wanted is not None:
        check_text(AUTHORITY, wanted)
        split_authority(wanted)
    request.authority = wanted


@TYPES.method("outgoing-request.headers() -> headers")
def outgoing_headers(context: WasiContext, request: OutgoingRequest) -> Fields:
    """Its headers, not to be changed."""
    return request.headers.frozen()


def split_authority(text: str) -> tuple[str, int | None]:
    """Host and port. Raises `Err` if it is none."""
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        raise Err from None
    if not host or not _HOST_AND_PORT.fullmatch(text):
        raise Err
    return host, port


def check_text(pattern: "re.Pattern[str]", text: str) -> None:
    """Insists on a form, and a length. Raises `Err`."""
    if len(text) > http.MAX_TEXT or not pattern.fullmatch(text):
        raise Err


# Options


@TYPES.constructor("request-options()")
def make_options(context: WasiContext) -> RequestOptions:
    """None yet."""
    return RequestOptions()


def _register_timeout(name: str) -> None:
    @TYPES.method(f"request-options.{name}() -> option<duration>")
    def get(context: WasiContext, options: RequestOptions) -> int | None:
        return options.timeouts.get(name)

    @TYPES.method(f"request-options.set-{name}(duration: option<duration>) -> result")
    def put(context: WasiContext, options: RequestOptions, duration: int | None) -> None:
        options.timeouts[name] = duration


for _name in ("connect-timeout", "first-byte-timeout", "between-bytes-timeout"):
    _register_timeout(_name)


# Responses from outside


@TYPES.method("incoming-response.status() -> status-code")
def status(context: WasiContext, response: IncomingResponse) -> int:
    """Its status."""
    return response.status


@TYPES.method("incoming-response.headers() -> headers")
def response_headers(context: WasiContext, response: IncomingResponse) -> Fields:
    """Its headers, not to be changed."""
    return response.headers.frozen()


@TYPES.method("incoming-response.consume() -> result<incoming-body>")
def consume_response(context: WasiContext, response: IncomingResponse) -> IncomingBody:
    """Its body, once."""
    return response.consume()


@TYPES.method("future-incoming-response.subscribe() -> pollable")
def subscribe_response(context: WasiContext, future: FutureIncomingResponse) -> Pollable:
    """Ready when the response has come, or failed."""
    return Pollable(future.exchange.event)


@TYPES.method("future-incoming-response.get() -> option<result<result<incoming-response, error-code>>>")
def get_response(context: WasiContext, future: FutureIncomingResponse) -> Variant:
    """The response, or why there is none; once. Only the option is tagged: what is in it differs in class."""
    if not future.exchange.is_done:
        return Variant("none")
    if future.is_taken:
        return Variant("some", None)
    future.is_taken = True
    try:
        return Variant("some", future.exchange.result())
    except Exception as error:
        return Variant("some", code_of(error))


# Responses of the guest


@TYPES.constructor("outgoing-response(headers: headers)")
def make_response(context: WasiContext, headers: Fields) -> OutgoingResponse:
    """A response with the status 200."""
    return OutgoingResponse(headers)


@TYPES.method("outgoing-response.status-code() -> status-code")
def status_code(context: WasiContext, response: OutgoingResponse) -> int:
    """Its status."""
    return response.status


@TYPES.method("outgoing-response.set-status-code(status-code: status-code) -> result")
def set_status_code(context: WasiContext, response: OutgoingResponse, code: int) -> None:
    """Its status."""
    if code not in http.STATUSES:
        raise Err
    response.status = code


@TYPES.method("outgoing-response.headers() -> headers")
def outgoing_response_headers(context: WasiContext, response: OutgoingResponse) -> Fields:
    """Its headers, not to be changed."""
    return response.headers.frozen()


@TYPES.method("outgoing-response.body() -> result<outgoing-body>")
def response_body(context: WasiContext, response: OutgoingResponse) -> OutgoingBody:
    """Its body, once."""
    return response.take_body()


@TYPES.static("response-outparam.set(param: response-outparam, response: result<outgoing-response, error-code>)")
def set_response(context: WasiContext, param: ResponseOutparam, response: Variant) -> None:
    """Answers the request."""
    param.respond(response.payload)
