"""What a guest answers to requests from outside, as the app is told."""

from fusee.engine.capi.component.blocks import delete_block
from fusee.engine.capi.component.format import Kind
from fusee.engine.capi.component.http.exchange import DENIED, begin_body, fail, length_of
from fusee.engine.capi.component.http.heads import count_all, new_array
from fusee.engine.capi.component.http.results import INTERNAL, owned, part_of
from fusee.engine.capi.component.http.state import DONE, ERRORS, MISUSED, Ask, Http, Part, Told
from fusee.engine.capi.component.wasi.resources import Resource, What, drop
from fusee.engine.capi.component.wasi.results import bits_of, part
from fusee.kernel.lang import Ptr, address, cast, is_null, kernel, null, stack_array, u8, u32


@kernel
def set_answer(a: Ask) -> u32:
    """A response, which the guest has given away, or why there is none."""
    value = a.arguments[1]
    exchange = cast(Resource, a.part.exchange)
    if value.which != 0:
        code = part(value, u32(0))  # a component chooses its types
        if value.size != 1 or code.kind != u8(Kind.VARIANT) or code.which >= ERRORS:
            return MISUSED
        tell(a.http, exchange, code.which + 1, null(Told))
        return DONE
    response = owned(a, value, What.ANSWER)
    if is_null(response):
        return MISUSED
    tell_response(a.http, exchange, response)
    begin_body(a.http, exchange, response)
    drop(a.resources, u32(bits_of(part(value, u32(0)))))
    return DONE


@kernel
def tell_response(http: Http, exchange: Resource, response: Part) -> None:
    told = stack_array(Told, 1)[0]
    fields = new_array(response.fields)
    told.fields = fields
    told.field_count = count_all(response.fields)
    told.length = length_of(response)
    told.status = response.status
    if is_null(fields) and told.field_count != 0:
        tell(http, exchange, INTERNAL + 1, null(Told))
        fail(http, exchange, INTERNAL + 1)
    else:
        tell(http, exchange, u32(0), told)
    delete_block(cast(Ptr[u8], fields))


@kernel
def tell(http: Http, exchange: Resource, error: u32, told: Told) -> None:
    """What the app does not want to hear has broken off."""
    known = part_of(exchange)
    if known.error == 0 and known.is_closed == 0:
        status = DENIED + 1
        if address(http.app.answer) != 0:
            status = http.app.answer(http.app.environment, exchange.fd, error, told)
        fail(http, exchange, status)
