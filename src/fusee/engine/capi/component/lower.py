"""Lowering: from values of the app's to the guest's memory and core values (CanonicalABI, "Storing" and so on)."""

from fusee.engine.capi.component.access import part_row, resource_row, type_row
from fusee.engine.capi.component.errors import Broken, Fault
from fusee.engine.capi.component.format import NONE, Kind, Owner, TypeRow
from fusee.engine.capi.component.guest import allocate
from fusee.engine.capi.component.handles import lower_borrow, lower_own
from fusee.engine.capi.component.lift import MOST_BYTES, discriminant_size, is_number, narrowed
from fusee.engine.capi.component.state import Call, Number, Value
from fusee.engine.capi.component.strings import is_scalar, lower_string
from fusee.kernel.lang import Ptr, address, cast, copy_bytes, is_null, kernel, span, store, u8, u16, u32, u64, usize


@kernel
def store_value(call: Call, number: u32, value: Value, place: u32) -> None:
    """Put a value of a type into memory, where there is room for it. The memory may move meanwhile."""
    row = type_row(call.instance.component, number)
    kind = row.kind
    if kind == Kind.RECORD:
        fields = parts_of(value, kind, usize(row.count))
        for i in span(row.count):
            part = part_row(call.instance.component, row.first + i)
            store_value(call, part.type, fields[i], place + part.offset)
    elif kind == Kind.VARIANT:
        store_variant(call, row, value, place)
    elif kind == Kind.STRING:
        pointer, length = lower_string(call, value)
        store_word(call, place, u32(4), u64(pointer))
        store_word(call, place + 4, u32(4), u64(length))
    elif kind == Kind.LIST:
        if row.extra == NONE:
            pointer, length = lower_list(call, row, value)
            store_word(call, place, u32(4), u64(pointer))
            store_word(call, place + 4, u32(4), u64(length))
        else:
            store_elements(call, row, value, usize(row.extra), place)
    else:
        store_word(call, place, row.size, lower_scalar(call, row, value))


@kernel
def lower_value(call: Call, number: u32, value: Value, slots: Ptr[u64]) -> None:
    """Make core values of a value; narrow ones are extended with zeros, and slots that are not needed stay."""
    row = type_row(call.instance.component, number)
    kind = row.kind
    if kind == Kind.RECORD:
        fields = parts_of(value, kind, usize(row.count))
        at = u32(0)
        for i in span(row.count):
            part = part_row(call.instance.component, row.first + i).type
            lower_value(call, part, fields[i], slots + at)
            at += type_row(call.instance.component, part).flat
    elif kind == Kind.VARIANT:
        part = case_of(call, row, value)
        slots[0] = u64(value.which)
        if part != NONE:
            lower_value(call, part, cast(Value, value.data), slots + 1)
    elif kind == Kind.STRING:
        pointer, length = lower_string(call, value)
        slots[0] = u64(pointer)
        slots[1] = u64(length)
    elif kind == Kind.LIST:
        if row.extra == NONE:
            pointer, length = lower_list(call, row, value)
            slots[0] = u64(pointer)
            slots[1] = u64(length)
        else:
            lower_elements(call, row, value, slots)
    else:
        word = lower_scalar(call, row, value)
        slots[0] = word if row.size == 8 else word & 0xFFFF_FFFF


@kernel
def store_word(call: Call, place: u32, size: u32, word: u64) -> None:
    """A number of 1, 2, 4 or 8 bytes."""
    at = call.base + place
    if size == 1:
        at[0] = u8(word)
    elif size == 2:
        store(at, u16(word))
    elif size == 4:
        store(at, u32(word))
    else:
        store(at, word)


@kernel
def lower_scalar(call: Call, row: TypeRow, value: Value) -> u64:
    """What is one core value or number in memory, extended to all bits if it is signed."""
    kind = row.kind
    if u32(value.kind) != kind:
        raise Broken(Fault.VALUE, 0)
    if kind == Kind.ENUM:
        if value.which >= row.extra:
            raise Broken(Fault.VALUE, 0)
        return u64(value.which)
    bits = cast(Number, address(value)).bits
    if kind == Kind.BOOL:
        return u64(bits & 0xFF != 0)
    bits = narrowed(kind, bits)
    if kind == Kind.CHAR:
        if not is_scalar(u32(bits)):
            raise Broken(Fault.VALUE, 0)
    elif kind == Kind.FLAGS:
        if row.extra < 32 and bits >> u64(row.extra) != 0:
            raise Broken(Fault.VALUE, 0)
    elif kind == Kind.OWN or kind == Kind.BORROW:
        return u64(lower_handle(call, row, u32(bits)))
    return bits


@kernel
def lower_handle(call: Call, row: TypeRow, number: u32) -> u32:
    is_component = resource_row(call.instance.component, row.extra).owner == Owner.COMPONENT
    if row.kind == Kind.OWN:
        return lower_own(call.instance, number, row.extra, is_component)
    return lower_borrow(call.instance, number, row.extra, is_component)


# What has parts.


@kernel
def parts_of(value: Value, kind: u32, count: usize) -> Ptr[Value]:
    """The parts of a value that must be of a kind, and have so many."""
    if u32(value.kind) != kind or value.size != count or (is_null(value.data) and count != 0):
        raise Broken(Fault.VALUE, 0)
    return cast(Ptr[Value], value.data)


@kernel
def case_of(call: Call, row: TypeRow, value: Value) -> u32:
    """The type of a variant's payload, which is there; or NONE, where none is."""
    if u32(value.kind) != Kind.VARIANT or value.which >= row.count:
        raise Broken(Fault.VALUE, 0)
    part = part_row(call.instance.component, row.first + value.which).type
    if (part != NONE) != (value.size == 1) or value.size > 1 or (part != NONE and is_null(value.data)):
        raise Broken(Fault.VALUE, 0)
    return part


@kernel
def store_variant(call: Call, row: TypeRow, value: Value, place: u32) -> None:
    part = case_of(call, row, value)
    store_word(call, place, discriminant_size(row.count), u64(value.which))
    if part != NONE:
        store_value(call, part, cast(Value, value.data), place + row.extra)


@kernel
def check_list(value: Value, element: TypeRow) -> None:
    """Numbers are in an array of their kind, everything else in a list."""
    is_array = is_number(element.kind)
    expected: Kind = Kind.NUMBERS if is_array else Kind.LIST
    if u32(value.kind) != expected or (is_array and value.which != element.kind):
        raise Broken(Fault.VALUE, 0)
    if is_null(value.data) and value.size != 0:
        raise Broken(Fault.VALUE, 0)


@kernel
def lower_list(call: Call, row: TypeRow, value: Value) -> tuple[u32, u32]:
    """Where a list is in the guest's memory, and how long."""
    element = type_row(call.instance.component, part_row(call.instance.component, row.first).type)
    check_list(value, element)
    count = u64(value.size)
    if count > MOST_BYTES or count * u64(element.size) > MOST_BYTES:
        raise Broken(Fault.VALUE, 0)
    pointer = allocate(call, element.alignment, count * u64(element.size))
    store_elements(call, row, value, value.size, pointer)
    return pointer, u32(count)


@kernel
def store_elements(call: Call, row: TypeRow, value: Value, count: usize, place: u32) -> None:
    """Elements into memory, where there is room for them."""
    part = part_row(call.instance.component, row.first).type
    element = type_row(call.instance.component, part)
    check_list(value, element)
    if value.size != count:
        raise Broken(Fault.VALUE, 0)
    if is_number(element.kind):
        if count != 0:
            copy_bytes(call.base + place, value.data, count * usize(element.size))
        return
    at = place
    for i in span(count):
        store_value(call, part, cast(Ptr[Value], value.data)[i], at)
        at += element.size


@kernel
def lower_elements(call: Call, row: TypeRow, value: Value, slots: Ptr[u64]) -> None:
    """A list of fixed length as core values."""
    part = part_row(call.instance.component, row.first).type
    element = type_row(call.instance.component, part)
    check_list(value, element)
    if value.size != usize(row.extra):
        raise Broken(Fault.VALUE, 0)
    for i in span(row.extra):
        if is_number(element.kind):
            slots[i] = u64(0)
            copy_bytes(cast(Ptr[u8], slots + i), value.data + i * element.size, usize(element.size))
            word = narrowed(element.kind, slots[i])
            slots[i] = word if element.size == 8 else word & 0xFFFF_FFFF
        else:
            lower_value(call, part, cast(Ptr[Value], value.data)[i], slots + i * element.flat)
