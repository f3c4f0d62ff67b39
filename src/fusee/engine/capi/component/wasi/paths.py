"""`wasi:filesystem`: what descriptors do with paths."""

from typing import Final

from fusee.engine.capi.component.format import Kind
from fusee.engine.capi.component.state import Value
from fusee.engine.capi.component.wasi.files import MUTATE, READ, WRITE, put_hash, put_status
from fusee.engine.capi.component.wasi.requests import Request
from fusee.engine.capi.component.wasi.resources import (
    What,
    add,
    drop,
    find,
    resource_at,
)
from fusee.engine.capi.component.wasi.results import bits_of, put_number
from fusee.engine.capi.wasi.path import ALL_FLAGS, change_at, nofollow, open_file, rename_at, status_at
from fusee.engine.capi.wasi.state import BADF, SUCCESS, FileStat
from fusee.engine.capi.wasi.status import ALL_RIGHTS
from fusee.kernel.lang import (
    Ptr,
    cast,
    is_null,
    kernel,
    stack_array,
    table,
    u8,
    u32,
    u64,
)  # fmt: skip

FILE_SYNC: Final = 4
DATA_SYNC: Final = 8
READ_SYNC: Final = 16
FD_DSYNC: Final = u32(1 << 1)  # `fdflags` of preview 1
FD_RSYNC: Final = u32(1 << 3)
FD_SYNC: Final = u32(1 << 4)
READING: Final = u64(1 << 1)  # `rights` of preview 1: `fd_read`
WRITING: Final = u64(1 << 6 | 1 << 8 | 1 << 22)  # `fd_write`, `fd_allocate`, `fd_filestat_set_size`
NO_TEXT = table(u8, [0])


@kernel
def text_of(value: Value) -> Ptr[u8]:
    """Where a string is, which is never null."""
    return cast(Ptr[u8], NO_TEXT) if is_null(value.data) else value.data


@kernel
def status_of_path(r: Request, status: FileStat) -> u32:
    path = r.arguments[2]
    return status_at(r.call, u32(bits_of(r.arguments[1])), r.resource.fd, text_of(path), path.size, status)


@kernel
def stat_at(r: Request) -> u32:
    status = stack_array(FileStat, 1)[0]
    errno = status_of_path(r, status)
    return errno if errno != SUCCESS else put_status(r.payload, status)


@kernel
def metadata_hash_at(r: Request) -> u32:
    status = stack_array(FileStat, 1)[0]
    errno = status_of_path(r, status)
    return errno if errno != SUCCESS else put_hash(r.payload, status)


@kernel
def open_at(r: Request) -> u32:
    """A file or a directory. Whether a directory can be changed is inherited, as in Wasmtime."""
    path = r.arguments[2]
    flags = u32(bits_of(r.arguments[4]))
    if flags & (READ | WRITE) == 0:
        flags = flags | READ
    fd_flags = (u32(flags & FILE_SYNC != 0) * FD_SYNC) | (u32(flags & DATA_SYNC != 0) * FD_DSYNC)
    fd_flags = fd_flags | u32(flags & READ_SYNC != 0) * FD_RSYNC
    rights = ALL_RIGHTS & ~(READING | WRITING)
    rights = rights | u64(flags & READ != 0) * READING | u64(flags & WRITE != 0) * WRITING
    made = stack_array(u32, 2)
    errno = add(r.resources, What.FILE, made)
    if errno != SUCCESS:
        return errno
    how = u32(bits_of(r.arguments[3])) & ALL_FLAGS | nofollow(u32(bits_of(r.arguments[1])))
    errno = open_file(r.call, r.resource.fd, text_of(path), path.size, how, fd_flags, rights, made + 1)
    if errno != SUCCESS:
        drop(r.resources, made[0])
        return errno
    file = resource_at(r.resources, made[0])
    file.fd = made[1]
    file.flags = u8((flags & ~MUTATE) | (r.resource.flags & MUTATE))
    put_number(r.payload, Kind.OWN, u64(made[0]))
    return SUCCESS


@kernel
def create_directory_at(r: Request) -> u32:
    path = r.arguments[1]
    return change_at(r.call, r.resource.fd, text_of(path), path.size, r.call.wasi.files.make_directory)


@kernel
def remove_directory_at(r: Request) -> u32:
    path = r.arguments[1]
    return change_at(r.call, r.resource.fd, text_of(path), path.size, r.call.wasi.files.remove_directory)


@kernel
def unlink_file_at(r: Request) -> u32:
    path = r.arguments[1]
    return change_at(r.call, r.resource.fd, text_of(path), path.size, r.call.wasi.files.remove_file)


@kernel
def move_at(r: Request) -> u32:
    path, to_path = r.arguments[1], r.arguments[3]
    to = find(r.resources, r.arguments[2], What.FILE)
    if is_null(to):
        return BADF
    return rename_at(r.call, r.resource.fd, text_of(path), path.size, to.fd, text_of(to_path), to_path.size)
