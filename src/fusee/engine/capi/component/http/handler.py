"""Requests from outside: the app has the guest answer them (`wasi:http/incoming-handler`)."""

from typing import Final

from fusee.engine.capi.component.access import export_row, function_row, part_row, type_row
from fusee.engine.capi.component.calls import call_from, store_of
from fusee.engine.capi.component.errors import trap_from
from fusee.engine.capi.component.format import Kind
from fusee.engine.capi.component.http.exchange import close_exchange, new_exchange
from fusee.engine.capi.component.http.fields import receive
from fusee.engine.capi.component.http.functions import RESOURCE_NAMES, RESOURCES
from fusee.engine.capi.component.http.heads import HTTPS, METHOD_COUNT, METHOD_NAMES, NAME_SIZE, PREFIX, PREFIX_SIZE
from fusee.engine.capi.component.http.lists import let_list_go, set_text
from fusee.engine.capi.component.http.results import new_part, part_of
from fusee.engine.capi.component.http.state import MOST_EXCHANGES, Ask, Head, Http, Part, Received
from fusee.engine.capi.component.http.texts import TOKEN, is_authority, is_path, is_text
from fusee.engine.capi.component.instances import find_function
from fusee.engine.capi.component.owners import drop_component
from fusee.engine.capi.component.state import Component, Function, Instance, Value
from fusee.engine.capi.component.wasi.given import MOST_TYPES, Given, find_name, has_only
from fusee.engine.capi.component.wasi.resources import Resource, ResourceTable, What, drop, let_go, resource_at
from fusee.engine.capi.component.wasi.results import NO_MEMORY, WRONG, bits_of
from fusee.engine.capi.state import Trap
from fusee.kernel.lang import (
    Ptr,
    address,
    cast,
    is_null,
    kernel,
    null,
    span,
    stack_array,
    table,
    u8,
    u32,
    usize,
)  # fmt: skip

INTERFACE = table(u8, b"wasi:http/incoming-handler@0.2\0")
NAME = table(u8, b"handle\0")
_ORDER: Final = [name for names in RESOURCES.values() for name in names]
REQUEST: Final = u32(_ORDER.index("incoming-request") + 1)
OUTPARAM: Final = u32(_ORDER.index("response-outparam") + 1)
SCHEME_SIZE: Final = u32(NAME_SIZE)


@kernel(export="fusee_http_handle")
def handle_request(instance: Instance, head: Head, number: u32) -> Trap:
    """Have the guest answer a request, which the app knows by a number. Null if it has returned; else the trap."""
    function = find_function(instance, cast(Ptr[u8], INTERFACE), cast(Ptr[u8], NAME))
    if is_null(function):
        return trap_from(usize(0) if is_null(instance) else store_of(instance), WRONG)
    c = cast(Instance, function.instance).component
    resources = cast(ResourceTable, c.resources)
    if is_null(resources) or resources.hooks == 0 or not takes_handles(c, function):
        return trap_from(c.store, WRONG)
    c.count += 1  # the app may end it meanwhile, in a callback
    http = cast(Http, resources.hooks)
    exchange = null(Resource)
    if http.exchanges != MOST_EXCHANGES:
        exchange = new_exchange(http)
    trap = null(Trap)
    if is_null(exchange):
        trap = trap_from(c.store, NO_MEMORY)
        if address(http.app.close) != 0:
            http.app.close(http.app.environment, number)
    else:
        exchange.fd = number
        part_of(exchange).is_closed = u8(0)
        trap = call_handler(resources, function, exchange, head)
        if not is_null(trap):
            close_exchange(http, exchange)
        let_go(resources, exchange)
    drop_component(c)
    return trap


@kernel
def takes_handles(c: Component, function: Function) -> bool:
    """Whether the guest's function takes a request and where the answer goes, and not resources of the app's."""
    row = type_row(c, function_row(c, export_row(c, function.row).function).params)
    if row.count != 2:
        return False
    given = stack_array(Given, 1)[0]
    for i in span(u32(2)):
        type_ = part_row(c, row.first + i).type
        given.left = MOST_TYPES
        find_name(given, cast(Ptr[u8], RESOURCE_NAMES), REQUEST if i == 0 else OUTPARAM)
        if type_row(c, type_).kind != Kind.OWN or not has_only(c, type_, given):
            return False
    return True


@kernel
def call_handler(resources: ResourceTable, function: Function, exchange: Resource, head: Head) -> Trap:
    """The guest owns both handles, unless it traps."""
    values = stack_array(Value, 2)
    request = new_message(resources, What.INCOMING, exchange, values[0])
    if is_null(request):
        return trap_from(address(resources.store), NO_MEMORY)
    trap = null(Trap)
    if not fill(cast(Http, resources.hooks), part_of(request), head):
        trap = trap_from(address(resources.store), WRONG)
    else:
        outparam = new_message(resources, What.OUTPARAM, exchange, values[1])
        if is_null(outparam):
            trap = trap_from(address(resources.store), NO_MEMORY)
        else:
            trap = call_from(function, values, usize(2), null(Value), null(Instance))
            let_message_go(resources, outparam, values[1], not is_null(trap))
    let_message_go(resources, request, values[0], not is_null(trap))
    return trap


@kernel
def new_message(resources: ResourceTable, what: What, exchange: Resource, out: Value) -> Resource:
    """What belongs to an exchange, and is held once more; null if there is no room."""
    a = stack_array(Ask, 1)[0]
    a.resources = resources
    made = new_part(a, what, out)
    if is_null(made):
        return null(Resource)
    made.exchange = address(exchange)
    exchange.holders += 1
    resource = resource_at(resources, u32(bits_of(out)))
    resource.holders += 1
    return resource


@kernel
def let_message_go(resources: ResourceTable, message: Resource, value: Value, is_over: bool) -> None:
    """It ends where the guest has trapped, unless its number is another's by now: the app may have ended the guest."""
    number = u32(bits_of(value))
    if is_over and address(resource_at(resources, number)) == address(message):
        drop(resources, number)
    let_go(resources, message)


# What the app says of a request.


@kernel
def fill(http: Http, request: Part, head: Head) -> bool:
    """Whether it is one, and there was memory."""
    if is_null(head) or is_null(head.method) or is_null(head.url):
        return False
    if is_null(head.fields) and head.field_count != 0:
        return False
    return fill_method(http, request, head) and fill_url(http, request, head) and fill_fields(http, request, head)


@kernel
def fill_method(http: Http, request: Part, head: Head) -> bool:
    if not is_text(head.method, head.method_size, TOKEN):
        return False
    at = u32(0)
    for i in span(METHOD_COUNT):
        size = u32(METHOD_NAMES[at])
        if head.method_size == size and begins(head.method, cast(Ptr[u8], METHOD_NAMES) + (at + 1), size):
            request.method.which = i + 1
            return True
        at += size + 1
    return set_text(http, request.method, METHOD_COUNT + 1, head.method, u32(head.method_size))


@kernel
def begins(text: Ptr[u8], start: Ptr[u8], size: u32) -> bool:
    for i in span(size):
        if text[i] != start[i]:
            return False
    return True


@kernel
def fill_url(http: Http, request: Part, head: Head) -> bool:
    """`http://host/path?query`, or what stands behind the host alone."""
    at, left = head.url, head.url_size
    prefix = cast(Ptr[u8], PREFIX)
    if left > PREFIX_SIZE and begins(at, prefix, SCHEME_SIZE):
        is_secure = u32(at[NAME_SIZE] == prefix[NAME_SIZE])
        if not begins(at + (NAME_SIZE + is_secure), prefix + (NAME_SIZE + 1), u32(3)):
            return False
        request.scheme.which = HTTPS + is_secure
        behind = PREFIX_SIZE + is_secure
        at = at + behind
        left -= behind
        size = usize(0)
        while size < left and at[size] != ord("/") and at[size] != ord("?"):
            size += 1
        if not is_authority(at, size) or not set_text(http, request.authority, u32(1), at, u32(size)):
            return False
        at = at + size
        left -= size
    if not is_path(at, left):
        return False
    return set_text(http, request.path, u32(left != 0), at, u32(left))


@kernel
def fill_fields(http: Http, request: Part, head: Head) -> bool:
    """As those of a response: without those of the connection, names in small letters."""
    received = stack_array(Received, 1)[0]
    received.http = address(http)
    received.list = usize(0)
    is_right = True
    for i in span(head.field_count):
        field = head.fields[i]
        is_right = is_right and receive(received, field.name, field.name_size, field.value, field.value_size)
    if is_right:
        request.fields = received.list
    else:
        let_list_go(http, received.list)
    return is_right
