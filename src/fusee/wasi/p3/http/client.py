"""`wasi:http/client`: sends requests with the client of 0.2, with its limits, if the embedder allows it."""

from typing import Final
from urllib.parse import quote

from fusee.component.values import Err, Variant
from fusee.wasi.context import WasiContext
from fusee.wasi.p2.background import Background, TooManyThreadsError
from fusee.wasi.p2.http.client import Exchange
from fusee.wasi.p2.http.fields import code_of
from fusee.wasi.p2.http.requests import OutgoingRequest
from fusee.wasi.p2.http.responses import IncomingResponse
from fusee.wasi.p3.http.bodies import Transmission
from fusee.wasi.p3.http.fields import TYPES, RequestOptions
from fusee.wasi.p3.http.messages import Request, Response
from fusee.wasi.p3.interface import interface
from fusee.wasi.p3.ready import until

_PRINTED: Final = "".join(map(chr, range(0x21, 0x7F)))

CLIENT: Final = interface("http/client", TYPES)


@CLIENT.function("async send(request: request) -> result<response, error-code>")
async def send(context: WasiContext, request: Request) -> Response:
    """The response, as soon as its headers are here; the request's body may still be on its way."""
    wire, body = _wire(request), request.body
    transmission = None if body.is_empty else Transmission(context, body, wire.take_body())
    code: Variant | None = Variant("connection-terminated")
    try:
        response = await _exchange(context, wire, request.options, transmission)
        code = None
        return Response.received(body.store, response)
    except Err as error:
        code = error.payload
        raise
    except TooManyThreadsError:
        code = Variant("connection-limit-reached")
        raise Err(code) from None
    except Exception as error:
        code = code_of(error)
        raise Err(code) from None
    finally:
        if transmission is None:
            body.end(code)
            body.close()
        elif code is not None:
            transmission.close(code)
        wire.close()


def _wire(request: Request) -> OutgoingRequest:
    """A request as the client has it."""
    wire = OutgoingRequest(request.headers)
    wire.method, wire.scheme, wire.authority = request.method, request.scheme, request.authority
    wire.path = None if request.path is None else quote(request.path, safe=_PRINTED)
    return wire


async def _exchange(
    context: WasiContext, wire: OutgoingRequest, options: RequestOptions | None, transmission: Transmission | None
) -> IncomingResponse:  # fmt: skip
    """Raises `Err` for what cannot be sent, and whatever the client fails with."""
    if wire.authority is not None and "@" in wire.authority:
        raise Err(Variant("HTTP-request-URI-invalid"))
    exchange = Background(Exchange(context, wire, options).run)
    try:
        if transmission is not None:
            transmission.start()
        await until(exchange.event())
        found: IncomingResponse = exchange.result()
        return found
    finally:
        exchange.close()
