"""Requests and responses of `wasi:http/types`: one resource for those of guests and those from outside."""

import re
from typing import TYPE_CHECKING, Any, Final

from fusee.component.asynchronous.readers import FutureReader, StreamReader
from fusee.component.values import Err, Variant
from fusee.wasi.context import WasiContext
from fusee.wasi.p2.http.fields import TOKEN
from fusee.wasi.p2.http.messages import check_text
from fusee.wasi.p2.http.requests import AUTHORITY, SCHEME, IncomingRequest, method_named, split_authority
from fusee.wasi.p2.http.responses import IncomingResponse
from fusee.wasi.p3.http.bodies import Body, GuestBody, HostBody
from fusee.wasi.p3.http.fields import TYPES, Fields, RequestOptions
from fusee.wasi.p3.transfer import Outcome
from fusee.wasi.resources import Resource

if TYPE_CHECKING:
    from fusee.api.store import Store

_PATH: Final = re.compile(r"[^\0-\x20\x7f#<>`]*")
_USER: Final = re.compile(r"[0-9A-Za-z\-._~!$&'()*+,;=:%]+")
_SCHEMES: Final = {"http": "HTTP", "https": "HTTPS"}
_STATUSES: Final = range(100, 600)


class Message(Resource):
    """Fields and a body, which whoever sends or consumes the message takes."""

    files = 2

    def __init__(self, headers: Fields, body: Body) -> None:
        self.headers, self.body = headers.frozen(), body

    def close(self) -> None:
        """Nobody wants it."""
        self.body.close()


class Request(Message):
    """A request."""

    def __init__(self, headers: Fields, body: Body, options: RequestOptions | None = None) -> None:
        super().__init__(headers, body)
        self.method = Variant("get")
        self.path: str | None = None
        self.scheme: Variant | None = None
        self.authority: str | None = None
        self.options = options

    @classmethod
    def received(cls, store: "Store", request: IncomingRequest) -> "Request":
        """One from outside."""
        made = cls(Fields(request.headers.pairs), HostBody(store, request.consume()))
        made.method, made.path, made.scheme = request.method, request.path, request.scheme
        made.authority = request.authority
        return made


class Response(Message):
    """A response."""

    status = 200

    @classmethod
    def received(cls, store: "Store", response: IncomingResponse) -> "Response":
        """One from outside."""
        made = cls(Fields(response.headers.pairs), HostBody(store, response.consume()))
        made.status = response.status
        return made


TYPES.resource("request", Request)
TYPES.resource("response", Response)
_BODY: Final = "headers: headers, contents: option<stream<u8>>, trailers: future<result<option<trailers>, error-code>>"
_SENT: Final = "future<result<_, error-code>>"
_CONSUME: Final = (
    "res: future<result<_, error-code>>) -> tuple<stream<u8>, future<result<option<trailers>, error-code>>>"
)


@TYPES.static(f"request.new({_BODY}, options: option<request-options>) -> tuple<request, {_SENT}>")
def new_request(
    context: WasiContext, headers: Fields, contents: StreamReader | None, trailers: FutureReader,
    options: RequestOptions | None,
) -> tuple[Request, Outcome]:  # fmt: skip
    """A request, and how its transmission has ended."""
    body = GuestBody(contents, trailers)
    return Request(headers, body, options), body.sent


@TYPES.static(f"response.new({_BODY}) -> tuple<response, {_SENT}>")
def new_response(
    context: WasiContext, headers: Fields, contents: StreamReader | None, trailers: FutureReader
) -> tuple[Response, Outcome]:
    """A response with the status 200, and how its transmission has ended."""
    body = GuestBody(contents, trailers)
    return Response(headers, body), body.sent


@TYPES.static(f"request.consume-body(this: request, {_CONSUME}")
def consume_request(context: WasiContext, request: Request, handled: FutureReader) -> tuple[Any, Any]:
    """Its contents, and its trailers."""
    return request.body.give(context, handled)


@TYPES.static(f"response.consume-body(this: response, {_CONSUME}")
def consume_response(context: WasiContext, response: Response, handled: FutureReader) -> tuple[Any, Any]:
    """Its contents, and its trailers."""
    return response.body.give(context, handled)


@TYPES.method("request.get-headers() -> headers")
def request_headers(context: WasiContext, request: Request) -> Fields:
    """Its headers, not to be changed."""
    return request.headers.frozen()


@TYPES.method("response.get-headers() -> headers")
def response_headers(context: WasiContext, response: Response) -> Fields:
    """Its headers, not to be changed."""
    return response.headers.frozen()


@TYPES.method("request.get-method() -> method")
def get_method(context: WasiContext, request: Request) -> Variant:
    """Its method."""
    return request.method


@TYPES.method("request.set-method(method: method) -> result")
def set_method(context: WasiContext, request: Request, wanted: Variant) -> None:
    """Its method; one that has a case is that, whatever it was said with."""
    if wanted.tag == "other":
        check_text(TOKEN, wanted.payload)
        wanted = method_named(wanted.payload)
    request.method = wanted


@TYPES.method("request.get-path-with-query() -> option<string>")
def get_path(context: WasiContext, request: Request) -> str | None:
    """Path and query of its target."""
    return request.path


@TYPES.method("request.set-path-with-query(path-with-query: option<string>) -> result")
def set_path(context: WasiContext, request: Request, path: str | None) -> None:
    """Path and query of its target; nothing is `/`."""
    if path is not None:
        check_text(_PATH, path)
    request.path = path or (None if path is None else "/")


@TYPES.method("request.get-scheme() -> option<scheme>")
def get_scheme(context: WasiContext, request: Request) -> Variant | None:
    """Its scheme."""
    return request.scheme


@TYPES.method("request.set-scheme(scheme: option<scheme>) -> result")
def set_scheme(context: WasiContext, request: Request, wanted: Variant | None) -> None:
    """Its scheme; one that has a case is that, whatever it was said with."""
    if wanted is not None and wanted.tag == "other":
        check_text(SCHEME, wanted.payload)
        known = _SCHEMES.get(wanted.payload.lower())
        wanted = wanted if known is None else Variant(known)
    request.scheme = wanted


@TYPES.method("request.get-authority() -> option<string>")
def get_authority(context: WasiContext, request: Request) -> str | None:
    """Which host is asked."""
    return request.authority


@TYPES.method("request.set-authority(authority: option<string>) -> result")
def set_authority(context: WasiContext, request: Request, wanted: str | None) -> None:
    """Which host is asked; who asks may stand before it (RFC 3986, 3.2)."""
    if wanted is not None:
        who, separator, host = wanted.rpartition("@")
        check_text(AUTHORITY, host)
        if separator:
            check_text(_USER, who)
        split_authority(host)
    request.authority = wanted


@TYPES.method("request.get-options() -> option<request-options>")
def get_options(context: WasiContext, request: Request) -> RequestOptions | None:
    """Its options, not to be changed."""
    return None if request.options is None else RequestOptions(request.options.timeouts, False)


@TYPES.method("response.get-status-code() -> status-code")
def get_status(context: WasiContext, response: Response) -> int:
    """Its status."""
    return response.status


@TYPES.method("response.set-status-code(status-code: status-code) -> result")
def set_status(context: WasiContext, response: Response, code: int) -> None:
    """Its status."""
    if code not in _STATUSES:
        raise Err
    response.status = code
