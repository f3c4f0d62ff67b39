"""WASI 0.2 as the library gives it: what programs need that have no files, no network, and do not sleep.

It is made of what a store has for preview 1 (`fusee_wasi_t`), and of the platform's clocks and random numbers. What a
callback knows is the store. Streams wait in the app's functions: all pollables are ready.
"""

from typing import Any, Final

from fusee.engine.capi.component import capi
from fusee.engine.capi.component.access import header, import_row
from fusee.engine.capi.component.components import is_named
from fusee.engine.capi.component.errors import Broken, Fault, trap_from
from fusee.engine.capi.component.format import Kind
from fusee.engine.capi.component.state import Component, Number, Value
from fusee.engine.capi.component.values import delete_value, make, move_value, new_numbers, new_string, new_variant
from fusee.engine.capi.state import StoreObject, Trap, Vector
from fusee.engine.capi.wasi.fd import read_stream, write_stream
from fusee.engine.capi.wasi.state import Call, Strings, Wasi
from fusee.kernel.lang import (
    Fn,
    Ptr,
    Static,
    address,
    cast,
    instance,
    is_null,
    kernel,
    minimum,
    null,
    size_of,
    span,
    stack_array,
    table,
    u8,
    u32,
    u64,
    usize,
)

Callback = Fn[[usize, Ptr[Value], usize, Value], Trap]
MOST_READ: Final = u64(1 << 16)
MOST_RANDOM: Final = u64(1 << 24)
NANOSECONDS: Final = u64(1_000_000_000)
REALTIME: Final = u32(0)
MONOTONIC: Final = u32(1)
NO_MEMORY: Final = u64(Broken(Fault.MEMORY, 0).status)
NO_WASI: Final = u64(Broken(Fault.WASI, 0).status)
UNDEFINED: Final = u64(Broken(Fault.UNKNOWN, 0).status)
WRONG: Final = u64(Broken(Fault.VALUE, 0).status)
EXIT: Final = b"the program has exited"
EXIT_TEXT = table(u8, EXIT)
ERROR: Final = b"error 00"
ERROR_TEXT = table(u8, ERROR)


# Values.


@kernel
def checked(store: usize, is_made: bool) -> Trap:
    """A trap if there was no memory."""
    return null(Trap) if is_made else trap_from(store, NO_MEMORY)


@kernel
def put_number(out: Value, kind: Kind, bits: u64) -> None:
    """A number, or the handle of a resource."""
    out.kind = u8(kind)
    out.which = u32(0)
    cast(Number, address(out)).bits = bits


@kernel
def new_values(out: Value, kind: Kind, count: usize) -> bool:
    return make(out, kind, u32(0), count, usize(size_of(Value)))


@kernel(inline=True)
def part(value: Value, number: u32) -> Value:
    return cast(Ptr[Value], value.data)[number]


@kernel(inline=True)
def bits_of(value: Value) -> u64:
    return cast(Number, address(value)).bits


@kernel
def put_failure(store: usize, out: Value, errno: u32) -> Trap:
    """The error of a stream; 0: it is closed."""
    if not new_variant(out, u32(1), True):
        return trap_from(store, NO_MEMORY)
    if errno == 0:
        return checked(store, new_variant(part(out, u32(0)), u32(1), False))
    if not new_variant(part(out, u32(0)), u32(0), True):
        return trap_from(store, NO_MEMORY)
    put_number(part(part(out, u32(0)), u32(0)), Kind.OWN, u64(errno))
    return null(Trap)


# What says the same to everybody.


@kernel
def nothing(store: usize, arguments: Ptr[Value], count: usize, result: Value) -> Trap:
    return null(Trap)


@kernel
def number(
    store: usize, arguments: Ptr[Value], count: usize, result: Value, kind: Static[Kind], bits: Static[int]
) -> Trap:  # fmt: skip
    put_number(result, kind, u64(bits))
    return null(Trap)


@kernel
def without_payload(store: usize, arguments: Ptr[Value], count: usize, result: Value) -> Trap:
    """`none`, or `ok`."""
    return checked(store, new_variant(result, u32(0), False))


@kernel
def no_items(store: usize, arguments: Ptr[Value], count: usize, result: Value) -> Trap:
    return checked(store, new_values(result, Kind.LIST, usize(0)))


# wasi:cli


@kernel
def put_strings(strings: Strings, result: Value, is_paired: bool) -> bool:
    """A list of them, or of what is before and behind the first `=` in each."""
    if not new_values(result, Kind.LIST, usize(strings.count)):
        return False
    at = u32(0)
    for i in span(strings.count):
        start = strings.bytes + at
        size = u32(0)
        equals = u32(0)
        has_equals = False
        while start[size] != 0:
            if start[size] == ord("=") and not has_equals:
                has_equals = True
                equals = size
            size += 1
        at += size + 1
        if not is_paired:
            if not new_string(part(result, i), usize(size), start):
                return False
            continue
        if not has_equals:
            equals = size
        behind = minimum(equals + 1, size)
        if not new_values(part(result, i), Kind.RECORD, usize(2)):
            return False
        if not new_string(part(part(result, i), u32(0)), usize(equals), start):
            return False
        if not new_string(part(part(result, i), u32(1)), usize(size - behind), start + behind):
            return False
    return True


@kernel
def get_arguments(store: usize, arguments: Ptr[Value], count: usize, result: Value) -> Trap:
    wasi = cast(Wasi, cast(StoreObject, store).wasi)
    if is_null(wasi):
        return trap_from(store, NO_WASI)
    return checked(store, put_strings(wasi.arguments, result, False))


@kernel
def get_environment(store: usize, arguments: Ptr[Value], count: usize, result: Value) -> Trap:
    wasi = cast(Wasi, cast(StoreObject, store).wasi)
    if is_null(wasi):
        return trap_from(store, NO_WASI)
    return checked(store, put_strings(wasi.environment, result, True))


@kernel
def exit_with(store: usize, status: u32) -> Trap:
    message = stack_array(Vector, 1)[0]
    message.size = usize(len(EXIT))
    message.data = cast(Ptr[u8], EXIT_TEXT)
    trap = capi.new_trap(store, message)
    if not is_null(trap):
        trap.is_exit = True
        trap.exit_status = status
    return trap


@kernel
def exit_by_result(store: usize, arguments: Ptr[Value], count: usize, result: Value) -> Trap:
    """`exit`: 0 for `ok`, 1 for `err`."""
    return exit_with(store, arguments[0].which)


@kernel
def exit_with_code(store: usize, arguments: Ptr[Value], count: usize, result: Value) -> Trap:
    return exit_with(store, u32(bits_of(arguments[0])) & 0xFF)


# wasi:clocks, wasi:random


@kernel
def monotonic_now(store: usize, arguments: Ptr[Value], count: usize, result: Value) -> Trap:
    clock = cast(StoreObject, store).engine.system.clock
    if address(clock) == 0:
        return trap_from(store, UNDEFINED)
    put_number(result, Kind.U64, clock(MONOTONIC))
    return null(Trap)


@kernel
def put_time(store: usize, result: Value, time: u64) -> Trap:
    if not new_values(result, Kind.RECORD, usize(2)):
        return trap_from(store, NO_MEMORY)
    put_number(part(result, u32(0)), Kind.U64, time // NANOSECONDS)
    put_number(part(result, u32(1)), Kind.U32, time % NANOSECONDS)
    return null(Trap)


@kernel
def wall_now(store: usize, arguments: Ptr[Value], count: usize, result: Value) -> Trap:
    clock = cast(StoreObject, store).engine.system.clock
    if address(clock) == 0:
        return trap_from(store, UNDEFINED)
    return put_time(store, result, clock(REALTIME))


@kernel
def wall_resolution(store: usize, arguments: Ptr[Value], count: usize, result: Value) -> Trap:
    return put_time(store, result, u64(1))


@kernel
def fill_randomly(store: usize, place: Ptr[u8], size: usize) -> Trap:
    random = cast(StoreObject, store).engine.system.random
    if address(random) == 0 or random(place, size) != 0:
        return trap_from(store, UNDEFINED)
    return null(Trap)


@kernel
def random_bytes(store: usize, arguments: Ptr[Value], count: usize, result: Value) -> Trap:
    size = bits_of(arguments[0])
    if size > MOST_RANDOM or not new_numbers(result, u32(Kind.U8), usize(size), null(Ptr[u8])):
        return trap_from(store, NO_MEMORY)
    return null(Trap) if size == 0 else fill_randomly(store, result.data, usize(size))


@kernel
def random_number(store: usize, arguments: Ptr[Value], count: usize, result: Value) -> Trap:
    found = stack_array(u64, 1)
    trap = fill_randomly(store, cast(Ptr[u8], found), usize(8))
    put_number(result, Kind.U64, found[0])
    return trap


@kernel
def random_seed(store: usize, arguments: Ptr[Value], count: usize, result: Value) -> Trap:
    if not new_values(result, Kind.RECORD, usize(2)):
        return trap_from(store, NO_MEMORY)
    trap = random_number(store, arguments, count, part(result, u32(0)))
    return trap if not is_null(trap) else random_number(store, arguments, count, part(result, u32(1)))


# wasi:io


@kernel
def poll(store: usize, arguments: Ptr[Value], count: usize, result: Value) -> Trap:
    """All that are given are ready."""
    size = arguments[0].size
    if size == 0:
        return trap_from(store, WRONG)
    if not new_numbers(result, u32(Kind.U32), size, null(Ptr[u8])):
        return trap_from(store, NO_MEMORY)
    for i in span(u32(size)):
        cast(Ptr[u32], result.data)[i] = i
    return null(Trap)


@kernel
def error_text(store: usize, arguments: Ptr[Value], count: usize, result: Value) -> Trap:
    """Its number, as preview 1 has it."""
    if not new_string(result, usize(len(ERROR)), cast(Ptr[u8], ERROR_TEXT)):
        return trap_from(store, NO_MEMORY)
    errno = u32(bits_of(arguments[0])) % 100
    result.data[len(ERROR) - 2] = u8(ord("0") + errno // 10)
    result.data[len(ERROR) - 1] = u8(ord("0") + errno % 10)
    return null(Trap)


@kernel
def check_write(store: usize, arguments: Ptr[Value], count: usize, result: Value) -> Trap:
    if not new_variant(result, u32(0), True):
        return trap_from(store, NO_MEMORY)
    put_number(part(result, u32(0)), Kind.U64, MOST_READ)
    return null(Trap)


@kernel
def begin(call: Call, store: usize) -> bool:
    """Whether the store has a configuration."""
    call.store = cast(StoreObject, store)
    call.wasi = cast(Wasi, call.store.wasi)
    return not is_null(call.wasi)


@kernel
def write(store: usize, arguments: Ptr[Value], count: usize, result: Value) -> Trap:
    call = stack_array(Call, 1)[0]
    if not begin(call, store):
        return trap_from(store, NO_WASI)
    done = stack_array(usize, 1)
    errno = u32(0)
    if arguments[1].size != 0:
        errno = write_stream(call, u32(bits_of(arguments[0])), arguments[1].data, arguments[1].size, done)
    if errno != 0:
        return put_failure(store, result, errno)
    return checked(store, new_variant(result, u32(0), False))


@kernel
def read(store: usize, arguments: Ptr[Value], count: usize, result: Value) -> Trap:
    call = stack_array(Call, 1)[0]
    if not begin(call, store):
        return trap_from(store, NO_WASI)
    size = usize(minimum(bits_of(arguments[1]), MOST_READ))
    buffer = stack_array(Value, 1)[0]
    if not new_numbers(buffer, u32(Kind.U8), size, null(Ptr[u8])):
        return trap_from(store, NO_MEMORY)
    done = stack_array(usize, 1)
    done[0] = usize(0)
    errno = u32(0)
    if size != 0:
        errno = read_stream(call, u32(bits_of(arguments[0])), buffer.data, size, done)
    if errno != 0 or (done[0] == 0 and size != 0):
        delete_value(buffer)
        return put_failure(store, result, errno)
    if not new_variant(result, u32(0), True):
        delete_value(buffer)
        return trap_from(store, NO_MEMORY)
    buffer.size = minimum(done[0], size)
    move_value(part(result, u32(0)), buffer)
    return null(Trap)


# All of them.

_OWN: Final = {"kind": Kind.OWN}
_STREAM: Final = {
    "subscribe": instance(number, bits=0, **_OWN), "check-write": check_write, "write": write, "flush": without_payload,
    "blocking-flush": without_payload, "blocking-write-and-flush": write,
}  # fmt: skip
FUNCTIONS: Final[dict[str, dict[str, Any]]] = {
    "cli/environment": {
        "get-arguments": get_arguments, "get-environment": get_environment, "initial-cwd": without_payload,
    },
    "cli/exit": {"exit": exit_by_result, "exit-with-code": exit_with_code},
    "cli/stdin": {"get-stdin": instance(number, bits=0, **_OWN)},
    "cli/stdout": {"get-stdout": instance(number, bits=1, **_OWN)},
    "cli/stderr": {"get-stderr": instance(number, bits=2, **_OWN)},
    "cli/terminal-stdin": {"get-terminal-stdin": without_payload},
    "cli/terminal-stdout": {"get-terminal-stdout": without_payload},
    "cli/terminal-stderr": {"get-terminal-stderr": without_payload},
    "clocks/monotonic-clock": {"now": monotonic_now, "resolution": instance(number, kind=Kind.U64, bits=1)},
    "clocks/wall-clock": {"now": wall_now, "resolution": wall_resolution},
    "filesystem/preopens": {"get-directories": no_items},
    "filesystem/types": {"filesystem-error-code": without_payload},
    "io/error": {"[method]error.to-debug-string": error_text},
    "io/poll": {
        "[method]pollable.ready": instance(number, kind=Kind.BOOL, bits=1), "[method]pollable.block": nothing,
        "poll": poll,
    },
    "io/streams": {
        "[method]input-stream.read": read, "[method]input-stream.blocking-read": read,
        "[method]input-stream.subscribe": instance(number, bits=0, **_OWN),
        **{f"[method]output-stream.{name}": function for name, function in _STREAM.items()},
    },
    "random/random": {"get-random-bytes": random_bytes, "get-random-u64": random_number},
    "random/insecure": {"get-insecure-random-bytes": random_bytes, "get-insecure-random-u64": random_number},
    "random/insecure-seed": {"insecure-seed": random_seed},
}  # fmt: skip
"""By interface of the package `wasi` and name."""

_ROWS: Final = [(f"wasi:{place}@0.2", name, f) for place, found in FUNCTIONS.items() for name, f in found.items()]
_TEXTS: Final = [f"{text}\0".encode() for interface, name, _ in _ROWS for text in (interface, name)]
NAMES = table(u8, b"".join(_TEXTS))
SIZES = table(u8, [len(text) for text in _TEXTS])
CALLBACKS = table(Callback, [function for _, _, function in _ROWS])
COUNT: Final = u32(len(_ROWS))


@kernel(export="fusee_component_use_wasi")
def use_wasi(c: Component) -> None:
    """Give what the library has for those of the component's imports that the app has not defined."""
    if is_null(c):
        return
    c.has_wasi = True
    text = cast(Ptr[u8], NAMES)
    for i in span(COUNT):
        name = text + u32(SIZES[i * 2])
        for j in span(header(c).imports.count):
            if c.functions[j].callback == 0 and is_named(c, import_row(c, j).name, text, name):
                c.functions[j].callback = address(CALLBACKS[i])
                c.functions[j].environment = c.store
        text = name + u32(SIZES[i * 2 + 1])
    for i in span(header(c).files.count):
        use_wasi(cast(Component, c.parts[i]))
