"""The options of a request: time-outs."""

from typing import Any, Final

from fusee.engine.capi.component.format import Kind
from fusee.engine.capi.component.http.results import done, new_part, put_duration, put_ok
from fusee.engine.capi.component.http.state import DONE, FULL, MISUSED, NONE, Ask
from fusee.engine.capi.component.wasi.resources import What
from fusee.engine.capi.component.wasi.results import bits_of, part
from fusee.kernel.lang import (
    Static,
    instance,
    is_null,
    kernel,
    u8,
    u32,
)

CONNECT: Final = 0  # timeouts
FIRST_BYTE: Final = 1
BETWEEN_BYTES: Final = 2


@kernel
def make_options(a: Ask) -> u32:
    made = new_part(a, What.OPTIONS, a.result)
    if is_null(made):
        return FULL
    made.connect_timeout = NONE
    made.first_byte_timeout = NONE
    made.between_bytes_timeout = NONE
    return DONE


@kernel
def timeout(a: Ask, number: Static[int]) -> u32:
    duration = a.part.connect_timeout
    if number == FIRST_BYTE:
        duration = a.part.first_byte_timeout
    if number == BETWEEN_BYTES:
        duration = a.part.between_bytes_timeout
    return done(put_duration(a.result, duration))


@kernel
def set_timeout(a: Ask, number: Static[int]) -> u32:
    option = a.arguments[1]
    duration = NONE
    if option.which != 0:
        if option.size != 1 or part(option, u32(0)).kind != u8(Kind.U64):
            return MISUSED
        duration = bits_of(part(option, u32(0)))
    if number == CONNECT:
        a.part.connect_timeout = duration
    if number == FIRST_BYTE:
        a.part.first_byte_timeout = duration
    if number == BETWEEN_BYTES:
        a.part.between_bytes_timeout = duration
    return put_ok(a)


TIMEOUTS: Final[dict[str, tuple[Any, Any]]] = {
    name: (instance(timeout, number=number), instance(set_timeout, number=number))
    for name, number in
    (("connect-timeout", CONNECT), ("first-byte-timeout", FIRST_BYTE), ("between-bytes-timeout", BETWEEN_BYTES))
}  # fmt: skip
"""What reads and what sets them."""
