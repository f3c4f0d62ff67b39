"""Lists of fields, which are shared until one is changed, and texts: all within `MOST_BYTES`."""

from typing import Final

from fusee.engine.capi.component.blocks import delete_block, try_block
from fusee.engine.capi.component.http.state import MOST_BYTES, Field, Http, List, Text
from fusee.kernel.lang import (
    Ptr,
    address,
    cast,
    copy_bytes,
    is_null,
    kernel,
    load,
    maximum,
    null,
    size_of,
    span,
    store,
    u8,
    u32,
    usize,
)  # fmt: skip
from fusee.spec.http import MAX_FIELDS_BYTES

SIZES_BYTES: Final = u32(8)
FIRST_ROOM: Final = u32(256)
CASE: Final = u8(0x20)


@kernel
def take(http: Http, size: usize) -> Ptr[u8]:
    """Zeroed memory, which is accounted for; null if there is none."""
    if size > MOST_BYTES - http.used:
        return null(Ptr[u8])
    made = try_block(size)
    if not is_null(made):
        http.used += size
    return made


@kernel
def give_back(http: Http, block: Ptr[u8], size: usize) -> None:
    if not is_null(block):
        http.used -= size
        delete_block(block)


# Texts.


@kernel
def clear_text(http: Http, text: Text) -> None:
    give_back(http, text.data, usize(text.size))
    text.data = null(Ptr[u8])
    text.size = u32(0)
    text.which = u32(0)


@kernel
def set_text(http: Http, text: Text, which: u32, data: Ptr[u8], size: u32) -> bool:
    """In the place of what it was; false if there is no memory."""
    made = null(Ptr[u8])
    if size != 0:
        made = take(http, usize(size))
        if is_null(made):
            return False
        copy_bytes(made, data, usize(size))
    clear_text(http, text)
    text.data = made
    text.size = size
    text.which = which
    return True


# Lists.


@kernel
def bytes_of(list_: List) -> usize:
    return usize(size_of(List)) + list_.capacity


@kernel
def first_entry(list_: List) -> Ptr[u8]:
    return cast(Ptr[u8], list_) + usize(size_of(List))


@kernel
def entry_size(entry: Ptr[u8]) -> u32:
    return SIZES_BYTES + load(u32, entry) + load(u32, entry + 4)


@kernel
def hold(list_: usize) -> usize:
    """The same, for one more."""
    if list_ != 0:
        cast(List, list_).holders += 1
    return list_


@kernel
def let_list_go(http: Http, list_: usize) -> None:
    if list_ == 0:
        return
    held = cast(List, list_)
    held.holders -= 1
    if held.holders == 0:
        give_back(http, cast(Ptr[u8], held), bytes_of(held))


@kernel
def own(http: Http, place: Ptr[usize], more: u32) -> bool:
    """Have the list at a place be nobody else's, with room for more; false if there is no memory."""
    old = cast(List, place[0])
    size = u32(0)
    if not is_null(old):
        size = old.size
        if old.holders == 1 and old.capacity - size >= more:
            return True
    capacity = maximum(size + more, FIRST_ROOM)
    if more != 0:
        capacity = maximum(capacity, size * 2)
    made = cast(List, take(http, usize(size_of(List)) + capacity))
    if is_null(made):
        return False
    made.holders = u32(1)
    made.capacity = capacity
    if not is_null(old):
        made.count = old.count
        made.size = size
        copy_bytes(first_entry(made), first_entry(old), usize(size))
    let_list_go(http, place[0])
    place[0] = address(made)
    return True


@kernel
def append(http: Http, place: Ptr[usize], name: Ptr[u8], name_size: usize, value: Ptr[u8], value_size: usize) -> bool:
    """One more field, which has been looked at; false if that is too much, or there is no memory."""
    if name_size > MAX_FIELDS_BYTES or value_size > MAX_FIELDS_BYTES:
        return False
    size = u32(name_size) + u32(value_size)
    if place[0] != 0:
        before = cast(List, place[0])
        if before.size - before.count * SIZES_BYTES + size > MAX_FIELDS_BYTES:
            return False
    if size > MAX_FIELDS_BYTES or not own(http, place, size + SIZES_BYTES):
        return False
    list_ = cast(List, place[0])
    entry = first_entry(list_) + list_.size
    store(entry, u32(name_size))
    store(entry + 4, u32(value_size))
    copy_bytes(entry + SIZES_BYTES, name, name_size)
    if value_size != 0:
        copy_bytes(entry + (SIZES_BYTES + u32(name_size)), value, value_size)
    list_.size += size + SIZES_BYTES
    list_.count += 1
    return True


@kernel
def lower(byte: u8) -> u8:
    return byte | CASE if byte >= ord("A") and byte <= ord("Z") else byte


@kernel
def same_name(entry: Ptr[u8], name: Ptr[u8], size: usize) -> bool:
    """Names are equal in any case (RFC 9110, 5.1)."""
    if load(u32, entry) != size:
        return False
    for i in span(u32(size)):
        if lower(entry[SIZES_BYTES + i]) != lower(name[i]):
            return False
    return True


@kernel
def count_of(list_: usize, name: Ptr[u8], size: usize) -> u32:
    """How many values a name has."""
    found = u32(0)
    if list_ != 0:
        held = cast(List, list_)
        entry = first_entry(held)
        for _ in span(held.count):
            found += u32(same_name(entry, name, size))
            entry = entry + entry_size(entry)
    return found


@kernel
def remove(http: Http, place: Ptr[usize], name: Ptr[u8], size: usize) -> bool:
    """All values of a name; false if there is no memory."""
    if count_of(place[0], name, size) == 0:
        return True
    if not own(http, place, u32(0)):
        return False
    list_ = cast(List, place[0])
    left = list_.count
    entry = first_entry(list_)
    kept = entry
    list_.count = u32(0)
    list_.size = u32(0)
    for _ in span(left):
        taken = entry_size(entry)
        after = entry + taken
        if not same_name(entry, name, size):
            if address(kept) != address(entry):
                copy_bytes(kept, entry, usize(taken))
            kept = kept + taken
            list_.count += 1
            list_.size += taken
        entry = after
    return True


@kernel
def array_of(list_: usize, out: Ptr[Field]) -> None:
    """The fields as the app sees them; there is room for as many."""
    held = cast(List, list_)
    entry = first_entry(held)
    for i in span(held.count):
        field = out[i]
        field.name_size = usize(load(u32, entry))
        field.value_size = usize(load(u32, entry + 4))
        field.name = entry + SIZES_BYTES
        field.value = entry + (SIZES_BYTES + load(u32, entry))
        entry = entry + entry_size(entry)
