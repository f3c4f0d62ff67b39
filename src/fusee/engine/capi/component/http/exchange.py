"""What is between a guest and the app: requests that are sent, until nothing is left that belongs to them."""

from typing import Final

from fusee.engine.capi.component.blocks import delete_block, try_block
from fusee.engine.capi.component.http.heads import (
    count_all,
    new_array,
    put_method,
    put_timeouts,
    put_url,
    url_size,
)
from fusee.engine.capi.component.http.lists import clear_text, give_back, let_list_go, take
from fusee.engine.capi.component.http.results import INTERNAL, NAMES, known_error, new_part, owned, part_of, put_error
from fusee.engine.capi.component.http.state import (
    DONE,
    FULL,
    MISUSED,
    MOST_EXCHANGES,
    NONE,
    Ask,
    Head,
    Http,
    Part,
)
from fusee.engine.capi.component.values import new_variant
from fusee.engine.capi.component.wasi.resources import Resource, ResourceTable, What, drop, let_go
from fusee.engine.capi.component.wasi.results import bits_of, part
from fusee.kernel.lang import (
    Ptr,
    address,
    cast,
    is_null,
    kernel,
    null,
    size_of,
    stack_array,
    u8,
    u32,
    u64,
    usize,
)  # fmt: skip
from fusee.spec.http import SCHEMES

DENIED: Final = u32(NAMES.index("HTTP-request-denied"))
BAD_URI: Final = u32(NAMES.index("HTTP-request-URI-invalid"))
PROTOCOL: Final = u32(NAMES.index("HTTP-protocol-error"))
TOO_MANY: Final = u32(NAMES.index("connection-limit-reached"))
SCHEME_COUNT: Final = u32(len(SCHEMES))
NO_ROOM: Final = u32(0xFFFF)  # no error of the app's


@kernel
def new_exchange(http: Http) -> Resource:
    """What the app knows by a number that is still to come, held once; null if there is no memory."""
    made = cast(Resource, try_block(usize(size_of(Resource))))
    if is_null(made):
        return made
    made.buffer = try_block(usize(size_of(Part)))
    if is_null(made.buffer):
        delete_block(cast(Ptr[u8], made))
        return null(Resource)
    made.what = u8(What.EXCHANGE)
    made.holders = u32(1)
    part_of(made).is_closed = u8(1)
    http.exchanges += 1
    return made


@kernel
def close_exchange(http: Http, exchange: Resource) -> None:
    """The app need not keep it any more."""
    known = part_of(exchange)
    if known.is_closed == 0:
        known.is_closed = u8(1)
        if address(http.app.close) != 0:
            http.app.close(http.app.environment, exchange.fd)


@kernel
def fail(http: Http, exchange: Resource, error: u32) -> None:
    """It has broken off."""
    known = part_of(exchange)
    if known.error == 0:
        known.error = known_error(error)


# Sending.


@kernel
def handle(a: Ask) -> u32:
    """Send a request, which the guest has given away, as its options."""
    option = a.arguments[1]
    options = null(Part)
    if option.which != 0:
        options = owned(a, option, What.OPTIONS)
        if is_null(options):
            return MISUSED
    status = send(a, options)
    if option.which != 0:
        drop(a.resources, u32(bits_of(part(option, u32(0)))))
    return status


@kernel
def send(a: Ask, options: Part) -> u32:
    request = a.part
    if request.scheme.which > SCHEME_COUNT:
        return put_error(a, PROTOCOL, NONE)
    if request.authority.which == 0:
        return put_error(a, BAD_URI, NONE)
    if address(a.http.app.send) == 0:
        return put_error(a, DENIED, NONE)
    if a.http.exchanges == MOST_EXCHANGES:
        return put_error(a, TOO_MANY, NONE)
    if not new_variant(a.result, u32(0), True):
        return FULL
    future = new_part(a, What.FUTURE, part(a.result, u32(0)))
    if is_null(future):
        return FULL
    exchange = new_exchange(a.http)
    if is_null(exchange):
        drop(a.resources, u32(bits_of(part(a.result, u32(0)))))
        return FULL
    future.exchange = address(exchange)
    status = ask_app(a, options, exchange)
    if status != DONE:
        drop(a.resources, u32(bits_of(part(a.result, u32(0)))))
        return put_error(a, status - 1, NONE) if status != NO_ROOM else FULL
    begin_body(a.http, exchange, request)
    return DONE


@kernel
def ask_app(a: Ask, options: Part, exchange: Resource) -> u32:
    """Have the app begin: 0, its error, or `NO_ROOM`."""
    request = a.part
    head = stack_array(Head, 1)[0]
    put_method(head, request.method)
    size = url_size(request)
    url = take(a.http, size)
    if is_null(url):
        return NO_ROOM
    put_url(request, url)
    head.url = url
    head.url_size = size
    head.length = length_of(request)
    put_timeouts(head, options)
    error = NO_ROOM
    fields = new_array(request.fields)
    head.fields = fields
    head.field_count = count_all(request.fields)
    if not is_null(fields) or head.field_count == 0:
        number = stack_array(u32, 1)
        number[0] = u32(0)
        error = known_error(a.http.app.send(a.http.app.environment, head, number))
        exchange.fd = number[0]
        part_of(exchange).is_closed = u8(error != 0)
    delete_block(cast(Ptr[u8], fields))
    give_back(a.http, url, size)
    return error


@kernel
def length_of(message: Part) -> u64:
    """Of the body of a message that the guest makes."""
    return u64(0) if message.body == 0 else part_of(cast(Resource, message.body)).length


# The body of a message that is sent.


@kernel
def begin_body(http: Http, exchange: Resource, message: Part) -> None:
    """Pass on what has been written of it, and what is written from now on; without one all is said already."""
    if message.body == 0:
        finish_at_app(http, exchange, usize(0))
        return
    body = part_of(cast(Resource, message.body))
    body.exchange = address(exchange)
    exchange.holders += 1
    if body.pending.size != 0:
        write_at_app(http, body, body.pending.data, usize(u32(body.written)))
        clear_text(http, body.pending)
    if body.is_finished != 0:
        finish_at_app(http, exchange, body.fields)


@kernel
def write_at_app(http: Http, body: Part, data: Ptr[u8], size: usize) -> u32:
    """0, or the error with which the exchange has broken off."""
    exchange = cast(Resource, body.exchange)
    known = part_of(exchange)
    if known.error == 0 and known.is_closed == 0:
        error = DENIED + 1
        if address(http.app.write) != 0:
            error = http.app.write(http.app.environment, exchange.fd, data, size)
        fail(http, exchange, error)
    return known.error


@kernel
def finish_at_app(http: Http, exchange: Resource, fields: usize) -> None:
    """All of the body has been written, and these are its trailers."""
    known = part_of(exchange)
    if known.error != 0 or known.is_closed != 0 or address(http.app.finish) == 0:
        return
    trailers = new_array(fields)
    count = count_all(fields)
    error = INTERNAL + 1  # without memory
    if not is_null(trailers) or count == 0:
        error = http.app.finish(http.app.environment, exchange.fd, trailers, count)
    fail(http, exchange, error)
    delete_block(cast(Ptr[u8], trailers))


# The end.


@kernel
def end(table_at: usize, resource_at: usize) -> None:
    """A resource ends, and with it what it alone has."""
    resource = cast(Resource, resource_at)
    resources = cast(ResourceTable, table_at)
    http = cast(Http, resources.hooks)
    if resource.what == u8(What.OUTPUT) and resource.file != 0:
        file = cast(Resource, resource.file)
        if file.what == u8(What.OUTPUT_BODY):
            part_of(file).streams -= 1
    if resource.what < u8(What.FIELDS) or is_null(resource.buffer):
        return
    ended = part_of(resource)
    let_list_go(http, ended.fields)
    clear_text(http, ended.method)
    clear_text(http, ended.path)
    clear_text(http, ended.scheme)
    clear_text(http, ended.authority)
    clear_text(http, ended.pending)
    if resource.what == u8(What.EXCHANGE):
        close_exchange(http, resource)
        http.exchanges -= 1
    if resource.what == u8(What.OUTPUT_BODY) and ended.exchange != 0 and ended.is_finished == 0:
        fail(http, cast(Resource, ended.exchange), PROTOCOL + 1)
        close_exchange(http, cast(Resource, ended.exchange))
    if ended.body != 0:
        let_go(resources, cast(Resource, ended.body))
    if ended.exchange != 0:
        let_go(resources, cast(Resource, ended.exchange))
