"""Results of WASI's functions, as values."""

from typing import Final

from fusee.engine.capi.component.errors import Broken, Fault, trap_from
from fusee.engine.capi.component.format import Kind
from fusee.engine.capi.component.state import Number, Value
from fusee.engine.capi.component.values import delete_value, make, new_variant
from fusee.engine.capi.component.wasi.resources import ResourceTable
from fusee.engine.capi.state import Trap
from fusee.engine.capi.wasi.state import IO
from fusee.kernel.lang import Fn, Ptr, Static, address, cast, kernel, null, size_of, table, u8, u32, u64, usize
from fusee.spec.wasi import FILE_ERROR_CODES, FILE_ERRORS, Errno

Callback = Fn[[ResourceTable, Ptr[Value], usize, Value], Trap]
NO_MEMORY: Final = u64(Broken(Fault.MEMORY, 0).status)
UNDEFINED: Final = u64(Broken(Fault.UNKNOWN, 0).status)
WRONG: Final = u64(Broken(Fault.VALUE, 0).status)
CODES = table(u8, [FILE_ERROR_CODES.index(FILE_ERRORS.get(errno, "io")) for errno in Errno])
"""`error-code` of files, by the errno of preview 1."""
OTHER: Final = u32(FILE_ERROR_CODES.index("io"))
CODE_COUNT: Final = u32(len(Errno))


@kernel
def trap_for(resources: ResourceTable, status: u64) -> Trap:
    return trap_from(address(resources.store), status)


@kernel
def checked(resources: ResourceTable, is_made: bool) -> Trap:
    """A trap if there was no memory."""
    return null(Trap) if is_made else trap_for(resources, NO_MEMORY)


@kernel
def put_number(out: Value, kind: Kind, bits: u64) -> None:
    """A number, or the handle of a resource."""
    out.kind = u8(kind)
    out.which = u32(0)
    cast(Number, address(out)).bits = bits


@kernel
def put_enum(out: Value, which: u32) -> None:
    out.kind = u8(Kind.ENUM)
    out.which = which


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
def known(errno: u32) -> u32:
    """An errno that the app has given: numbers from `CODE_COUNT` on mean something else here."""
    return errno if errno < CODE_COUNT else IO


@kernel
def code_of(errno: u32) -> u32:
    """The `error-code` of a file."""
    return u32(CODES[errno]) if errno < CODE_COUNT else OTHER


@kernel
def put_code(resources: ResourceTable, out: Value, code: u32) -> Trap:
    """A function's `result` is this error, in the place of what it may have begun to be."""
    delete_value(out)
    if not new_variant(out, u32(1), True):
        return trap_for(resources, NO_MEMORY)
    put_enum(part(out, u32(0)), code)
    return null(Trap)


@kernel
def put_stream_error(resources: ResourceTable, out: Value, errno: u32) -> Trap:
    """The error of a stream; 0: it is closed."""
    delete_value(out)
    if not new_variant(out, u32(1), True):
        return trap_for(resources, NO_MEMORY)
    if errno == 0:
        return checked(resources, new_variant(part(out, u32(0)), u32(1), False))
    if not new_variant(part(out, u32(0)), u32(0), True):
        return trap_for(resources, NO_MEMORY)
    put_number(part(part(out, u32(0)), u32(0)), Kind.OWN, u64(errno))
    return null(Trap)


# What says the same to everybody.


@kernel
def number(
    resources: ResourceTable, arguments: Ptr[Value], count: usize, result: Value, kind: Static[Kind], bits: Static[int]
) -> Trap:  # fmt: skip
    put_number(result, kind, u64(bits))
    return null(Trap)


@kernel
def without_payload(resources: ResourceTable, arguments: Ptr[Value], count: usize, result: Value) -> Trap:
    """`none`, or `ok`."""
    return checked(resources, new_variant(result, u32(0), False))


@kernel
def refuse(
    resources: ResourceTable, arguments: Ptr[Value], count: usize, result: Value, code: Static[int]
) -> Trap:  # fmt: skip
    """A `result` with an error that says that there is no such thing here."""
    return put_code(resources, result, u32(code))
