"""What functions of HTTP give, as values; and new resources."""

from typing import Final

from fusee.engine.capi.component.blocks import try_block
from fusee.engine.capi.component.format import Kind
from fusee.engine.capi.component.http.lists import hold
from fusee.engine.capi.component.http.state import DONE, ERRORS, FULL, NONE, Ask, Part, Text
from fusee.engine.capi.component.state import Value
from fusee.engine.capi.component.values import delete_value, new_string, new_variant
from fusee.engine.capi.component.wasi.resources import Resource, What, add, drop, find, resource_at
from fusee.engine.capi.component.wasi.results import new_values, part, put_number
from fusee.engine.capi.wasi.state import SUCCESS
from fusee.kernel.lang import cast, is_null, kernel, null, size_of, span, stack_array, table, u8, u32, u64, usize
from fusee.spec.http import ERROR_CODES

NAMES: Final = list(ERROR_CODES)
_OPTION: Final = 1  # what a case has
_RECORD: Final = 2
PAYLOADS = table(u8, [
    0 if not payload else _OPTION if payload.startswith("option") else _RECORD for payload in ERROR_CODES.values()
])  # fmt: skip
NUMBERED: Final = u32(NAMES.index("HTTP-request-body-size"))  # the one whose size is known here
INTERNAL: Final = u32(NAMES.index("internal-error"))


@kernel
def done(is_made: bool) -> u32:
    return DONE if is_made else FULL


@kernel
def part_of(resource: Resource) -> Part:
    return cast(Part, resource.buffer)


@kernel
def new_part(a: Ask, what: What, out: Value) -> Part:
    """A new resource, with a value that is a handle to it; null if there is no room."""
    made = stack_array(u32, 1)
    if add(a.resources, what, made) != SUCCESS:
        return null(Part)
    resource = resource_at(a.resources, made[0])
    resource.buffer = try_block(usize(size_of(Part)))
    if is_null(resource.buffer):
        drop(a.resources, made[0])
        return null(Part)
    put_number(out, Kind.OWN, u64(made[0]))
    return part_of(resource)


@kernel
def owned(a: Ask, option: Value, what: What) -> Part:
    """What an `option` of a handle gives away; null if that is none of this kind.

    A component chooses its types, and only the outermost are looked at: a number is not to be taken for a handle.
    """
    if option.size != 1 or part(option, u32(0)).kind != u8(Kind.OWN):
        return null(Part)
    resource = find(a.resources, part(option, u32(0)), what)
    return null(Part) if is_null(resource) else part_of(resource)


@kernel
def give(a: Ask, out: Value, what: What, fields: usize) -> u32:
    """A new resource with these fields."""
    made = new_part(a, what, out)
    if is_null(made):
        return FULL
    made.fields = hold(fields)
    return DONE


@kernel
def give_fields(a: Ask, out: Value, fields: usize, flags: u8) -> u32:
    status = give(a, out, What.FIELDS, fields)
    if status == DONE:
        found_at = find(a.resources, out, What.FIELDS)
        found_at.flags = flags
    return status


@kernel
def put_ok(a: Ask) -> u32:
    """`ok` without anything."""
    return done(new_variant(a.result, u32(0), False))


@kernel
def put_failure(a: Ask) -> u32:
    """`err` without anything."""
    return done(new_variant(a.result, u32(1), False))


@kernel
def put_case(out: Value, which: u32, case: u32) -> bool:
    """A case with another one in it, which has nothing."""
    return new_variant(out, which, True) and new_variant(part(out, u32(0)), case, False)


@kernel
def put_option(out: Value, text: Text) -> bool:
    """A text, or none."""
    if text.which == 0:
        return new_variant(out, u32(0), False)
    return new_variant(out, u32(1), True) and new_string(part(out, u32(0)), usize(text.size), text.data)


@kernel
def put_duration(out: Value, duration: u64) -> bool:
    """A number, or none."""
    if duration == NONE:
        return new_variant(out, u32(0), False)
    if not new_variant(out, u32(1), True):
        return False
    put_number(part(out, u32(0)), Kind.U64, duration)
    return True


@kernel
def known_error(error: u32) -> u32:
    """One that the app has given: 0, or the number of an `error-code` and 1."""
    return error if error <= ERRORS else INTERNAL + 1


@kernel
def put_code(out: Value, code: u32, size: u64) -> bool:
    """An `error-code`, whose payload has nothing but perhaps a size."""
    payload = u32(PAYLOADS[code])
    if not new_variant(out, code, payload != 0):
        return False
    if payload == _OPTION:
        return put_duration(part(out, u32(0)), size if code == NUMBERED else NONE)
    if payload == _RECORD:
        record = part(out, u32(0))
        if not new_values(record, Kind.RECORD, usize(2)):
            return False
        for i in span(u32(2)):
            if not new_variant(part(record, i), u32(0), False):
                return False
    return True


@kernel
def put_error(a: Ask, code: u32, size: u64) -> u32:
    """The function's result is this error, in the place of what it may have begun to be."""
    delete_value(a.result)
    return done(new_variant(a.result, u32(1), True) and put_code(part(a.result, u32(0)), code, size))
