"""Emitting instructions: operands get forms, destinations are chosen or changed."""

from typing import Final

from fusee.engine.isa.forms import ACC, CONST, NOWHERE, SLOT
from fusee.engine.isa.table import (
    CLASS,
    DESTINATIONS,
    FIRST_TREE_ROW,
    FLOAT_SOURCES,
    INNER_PLACE,
    INNER_ROW,
    MIRRORED_PAIR,
    NEEDS_ACC,
    NUMBER,
    OUTER_ROW,
    PLACE_CODE,
    RESULT_IS_FLOAT,
    SOURCES,
)  # fmt: skip
from fusee.engine.translate.comparison import VALUE_ROW, fits_field, normalize, row_index
from fusee.engine.translate.encode import add_immediate, add_source, new_ins
from fusee.engine.translate.lookup import has_signature, has_sources, sources_key, with_destination
from fusee.engine.translate.state import (
    COMPARE,
    CONSTANT,
    F64,
    I64,
    IN_ACC,
    LOCAL,
    NO_INS,
    NO_VALUE,
    SLOTTED,
    Ins,
    Translator,
    Value,
)  # fmt: skip
from fusee.engine.translate.values import (
    canonical,
    free,
    is_float,
    is_waiting,
    leave_place,
    new_value,
    own_slot,
)  # fmt: skip
from fusee.kernel.lang import kernel, minimum, span, u8, u16, u32, u64

MOV: Final = NUMBER["mov"]
MOV64: Final = NUMBER["mov64"]
FMOV: Final = NUMBER["fmov"]


@kernel(inline=True)
def ins_number(t: Translator) -> u32:
    """Number of the latest instruction."""
    return t.first_ins + t.ins_count - 1


# Operands


@kernel(inline=True)
def form_of(t: Translator, value: Value) -> u32:
    """The form in which an instruction can read the value; of what waits or must move first, the one it will have."""
    if value.kind == LOCAL:
        return u32(t.locals[u32(value.payload)].form)
    if value.kind == CONSTANT:
        return u32(CONST) if fits_field(value) else u32(SLOT)
    return u32(SLOT) if value.kind == SLOTTED else u32(ACC)


@kernel(inline=True)
def is_large(value: Value) -> bool:
    """Whether it is a constant for which cells have no field."""
    return value.kind == CONSTANT and not fits_field(value)


@kernel
def sources_of(t: Translator, kind: u32, count: u32, first: u32, second: u32, third: u32) -> u32:
    """What a row's key has of its operands, given in the order in which `emit` takes them."""
    a = form_of(t, t.values[first]) if count > 0 else u32(0)
    b = form_of(t, t.values[second]) if count > 1 else u32(0)
    c = form_of(t, t.values[third]) if count > 2 else u32(0)
    pair = u32(MIRRORED_PAIR[kind])
    if pair == 1 and a > b:
        return sources_key(b, a, c)
    if pair == 2 and b > c:
        return sources_key(a, c, b)
    return sources_key(a, b, c)


@kernel(inline=True)
def has_handler(t: Translator, row: u32, count: u32, first: u32, second: u32, third: u32) -> bool:
    """Whether the row exists for the operands' forms and any destination."""
    kind = u32(CLASS[row])
    return has_sources(kind, sources_of(t, kind, count, first, second, third))


@kernel(inline=True)
def can_write(kind: u32, form: u32) -> bool:
    """Whether rows of a class can put their result there."""
    return u32(DESTINATIONS[kind]) >> u32(PLACE_CODE[form]) & 1 != 0


@kernel
def move_acc(t: Translator, float_bank: bool, form: u32, slot: u32) -> None:
    """Copy the accumulator of a bank."""
    i = new_ins(t, u32(FMOV) if float_bank else u32(MOV))  # `new_ins` has left its source in the accumulator
    i.destination = u8(form)
    i.slot = u16(slot)


@kernel
def make_way(t: Translator, float_bank: bool, first: u32, second: u32, third: u32) -> None:
    """Before an instruction that writes the accumulator: save what is in it, unless that is an operand."""
    occupant = t.facc if float_bank else t.acc
    if occupant != NO_VALUE and occupant != first and occupant != second and occupant != third:
        unload(t, float_bank)


@kernel
def move_value(t: Translator, number: u32, form: u32, slot: u32) -> None:
    """Move a value that does not wait; it leaves its old place."""
    value = t.values[number]
    if form == ACC:
        make_way(t, is_float(value.type), number, number, number)
    if is_large(value):
        i = new_ins(t, u32(MOV64))
        add_immediate(i, value.payload)
    else:
        i = new_ins(t, u32(FMOV) if is_float(value.type) else u32(MOV))
        take(t, i, u32(0), number)
    i.destination = u8(form)
    i.slot = u16(slot)


@kernel
def take(t: Translator, i: Ins, place: u32, number: u32) -> None:
    """A value that does not wait becomes an operand of the latest instruction, and leaves its place."""
    value = t.values[number]
    add_source(i, place, form_of(t, value), value.payload)
    if value.kind == LOCAL:
        local = t.locals[u32(value.payload)]
        local.last_access = ins_number(t)
        local.waiting -= 1
    elif value.kind != CONSTANT:
        if value.kind == SLOTTED and value.payload >= u64(t.out):
            t.out_barrier = ins_number(t)
        leave_place(t, value, number)


@kernel
def compute_value(t: Translator, number: u32, form: u32, slot: u32) -> None:
    """Emit what the value is, to the given place. The value itself keeps its number; its operands are consumed."""
    value = t.values[number]
    if not is_waiting(value):
        move_value(t, number, form, slot)
        return
    row = u32(value.row)
    if value.kind == COMPARE:
        normalize(t, value)
        row = u32(VALUE_ROW[row_index(value.producer, u32(value.row))])
    emit(t, row, value.operand_count, value.operands[0], value.operands[1], value.operands[2], form, slot)


@kernel
def into_temporary(t: Translator, number: u32, place: u32) -> None:
    """Put an operand into the temporary slot of its place, for the instruction that is about to be emitted."""
    slot = t.temporaries + place
    move_value(t, number, u32(SLOT), slot)
    t.values[number].kind = u8(SLOTTED)
    t.values[number].payload = u64(slot)


@kernel
def into_accumulator(t: Translator, number: u32) -> None:
    """Put an operand into the accumulator, for the instruction that is about to be emitted."""
    value = t.values[number]
    if value.kind != IN_ACC:
        move_value(t, number, u32(ACC), u32(0))
        value.kind = u8(IN_ACC)
        value.payload = u64(0)
        value.producer = u32(NO_INS)


@kernel
def compute_operand(t: Translator, number: u32) -> None:
    """Emit a value that waits and is on no stack any more, for the instruction that is about to be emitted."""
    compute_value(t, number, u32(ACC), u32(0))
    value = t.values[number]
    value.kind = u8(IN_ACC)
    value.payload = u64(0)
    value.producer = u32(NO_INS)
    value.operand_count = u32(0)


@kernel(inline=True)
def keeps_place(t: Translator, number: u32) -> bool:
    """Whether a value in the accumulator has a slot to go to; one that was only put there for an operand has none."""
    return t.acc == number or t.facc == number


@kernel
def legalize(t: Translator, row: u32, count: u32, first: u32, second: u32, third: u32) -> None:
    """Move operands until the row has a handler for their forms: the accumulator first, then constants, then all."""
    kind = CLASS[row]
    for place in span(count):
        number = operand_at(place, first, second, third)
        if t.values[number].kind == CONSTANT and u32(FLOAT_SOURCES[kind]) >> place & 1 == 0:
            if not fits_field(t.values[number]):
                into_temporary(t, number, place)
    if NEEDS_ACC[kind] != 0:
        into_accumulator(t, operand_at(u32(NEEDS_ACC[kind]) - 1, first, second, third))
    if has_handler(t, row, count, first, second, third):
        return
    for place in span(count):
        number = operand_at(place, first, second, third)
        if t.values[number].kind == IN_ACC and place + 1 != u32(NEEDS_ACC[kind]) and keeps_place(t, number):
            unload(t, is_float(t.values[number].type))
    if has_handler(t, row, count, first, second, third):
        return
    for place in span(count):
        number = operand_at(place, first, second, third)
        if t.values[number].kind == CONSTANT:
            into_temporary(t, number, place)
    if has_handler(t, row, count, first, second, third):
        return
    for place in span(count):
        number = operand_at(place, first, second, third)
        if place + 1 != u32(NEEDS_ACC[kind]) and form_of(t, t.values[number]) != SLOT:
            into_temporary(t, number, place)


@kernel(inline=True)
def operand_at(place: u32, first: u32, second: u32, third: u32) -> u32:
    return first if place == 0 else second if place == 1 else third


@kernel
def emit(
    t: Translator, row: u32, count: u32, first: u32, second: u32, third: u32, form: u32, slot: u32
) -> None:  # fmt: skip
    """Emit a row on `count` operands, none of which waits. They are consumed."""
    kind = u32(CLASS[row])
    sources = sources_of(t, kind, count, first, second, third)
    if row >= FIRST_TREE_ROW and not has_signature(kind, with_destination(sources, form)):
        emit_parts(t, row, count, first, second, third, form, slot)
        return
    if has_large(t, count, first, second, third) or not has_sources(kind, sources):
        legalize(t, row, count, first, second, third)
        emit(t, row, count, first, second, third, form, slot)
        return
    is_direct = form == NOWHERE or can_write(kind, form)
    if form == ACC or not is_direct:
        make_way(t, RESULT_IS_FLOAT[kind] != 0, first, second, third)
    i = new_ins(t, row)
    i.destination = u8(form) if is_direct else u8(ACC)
    i.slot = u16(slot)
    take_all(t, i, u32(MIRRORED_PAIR[kind]), count, first, second, third)
    if not is_direct:
        move_acc(t, RESULT_IS_FLOAT[kind] != 0, form, slot)


@kernel(inline=True)
def has_large(t: Translator, count: u32, first: u32, second: u32, third: u32) -> bool:
    """Whether any operand is a constant for which cells have no field."""
    return (
        (count > 0 and is_large(t.values[first]))
        or (count > 1 and is_large(t.values[second]))
        or (count > 2 and is_large(t.values[third]))
    )


@kernel(inline=True)
def take_all(t: Translator, i: Ins, pair: u32, count: u32, first: u32, second: u32, third: u32) -> None:
    """The operands of the latest instruction are consumed; those of a mirrored pair in the order that exists."""
    a = first
    b = second
    c = third
    if pair == 1 and form_of(t, t.values[a]) > form_of(t, t.values[b]):
        a = second
        b = first
    elif pair == 2 and form_of(t, t.values[b]) > form_of(t, t.values[c]):
        b = third
        c = second
    for place in span(count):
        number = operand_at(place, a, b, c)
        take(t, i, place, number)
        free(t, number)


@kernel
def emit_parts(
    t: Translator, row: u32, count: u32, first: u32, second: u32, third: u32, form: u32, slot: u32
) -> None:  # fmt: skip
    """Emit a tree that has no handler for these operands: its inner node into the accumulator, then its outer one."""
    tree = row - FIRST_TREE_ROW
    outer = u32(OUTER_ROW[tree])
    inner = u32(INNER_ROW[tree])
    inner_count = u32(SOURCES[CLASS[inner]])
    place = u32(INNER_PLACE[tree])
    other = u32(NO_VALUE)
    if count > inner_count:
        other = first if place == 1 else operand_at(inner_count, first, second, third)
    a = first if place == 0 else second
    # Operands of the outer node are none of the inner one's: they must leave the accumulator that it writes.
    b = u32(NO_VALUE)
    if inner_count > 1:
        b = second if place == 0 else third
    c = third if inner_count > 2 else u32(NO_VALUE)
    emit(t, inner, inner_count, a, b, c, u32(ACC), u32(0))
    number = new_value(t, u32(IN_ACC), u8(F64) if RESULT_IS_FLOAT[CLASS[inner]] != 0 else u8(I64))
    t.values[number].producer = u32(NO_INS)
    if place == 0:
        emit(t, outer, count - inner_count + 1, number, other, u32(NO_VALUE), form, slot)
    else:
        emit(t, outer, u32(2), other, number, u32(NO_VALUE), form, slot)


# The accumulator and the canonical slots


@kernel
def unload(t: Translator, float_bank: bool) -> None:
    """Free the accumulator of a bank: its value moves to a slot, if possible by changing where it was put."""
    number = t.facc if float_bank else t.acc
    if number == NO_VALUE:
        return
    value = t.values[number]
    if value.payload != 0:  # a call's result, which is in a slot as well
        value.payload -= 1
    else:
        slot = canonical(t, value.position)
        if not redirect(t, value, u32(SLOT), slot):
            move_acc(t, float_bank, u32(SLOT), slot)
        value.payload = u64(slot)
    value.kind = u8(SLOTTED)
    if float_bank:
        t.facc = u32(NO_VALUE)
    else:
        t.acc = u32(NO_VALUE)


@kernel
def redirect(t: Translator, value: Value, form: u32, slot: u32) -> bool:
    """Let the instruction that put `value` into the accumulator write elsewhere, if it still waits and can."""
    if value.producer == NO_INS or value.producer < t.first_ins:
        return False
    i = t.ins[value.producer - t.first_ins]
    if i.destination != ACC or not has_signature(u32(CLASS[i.row]), with_destination(u32(i.sources), form)):
        return False
    i.destination = u8(form)
    i.slot = u16(slot)
    return True


@kernel
def claim(t: Translator, position: u32, number: u32) -> None:
    """Free a canonical slot for `number`: who else is in it is an operand of something that waits below."""
    if t.owners[position] != 0:
        owner = t.owners[position] - 1
        value = t.values[number]
        if owner == number:
            return
        if is_waiting(value):
            for place in span(value.operand_count):
                if value.operands[place] == owner:
                    return
        settle_waiting(t, position)


@kernel
def settle_waiting(t: Translator, position: u32) -> None:
    """Emit everything that waits on the stack below `position`, the lowest first, into canonical slots.

    In this order no slot needs to be claimed: its owner would wait below.
    """
    for place in span(minimum(t.settled, position), minimum(position, t.height)):
        if is_waiting(t.values[t.stack[place]]):
            settle_claimed(t, t.stack[place])


@kernel
def settle_claimed(t: Translator, number: u32) -> None:
    """Put a value into its canonical slot, which is free."""
    value = t.values[number]
    slot = canonical(t, value.position)
    if value.kind == SLOTTED and value.payload == u64(slot):
        return
    if value.kind == IN_ACC and value.payload == 0:
        unload(t, is_float(value.type))
        return
    compute_value(t, number, u32(SLOT), slot)
    value.kind = u8(SLOTTED)
    value.payload = u64(slot)
    own_slot(t, number)


@kernel
def settle(t: Translator, number: u32) -> None:
    """Put a value on the stack into its canonical slot."""
    claim(t, t.values[number].position, number)
    settle_claimed(t, number)


@kernel
def settle_all(t: Translator) -> None:
    """Put the whole stack into canonical slots, as labels expect it."""
    for place in span(t.settled, t.height):
        settle_claimed(t, t.stack[place])
    t.settled = t.height


@kernel
def materialize(t: Translator, number: u32) -> None:
    """Emit a value on the stack that waits, into the accumulator."""
    value = t.values[number]
    if is_waiting(value):
        claim(t, value.position, number)
        compute_value(t, number, u32(ACC), u32(0))
        hold_in_acc(t, number)


@kernel
def hold_in_acc(t: Translator, number: u32) -> None:
    """The latest instruction has put the value into the accumulator; its canonical slot is reserved."""
    value = t.values[number]
    value.kind = u8(IN_ACC)
    value.payload = u64(0)
    value.producer = ins_number(t)
    value.operand_count = u32(0)
    own_slot(t, number)
    if is_float(value.type):
        t.facc = number
    else:
        t.acc = number
