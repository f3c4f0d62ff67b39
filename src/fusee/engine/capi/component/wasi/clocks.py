"""`wasi:clocks`, `wasi:random`, and `wasi:io/poll`, by which a program sleeps: all of them by the platform."""

from typing import Final

from fusee.engine.capi.component.errors import Broken, Fault, trap_from
from fusee.engine.capi.component.format import Kind
from fusee.engine.capi.component.state import Value
from fusee.engine.capi.component.values import new_numbers
from fusee.engine.capi.component.wasi.resources import Hooks, Resource, ResourceTable, What, add, resource_at
from fusee.engine.capi.component.wasi.results import (
    NO_MEMORY,
    UNDEFINED,
    WRONG,
    bits_of,
    new_values,
    part,
    put_number,
    trap_for,
)
from fusee.engine.capi.state import StoreObject, Trap
from fusee.engine.capi.waiting import sleep_until, token_of
from fusee.engine.capi.wasi.state import NOMEM, SUCCESS
from fusee.engine.runtime.metering import MONOTONIC, is_late
from fusee.kernel.lang import (
    Ptr,
    add_sat,
    address,
    cast,
    is_null,
    kernel,
    minimum,
    null,
    span,
    stack_array,
    u8,
    u32,
    u64,
    usize,
)  # fmt: skip

MOST_RANDOM: Final = u64(1 << 24)
NANOSECONDS: Final = u64(1_000_000_000)
REALTIME: Final = u32(0)
NEVER: Final = ~u64(0)
TOO_MANY: Final = u64(Broken(Fault.HANDLES_FULL, 0).status)
INTERRUPTED: Final = u64(Broken(Fault.INTERRUPT, 0).status)


# wasi:clocks


@kernel
def now_of(resources: ResourceTable) -> u64:
    """The time; 0 without a clock, as there are no timers either."""
    clock = resources.store.engine.system.clock
    return u64(0) if address(clock) == 0 else clock(MONOTONIC)


@kernel
def monotonic_now(resources: ResourceTable, arguments: Ptr[Value], count: usize, result: Value) -> Trap:
    clock = resources.store.engine.system.clock
    if address(clock) == 0:
        return trap_for(resources, UNDEFINED)
    put_number(result, Kind.U64, clock(MONOTONIC))
    return null(Trap)


@kernel
def put_time(out: Value, time: u64) -> bool:
    """A `datetime`; false if there is no memory."""
    if not new_values(out, Kind.RECORD, usize(2)):
        return False
    put_number(part(out, u32(0)), Kind.U64, time // NANOSECONDS)
    put_number(part(out, u32(1)), Kind.U32, time % NANOSECONDS)
    return True


@kernel
def wall_now(resources: ResourceTable, arguments: Ptr[Value], count: usize, result: Value) -> Trap:
    clock = resources.store.engine.system.clock
    if address(clock) == 0:
        return trap_for(resources, UNDEFINED)
    return null(Trap) if put_time(result, clock(REALTIME)) else trap_for(resources, NO_MEMORY)


@kernel
def wall_resolution(resources: ResourceTable, arguments: Ptr[Value], count: usize, result: Value) -> Trap:
    return null(Trap) if put_time(result, u64(1)) else trap_for(resources, NO_MEMORY)


@kernel
def subscribe_instant(resources: ResourceTable, arguments: Ptr[Value], count: usize, result: Value) -> Trap:
    return subscribe(resources, bits_of(arguments[0]), result)


@kernel
def subscribe_duration(resources: ResourceTable, arguments: Ptr[Value], count: usize, result: Value) -> Trap:
    return subscribe(resources, add_sat(now_of(resources), bits_of(arguments[0])), result)


@kernel
def subscribe(resources: ResourceTable, when: u64, result: Value) -> Trap:
    """A pollable that is ready from a time of the clock on."""
    if address(resources.store.engine.system.clock) == 0:
        return trap_for(resources, UNDEFINED)
    made = stack_array(u32, 1)
    errno = add(resources, What.TIMER, made)
    if errno != SUCCESS:
        return trap_for(resources, NO_MEMORY if errno == NOMEM else TOO_MANY)
    resource_at(resources, made[0]).offset = when
    put_number(result, Kind.OWN, u64(made[0]))
    return null(Trap)


# wasi:io/poll


@kernel
def pend(resources: ResourceTable, waited_for: Resource, result: Value) -> u32:
    """A pollable for what HTTP waits for, or an errno."""
    made = stack_array(u32, 1)
    errno = add(resources, What.PENDING, made)
    if errno == SUCCESS:
        waited_for.holders += 1
        resource_at(resources, made[0]).file = address(waited_for)
        put_number(result, Kind.OWN, u64(made[0]))
    return errno


@kernel
def time_of(resources: ResourceTable, pollable: Value) -> u64:
    """From when on it is ready; what is no timer always is, but for HTTP's until that says so."""
    found = resource_at(resources, u32(bits_of(pollable)))
    if not is_null(found) and found.what == u8(What.TIMER):
        return found.offset
    if not is_null(found) and found.what == u8(What.PENDING) and not is_ready(resources, cast(Resource, found.file)):
        return NEVER
    return u64(0)


@kernel
def is_ready(resources: ResourceTable, waited_for: Resource) -> bool:
    """Whether what HTTP waits for has come."""
    return resources.hooks == 0 or cast(Hooks, resources.hooks).ready(address(resources), address(waited_for))


@kernel
def wait_until(s: StoreObject, time: u64, token: u32) -> Trap:
    """Until then or until something has changed, or until the guest shall stop, which is a trap."""
    sleep_until(s, time, token)
    return trap_from(address(s), INTERRUPTED) if is_late(s.store) else null(Trap)


@kernel
def ready(resources: ResourceTable, arguments: Ptr[Value], count: usize, result: Value) -> Trap:
    put_number(result, Kind.BOOL, u64(time_of(resources, arguments[0]) <= now_of(resources)))
    return null(Trap)


@kernel
def block(resources: ResourceTable, arguments: Ptr[Value], count: usize, result: Value) -> Trap:
    trap = null(Trap)
    while is_null(trap):
        token = token_of(resources.store)
        time = time_of(resources, arguments[0])
        if time <= now_of(resources):
            return trap
        trap = wait_until(resources.store, time, token)
    return trap


@kernel
def poll(resources: ResourceTable, arguments: Ptr[Value], count: usize, result: Value) -> Trap:
    """The places in the list of those that are ready, once one is."""
    size = arguments[0].size
    if size == 0:
        return trap_for(resources, WRONG)
    if not new_numbers(result, Kind.U32, size, null(Ptr[u8])):
        return trap_for(resources, NO_MEMORY)
    trap = null(Trap)
    found = usize(0)
    while found == 0 and is_null(trap):
        token = token_of(resources.store)
        first = NEVER
        now = now_of(resources)
        for i in span(u32(size)):
            time = time_of(resources, part(arguments[0], i))
            first = minimum(first, time)
            if time <= now:
                cast(Ptr[u32], result.data)[found] = i
                found += 1
        if found == 0:
            trap = wait_until(resources.store, first, token)
    result.size = found
    return trap


# wasi:random


@kernel
def fill_randomly(resources: ResourceTable, place: Ptr[u8], size: usize) -> Trap:
    random = resources.store.engine.system.random
    if address(random) == 0 or random(place, size) != 0:
        return trap_for(resources, UNDEFINED)
    return null(Trap)


@kernel
def random_bytes(resources: ResourceTable, arguments: Ptr[Value], count: usize, result: Value) -> Trap:
    size = bits_of(arguments[0])
    if size > MOST_RANDOM or not new_numbers(result, Kind.U8, usize(size), null(Ptr[u8])):
        return trap_for(resources, NO_MEMORY)
    return null(Trap) if size == 0 else fill_randomly(resources, result.data, usize(size))


@kernel
def random_number(resources: ResourceTable, arguments: Ptr[Value], count: usize, result: Value) -> Trap:
    found = stack_array(u64, 1)
    trap = fill_randomly(resources, cast(Ptr[u8], found), usize(8))
    put_number(result, Kind.U64, found[0])
    return trap


@kernel
def random_seed(resources: ResourceTable, arguments: Ptr[Value], count: usize, result: Value) -> Trap:
    if not new_values(result, Kind.RECORD, usize(2)):
        return trap_for(resources, NO_MEMORY)
    trap = random_number(resources, arguments, count, part(result, u32(0)))
    return trap if not is_null(trap) else random_number(resources, arguments, count, part(result, u32(1)))
