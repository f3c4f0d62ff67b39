"""Bodies: what streams of them do, and those that the guest writes.

What is not sent yet is kept, up to `MOST_PENDING` bytes.
"""

from fusee.engine.capi.component.format import Kind
from fusee.engine.capi.component.http.exchange import fail, finish_at_app, write_at_app
from fusee.engine.capi.component.http.lists import hold, let_list_go, take
from fusee.engine.capi.component.http.results import (
    INTERNAL,
    NUMBERED,
    owned,
    part_of,
    put_error,
    put_failure,
    put_ok,
)
from fusee.engine.capi.component.http.state import (
    DONE,
    FOR_READING,
    FOR_RESPONSE,
    FOR_WRITING,
    FULL,
    HTTP_ERROR,
    MISUSED,
    MOST_PENDING,
    NONE,
    Ask,
    Http,
    Part,
)
from fusee.engine.capi.component.values import new_variant
from fusee.engine.capi.component.wasi.clocks import NEVER
from fusee.engine.capi.component.wasi.requests import CLOSED
from fusee.engine.capi.component.wasi.resources import Resource, ResourceTable, What, add, drop, resource_at
from fusee.engine.capi.component.wasi.results import bits_of, part, put_number
from fusee.engine.capi.component.wasi.streams import MOST_READ
from fusee.engine.capi.waiting import sleep_until, token_of
from fusee.engine.capi.wasi.state import SUCCESS
from fusee.engine.runtime.metering import is_late
from fusee.kernel.lang import (
    Ptr,
    address,
    cast,
    copy_bytes,
    is_null,
    kernel,
    minimum,
    null,
    stack_array,
    u8,
    u32,
    u64,
    usize,
)  # fmt: skip

# What streams do: the hooks.


@kernel
def broken(known: Part) -> u32:
    """What a stream gives when the exchange has broken off."""
    return HTTP_ERROR + known.error - 1 if known.error != 0 else CLOSED


@kernel
def is_asked(http: Http, exchange: Resource, what: u32) -> bool:
    """Whether something has come, as far as the app says; or never will."""
    known = part_of(exchange)
    if known.error != 0 or known.is_closed != 0 or address(http.app.ready) == 0:
        return True
    return http.app.ready(http.app.environment, exchange.fd, what) != 0


@kernel
def ready(table_at: usize, resource_at_: usize) -> bool:
    """A future, or a body for its stream; what has no exchange yet, or is over, never waits."""
    http = cast(Http, cast(ResourceTable, table_at).hooks)
    resource = cast(Resource, resource_at_)
    known = part_of(resource)
    if resource.what == u8(What.OUTPUT_BODY):
        return room(table_at, resource_at_) != 0
    is_over = known.is_finished != 0 or (known.is_taken != 0 and resource.what == u8(What.FUTURE))
    if known.exchange == 0 or is_over or resource.what == u8(What.TRAILERS):
        return True
    what = FOR_RESPONSE if resource.what == u8(What.FUTURE) else FOR_READING
    return is_asked(http, cast(Resource, known.exchange), what)


@kernel
def room(table_at: usize, resource_at_: usize) -> u64:
    """How much may be written at once; something where writing fails, to have that said."""
    http = cast(Http, cast(ResourceTable, table_at).hooks)
    body = part_of(cast(Resource, resource_at_))
    if body.exchange == 0:
        return MOST_PENDING - minimum(body.written, MOST_PENDING)
    return MOST_READ if is_asked(http, cast(Resource, body.exchange), FOR_WRITING) else u64(0)


@kernel
def read(table_at: usize, resource_at_: usize, into: Ptr[u8], size: usize, done: Ptr[usize]) -> u32:
    """Some of a body, which is waited for; nothing at its end."""
    resources = cast(ResourceTable, table_at)
    http = cast(Http, resources.hooks)
    body = part_of(cast(Resource, resource_at_))
    exchange = cast(Resource, body.exchange)
    known = part_of(exchange)
    if body.is_finished != 0:
        return CLOSED
    if not wait(resources, cast(Resource, resource_at_)):
        return HTTP_ERROR + INTERNAL
    if known.error != 0 or known.is_closed != 0 or address(http.app.read) == 0:
        return broken(known)
    error = http.app.read(http.app.environment, exchange.fd, into, size, done)
    fail(http, exchange, error)
    if error != 0:
        done[0] = usize(0)
        return broken(known)
    done[0] = minimum(done[0], size)
    if done[0] == 0:
        body.is_finished = u8(1)
    return SUCCESS


@kernel
def wait(resources: ResourceTable, resource: Resource) -> bool:
    """Until it is ready; false if the guest shall stop, which it does when it goes on."""
    store = resources.store
    while not is_late(store.store):
        token = token_of(store)
        if ready(address(resources), address(resource)):
            return True
        sleep_until(store, NEVER, token)
    return False


@kernel
def write(table_at: usize, resource_at_: usize, data: Ptr[u8], size: usize) -> u32:
    """All of it, which must not be more than was announced."""
    resources = cast(ResourceTable, table_at)
    http = cast(Http, resources.hooks)
    body = part_of(cast(Resource, resource_at_))
    if body.is_broken != 0 or body.is_finished != 0:
        return CLOSED
    if body.length != NONE and size > body.length - body.written:
        body.is_broken = u8(1)
        return HTTP_ERROR + NUMBERED
    if body.exchange == 0:
        if not keep(http, body, data, size):
            body.is_broken = u8(1)
            return HTTP_ERROR + INTERNAL
    else:
        is_ready = wait(resources, cast(Resource, resource_at_))
        if not is_ready or write_at_app(http, body, data, size) != 0:
            body.is_broken = u8(1)
            return broken(part_of(cast(Resource, body.exchange)))
    body.written += size
    return SUCCESS


@kernel
def keep(http: Http, body: Part, data: Ptr[u8], size: usize) -> bool:
    """Before the message is sent; false if that is too much, or there is no memory."""
    if size > MOST_PENDING - body.written:
        return False
    if is_null(body.pending.data):
        room = MOST_PENDING
        body.pending.data = take(http, usize(room))
        if is_null(body.pending.data):
            return False
        body.pending.size = u32(room)
    copy_bytes(body.pending.data + u32(body.written), data, size)
    return True


# Functions of bodies that the guest writes.


@kernel
def new_stream(a: Ask, what: What) -> u32:
    """Contents, once."""
    if a.part.is_taken != 0:
        return put_failure(a)
    if not new_variant(a.result, u32(0), True):
        return FULL
    made = stack_array(u32, 1)
    if add(a.resources, what, made) != SUCCESS:
        return FULL
    a.part.is_taken = u8(1)
    a.part.streams += 1
    a.resource.holders += 1
    resource_at(a.resources, made[0]).file = address(a.resource)
    put_number(part(a.result, u32(0)), Kind.OWN, u64(made[0]))
    return DONE


@kernel
def output_stream(a: Ask) -> u32:
    return new_stream(a, What.OUTPUT)


@kernel
def input_stream(a: Ask) -> u32:
    return new_stream(a, What.INPUT)


@kernel
def finish_output(a: Ask) -> u32:
    """All was written. Its stream has been dropped, or that is a trap."""
    option = a.arguments[1]
    if a.part.streams != 0:
        return MISUSED
    trailers = null(Part)
    if option.which != 0:
        trailers = owned(a, option, What.FIELDS)
        if is_null(trailers):
            return MISUSED
    status = finish_with(a, trailers)
    if option.which != 0:
        drop(a.resources, u32(bits_of(part(option, u32(0)))))
    return status


@kernel
def finish_with(a: Ask, trailers: Part) -> u32:
    body = a.part
    if body.length != NONE and body.written != body.length:
        return put_error(a, NUMBERED, body.written)
    body.is_finished = u8(1)
    if not is_null(trailers):
        let_list_go(a.http, body.fields)
        body.fields = hold(trailers.fields)
    if body.exchange != 0:
        finish_at_app(a.http, cast(Resource, body.exchange), body.fields)
    return put_ok(a)
