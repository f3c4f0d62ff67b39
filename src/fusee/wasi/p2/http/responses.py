"""Responses of `wasi:http/types`: those of the guest and from outside, and where they are put or awaited."""

from collections.abc import Callable

from fusee.component.values import Err, Variant
from fusee.spec import http
from fusee.wasi.context import WasiContext
from fusee.wasi.p2.background import Background
from fusee.wasi.p2.http.bodies import IncomingBody, OutgoingBody
from fusee.wasi.p2.http.fields import TYPES, Fields, code_of
from fusee.wasi.p2.http.messages import IncomingMessage, OutgoingMessage
from fusee.wasi.p2.pollable import Pollable
from fusee.wasi.resources import Resource


class OutgoingResponse(OutgoingMessage):
    """A response that a guest gives."""

    status = 200


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


TYPES.resource("response-outparam", ResponseOutparam)
TYPES.resource("incoming-response", IncomingResponse)
TYPES.resource("outgoing-response", OutgoingResponse)
TYPES.resource("future-incoming-response", FutureIncomingResponse)


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
