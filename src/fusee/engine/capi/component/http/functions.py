"""All functions of HTTP, by the names of interfaces, and giving them to a component (`fusee_component_use_http`)."""

from typing import Any, Final, NamedTuple

from fusee.engine.capi.component.access import header
from fusee.engine.capi.component.blocks import try_block
from fusee.engine.capi.component.format import Kind
from fusee.engine.capi.component.http import answers, bodies, exchange, fields, incoming, messages, options
from fusee.engine.capi.component.http.results import part_of
from fusee.engine.capi.component.http.state import DONE, FULL, App, Ask, Body, Http
from fusee.engine.capi.component.state import Component, Value
from fusee.engine.capi.component.wasi.given import STREAMS, packed
from fusee.engine.capi.component.wasi.interfaces import give_all, give_table
from fusee.engine.capi.component.wasi.methods import LIST_OF
from fusee.engine.capi.component.wasi.resources import (
    NO_RESOURCE,
    Hooks,
    ResourceTable,
    What,
    drop,
    let_go,
    new_table,
    resource_at,
)
from fusee.engine.capi.component.wasi.results import NO_MEMORY, WRONG, Callback, bits_of, trap_for
from fusee.engine.capi.state import StoreObject, Trap
from fusee.engine.capi.waiting import rouse
from fusee.kernel.lang import (
    Fn,
    Ptr,
    Static,
    address,
    cast,
    copy_bytes,
    instance,
    is_null,
    kernel,
    null,
    size_of,
    span,
    stack_array,
    table,
    u8,
    u32,
    u64,
    usize,
)  # fmt: skip

_SELF: Final = (Kind.BORROW,)
_OWN: Final = (Kind.OWN,)
_OPTION: Final = (Kind.BORROW, Kind.VARIANT)
_NAME: Final = (Kind.BORROW, Kind.STRING)


class Function(NamedTuple):
    """`what` is the first argument a handle to, if anything; one that is owned ends with the call."""

    name: str
    what: What
    params: tuple[int, ...]
    body: Any


def _options() -> list[Function]:
    """What options of requests have."""
    timeouts = [
        function
        for name, (get, put) in options.TIMEOUTS.items()
        for function in (
            Function(f"[method]request-options.{name}", What.OPTIONS, _SELF, get),
            Function(f"[method]request-options.set-{name}", What.OPTIONS, _OPTION, put),
        )
    ]
    return [Function("[constructor]request-options", What.NOTHING, (), options.make_options), *timeouts]


def _sent() -> list[Function]:
    """What requests have that a guest sends, with their responses."""
    request = What.REQUEST
    return [
        Function("[constructor]outgoing-request", What.FIELDS, _OWN, messages.make_request),
        Function("[method]outgoing-request.body", request, _SELF, messages.take_body),
        Function("[method]outgoing-request.method", request, _SELF, messages.method),
        Function("[method]outgoing-request.set-method", request, _OPTION, messages.set_method),
        Function("[method]outgoing-request.path-with-query", request, _SELF, messages.path),
        Function("[method]outgoing-request.set-path-with-query", request, _OPTION, messages.set_path),
        Function("[method]outgoing-request.scheme", request, _SELF, messages.scheme),
        Function("[method]outgoing-request.set-scheme", request, _OPTION, messages.set_scheme),
        Function("[method]outgoing-request.authority", request, _SELF, messages.authority),
        Function("[method]outgoing-request.set-authority", request, _OPTION, messages.set_authority),
        Function("[method]outgoing-request.headers", request, _SELF, fields.headers),
        *_options(),
        Function("[method]incoming-response.status", What.RESPONSE, _SELF, messages.status),
        Function("[method]incoming-response.headers", What.RESPONSE, _SELF, fields.headers),
        Function("[method]incoming-response.consume", What.RESPONSE, _SELF, messages.consume),
        Function("[method]future-incoming-response.subscribe", What.FUTURE, _SELF, incoming.subscribe),
        Function("[method]future-incoming-response.get", What.FUTURE, _SELF, incoming.get_response),
    ]


def _answered() -> list[Function]:
    """What requests have that a guest answers, with its responses."""
    response = What.ANSWER
    return [
        Function("[constructor]outgoing-response", What.FIELDS, _OWN, messages.make_response),
        Function("[method]outgoing-response.status-code", response, _SELF, messages.status),
        Function("[method]outgoing-response.set-status-code", response, (Kind.BORROW, Kind.U16), messages.set_status),
        Function("[method]outgoing-response.headers", response, _SELF, fields.headers),
        Function("[method]outgoing-response.body", response, _SELF, messages.take_body),
        Function("[method]incoming-request.method", What.INCOMING, _SELF, messages.method),
        Function("[method]incoming-request.path-with-query", What.INCOMING, _SELF, messages.path),
        Function("[method]incoming-request.scheme", What.INCOMING, _SELF, messages.scheme),
        Function("[method]incoming-request.authority", What.INCOMING, _SELF, messages.authority),
        Function("[method]incoming-request.headers", What.INCOMING, _SELF, fields.headers),
        Function("[method]incoming-request.consume", What.INCOMING, _SELF, messages.consume),
        Function("[static]response-outparam.set", What.OUTPARAM, (Kind.OWN, Kind.VARIANT), answers.set_answer),
    ]


TYPES: Final = [
    Function("[constructor]fields", What.NOTHING, (), fields.make_fields),
    Function("[static]fields.from-list", What.NOTHING, (LIST_OF | Kind.RECORD,), fields.from_list),
    Function("[method]fields.get", What.FIELDS, _NAME, fields.get),
    Function("[method]fields.has", What.FIELDS, _NAME, fields.has),
    Function("[method]fields.set", What.FIELDS, (*_NAME, LIST_OF | Kind.LIST), fields.set_values),
    Function("[method]fields.delete", What.FIELDS, _NAME, fields.delete),
    Function("[method]fields.append", What.FIELDS, (*_NAME, LIST_OF | Kind.U8), fields.append_value),
    Function("[method]fields.entries", What.FIELDS, _SELF, fields.entries),
    Function("[method]fields.clone", What.FIELDS, _SELF, fields.clone),
    *_sent(),
    *_answered(),
    Function("[method]incoming-body.stream", What.INPUT_BODY, _SELF, bodies.input_stream),
    Function("[static]incoming-body.finish", What.INPUT_BODY, _OWN, incoming.finish_input),
    Function("[method]future-trailers.subscribe", What.TRAILERS, _SELF, incoming.subscribe),
    Function("[method]future-trailers.get", What.TRAILERS, _SELF, incoming.get_trailers),
    Function("[method]outgoing-body.write", What.OUTPUT_BODY, _SELF, bodies.output_stream),
    Function("[static]outgoing-body.finish", What.OUTPUT_BODY, (Kind.OWN, Kind.VARIANT), bodies.finish_output),
    Function("http-error-code", What.NOTHING, _SELF, incoming.error_code),
]
HANDLER: Final = [Function("handle", What.REQUEST, (Kind.OWN, Kind.VARIANT), exchange.handle)]
_ALL: Final = [*TYPES, *HANDLER]
RESOURCES: Final = {"http/types": (
    "fields", "outgoing-request", "request-options", "incoming-response", "future-incoming-response",
    "outgoing-response", "incoming-body", "future-trailers", "outgoing-body", "incoming-request", "response-outparam",
), **STREAMS}  # fmt: skip
GIVEN: Final[dict[str, tuple[str, ...]]] = {
    "fields": (
        "[constructor]fields", "[static]fields.from-list", "[method]fields.clone", "[method]future-trailers.get",
        *(f"[method]{way}-{kind}.headers" for way in ("outgoing", "incoming") for kind in ("request", "response")),
    ),
    **{name: (f"[constructor]{name}",) for name in ("outgoing-request", "request-options", "outgoing-response")},
    "outgoing-body": ("[method]outgoing-request.body", "[method]outgoing-response.body"),
    "future-incoming-response": ("handle",),
    "incoming-response": ("[method]future-incoming-response.get",),
    "incoming-body": ("[method]incoming-response.consume", "[method]incoming-request.consume"),
    "future-trailers": ("[static]incoming-body.finish",),
    "input-stream": ("[method]incoming-body.stream",),
    "output-stream": ("[method]outgoing-body.write",),
    "pollable": ("[method]future-incoming-response.subscribe", "[method]future-trailers.subscribe"),
}  # fmt: skip
"""As those of the other interfaces (`wasi.given`)."""

BODIES = table(Body, [function.body for function in _ALL])
WHATS = table(u8, [function.what for function in _ALL])
OWNS = table(u8, [function.params[:1] == _OWN and function.what != What.NOTHING for function in _ALL])


@kernel
def perform(resources: ResourceTable, arguments: Ptr[Value], result: Value, number: u32) -> Trap:
    a = stack_array(Ask, 1)[0]
    a.resources = resources
    a.http = cast(Http, resources.hooks)
    a.arguments = arguments
    a.result = result
    if WHATS[number] == What.NOTHING:
        return trap_of(resources, BODIES[number](a))
    a.resource = resource_at(resources, u32(bits_of(arguments[0])))
    if is_null(a.resource) or a.resource.what != WHATS[number]:
        return trap_for(resources, NO_RESOURCE)
    a.part = part_of(a.resource)
    a.resource.holders += 1
    status = BODIES[number](a)
    let_go(resources, a.resource)
    if OWNS[number] != 0:
        drop(resources, u32(bits_of(arguments[0])))
    return trap_of(resources, status)


@kernel
def trap_of(resources: ResourceTable, status: u32) -> Trap:
    if status == DONE:
        return null(Trap)
    return trap_for(resources, NO_MEMORY if status == FULL else WRONG)


@kernel
def function(
    resources: ResourceTable, arguments: Ptr[Value], count: usize, result: Value, row: Static[int]
) -> Trap:  # fmt: skip
    """What the app would define as a callback."""
    return perform(resources, arguments, result, u32(row))


def _named(functions: list[Function], first: int) -> dict[str, tuple[Any, tuple[int, ...]]]:
    return {
        one.name: (instance(function, row=row), one.params) for row, one in enumerate(functions, first)
    }  # fmt: skip


FUNCTIONS: Final = {"http/types": _named(TYPES, 0), "http/outgoing-handler": _named(HANDLER, len(TYPES))}
FUNCTION_NAMES = table(u8, packed(FUNCTIONS, RESOURCES, GIVEN))
RESOURCE_NAMES = table(u8, packed(RESOURCES))
CALLBACKS = table(Callback, [row[0] for found in FUNCTIONS.values() for row in found.values()])
READ = table(Fn[[usize, usize, Ptr[u8], usize, Ptr[usize]], u32], [bodies.read])
WRITE = table(Fn[[usize, usize, Ptr[u8], usize], u32], [bodies.write])
ROOM = table(Fn[[usize, usize], u64], [bodies.room])
READY = table(Fn[[usize, usize], bool], [bodies.ready])
END = table(Fn[[usize, usize], None], [exchange.end])


@kernel(export="fusee_component_use_http")
def use_http(c: Component, app: App) -> bool:
    """Give what the library has for those of the component's imports that the app has not defined; false: no memory."""
    if is_null(c) or is_null(app):
        return False
    resources = cast(ResourceTable, c.resources)
    if is_null(resources):
        resources = new_table(c.store)
    if is_null(resources):
        return False
    if resources.hooks == 0:
        http = cast(Http, try_block(usize(size_of(Http))))
        if is_null(http):
            give_table(c, resources)
            return False
        hook(http.hooks)
        resources.hooks = address(http)
    copy_bytes(cast(Ptr[u8], cast(Http, resources.hooks).app), cast(Ptr[u8], app), usize(size_of(App)))
    give_http(c, resources)
    return True


@kernel
def hook(hooks: Hooks) -> None:
    hooks.read = READ[0]
    hooks.write = WRITE[0]
    hooks.room = ROOM[0]
    hooks.ready = READY[0]
    hooks.end = END[0]


@kernel
def give_http(c: Component, resources: ResourceTable) -> None:
    give_table(c, resources)
    give_all(c, cast(Ptr[u8], FUNCTION_NAMES), cast(Ptr[usize], CALLBACKS), cast(Ptr[u8], RESOURCE_NAMES))
    for i in span(header(c).files.count):
        give_http(cast(Component, c.parts[i]), resources)


@kernel(export="fusee_http_wake")
def wake(store: usize) -> None:
    """Have a guest that waits ask `ready` again. From any thread."""
    if store != 0:
        rouse(cast(StoreObject, store))
