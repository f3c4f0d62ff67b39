"""Requests of `wasi:http/types`: those of the guest and from outside, and how long their answers may take."""

import re
from typing import Final
from urllib.parse import urlsplit

from fusee.component.values import Err, Variant
from fusee.spec import http
from fusee.wasi.context import WasiContext
from fusee.wasi.p2.http.bodies import IncomingBody, OutgoingBody
from fusee.wasi.p2.http.fields import TOKEN, TYPES, Fields
from fusee.wasi.p2.http.messages import IncomingMessage, OutgoingMessage, check_text
from fusee.wasi.resources import Resource

_PATH: Final = re.compile(rf"\*|[/?][{http.PATH}]*")
AUTHORITY: Final = re.compile(f"[{http.AUTHORITY}]+")
_HOST_AND_PORT: Final = re.compile(r"(\[[^\[\]@]+\]|[^\[\]@:]+)(:[0-9]*)?")  # `urlsplit` skips what is behind `]`
SCHEME: Final = re.compile(f"[A-Za-z][{http.SCHEME}]*")


def method_named(name: str) -> Variant:
    """The `method` of a name."""
    lower = name.lower()
    return Variant(lower) if lower in http.METHODS and name.isupper() else Variant("other", name)


class OutgoingRequest(OutgoingMessage):
    """A request that a guest sends."""

    def __init__(self, headers: Fields) -> None:
        super().__init__(headers)
        self.method = Variant("get")
        self.path: str | None = None
        self.authority: str | None = None
        self.scheme: Variant | None = None


class RequestOptions(Resource):
    """How long to wait, in nanoseconds, or as long as the host does."""

    def __init__(self) -> None:
        self.timeouts: dict[str, int | None] = {}


class IncomingRequest(IncomingMessage):
    """A request that a guest answers."""

    def __init__(
        self, method: str, path: str | None, scheme: str, authority: str | None, headers: Fields, body: IncomingBody
    ) -> None:
        super().__init__(headers, body)
        self.method = method_named(method)
        self.path, self.authority, self.scheme = path, authority, Variant(scheme)


TYPES.resource("incoming-request", IncomingRequest)
TYPES.resource("outgoing-request", OutgoingRequest)
TYPES.resource("request-options", RequestOptions)


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
