"""Arguments, environment, clocks, random numbers and the exit of a WASI program."""

from typing import Final

from fusee.engine.capi.wasi.guest import argument, guest, put_u32, put_u64
from fusee.engine.capi.wasi.state import FAULT, INVAL, NOSYS, SUCCESS, Call, Strings
from fusee.kernel.lang import address, copy_bytes, is_null, kernel, span, store, u32, u64

CLOCKS: Final = 4
RESOLUTION: Final = u64(1)  # nanoseconds: what the clock's numbers count
STATUSES: Final = 126  # `proc_exit`: larger ones mean what shells make of them, and a system keeps eight bits
WRONG: Final = u32(0xFFFF)  # no errno


@kernel
def strings_sizes(c: Call, strings: Strings) -> u32:
    if not put_u32(c, argument(c, u32(0)), strings.count) or not put_u32(c, argument(c, u32(1)), strings.size):
        return FAULT
    return SUCCESS


@kernel
def strings_get(c: Call, strings: Strings) -> u32:
    """Pointers to the strings, and the strings."""
    pointers = guest(c, argument(c, u32(0)), u64(strings.count) * 4)
    bytes_at = argument(c, u32(1))
    buffer = guest(c, bytes_at, strings.size)
    if is_null(pointers) or is_null(buffer):
        return FAULT
    if strings.size == 0:
        return SUCCESS
    is_start = True
    number = u32(0)
    for i in span(strings.size):
        if is_start:
            store(pointers + number * 4, bytes_at + i)
            number += 1
        is_start = strings.bytes[i] == 0
    copy_bytes(buffer, strings.bytes, strings.size)
    return SUCCESS


@kernel
def args_sizes_get(c: Call) -> u32:
    return strings_sizes(c, c.wasi.arguments)


@kernel
def args_get(c: Call) -> u32:
    return strings_get(c, c.wasi.arguments)


@kernel
def environ_sizes_get(c: Call) -> u32:
    return strings_sizes(c, c.wasi.environment)


@kernel
def environ_get(c: Call) -> u32:
    return strings_get(c, c.wasi.environment)


@kernel
def clock_res_get(c: Call) -> u32:
    if argument(c, u32(0)) >= CLOCKS:
        return INVAL
    return SUCCESS if put_u64(c, argument(c, u32(1)), RESOLUTION) else FAULT


@kernel
def clock_time_get(c: Call) -> u32:
    """The second argument, a precision, is of no use here."""
    if argument(c, u32(0)) >= CLOCKS:
        return INVAL
    clock = c.store.engine.system.clock
    if address(clock) == 0:
        return NOSYS
    return SUCCESS if put_u64(c, argument(c, u32(2)), clock(argument(c, u32(0)))) else FAULT


@kernel
def random_get(c: Call) -> u32:
    size = argument(c, u32(1))
    buffer = guest(c, argument(c, u32(0)), size)
    if is_null(buffer):
        return FAULT
    random = c.store.engine.system.random
    return NOSYS if address(random) == 0 else random(buffer, size)


@kernel
def sched_yield(c: Call) -> u32:
    return SUCCESS


@kernel
def proc_exit(c: Call) -> u32:
    """Nothing is returned from: `call_wasi` stops the guest when it has exited, or for the result `WRONG`."""
    status = argument(c, u32(0))
    if status >= STATUSES:
        return WRONG
    c.store.has_exited = True
    c.store.exit_status = status
    return SUCCESS


@kernel
def unsupported(c: Call) -> u32:
    """Functions that no device has: sockets and signals."""
    return NOSYS
