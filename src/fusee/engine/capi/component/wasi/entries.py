"""The entries of a directory (`directory-entry-stream`): the app's `dirent` records, some at a time."""

from typing import Final

from fusee.engine.capi.component.blocks import try_block
from fusee.engine.capi.component.format import Kind
from fusee.engine.capi.component.state import Value
from fusee.engine.capi.component.strings import check_utf8
from fusee.engine.capi.component.values import new_string, new_variant
from fusee.engine.capi.component.wasi.files import kind_of, new_stream
from fusee.engine.capi.component.wasi.requests import Request
from fusee.engine.capi.component.wasi.resources import ENTRIES_BYTES, Resource, What
from fusee.engine.capi.component.wasi.results import new_values, part, put_enum
from fusee.engine.capi.wasi.directories import read_entries
from fusee.engine.capi.wasi.guest import DOT
from fusee.engine.capi.wasi.state import (
    DIRECTORY,
    ILSEQ,
    NAMETOOLONG,
    NOMEM,
    NOTDIR,
    SUCCESS,
    UNKNOWN,
    Call,
    FileStat,
)  # fmt: skip
from fusee.engine.capi.wasi.status import status_of
from fusee.kernel.lang import (
    Ptr,
    cast,
    caught,
    is_null,
    kernel,
    load,
    minimum,
    stack_array,
    u8,
    u32,
    u64,
    usize,
)  # fmt: skip

DIRENT_BYTES: Final = u32(24)  # `d_next`, `d_ino`, `d_namlen`, `d_type`, and behind them the name
NAME_SIZE_AT: Final = 16
TYPE_AT: Final = 20


@kernel
def read_directory(r: Request) -> u32:
    status = stack_array(FileStat, 1)[0]
    errno = status_of(r.call, r.resource.fd, status)
    if errno == SUCCESS and status.filetype != DIRECTORY and status.filetype != UNKNOWN:
        return NOTDIR
    return new_stream(r, What.ENTRIES, u64(0), ~u32(0))


@kernel
def refill(call: Call, entries: Resource) -> u32:
    """The next records."""
    if is_null(entries.buffer):
        entries.buffer = try_block(ENTRIES_BYTES)
        if is_null(entries.buffer):
            return NOMEM
    used = stack_array(usize, 1)
    entries.size = u32(0)
    fd = cast(Resource, entries.file).fd
    errno = read_entries(call, fd, entries.offset, entries.buffer, ENTRIES_BYTES, used)
    entries.at = u32(0)  # not before: the app may have had it read by another part
    if errno == SUCCESS:
        entries.size = u32(minimum(used[0], ENTRIES_BYTES))
    return errno


@kernel
def has_record(entries: Resource) -> bool:
    """Whether the next record is in the buffer as a whole; the last one may have been cut off."""
    left = entries.size - entries.at
    return left >= DIRENT_BYTES and left - DIRENT_BYTES >= load(u32, entries.buffer + entries.at + NAME_SIZE_AT)


@kernel
def is_dots(name: Ptr[u8], size: u32) -> bool:
    """`.` or `..`, which are no entries here."""
    return (size == 1 and name[0] == DOT) or (size == 2 and name[0] == DOT and name[1] == DOT)


@kernel
def read_directory_entry(r: Request) -> u32:
    """The next entry, or none."""
    entries = r.resource
    while True:
        if not has_record(entries):
            errno = refill(r.call, entries)
            if errno != SUCCESS:
                return errno
            if not has_record(entries):
                if entries.size == ENTRIES_BYTES:
                    return NAMETOOLONG
                return SUCCESS if new_variant(r.payload, u32(0), False) else NOMEM
        record = entries.buffer + entries.at
        size = load(u32, record + NAME_SIZE_AT)
        entries.at += DIRENT_BYTES + size
        entries.offset = load(u64, record)
        if not is_dots(record + DIRENT_BYTES, size):
            return put_entry(r.payload, record, size)


@kernel
def put_entry(out: Value, record: Ptr[u8], size: u32) -> u32:
    """`some(directory-entry)`."""
    name = record + DIRENT_BYTES
    if caught(check_utf8, name, u64(size)) != 0:
        return ILSEQ
    if not new_variant(out, u32(1), True) or not new_values(part(out, u32(0)), Kind.RECORD, usize(2)):
        return NOMEM
    entry = part(out, u32(0))
    put_enum(part(entry, u32(0)), kind_of(u32(record[TYPE_AT])))
    return SUCCESS if new_string(part(entry, u32(1)), usize(size), name) else NOMEM
