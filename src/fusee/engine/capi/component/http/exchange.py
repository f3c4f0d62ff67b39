"""What is between a guest and the app: requests that are sent, until nothing is left that belongs to them."""

from typing import Final

from fusee.engine.capi.component.blocks import delete_block, try_block
from fusee.engine.capi.component.http.lists import array_of, clear_text, give_back, let_list_go, take
from fusee.engine.capi.component.http.results import INTERNAL, NAMES, known_error, new_part, owned, part_of, put_error
from fusee.engine.capi.component.http.state import (
    DONE,
    FULL,
    MISUSED,
    MOST_EXCHANGES,
    NONE,
    Ask,
    Field,
    Head,
    Http,
    List,
    Part,
    Text,
)
from fusee.engine.capi.component.values import new_variant
from fusee.engine.capi.component.wasi.resources import Resource, ResourceTable, What, drop, let_go
from fusee.engine.capi.component.wasi.results import bits_of, part
from fusee.kernel.lang import (
    Ptr,
    address,
    cast,
    copy_bytes,
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
from fusee.spec.http import METHODS, SCHEMES

DENIED: Final = u32(NAMES.index("HTTP-request-denied"))
BAD_URI: Final = u32(NAMES.index("HTTP-request-URI-invalid"))
PROTOCOL: Final = u32(NAMES.index("HTTP-protocol-error"))
TOO_MANY: Final = u32(NAMES.index("connection-limit-reached"))
_METHODS: Final = "".join(f"{chr(len(name))}{name.upper()}" for name in METHODS).encode()
METHOD_NAMES = table(u8, _METHODS)
METHOD_COUNT: Final = u32(len(METHODS))
SCHEME_COUNT: Final = u32(len(SCHEMES))
HTTPS: Final = u32(SCHEMES.index("HTTPS"))
PREFIX = table(u8, b"https://")
PREFIX_SIZE: Final = usize(7)  # without the `s`
NAME_SIZE: Final = 4
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


@kernel
def count_all(fields: usize) -> usize:
    return usize(0) if fields == 0 else usize(cast(List, fields).count)


@kernel
def new_array(fields: usize) -> Ptr[Field]:
    """Fields as the app sees them, until `delete_block`; null if there are none, or no memory."""
    made = cast(Ptr[Field], try_block(count_all(fields) * usize(size_of(Field))))
    if not is_null(made):
        array_of(fields, made)
    return made


@kernel
def put_timeouts(head: Head, options: Part) -> None:
    head.connect_timeout = NONE
    head.first_byte_timeout = NONE
    head.between_bytes_timeout = NONE
    if not is_null(options):
        head.connect_timeout = options.connect_timeout
        head.first_byte_timeout = options.first_byte_timeout
        head.between_bytes_timeout = options.between_bytes_timeout


@kernel
def put_method(head: Head, method: Text) -> None:
    """Its name."""
    if method.which > METHOD_COUNT:
        head.method = method.data
        head.method_size = usize(method.size)
        return
    at = u32(0)
    for _ in span(method.which - 1):
        at += u32(METHOD_NAMES[at]) + 1
    head.method = cast(Ptr[u8], METHOD_NAMES) + (at + 1)
    head.method_size = usize(u32(METHOD_NAMES[at]))


@kernel
def is_secure(request: Part) -> bool:
    """HTTPS is what is meant where nothing is said."""
    return request.scheme.which == 0 or request.scheme.which == HTTPS + 1


@kernel
def needs_slash(request: Part) -> bool:
    """Where a path does not begin with one, as a URL's does."""
    path = request.path
    return path.size == 0 or (path.data[0] != ord("/") and path.data[0] != ord("*"))


@kernel
def url_size(request: Part) -> usize:
    more = usize(is_secure(request)) + usize(needs_slash(request))
    return PREFIX_SIZE + more + request.authority.size + request.path.size


@kernel
def put_url(request: Part, out: Ptr[u8]) -> None:
    prefix = cast(Ptr[u8], PREFIX)
    at = out + (NAME_SIZE + u32(is_secure(request)))
    copy_bytes(out, prefix, usize(NAME_SIZE + 1))
    copy_bytes(at, prefix + (NAME_SIZE + 1), usize(3))
    at = at + 3
    copy_bytes(at, request.authority.data, usize(request.authority.size))
    at = at + request.authority.size
    if needs_slash(request):
        at[0] = u8(ord("/"))
        at = at + 1
    if request.path.size != 0:
        copy_bytes(at, request.path.data, usize(request.path.size))


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
