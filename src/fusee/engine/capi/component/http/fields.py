"""`fields` of `wasi:http/types`, which may be changed unless they are a message's."""

from typing import Final

from fusee.engine.capi.component.format import Kind
from fusee.engine.capi.component.http.lists import (
    append,
    count_of,
    entry_size,
    first_entry,
    let_list_go,
    lower,
    remove,
    same_name,
)  # fmt: skip
from fusee.engine.capi.component.http.results import done, give_fields, put_case, put_ok
from fusee.engine.capi.component.http.state import DONE, FULL, MISUSED, Ask, Http, List, Received
from fusee.engine.capi.component.http.texts import TOKEN, VALUE, is_all, is_forbidden, is_text
from fusee.engine.capi.component.state import Value
from fusee.engine.capi.component.values import new_numbers, new_string, new_variant
from fusee.engine.capi.component.wasi.results import new_values, part, put_number
from fusee.kernel.lang import Ptr, cast, is_null, kernel, load, span, stack_array, u8, u32, u64, usize
from fusee.spec.http import HEADER_ERRORS, MAX_FIELDS_BYTES

IMMUTABLE: Final = u8(1)  # flag of a resource
BAD_SYNTAX: Final = u32(HEADER_ERRORS.index("invalid-syntax"))
IS_FORBIDDEN: Final = u32(HEADER_ERRORS.index("forbidden"))
IS_IMMUTABLE: Final = u32(HEADER_ERRORS.index("immutable"))
FINE: Final = u32(len(HEADER_ERRORS))  # no error


@kernel
def is_bytes(value: Value) -> bool:
    """Whether it is a list of bytes: a component chooses the types of what is in lists."""
    return value.kind == u8(Kind.NUMBERS) and value.which == Kind.U8


@kernel
def check_name(name: Value) -> u32:
    if not is_text(name.data, name.size, TOKEN):
        return BAD_SYNTAX
    return IS_FORBIDDEN if is_forbidden(name.data, name.size) else FINE


@kernel
def check_field(name: Value, value: Value) -> u32:
    """What is wrong with a field that a guest may send."""
    is_value = value.size <= MAX_FIELDS_BYTES and is_all(value.data, u32(value.size), VALUE)
    if not is_text(name.data, name.size, TOKEN) or not is_value:
        return BAD_SYNTAX
    return check_name(name)


@kernel
def refuse(a: Ask, error: u32) -> u32:
    return done(put_case(a.result, u32(1), error))


@kernel
def add_value(a: Ask, place: Ptr[usize], name: Value, value: Value) -> bool:
    return append(a.http, place, name.data, name.size, value.data, value.size)


@kernel
def take_list(a: Ask, place: Ptr[usize]) -> bool:
    """The list of the fields to be changed, if they may be."""
    if a.resource.flags == IMMUTABLE:
        return False
    place[0] = a.part.fields
    a.part.fields = usize(0)
    return True


@kernel
def change(a: Ask, place: Ptr[usize], is_made: bool) -> u32:
    """Have the fields be the list at a place again, which has been changed, if there was memory."""
    a.part.fields = place[0]
    return put_ok(a) if is_made else FULL


# Functions.


@kernel
def make_fields(a: Ask) -> u32:
    return give_fields(a, a.result, usize(0), u8(0))


@kernel
def from_list(a: Ask) -> u32:
    place = stack_array(usize, 1)
    place[0] = usize(0)
    entries = a.arguments[0]
    status = DONE
    error = FINE
    for i in span(u32(entries.size)):
        if status == DONE and error == FINE:
            entry = part(entries, i)
            if entry.size != 2 or part(entry, u32(0)).kind != u8(Kind.STRING) or not is_bytes(part(entry, u32(1))):
                status = MISUSED
            else:
                error = check_field(part(entry, u32(0)), part(entry, u32(1)))
                if error == FINE:
                    status = done(add_value(a, place, part(entry, u32(0)), part(entry, u32(1))))
    if status == DONE:
        if error != FINE:
            status = refuse(a, error)
        elif not new_variant(a.result, u32(0), True):
            status = FULL
        else:
            status = give_fields(a, part(a.result, u32(0)), place[0], u8(0))
    let_list_go(a.http, place[0])
    return status


@kernel
def get(a: Ask) -> u32:
    """The values of a name."""
    name = a.arguments[1]
    if not new_values(a.result, Kind.LIST, usize(count_of(a.part.fields, name.data, name.size))):
        return FULL
    if a.result.size == 0:
        return DONE
    list_ = cast(List, a.part.fields)
    entry = first_entry(list_)
    number = u32(0)
    for _ in span(list_.count):
        if same_name(entry, name.data, name.size):
            if not put_value(part(a.result, number), entry):
                return FULL
            number += 1
        entry = entry + entry_size(entry)
    return DONE


@kernel
def put_value(out: Value, entry: Ptr[u8]) -> bool:
    """The value of a field."""
    return new_numbers(out, Kind.U8, usize(load(u32, entry + 4)), entry + (8 + load(u32, entry)))


@kernel
def has(a: Ask) -> u32:
    name = a.arguments[1]
    put_number(a.result, Kind.BOOL, u64(count_of(a.part.fields, name.data, name.size) != 0))
    return DONE


@kernel
def set_values(a: Ask) -> u32:
    """In the place of those that the name had."""
    name, values = a.arguments[1], a.arguments[2]
    error = check_name(name)
    for i in span(u32(values.size)):
        value = part(values, i)
        if not is_bytes(value):
            return MISUSED
        if error == FINE:
            error = check_field(name, value)
    place = stack_array(usize, 1)
    if error != FINE or not take_list(a, place):
        return refuse(a, error if error != FINE else IS_IMMUTABLE)
    is_made = remove(a.http, place, name.data, name.size)
    for i in span(u32(values.size)):
        is_made = is_made and add_value(a, place, name, part(values, i))
    return change(a, place, is_made)


@kernel
def delete(a: Ask) -> u32:
    name = a.arguments[1]
    error = check_name(name)
    place = stack_array(usize, 1)
    if error != FINE or not take_list(a, place):
        return refuse(a, error if error != FINE else IS_IMMUTABLE)
    is_made = remove(a.http, place, name.data, name.size)
    return change(a, place, is_made)


@kernel
def append_value(a: Ask) -> u32:
    name, value = a.arguments[1], a.arguments[2]
    error = check_field(name, value)
    place = stack_array(usize, 1)
    if error != FINE or not take_list(a, place):
        return refuse(a, error if error != FINE else IS_IMMUTABLE)
    is_made = add_value(a, place, name, value)
    return change(a, place, is_made)


@kernel
def entries(a: Ask) -> u32:
    """All of them."""
    if a.part.fields == 0:
        return done(new_values(a.result, Kind.LIST, usize(0)))
    list_ = cast(List, a.part.fields)
    if not new_values(a.result, Kind.LIST, usize(list_.count)):
        return FULL
    entry = first_entry(list_)
    for i in span(list_.count):
        pair = part(a.result, i)
        if not new_values(pair, Kind.RECORD, usize(2)):
            return FULL
        if not new_string(part(pair, u32(0)), usize(load(u32, entry)), entry + 8):
            return FULL
        if not put_value(part(pair, u32(1)), entry):
            return FULL
        entry = entry + entry_size(entry)
    return DONE


@kernel
def clone(a: Ask) -> u32:
    """To be changed."""
    return give_fields(a, a.result, a.part.fields, u8(0))


@kernel
def headers(a: Ask) -> u32:
    """A message's, not to be changed."""
    return give_fields(a, a.result, a.part.fields, IMMUTABLE)


# What the app gives.


@kernel(export="fusee_http_fields_add")
def receive(fields: Received, name: Ptr[u8], name_size: usize, value: Ptr[u8], value_size: usize) -> bool:
    """One more, unless it belongs to the connection; false if it is none, if they are too many, or without memory."""
    if is_null(fields) or is_null(name) or (is_null(value) and value_size != 0):
        return False
    if not is_text(name, name_size, TOKEN) or value_size > MAX_FIELDS_BYTES:
        return False
    if not is_all(value, u32(value_size), VALUE):
        return False
    if is_forbidden(name, name_size):
        return True
    place = stack_array(usize, 1)
    place[0] = fields.list
    is_made = append(cast(Http, fields.http), place, name, name_size, value, value_size)
    fields.list = place[0]
    if is_made:
        lower_name(cast(List, place[0]), u32(name_size), u32(value_size))
    return is_made


@kernel
def lower_name(list_: List, name_size: u32, value_size: u32) -> None:
    """The name of the last field in small letters, as those from outside are."""
    name = first_entry(list_) + (list_.size - name_size - value_size)
    for i in span(name_size):
        name[i] = lower(name[i])
