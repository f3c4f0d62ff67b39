"""`wasi:cli`: arguments, environment and exit."""

from typing import Final

from fusee.engine.capi.component import capi
from fusee.engine.capi.component.format import Kind
from fusee.engine.capi.component.state import Value
from fusee.engine.capi.component.values import new_string
from fusee.engine.capi.component.wasi.resources import NO_WASI, ResourceTable
from fusee.engine.capi.component.wasi.results import bits_of, checked, new_values, part, trap_for
from fusee.engine.capi.state import Trap, Vector
from fusee.engine.capi.wasi.state import Strings, Wasi
from fusee.kernel.lang import (
    Ptr,
    address,
    cast,
    is_null,
    kernel,
    minimum,
    span,
    stack_array,
    table,
    u8,
    u32,
    usize,
)  # fmt: skip

EXIT: Final = b"the program has exited"
EXIT_TEXT = table(u8, EXIT)


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
def get_arguments(resources: ResourceTable, arguments: Ptr[Value], count: usize, result: Value) -> Trap:
    wasi = cast(Wasi, resources.store.wasi)
    if is_null(wasi):
        return trap_for(resources, NO_WASI)
    return checked(resources, put_strings(wasi.arguments, result, False))


@kernel
def get_environment(resources: ResourceTable, arguments: Ptr[Value], count: usize, result: Value) -> Trap:
    wasi = cast(Wasi, resources.store.wasi)
    if is_null(wasi):
        return trap_for(resources, NO_WASI)
    return checked(resources, put_strings(wasi.environment, result, True))


@kernel
def exit_with(resources: ResourceTable, status: u32) -> Trap:
    message = stack_array(Vector, 1)[0]
    message.size = usize(len(EXIT))
    message.data = cast(Ptr[u8], EXIT_TEXT)
    trap = capi.new_trap(address(resources.store), message)
    if not is_null(trap):
        trap.is_exit = True
        trap.exit_status = status
    return trap


@kernel
def exit_by_result(resources: ResourceTable, arguments: Ptr[Value], count: usize, result: Value) -> Trap:
    """`exit`: 0 for `ok`, 1 for `err`."""
    return exit_with(resources, arguments[0].which)


@kernel
def exit_with_code(resources: ResourceTable, arguments: Ptr[Value], count: usize, result: Value) -> Trap:
    return exit_with(resources, u32(bits_of(arguments[0])) & 0xFF)
