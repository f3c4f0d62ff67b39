"""Serves components that export `wasi:http/handler`, with the server of 0.2: an instance a request."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from fusee.api.errors import LinkError
from fusee.component.resources import ResourceAny, ResourceHost
from fusee.wasi.p2.http import server as p2
from fusee.wasi.p2.http.requests import IncomingRequest
from fusee.wasi.p2.http.responses import OutgoingResponse, ResponseOutparam
from fusee.wasi.p3.http.bodies import Transmission
from fusee.wasi.p3.http.messages import Request, Response

if TYPE_CHECKING:
    from fusee.api.store import Store
    from fusee.component.component import Component
    from fusee.component.func import Func
    from fusee.component.linker import Linker

_HANDLER: Final = "wasi:http/handler@0.3."


def handler_of(linker: "Linker", component: "Component", make_store: "Callable[[], Store]") -> p2.Handle:
    """Calls the handler of `component` in a new instance, in a store of `make_store`, which has WASI.

    Raises `LinkError` if it exports neither `wasi:http/handler` of 0.3 nor `wasi:http/incoming-handler` of 0.2.
    """
    exports = component.type.exports(linker.engine)
    name = next((name for name in exports if name.startswith(_HANDLER)), None)
    if name is None:
        return p2.handler_of(linker, component, make_store)
    index = component.get_export_index("handle", component.get_export_index(name))

    def handle(request: IncomingRequest, out: ResponseOutparam) -> None:
        with make_store() as store:
            function = None if index is None else linker.instantiate(store, component).get_func(store, index)
            if function is None:
                raise LinkError("`handle` is no function")
            asyncio.run(_answer(store, function, request, out))

    return handle


async def _answer(store: "Store", function: "Func", request: IncomingRequest, out: ResponseOutparam) -> None:
    """Has the guest answer, and sends its body while it goes on."""
    context = store._wasi
    given = Request.received(store, request)
    found: Any = await function.call_async(store, ResourceHost.own(context.resources.add(given), given.number))
    if not isinstance(found, ResourceAny):
        out.respond(found)
        return
    response = context.resources.take(found.to_host(store).rep, Response)
    wire = OutgoingResponse(response.headers)
    wire.status = response.status
    if response.body.is_empty:
        out.respond(wire)
        response.body.end(None)
        response.close()
        return
    transmission = Transmission(context, response.body, wire.take_body())
    out.respond(wire)
    await transmission.run()
