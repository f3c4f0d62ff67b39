"""`wasi:filesystem`: descriptors, as far as the app's callbacks for preview 1 carry."""

from typing import Final

from fusee.engine.capi.component.format import Kind
from fusee.engine.capi.component.state import Value
from fusee.engine.capi.component.values import new_numbers, new_string, new_variant
from fusee.engine.capi.component.wasi.clocks import TOO_MANY, put_time
from fusee.engine.capi.component.wasi.requests import Request
from fusee.engine.capi.component.wasi.resources import (
    NO_RESOURCE,
    NO_WASI,
    ResourceTable,
    What,
    add,
    begin,
    find,
    resource_at,
)
from fusee.engine.capi.component.wasi.results import (
    NO_MEMORY,
    bits_of,
    new_values,
    part,
    put_enum,
    put_number,
    trap_for,
)
from fusee.engine.capi.component.wasi.streams import APPEND, MOST_READ, read_at, write_at
from fusee.engine.capi.state import Trap
from fusee.engine.capi.wasi.config import end_call
from fusee.engine.capi.wasi.directories import directory_name, name_size
from fusee.engine.capi.wasi.state import BADF, DIRECTORY, NOMEM, STREAMS, SUCCESS, Call, FileStat, Wasi
from fusee.engine.capi.wasi.status import status_of
from fusee.kernel.lang import (
    Ptr,
    address,
    cast,
    is_null,
    kernel,
    minimum,
    null,
    rotl,
    span,
    stack_array,
    table,
    u8,
    u32,
    u64,
    usize,
)  # fmt: skip
from fusee.spec.wasi import FILE_KINDS, KINDS_BY_FILETYPE

READ: Final = u8(1)  # `descriptor-flags`
WRITE: Final = u8(2)
MUTATE: Final = u32(32)
KINDS = table(u8, [FILE_KINDS.index(kind) for kind in KINDS_BY_FILETYPE])
KIND_COUNT: Final = u32(len(KINDS_BY_FILETYPE))
STAT_FIELDS: Final = usize(6)
FIRST_MIX: Final = u64(0xBF58_476D_1CE4_E5B9)
SECOND_MIX: Final = u64(0x94D0_49BB_1331_11EB)


# What the program starts with.


@kernel
def get_directories(resources: ResourceTable, arguments: Ptr[Value], count: usize, result: Value) -> Trap:
    wasi = cast(Wasi, resources.store.wasi)
    if is_null(wasi):
        return trap_for(resources, NO_WASI)
    directories = wasi.directories
    if not new_values(result, Kind.LIST, usize(directories.count)):
        return trap_for(resources, NO_MEMORY)
    made = stack_array(u32, 1)
    for i in span(directories.count):
        if add(resources, What.FILE, made) != SUCCESS:
            return trap_for(resources, TOO_MANY)
        resource_at(resources, made[0]).fd = i + STREAMS
        resource_at(resources, made[0]).flags = u8(READ | MUTATE)
        at = directory_name(directories, i)
        pair = part(result, i)
        if not new_values(pair, Kind.RECORD, usize(2)):
            return trap_for(resources, NO_MEMORY)
        put_number(part(pair, u32(0)), Kind.OWN, u64(made[0]))
        if not new_string(part(pair, u32(1)), usize(name_size(directories, at)), directories.bytes + at):
            return trap_for(resources, NO_MEMORY)
    return null(Trap)


# Reading and writing.


@kernel
def new_stream(r: Request, what: What, offset: u64, needed: u32) -> u32:
    """A stream of the file, which has to be open for this."""
    if r.resource.flags & u8(needed) == 0:
        return BADF
    made = stack_array(u32, 1)
    errno = add(r.resources, what, made)
    if errno == SUCCESS:
        r.resource.holders += 1
        stream = resource_at(r.resources, made[0])
        stream.file = address(r.resource)
        stream.offset = offset
        put_number(r.payload, Kind.OWN, u64(made[0]))
    return errno


@kernel
def read_via_stream(r: Request) -> u32:
    return new_stream(r, What.INPUT, bits_of(r.arguments[1]), READ)


@kernel
def write_via_stream(r: Request) -> u32:
    return new_stream(r, What.OUTPUT, minimum(bits_of(r.arguments[1]), APPEND - 1), WRITE)


@kernel
def append_via_stream(r: Request) -> u32:
    return new_stream(r, What.OUTPUT, APPEND, WRITE)


@kernel
def read(r: Request) -> u32:
    """Bytes at an offset, and whether there was nothing left to read."""
    if r.resource.flags & READ == 0:
        return BADF
    room = usize(minimum(bits_of(r.arguments[1]), MOST_READ))
    if not new_values(r.payload, Kind.RECORD, usize(2)):
        return NOMEM
    found = part(r.payload, u32(0))
    if not new_numbers(found, Kind.U8, room, null(Ptr[u8])):
        return NOMEM
    done = stack_array(usize, 1)
    errno = read_at(r.call, r.resource.fd, found.data, room, bits_of(r.arguments[2]), done)
    found.size = done[0]
    put_number(part(r.payload, u32(1)), Kind.BOOL, u64(done[0] == 0 and room != 0))
    return errno


@kernel
def write(r: Request) -> u32:
    """Write at an offset: how much, which is all."""
    if r.resource.flags & WRITE == 0:
        return BADF
    put_number(r.payload, Kind.U64, u64(r.arguments[1].size))
    return write_at(r.call, r.resource.fd, r.arguments[1].data, r.arguments[1].size, bits_of(r.arguments[2]))


# Status.


@kernel
def kind_of(filetype: u32) -> u32:
    """The `descriptor-type` of what preview 1 calls a `filetype`."""
    return u32(KINDS[filetype]) if filetype < KIND_COUNT else u32(0)


@kernel
def put_status(out: Value, status: FileStat) -> u32:
    """A `descriptor-stat`."""
    if not new_values(out, Kind.RECORD, STAT_FIELDS):
        return NOMEM
    put_enum(part(out, u32(0)), kind_of(status.filetype))
    put_number(part(out, u32(1)), Kind.U64, status.links)
    put_number(part(out, u32(2)), Kind.U64, status.size)
    times = stack_array(u64, 3)
    times[0] = status.accessed
    times[1] = status.modified
    times[2] = status.changed
    for i in span(u32(3)):
        option = part(out, i + 3)
        if not new_variant(option, u32(1), True) or not put_time(part(option, u32(0)), times[i]):
            return NOMEM
    return SUCCESS


@kernel
def stat(r: Request) -> u32:
    status = stack_array(FileStat, 1)[0]
    errno = status_of(r.call, r.resource.fd, status)
    return errno if errno != SUCCESS else put_status(r.payload, status)


@kernel
def get_type(r: Request) -> u32:
    status = stack_array(FileStat, 1)[0]
    errno = status_of(r.call, r.resource.fd, status)
    put_enum(r.payload, kind_of(status.filetype))
    return errno


@kernel
def get_flags(r: Request) -> u32:
    """What it was opened for; only a directory can say that it can be changed."""
    status = stack_array(FileStat, 1)[0]
    flags = u32(r.resource.flags)
    if status_of(r.call, r.resource.fd, status) == SUCCESS and status.filetype != DIRECTORY:
        flags = flags & ~MUTATE
    put_number(r.payload, Kind.FLAGS, u64(flags))
    return SUCCESS


@kernel
def mixed(word: u64) -> u64:
    """All bits of a number in each (Stafford, "Better Bit Mixing", variant 13)."""
    word = (word ^ word >> 30) * FIRST_MIX
    word = (word ^ word >> 27) * SECOND_MIX
    return word ^ word >> 31


@kernel
def put_hash(out: Value, status: FileStat) -> u32:
    """Which file it is, without saying more of it."""
    if not new_values(out, Kind.RECORD, usize(2)):
        return NOMEM
    lower = mixed(mixed(status.device + SECOND_MIX) + status.inode)
    put_number(part(out, u32(0)), Kind.U64, lower)
    put_number(part(out, u32(1)), Kind.U64, mixed(rotl(lower, u64(32)) + FIRST_MIX))
    return SUCCESS


@kernel
def metadata_hash(r: Request) -> u32:
    status = stack_array(FileStat, 1)[0]
    errno = status_of(r.call, r.resource.fd, status)
    return errno if errno != SUCCESS else put_hash(r.payload, status)


@kernel
def is_same_object(resources: ResourceTable, arguments: Ptr[Value], count: usize, result: Value) -> Trap:
    """Whether both are the same file, as far as the app numbers its files."""
    first, second = find(resources, arguments[0], What.FILE), find(resources, arguments[1], What.FILE)
    call = stack_array(Call, 1)[0]
    if is_null(first) or is_null(second):
        return trap_for(resources, NO_RESOURCE)
    if not begin(call, resources):
        return trap_for(resources, NO_WASI)
    statuses = stack_array(FileStat, 2)
    fd = first.fd  # the app, which is asked, may have the guest drop both
    other_fd = second.fd
    is_same = fd == other_fd
    if not is_same and status_of(call, fd, statuses[0]) == SUCCESS:
        if status_of(call, other_fd, statuses[1]) == SUCCESS and statuses[0].inode != 0:
            is_same = statuses[0].inode == statuses[1].inode and statuses[0].device == statuses[1].device
    end_call(call.wasi)
    put_number(result, Kind.BOOL, u64(is_same))
    return null(Trap)
