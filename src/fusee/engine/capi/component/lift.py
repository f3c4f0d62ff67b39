"""Lifting: from the guest's memory and core values to values of the app's (CanonicalABI, "Loading" and so on)."""

from typing import Final

from fusee.engine.capi.component.access import part_row, resource_row, type_row
from fusee.engine.capi.component.blocks import new_values, value_room
from fusee.engine.capi.component.errors import Broken, Fault
from fusee.engine.capi.component.format import MOST_FLAT_PARAMS, NONE, FunctionRow, Kind, Owner, TypeRow
from fusee.engine.capi.component.guest import check_area
from fusee.engine.capi.component.handles import lift_borrow, lift_own
from fusee.engine.capi.component.state import Call, Number, Value
from fusee.engine.capi.component.strings import is_scalar, lift_string
from fusee.engine.capi.state import VAL_F32, VAL_I32
from fusee.engine.capi.state import Value as CoreValue
from fusee.kernel.lang import (
    Ptr,
    address,
    cast,
    copy_bytes,
    i8,
    i16,
    i32,
    kernel,
    load,
    span,
    stack_array,
    u8,
    u16,
    u32,
    u64,
    usize,
)

MOST_BYTES: Final = (1 << 28) - 1  # of a list


@kernel
def load_value(call: Call, number: u32, place: u32, out: Value) -> None:
    """The value of a type in memory, where there is room for it. What `out` has is complete even if this raises."""
    row = type_row(call.instance.component, number)
    kind = row.kind
    if kind == Kind.RECORD:
        load_fields(call, row, place, out)
    elif kind == Kind.VARIANT:
        case = load_word(call, place, discriminant_size(row.count))
        part = new_case(call, row, case, out)
        if part != NONE:
            load_value(call, part, place + row.extra, cast(Value, out.data))
    elif kind == Kind.STRING:
        lift_string(call, u32(load_word(call, place, u32(4))), u32(load_word(call, place + 4, u32(4))), out)
    elif kind == Kind.LIST:
        if row.extra == NONE:
            lift_list(call, row, u32(load_word(call, place, u32(4))), u32(load_word(call, place + 4, u32(4))), out)
        else:
            load_elements(call, row, place, u64(row.extra), out)
    else:
        lift_scalar(call, row, load_word(call, place, row.size), out)


@kernel
def lift_value(call: Call, number: u32, slots: Ptr[u64], out: Value) -> None:
    """The value of a type from core values, of which narrow ones are extended with zeros."""
    row = type_row(call.instance.component, number)
    kind = row.kind
    if kind == Kind.RECORD:
        lift_fields(call, row, slots, out)
    elif kind == Kind.VARIANT:
        part = new_case(call, row, slots[0] & 0xFFFF_FFFF, out)
        if part != NONE:
            lift_value(call, part, slots + 1, cast(Value, out.data))
    elif kind == Kind.STRING:
        lift_string(call, u32(slots[0]), u32(slots[1]), out)
    elif kind == Kind.LIST:
        if row.extra == NONE:
            lift_list(call, row, u32(slots[0]), u32(slots[1]), out)
        else:
            lift_elements(call, row, slots, out)
    else:
        lift_scalar(call, row, slots[0], out)


@kernel
def load_word(call: Call, place: u32, size: u32) -> u64:
    """A number of 1, 2, 4 or 8 bytes."""
    at = call.base + place
    if size == 1:
        return u64(at[0])
    if size == 2:
        return u64(load(u16, at))
    return u64(load(u32, at)) if size == 4 else load(u64, at)


@kernel
def discriminant_size(cases: u32) -> u32:
    """How many bytes say which of so many cases a variant is."""
    return u32(1) if cases <= 0x100 else u32(2) if cases <= 0x1_0000 else u32(4)


@kernel
def lift_scalar(call: Call, row: TypeRow, word: u64, out: Value) -> None:
    """What one core value or number in memory says."""
    kind = row.kind
    number = cast(Number, address(out))
    bits = narrowed(kind, word)
    if kind == Kind.CHAR:
        if not is_scalar(u32(bits)):
            raise Broken(Fault.CHAR, 0)
    elif kind == Kind.ENUM:
        if u32(bits) >= row.extra:
            raise Broken(Fault.CASE, u32(bits))
        out.which = u32(bits)
    elif kind == Kind.FLAGS:
        if row.extra < 32:
            bits = bits & ((u64(1) << u64(row.extra)) - 1)
    elif kind == Kind.OWN:
        is_component = resource_row(call.instance.component, row.extra).owner == Owner.COMPONENT
        bits = u64(lift_own(call.instance, u32(bits), row.extra, is_component))
        out.which = row.extra
    elif kind == Kind.BORROW:
        bits = u64(lift_borrow(call.instance, u32(bits), row.extra))
        out.which = row.extra
    out.kind = u8(kind)
    number.bits = bits


@kernel
def narrowed(kind: u32, word: u64) -> u64:
    """A core value as a number of a kind; signed ones are extended to all bits."""
    if kind == Kind.BOOL:
        return u64(u32(word) != 0)
    if kind == Kind.S8:
        return u64(i8(word))
    if kind == Kind.U8:
        return word & 0xFF
    if kind == Kind.S16:
        return u64(i16(word))
    if kind == Kind.U16:
        return word & 0xFFFF
    if kind == Kind.S32:
        return u64(i32(word))
    is_wide = kind == Kind.S64 or kind == Kind.U64 or kind == Kind.F64
    return word if is_wide else word & 0xFFFF_FFFF


# What has parts.


@kernel
def new_case(call: Call, row: TypeRow, case: u64, out: Value) -> u32:
    """Make `out` a case of a variant, with room for its payload: the type of that, or NONE."""
    if case >= u64(row.count):
        raise Broken(Fault.CASE, u32(case))
    out.kind = u8(Kind.VARIANT)
    out.which = u32(case)
    part = part_row(call.instance.component, row.first + u32(case)).type
    if part != NONE:
        new_values(call, out, u64(1))
    return part


@kernel
def load_fields(call: Call, row: TypeRow, place: u32, out: Value) -> None:
    out.kind = u8(Kind.RECORD)
    fields = new_values(call, out, u64(row.count))
    for i in span(row.count):
        part = part_row(call.instance.component, row.first + i)
        load_value(call, part.type, place + part.offset, fields[i])


@kernel
def lift_fields(call: Call, row: TypeRow, slots: Ptr[u64], out: Value) -> None:
    out.kind = u8(Kind.RECORD)
    fields = new_values(call, out, u64(row.count))
    at = u32(0)
    for i in span(row.count):
        part = part_row(call.instance.component, row.first + i).type
        lift_value(call, part, slots + at, fields[i])
        at += type_row(call.instance.component, part).flat


@kernel
def is_number(kind: u32) -> bool:
    """Whether lists of it are arrays."""
    return kind >= Kind.S8 and kind <= Kind.F64


@kernel
def lift_list(call: Call, row: TypeRow, pointer: u32, length: u32, out: Value) -> None:
    """A list that is somewhere in memory."""
    element = type_row(call.instance.component, part_row(call.instance.component, row.first).type)
    size = u64(length) * u64(element.size)
    if size > MOST_BYTES:
        raise Broken(Fault.LIST_LENGTH, 0)
    if pointer & (element.alignment - 1) != 0:
        raise Broken(Fault.LIST_ALIGNMENT, 0)
    if u64(pointer) + size > call.size:
        raise Broken(Fault.LIST_BOUNDS, 0)
    load_elements(call, row, pointer, u64(length), out)


@kernel
def load_elements(call: Call, row: TypeRow, place: u32, count: u64, out: Value) -> None:
    """Elements in memory, which are all there."""
    part = part_row(call.instance.component, row.first).type
    element = type_row(call.instance.component, part)
    if is_number(element.kind):
        out.data = value_room(call, count, usize(element.size))
        out.kind = u8(Kind.NUMBERS)
        out.which = element.kind
        out.size = usize(count)
        if count != 0:
            copy_bytes(out.data, call.base + place, usize(count) * usize(element.size))
        return
    out.kind = u8(Kind.LIST)
    values = new_values(call, out, count)
    at = place
    for i in span(u32(count)):
        load_value(call, part, at, values[i])
        at += element.size


@kernel
def lift_elements(call: Call, row: TypeRow, slots: Ptr[u64], out: Value) -> None:
    """A list of fixed length from core values."""
    part = part_row(call.instance.component, row.first).type
    element = type_row(call.instance.component, part)
    if is_number(element.kind):
        out.data = value_room(call, u64(row.extra), usize(element.size))
        out.kind = u8(Kind.NUMBERS)
        out.which = element.kind
        out.size = usize(row.extra)
        for i in span(row.extra):
            copy_bytes(out.data + i * element.size, cast(Ptr[u8], slots + i), usize(element.size))
        return
    out.kind = u8(Kind.LIST)
    values = new_values(call, out, u64(row.extra))
    for i in span(row.extra):
        lift_value(call, part, slots + i * element.flat, values[i])


# Arguments of a function that the guest calls.


@kernel(inline=True)
def word_of(value: CoreValue) -> u64:
    narrow = u32(value.kind) == VAL_I32 or value.kind == VAL_F32
    return value.bits & 0xFFFF_FFFF if narrow else value.bits


@kernel
def lift_arguments(call: Call, function: FunctionRow, arguments: Ptr[CoreValue], values: Ptr[Value], most: u32) -> None:
    """Values that are core values, if these are `most` at most, or in memory."""
    c = call.instance.component
    params = type_row(c, function.params)
    if params.flat > most:
        pointer = u32(word_of(arguments[0]))
        check_area(call, pointer, params.size, params.alignment)
        for i in span(params.count):
            part = part_row(c, params.first + i)
            load_value(call, part.type, pointer + part.offset, values[i])
        return
    slots = stack_array(u64, MOST_FLAT_PARAMS)
    for i in span(params.flat):
        slots[i] = word_of(arguments[i])
    at = u32(0)
    for i in span(params.count):
        part_type = part_row(c, params.first + i).type
        lift_value(call, part_type, slots + at, values[i])
        at += type_row(c, part_type).flat
