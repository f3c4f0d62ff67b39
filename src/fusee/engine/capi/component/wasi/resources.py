"""What components have handles to that are WASI's: numbers in a table, which all parts of a component share.

Standard streams have the numbers of their descriptors, errors are errnos, and what is always ready is the pollable 0.
"""

from enum import IntEnum
from typing import Final

from fusee.engine.capi.component.blocks import delete_block, try_block
from fusee.engine.capi.component.errors import Broken, Fault
from fusee.engine.capi.component.state import Number, Value
from fusee.engine.capi.state import StoreObject, Trap
from fusee.engine.capi.wasi.config import end_call
from fusee.engine.capi.wasi.fd import close_file
from fusee.engine.capi.wasi.state import MFILE, NOMEM, SUCCESS, Call, Wasi
from fusee.kernel.lang import (
    Fn,
    Ptr,
    address,
    cast,
    copy_bytes,
    is_null,
    kernel,
    maximum,
    null,
    size_of,
    span,
    stack_array,
    struct,
    u8,
    u32,
    u64,
    usize,
)  # fmt: skip

FIRST: Final = u32(1 << 30)  # of their numbers: an app chooses small ones for its own
ROOM: Final = u32(16)
MOST: Final = 1 << 16  # of them, which doubling the room comes to
MOST_FILES: Final = 1024  # those and lists of entries, which have a buffer
ENTRIES_BYTES: Final = u32(4096)
NO_RESOURCE: Final = u64(Broken(Fault.HANDLE, 0).status)
NO_WASI: Final = u64(Broken(Fault.WASI, 0).status)


class What(IntEnum):
    """A resource is."""

    NOTHING = 0
    FILE = 1
    INPUT = 2
    OUTPUT = 3
    ENTRIES = 4
    TIMER = 5
    PENDING = 6  # a pollable, `file` of which is what HTTP waits for
    FIELDS = 7  # from here on HTTP's
    REQUEST = 8  # the guest's
    OPTIONS = 9
    EXCHANGE = 10  # without a number: what is shared by all that belongs to a request and its response
    FUTURE = 11
    RESPONSE = 12  # to the guest
    INPUT_BODY = 13
    OUTPUT_BODY = 14
    TRAILERS = 15
    ANSWER = 16  # a response of the guest's
    INCOMING = 17  # a request to the guest
    OUTPARAM = 18  # where its answer goes


@struct
class Hooks:
    """What HTTP does for streams and pollables, and at the end of any resource: with the table's and its address."""

    read: Fn[[usize, usize, Ptr[u8], usize, Ptr[usize]], u32]
    write: Fn[[usize, usize, Ptr[u8], usize], u32]
    room: Fn[[usize, usize], u64]
    ready: Fn[[usize, usize], bool]
    end: Fn[[usize, usize], None]


@struct
class Resource:
    """One of them, which stays where it is."""

    what: u8  # a `What`
    flags: u8  # of a file: `descriptor-flags`
    holders: u32  # its handle, calls at work, and what reads and writes a file
    fd: u32  # of a file: its descriptor, as preview 1 counts
    file: usize  # of a stream and of entries: the `Resource`
    offset: u64  # where a stream goes on, or `APPEND`; the cookie of the next entry; when a timer is over
    at: u32  # of the next entry in the buffer
    size: u32  # of what is in the buffer
    buffer: Ptr[u8]


@struct
class ResourceTable:
    """Those of a component: what the library's functions are called with."""

    holders: u32  # components: the whole one, and its parts
    instances: u32  # that have not ended
    store: StoreObject
    resources: Ptr[usize]  # `Resource`; where none is, twice the place after it that is free, and 1
    capacity: u32
    count: u32  # of places that have ever been used
    free: u32  # the place that became free last, and 1; 0: none
    files: u32
    hooks: usize  # `Hooks`, at the beginning of a block, if there is HTTP


@kernel
def new_table(store: usize) -> ResourceTable:
    """Null if there is no memory."""
    table = cast(ResourceTable, try_block(usize(size_of(ResourceTable))))
    if not is_null(table):
        table.store = cast(StoreObject, store)
    return table


@kernel
def drop_table(table: ResourceTable) -> None:
    """A component ends, after its instances."""
    table.holders -= 1
    if table.holders == 0:
        let_all_go(table)
        delete_block(cast(Ptr[u8], table.hooks))
        delete_block(cast(Ptr[u8], table))


@kernel
def end_instance(table: ResourceTable) -> None:
    """With the last instance ends what guests have left behind, but for the room for it."""
    table.instances -= 1
    if table.instances == 0:
        let_all_go(table)


@kernel
def let_all_go(table: ResourceTable) -> None:
    """They are taken out first: the app, which is asked to close files, may make another instance meanwhile."""
    resources, count = table.resources, table.count
    table.resources = null(Ptr[usize])
    table.capacity = u32(0)
    table.count = u32(0)
    table.free = u32(0)
    for i in span(count):
        if resources[i] & 1 == 0:
            let_go(table, cast(Resource, resources[i]))
    delete_block(cast(Ptr[u8], resources))


@kernel
def let_go(table: ResourceTable, resource: Resource) -> None:
    """One holder less; with the last one it ends, and a file is closed."""
    resource.holders -= 1
    if resource.holders != 0:
        return
    if table.hooks != 0:
        cast(Hooks, table.hooks).end(address(table), address(resource))
    file, fd = resource.file, resource.fd
    is_file = resource.what == What.FILE
    table.files -= u32(is_file or resource.what == What.ENTRIES)
    delete_block(resource.buffer)
    delete_block(cast(Ptr[u8], resource))
    call = stack_array(Call, 1)[0]
    if file != 0:
        let_go(table, cast(Resource, file))
    elif is_file and table.holders != 0 and begin(call, table):
        close_file(call, fd)
        end_call(call.wasi)


@kernel
def add(table: ResourceTable, what: What, number: Ptr[u32]) -> u32:
    """A new resource under a number; or an errno, as for a program of preview 1 with too many files."""
    is_file = what == What.FILE or what == What.ENTRIES
    if (is_file and table.files == MOST_FILES) or (table.free == 0 and table.count == MOST):
        return MFILE
    if table.free == 0 and table.count == table.capacity and not widen(table):
        return NOMEM
    made = cast(Resource, try_block(usize(size_of(Resource))))
    if is_null(made):
        return NOMEM
    made.what = u8(what)
    made.holders = u32(1)
    at = table.count
    if table.free != 0:
        at = table.free - 1
        table.free = u32(table.resources[at]) >> 1
    else:
        table.count += 1
    table.resources[at] = address(made)
    table.files += u32(is_file)
    number[0] = FIRST + at
    return SUCCESS


@kernel
def widen(table: ResourceTable) -> bool:
    """More places; false if there is no memory."""
    capacity = maximum(table.capacity * 2, ROOM)
    larger = try_block(usize(capacity) * usize(size_of(usize)))
    if is_null(larger):
        return False
    if table.capacity != 0:
        copy_bytes(larger, cast(Ptr[u8], table.resources), usize(table.capacity) * usize(size_of(usize)))
    delete_block(cast(Ptr[u8], table.resources))
    table.resources = cast(Ptr[usize], larger)
    table.capacity = capacity
    return True


@kernel
def resource_at(table: ResourceTable, number: u32) -> Resource:
    """Null if there is none of that number: a standard stream, or one of the app's."""
    at = number - FIRST
    if number < FIRST or at >= table.count or table.resources[at] & 1 != 0:
        return null(Resource)
    return cast(Resource, table.resources[at])


@kernel
def find(table: ResourceTable, value: Value, what: What) -> Resource:
    """The resource that a handle stands for; null if it is none of this kind: types may have been mixed up."""
    found = resource_at(table, u32(cast(Number, address(value)).bits))
    if is_null(found) or found.what != u8(what):
        return null(Resource)
    return found


@kernel
def drop(table: ResourceTable, number: u32) -> Trap:
    """A guest drops what it owns."""
    found = resource_at(table, number)
    if is_null(found):
        return null(Trap)
    table.resources[number - FIRST] = usize(table.free * 2 + 1)
    table.free = number - FIRST + 1
    let_go(table, found)
    return null(Trap)


@kernel
def begin(call: Call, table: ResourceTable) -> bool:
    """Whether the store has a configuration, which stays until `end_call`."""
    call.store = table.store
    call.wasi = cast(Wasi, table.store.wasi)
    if is_null(call.wasi):
        return False
    call.wasi.calls += 1
    return True
