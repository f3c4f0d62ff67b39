"""The guest's memory, as WASI functions reach into it."""

from typing import Final

from fusee.engine.capi.blocks import delete_block, new_block
from fusee.engine.capi.wasi.state import ILSEQ, NOTCAPABLE, SUCCESS, Call, FileStat
from fusee.engine.runtime.memory import out_of_range
from fusee.kernel.lang import (
    Ptr,
    address,
    cast,
    copy_bytes,
    is_null,
    kernel,
    null,
    size_of,
    span,
    store,
    struct,
    u8,
    u32,
    u64,
    usize,
)  # fmt: skip

SLASH: Final = ord("/")
DOT: Final = ord(".")


@struct
class Text:
    """A copy of one of the guest's, which is behind this."""

    next: usize


@kernel
def argument(c: Call, index: u32) -> u32:
    """An `i32` argument."""
    return u32(c.arguments[index])


@kernel
def guest(c: Call, pointer: u32, size: u64) -> Ptr[u8]:
    """Where the guest's bytes are; null if they are not all within its memory."""
    if out_of_range(pointer, size, c.memory.length_bytes):
        return null(Ptr[u8])
    return c.memory.base + pointer


@kernel
def text(c: Call, index: u32, size: u32) -> Ptr[u8]:
    """The text that an `i32` argument points at, until the call ends; null if it is not within the guest's memory.

    Of a shared memory it is a copy: another thread would else change a path after it has been looked at. Without memory
    for that it is null, too.
    """
    found = guest(c, argument(c, index), u64(size))
    if is_null(found) or not c.memory.is_shared:
        return found
    copy = new_block(usize(size_of(Text)) + size)
    if is_null(copy):
        return copy
    cast(Text, copy).next = c.texts
    c.texts = address(copy)
    copy_bytes(copy + usize(size_of(Text)), found, usize(size))
    return copy + usize(size_of(Text))


@kernel
def delete_texts(c: Call) -> None:
    while c.texts != 0:
        last = c.texts
        c.texts = cast(Text, last).next
        delete_block(cast(Ptr[u8], last))


@kernel
def put_u32(c: Call, pointer: u32, value: u32) -> bool:
    """Write a number; false if there is no such place."""
    place = guest(c, pointer, u64(4))
    if is_null(place):
        return False
    store(place, value)
    return True


@kernel
def put_u64(c: Call, pointer: u32, value: u64) -> bool:
    """Write a number; false if there is no such place."""
    place = guest(c, pointer, u64(8))
    if is_null(place):
        return False
    store(place, value)
    return True


@kernel
def put_filestat(place: Ptr[u8], status: FileStat) -> None:
    """A `filestat` record, whose layout is the same on every target."""
    store(place, status.device)
    store(place + 8, status.inode)
    store(place + 16, u64(status.filetype & 0xFF))
    store(place + 24, status.links)
    store(place + 32, status.size)
    store(place + 40, status.accessed)
    store(place + 48, status.modified)
    store(place + 56, status.changed)


@kernel
def put_filestat_0(place: Ptr[u8], status: FileStat) -> None:
    """The record of snapshot 0, whose number of links has 32 bits."""
    store(place, status.device)
    store(place + 8, status.inode)
    store(place + 16, status.filetype & 0xFF)
    store(place + 20, u32(status.links))
    store(place + 24, status.size)
    store(place + 32, status.accessed)
    store(place + 40, status.modified)
    store(place + 48, status.changed)


@kernel
def check_text(text: Ptr[u8], size: u32) -> u32:
    """An errno for a zero byte, which would end a path early where the app makes a string of C's of it."""
    for i in span(size):
        if text[i] == 0:
            return ILSEQ
    return SUCCESS


@kernel
def check_path(path: Ptr[u8], size: u32) -> u32:
    """An errno for what would lead out of the directory that a path is relative to: `/` first, or too many `..`."""
    if check_text(path, size) != SUCCESS:
        return ILSEQ
    if size != 0 and path[0] == SLASH:
        return NOTCAPABLE
    depth = u32(0)
    start = u32(0)
    while start < size:
        end = start
        while end < size and path[end] != SLASH:
            end += 1
        length = end - start
        if length == 2 and path[start] == DOT and path[start + 1] == DOT:
            if depth == 0:
                return NOTCAPABLE
            depth -= 1
        elif length > 1 or (length == 1 and path[start] != DOT):
            depth += 1
        start = end + 1
    return SUCCESS
