"""What comes from outside: responses, the end of their bodies, and trailers."""

from fusee.engine.capi.component.http.bodies import ready
from fusee.engine.capi.component.http.exchange import PROTOCOL, fail
from fusee.engine.capi.component.http.fields import IMMUTABLE
from fusee.engine.capi.component.http.lists import hold, let_list_go
from fusee.engine.capi.component.http.messages import share
from fusee.engine.capi.component.http.results import (
    done,
    give_fields,
    known_error,
    new_part,
    part_of,
    put_code,
)
from fusee.engine.capi.component.http.state import (
    DONE,
    ERRORS,
    FULL,
    HTTP_ERROR,
    NONE,
    Ask,
    Received,
)
from fusee.engine.capi.component.state import Value
from fusee.engine.capi.component.values import new_variant
from fusee.engine.capi.component.wasi.clocks import pend
from fusee.engine.capi.component.wasi.resources import Resource, What
from fusee.engine.capi.component.wasi.results import bits_of, part
from fusee.engine.capi.wasi.state import SUCCESS
from fusee.kernel.lang import (
    Ptr,
    address,
    cast,
    is_null,
    kernel,
    stack_array,
    u8,
    u32,
    usize,
)  # fmt: skip
from fusee.spec.http import STATUSES


@kernel
def subscribe(a: Ask) -> u32:
    """Ready when a response has come, or failed; trailers always."""
    return DONE if pend(a.resources, a.resource, a.result) == SUCCESS else FULL


@kernel
def get_response(a: Ask) -> u32:
    """The response, or why there is none; once."""
    if not ready(address(a.resources), address(a.resource)):
        return done(new_variant(a.result, u32(0), False))
    if not new_variant(a.result, u32(1), True):
        return FULL
    outer = part(a.result, u32(0))
    if a.part.is_taken != 0:
        return done(new_variant(outer, u32(1), False))
    if not new_variant(outer, u32(0), True):
        return FULL
    a.part.is_taken = u8(1)
    received = stack_array(Received, 1)[0]
    received.http = address(a.http)
    received.list = usize(0)
    status = put_response(a, part(outer, u32(0)), received)
    let_list_go(a.http, received.list)
    return status


@kernel
def put_response(a: Ask, out: Value, received: Received) -> u32:
    """A `result` with the response."""
    code = stack_array(u32, 1)
    code[0] = u32(0)
    error = ask_response(a, code, received)
    if error != 0:
        return put_reason(out, error)
    if not new_variant(out, u32(0), True):
        return FULL
    made = new_part(a, What.RESPONSE, part(out, u32(0)))
    if is_null(made):
        return FULL
    made.fields = hold(received.list)
    made.status = code[0]
    share(a.part, made)
    return DONE


@kernel
def put_reason(out: Value, error: u32) -> u32:
    """A `result` with the error with which the exchange has broken off."""
    return done(new_variant(out, u32(1), True) and put_code(part(out, u32(0)), error - 1, NONE))


@kernel
def ask_response(a: Ask, code: Ptr[u32], received: Received) -> u32:
    """0, or the error with which the exchange has broken off."""
    exchange = cast(Resource, a.part.exchange)
    known = part_of(exchange)
    app = a.http.app
    if known.error == 0:
        error = PROTOCOL + 1
        if known.is_closed == 0 and address(app.response) != 0:
            error = known_error(app.response(app.environment, exchange.fd, code, received))
            if error == 0 and (code[0] < STATUSES.start or code[0] >= STATUSES.stop):
                error = PROTOCOL + 1
        fail(a.http, exchange, error)
    return known.error


@kernel
def finish_input(a: Ask) -> u32:
    """What comes after a body; what of it was not read is thrown away."""
    made = new_part(a, What.TRAILERS, a.result)
    if is_null(made):
        return FULL
    made.is_finished = a.part.is_finished
    share(a.part, made)
    return DONE


@kernel
def get_trailers(a: Ask) -> u32:
    """Those that have come, or why the body broke off; once."""
    if not new_variant(a.result, u32(1), True):
        return FULL
    outer = part(a.result, u32(0))
    if a.part.is_taken != 0:
        return done(new_variant(outer, u32(1), False))
    a.part.is_taken = u8(1)
    if not new_variant(outer, u32(0), True):
        return FULL
    received = stack_array(Received, 1)[0]
    received.http = address(a.http)
    received.list = usize(0)
    status = put_trailers(a, part(outer, u32(0)), received)
    let_list_go(a.http, received.list)
    return status


@kernel
def put_trailers(a: Ask, out: Value, received: Received) -> u32:
    """A `result` with trailers, if there are any."""
    exchange = cast(Resource, a.part.exchange)
    known = part_of(exchange)
    app = a.http.app
    if a.part.is_finished != 0 and known.error == 0 and known.is_closed == 0 and address(app.trailers) != 0:
        fail(a.http, exchange, app.trailers(app.environment, exchange.fd, received))
    if known.error != 0:
        return put_reason(out, known.error)
    if not new_variant(out, u32(0), True):
        return FULL
    option = part(out, u32(0))
    if received.list == 0:
        return done(new_variant(option, u32(0), False))
    if not new_variant(option, u32(1), True):
        return FULL
    return give_fields(a, part(option, u32(0)), received.list, IMMUTABLE)


@kernel
def error_code(a: Ask) -> u32:
    """What a stream of a body failed with, or none."""
    error = u32(bits_of(a.arguments[0]))
    if error < HTTP_ERROR or error - HTTP_ERROR >= ERRORS:
        return done(new_variant(a.result, u32(0), False))
    if not new_variant(a.result, u32(1), True):
        return FULL
    return done(put_code(part(a.result, u32(0)), error - HTTP_ERROR, NONE))
