"""`wasi:io/streams` and `wasi:io/error`: the app's streams, which wait in its functions, and files.

A file has no position here: each stream of it has one, or writes where the file ends.
"""

from typing import Final

from fusee.engine.capi.component.format import Kind
from fusee.engine.capi.component.state import Value
from fusee.engine.capi.component.values import delete_value, new_numbers, new_string, new_variant
from fusee.engine.capi.component.wasi.clocks import is_ready, pend
from fusee.engine.capi.component.wasi.requests import CLOSED, WRONG_SIZE, Request
from fusee.engine.capi.component.wasi.resources import Hooks, Resource, ResourceTable, What, find, let_go, resource_at
from fusee.engine.capi.component.wasi.results import (
    NO_MEMORY,
    bits_of,
    checked,
    code_of,
    known,
    part,
    put_enum,
    put_number,
    trap_for,
)  # fmt: skip
from fusee.engine.capi.state import Trap
from fusee.engine.capi.wasi.fd import is_stream
from fusee.engine.capi.wasi.state import BADF, INVAL, IO, NOMEM, SUCCESS, Call, FileStat
from fusee.engine.capi.wasi.status import status_of
from fusee.engine.capi.wasi.transfers import is_offset, move, read_stream, write_stream
from fusee.kernel.lang import (
    Ptr,
    address,
    cast,
    is_null,
    kernel,
    minimum,
    null,
    stack_array,
    table,
    u8,
    u32,
    u64,
    usize,
)  # fmt: skip

MOST_READ: Final = u64(1 << 16)
APPEND: Final = ~u64(0)  # an offset: where the file ends
ERROR: Final = b"error 00"
ERROR_TEXT = table(u8, ERROR)


# Files at offsets.


@kernel
def read_at(call: Call, fd: u32, buffer: Ptr[u8], size: usize, offset: u64, done: Ptr[usize]) -> u32:
    """Read what there is; how much is in `done`, never more than was asked for."""
    done[0] = usize(0)
    if not is_offset(offset):
        return INVAL
    if size == 0:
        return SUCCESS
    errno = move(call, fd, False, buffer, size, offset, done)
    done[0] = minimum(done[0], size)
    return errno


@kernel
def write_at(call: Call, fd: u32, data: Ptr[u8], size: usize, offset: u64) -> u32:
    """Write all of it."""
    errno = SUCCESS
    at = usize(0)
    done = stack_array(usize, 1)
    while at != size and errno == SUCCESS:
        if not is_offset(offset + at):
            return INVAL
        done[0] = usize(0)
        errno = move(call, fd, True, data + at, size - at, offset + at, done)
        if errno == SUCCESS and done[0] == 0:
            return IO
        at += minimum(done[0], size - at)
    return errno


@kernel
def read_into(r: Request, number: u32, stream: Resource, buffer: Ptr[u8], size: usize, done: Ptr[usize]) -> u32:
    """Read from standard input, if the stream is null, or from where it is in its file, or from a body of HTTP's."""
    done[0] = usize(0)
    if is_null(stream):
        return known(read_stream(r.call, number, buffer, size, done)) if is_stream(number) else BADF
    file = cast(Resource, stream.file)
    if file.what != u8(What.FILE):
        return cast(Hooks, r.resources.hooks).read(address(r.resources), address(file), buffer, size, done)
    errno = read_at(r.call, file.fd, buffer, size, stream.offset, done)
    stream.offset += done[0]
    return known(errno)


@kernel
def write_from(r: Request, number: u32, stream: Resource, data: Ptr[u8], size: usize) -> u32:
    """Write to standard output, if the stream is null, or where it is in its file, or to a body of HTTP's."""
    if size == 0:
        return SUCCESS
    done = stack_array(usize, 1)
    if is_null(stream):
        return known(write_stream(r.call, number, data, size, done)) if is_stream(number) else BADF
    file = cast(Resource, stream.file)
    if file.what != u8(What.FILE):
        return cast(Hooks, r.resources.hooks).write(address(r.resources), address(file), data, size)
    if stream.offset != APPEND:
        errno = write_at(r.call, file.fd, data, size, stream.offset)
        if errno == SUCCESS:  # else the guest is told that the stream has failed
            stream.offset += size
        return known(errno)
    status = stack_array(FileStat, 1)[0]
    errno = status_of(r.call, file.fd, status)
    return known(errno if errno != SUCCESS else write_at(r.call, file.fd, data, size, status.size))


# Methods.


@kernel
def read_bytes(r: Request, number: u32, stream: Resource, size: u64, out: Value) -> u32:
    """Bytes as a value; `CLOSED` if there are none any more."""
    room = usize(minimum(size, MOST_READ))
    if not new_numbers(out, Kind.U8, room, null(Ptr[u8])):
        return NOMEM
    if room == 0:
        return SUCCESS
    done = stack_array(usize, 1)
    errno = read_into(r, number, stream, out.data, room, done)
    out.size = minimum(done[0], room)
    return CLOSED if errno == SUCCESS and out.size == 0 else errno


@kernel
def read(r: Request) -> u32:
    return read_bytes(r, r.number, r.resource, bits_of(r.arguments[1]), r.payload)


@kernel
def skip(r: Request) -> u32:
    """Read, and forget it."""
    buffer = stack_array(Value, 1)[0]
    errno = read_bytes(r, r.number, r.resource, bits_of(r.arguments[1]), buffer)
    put_number(r.payload, Kind.U64, u64(buffer.size))
    delete_value(buffer)
    return errno


@kernel
def check_write(r: Request) -> u32:
    put_number(r.payload, Kind.U64, room_of(r, r.resource))
    return SUCCESS


@kernel
def room_of(r: Request, stream: Resource) -> u64:
    """How much may be written at once."""
    if is_null(stream) or cast(Resource, stream.file).what == u8(What.FILE):
        return MOST_READ
    return cast(Hooks, r.resources.hooks).room(address(r.resources), stream.file)


@kernel
def read_ready(r: Request) -> u32:
    """What is there: nothing, if a body of HTTP's has nothing yet."""
    stream = r.resource
    if not is_null(stream) and cast(Resource, stream.file).what != u8(What.FILE):
        if not is_ready(r.resources, cast(Resource, stream.file)):
            return SUCCESS if new_numbers(r.payload, Kind.U8, usize(0), null(Ptr[u8])) else NOMEM
    return read(r)


@kernel
def write(r: Request) -> u32:
    return write_from(r, r.number, r.resource, r.arguments[1].data, r.arguments[1].size)


@kernel
def write_zeroes(r: Request) -> u32:
    size = bits_of(r.arguments[1])
    if size > MOST_READ:
        return WRONG_SIZE
    zeros = stack_array(Value, 1)[0]
    if not new_numbers(zeros, Kind.U8, usize(size), null(Ptr[u8])):
        return NOMEM
    errno = write_from(r, r.number, r.resource, zeros.data, zeros.size)
    delete_value(zeros)
    return errno


@kernel
def splice(r: Request) -> u32:
    """Read from one stream, and write to the other: how much. The app, which is asked, may have the guest drop it."""
    buffer = stack_array(Value, 1)[0]
    source = find(r.resources, r.arguments[1], What.INPUT)
    if not is_null(source):
        source.holders += 1
    errno = read_bytes(r, u32(bits_of(r.arguments[1])), source, bits_of(r.arguments[2]), buffer)
    if not is_null(source):
        let_go(r.resources, source)
    if errno == SUCCESS:
        errno = write_from(r, r.number, r.resource, buffer.data, buffer.size)
    put_number(r.payload, Kind.U64, u64(buffer.size))
    delete_value(buffer)
    return errno


@kernel
def accept(r: Request) -> u32:
    """There is nothing to do."""
    return SUCCESS


@kernel
def subscribe(resources: ResourceTable, arguments: Ptr[Value], count: usize, result: Value) -> Trap:
    """A pollable: what is always ready, but for bodies of HTTP's."""
    put_number(result, Kind.OWN, u64(0))
    stream = resource_at(resources, u32(bits_of(arguments[0])))
    if resources.hooks == 0 or is_null(stream) or (stream.what != u8(What.INPUT) and stream.what != u8(What.OUTPUT)):
        return null(Trap)
    if cast(Resource, stream.file).what == u8(What.FILE):
        return null(Trap)
    return checked(resources, pend(resources, cast(Resource, stream.file), result) == SUCCESS)


# Errors, which are errnos.


@kernel
def error_text(resources: ResourceTable, arguments: Ptr[Value], count: usize, result: Value) -> Trap:
    """Its number, as preview 1 has it."""
    if not new_string(result, usize(len(ERROR)), cast(Ptr[u8], ERROR_TEXT)):
        return trap_for(resources, NO_MEMORY)
    errno = (u32(bits_of(arguments[0])) & 0xFF) % 100  # or an error of HTTP's, behind `HTTP_ERROR`
    result.data[len(ERROR) - 2] = u8(ord("0") + errno // 10)
    result.data[len(ERROR) - 1] = u8(ord("0") + errno % 10)
    return null(Trap)


@kernel
def error_code(resources: ResourceTable, arguments: Ptr[Value], count: usize, result: Value) -> Trap:
    """`filesystem-error-code`."""
    if not new_variant(result, u32(1), True):
        return trap_for(resources, NO_MEMORY)
    put_enum(part(result, u32(0)), code_of(u32(bits_of(arguments[0]))))
    return null(Trap)
