"""Requests and responses of `wasi:http/types`: what they are made of, and what is allowed."""

from typing import Final

from fusee.engine.capi.component.format import Kind
from fusee.engine.capi.component.http.lists import count_of, entry_size, first_entry, same_name, set_text
from fusee.engine.capi.component.http.results import (
    done,
    give,
    new_part,
    part_of,
    put_failure,
    put_ok,
    put_option,
)
from fusee.engine.capi.component.http.state import DONE, FULL, MISUSED, NONE, Ask, List, Part, Text
from fusee.engine.capi.component.http.texts import DIGIT, TOKEN, is_all, is_authority, is_path, is_scheme, is_text
from fusee.engine.capi.component.state import Value
from fusee.engine.capi.component.values import new_string, new_variant
from fusee.engine.capi.component.wasi.resources import Resource, What, find
from fusee.engine.capi.component.wasi.results import bits_of, part, put_number
from fusee.kernel.lang import (
    Ptr,
    address,
    cast,
    is_null,
    kernel,
    load,
    null,
    span,
    table,
    u8,
    u32,
    u64,
    usize,
)
from fusee.spec.http import METHODS, SCHEMES, STATUSES

OTHER_METHOD: Final = u32(len(METHODS))
OTHER_SCHEME: Final = u32(len(SCHEMES))
LENGTH_NAME: Final = b"content-length"
LENGTH_SIZE: Final = usize(len(LENGTH_NAME))
LENGTH_TEXT = table(u8, LENGTH_NAME)
MOST_DIGITS: Final = u32(18)


@kernel
def make_message(a: Ask, what: What) -> u32:
    """With the headers that are given away."""
    return give(a, a.result, what, a.part.fields)


@kernel
def make_request(a: Ask) -> u32:
    """GET, of which nothing else is said."""
    status = make_message(a, What.REQUEST)
    if status == DONE:
        part_of(find(a.resources, a.result, What.REQUEST)).method.which = u32(1)
    return status


@kernel
def make_response(a: Ask) -> u32:
    """With the status 200."""
    status = make_message(a, What.ANSWER)
    if status == DONE:
        part_of(find(a.resources, a.result, What.ANSWER)).status = u32(200)
    return status


# Bodies of messages.


@kernel
def take_body(a: Ask) -> u32:
    """The body of a message that the guest makes, once."""
    if a.part.body != 0:
        return put_failure(a)
    if not new_variant(a.result, u32(0), True):
        return FULL
    made = new_part(a, What.OUTPUT_BODY, part(a.result, u32(0)))
    if is_null(made):
        return FULL
    made.length = content_length(a.part.fields)
    resource = find(a.resources, part(a.result, u32(0)), What.OUTPUT_BODY)
    resource.holders += 1
    a.part.body = address(resource)
    return DONE


@kernel
def content_length(fields: usize) -> u64:
    """What `content-length` says; `NONE` if it is missing or no number."""
    name = cast(Ptr[u8], LENGTH_TEXT)
    if count_of(fields, name, LENGTH_SIZE) != 1:
        return NONE
    list_ = cast(List, fields)
    entry = first_entry(list_)
    while not same_name(entry, name, LENGTH_SIZE):
        entry = entry + entry_size(entry)
    size = load(u32, entry + 4)
    digits = entry + (8 + load(u32, entry))
    if size == 0 or size > MOST_DIGITS or not is_all(digits, size, DIGIT):
        return NONE
    length = u64(0)
    for i in span(size):
        length = length * 10 + (u64(digits[i]) - ord("0"))
    return length


@kernel
def consume(a: Ask) -> u32:
    """The body of a message from outside, once."""
    if a.part.is_taken != 0:
        return put_failure(a)
    if not new_variant(a.result, u32(0), True):
        return FULL
    made = new_part(a, What.INPUT_BODY, part(a.result, u32(0)))
    if is_null(made):
        return FULL
    a.part.is_taken = u8(1)
    share(a.part, made)
    return DONE


@kernel
def share(from_: Part, to: Part) -> None:
    """One more that belongs to an exchange."""
    to.exchange = from_.exchange
    cast(Resource, to.exchange).holders += 1


# Texts.


@kernel
def put_named(out: Value, text: Text, other: u32) -> bool:
    """A case of a variant, of which the last one has a text."""
    case = text.which - 1
    if case != other:
        return new_variant(out, case, False)
    return new_variant(out, case, True) and new_string(part(out, u32(0)), usize(text.size), text.data)


@kernel
def set_named(a: Ask, text: Text, value: Value, other: u32) -> u32:
    """A case of a variant, whose text, if it has one, has been looked at."""
    data = null(Ptr[u8])
    size = u32(0)
    if value.which == other:
        data = part(value, u32(0)).data
        size = u32(part(value, u32(0)).size)
    if not set_text(a.http, text, value.which + 1, data, size):
        return FULL
    return put_ok(a)


@kernel
def is_case(value: Value, other: u32) -> bool:
    """Whether it is such a variant, and the text is one: a component chooses its types."""
    if value.kind != u8(Kind.VARIANT) or value.which > other:
        return False
    if value.which < other:
        return True
    return value.size == 1 and part(value, u32(0)).kind == u8(Kind.STRING)


@kernel
def method(a: Ask) -> u32:
    return done(put_named(a.result, a.part.method, OTHER_METHOD))


@kernel
def set_method(a: Ask) -> u32:
    value = a.arguments[1]
    if not is_case(value, OTHER_METHOD):
        return MISUSED
    if value.which == OTHER_METHOD:
        text = part(value, u32(0))
        if not is_text(text.data, text.size, TOKEN):
            return put_failure(a)
    return set_named(a, a.part.method, value, OTHER_METHOD)


@kernel
def scheme(a: Ask) -> u32:
    if a.part.scheme.which == 0:
        return done(new_variant(a.result, u32(0), False))
    if not new_variant(a.result, u32(1), True):
        return FULL
    return done(put_named(part(a.result, u32(0)), a.part.scheme, OTHER_SCHEME))


@kernel
def set_scheme(a: Ask) -> u32:
    option = a.arguments[1]
    if option.which == 0:
        return done(set_text(a.http, a.part.scheme, u32(0), null(Ptr[u8]), u32(0)) and put_ok(a) == DONE)
    value = part(option, u32(0))
    if option.size != 1 or not is_case(value, OTHER_SCHEME):
        return MISUSED
    if value.which == OTHER_SCHEME:
        text = part(value, u32(0))
        if not is_scheme(text.data, text.size):
            return put_failure(a)
    return set_named(a, a.part.scheme, value, OTHER_SCHEME)


@kernel
def path(a: Ask) -> u32:
    return done(put_option(a.result, a.part.path))


@kernel
def authority(a: Ask) -> u32:
    return done(put_option(a.result, a.part.authority))


@kernel
def set_option(a: Ask, text: Text, option: Value) -> u32:
    """A text that has been looked at, or none."""
    if option.which == 0:
        return done(set_text(a.http, text, u32(0), null(Ptr[u8]), u32(0)) and put_ok(a) == DONE)
    value = part(option, u32(0))
    return done(set_text(a.http, text, u32(1), value.data, u32(value.size)) and put_ok(a) == DONE)


@kernel
def is_optional_text(option: Value) -> bool:
    return option.which == 0 or (option.size == 1 and part(option, u32(0)).kind == u8(Kind.STRING))


@kernel
def set_path(a: Ask) -> u32:
    option = a.arguments[1]
    if not is_optional_text(option):
        return MISUSED
    if option.which != 0 and not is_path(part(option, u32(0)).data, part(option, u32(0)).size):
        return put_failure(a)
    return set_option(a, a.part.path, option)


@kernel
def set_authority(a: Ask) -> u32:
    option = a.arguments[1]
    if not is_optional_text(option):
        return MISUSED
    if option.which != 0 and not is_authority(part(option, u32(0)).data, part(option, u32(0)).size):
        return put_failure(a)
    return set_option(a, a.part.authority, option)


# Statuses.


@kernel
def status(a: Ask) -> u32:
    put_number(a.result, Kind.U16, u64(a.part.status))
    return DONE


@kernel
def set_status(a: Ask) -> u32:
    code = u32(bits_of(a.arguments[1])) & 0xFFFF
    if code < STATUSES.start or code >= STATUSES.stop:
        return put_failure(a)
    a.part.status = code
    return put_ok(a)
