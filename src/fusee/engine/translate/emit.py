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
from fusee.engine.translate.encode import flush
from fusee.engine.translate.lookup import ANYWHERE, NO_SIGNATURE, find_signature, signature_of, sources_key
from fusee.engine.translate.state import (
    COMPARE,
    CONSTANT,
    F64,
    I64,
    IN_ACC,
    INS_CAPACITY,
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
    is_float,
    is_waiting,
    loosen,
    new_value,
    own_slot,
    release,
)  # fmt: skip
from fusee.kernel.lang import kernel, minimum, span, u8, u16, u32, u64

MOV: Final = NUMBER["mov"]
MOV64: Final = NUMBER["mov64"]
FMOV: Final = NUMBER["fmov"]


@kernel
def new_ins(t: Translator, row: u32) -> Ins:
    """Append an instruction without operands and destination."""
    if t.ins_count == INS_CAPACITY:
        flush(t)
    i = t.ins[t.ins_count]
    t.ins_count += 1
    i.row = u16(row)
    i.destination = u8(NOWHERE)
    i.immediate_count = u16(0)
    i.source_offset = t.source_offset
    return i


@kernel(inline=True)
def ins_number(t: Translator) -> u32:
    """Number of the latest instruction."""
    return t.first_ins + t.ins_count - 1


@kernel(inline=True)
def add_immediate(i: Ins, value: u64) -> None:
    i.immediates[i.immediate_count] = value
    i.immediate_count += 1


# Operands


@kernel
def form_of(t: Translator, value: Value) -> u32:
    """The form in which an instruction can read the value; of what waits or must move first, the one it will have."""
    if value.kind == LOCAL:
        local = t.locals[u32(value.payload)]
        if local.pin != 0 and local.in_pin:
            return u32(local.pin)
        return u32(SLOT)
    if value.kind == IN_ACC:
        return u32(ACC)
    if value.kind == CONSTANT:
        return u32(CONST) if fits_field(value) else u32(SLOT)
    return u32(ACC) if is_waiting(value) else u32(SLOT)


@kernel
def has_handler(t: Translator, row: u32, count: u32, first: u32, second: u32, third: u32, destination: u32) -> bool:
    """Whether the row exists for a destination and the operands' forms, in the order in which `emit` takes them."""
    a = form_of(t, t.values[first]) if count > 0 else u32(0)
    b = form_of(t, t.values[second]) if count > 1 else u32(0)
    c = form_of(t, t.values[third]) if count > 2 else u32(0)
    pair = u32(MIRRORED_PAIR[CLASS[row]])
    if pair == 1 and a > b:
        swapped = a
        a = b
        b = swapped
    elif pair == 2 and b > c:
        swapped = b
        b = c
        c = swapped
    return find_signature(row, sources_key(a, b, c), destination) != NO_SIGNATURE


@kernel(inline=True)
def can_write(row: u32, form: u32) -> bool:
    """Whether the row can put its result there."""
    return u32(DESTINATIONS[CLASS[row]]) >> u32(PLACE_CODE[form]) & 1 != 0


@kernel
def write_to(t: Translator, i: Ins, form: u32, slot: u32) -> None:
    """Set the destination of the latest instruction, by way of the accumulator if it must go there.

    Then the accumulator must have been free: see `make_way`.
    """
    if form == NOWHERE:
        return
    if can_write(u32(i.row), form):
        i.destination = u8(form)
        i.slot = u16(slot)
    else:
        i.destination = u8(ACC)
        move_acc(t, RESULT_IS_FLOAT[CLASS[i.row]] != 0, form, slot)


@kernel
def move_acc(t: Translator, float_bank: bool, form: u32, slot: u32) -> None:
    """Copy the accumulator of a bank."""
    i = new_ins(t, u32(FMOV) if float_bank else u32(MOV))
    i.forms[0] = u8(ACC)
    i.destination = u8(form)
    i.slot = u16(slot)


@kernel
def make_way(t: Translator, row: u32, form: u32, first: u32, second: u32, third: u32) -> None:
    """Before an instruction that writes the accumulator: save what is in it, unless that is an operand."""
    if form == NOWHERE or (form != ACC and can_write(row, form)):
        return
    float_bank = RESULT_IS_FLOAT[CLASS[row]] != 0
    occupant = t.facc if float_bank else t.acc
    if occupant != first and occupant != second and occupant != third:
        unload(t, float_bank)


@kernel
def move_value(t: Translator, number: u32, form: u32, slot: u32) -> None:
    """Move a value that does not wait; it leaves its old place."""
    value = t.values[number]
    row = u32(FMOV) if is_float(value.type) else u32(MOV)
    if value.kind == CONSTANT and row == MOV and not fits_field(value):
        make_way(t, u32(MOV64), form, number, number, number)
        i = new_ins(t, u32(MOV64))
        add_immediate(i, value.payload)
        write_to(t, i, form, slot)
        return
    make_way(t, row, form, number, number, number)
    i = new_ins(t, row)
    fill_operand(t, i, u32(0), value)
    loosen(t, number)
    write_to(t, i, form, slot)


@kernel
def fill_operand(t: Translator, i: Ins, place: u32, value: Value) -> None:
    """Write an operand into the latest instruction."""
    i.forms[place] = u8(form_of(t, value))
    i.operands[place] = value.payload
    if value.kind == LOCAL:
        t.locals[u32(value.payload)].last_access = ins_number(t)
    elif value.kind == SLOTTED and value.payload >= u64(t.out):
        t.out_barrier = ins_number(t)


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
    if has_handler(t, row, count, first, second, third, u32(ANYWHERE)):
        return
    for place in span(count):
        number = operand_at(place, first, second, third)
        if t.values[number].kind == IN_ACC and place + 1 != u32(NEEDS_ACC[kind]) and keeps_place(t, number):
            unload(t, is_float(t.values[number].type))
    if has_handler(t, row, count, first, second, third, u32(ANYWHERE)):
        return
    for place in span(count):
        number = operand_at(place, first, second, third)
        if t.values[number].kind == CONSTANT:
            into_temporary(t, number, place)
    if has_handler(t, row, count, first, second, third, u32(ANYWHERE)):
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
    if row >= FIRST_TREE_ROW and not has_handler(t, row, count, first, second, third, form):
        emit_parts(t, row, count, first, second, third, form, slot)
        return
    legalize(t, row, count, first, second, third)
    a = first
    b = second
    c = third
    pair = u32(MIRRORED_PAIR[CLASS[row]])
    if pair == 1 and form_of(t, t.values[a]) > form_of(t, t.values[b]):
        a = second
        b = first
    elif pair == 2 and form_of(t, t.values[b]) > form_of(t, t.values[c]):
        b = third
        c = second
    make_way(t, row, form, first, second, third)
    i = new_ins(t, row)
    for place in span(count):
        number = operand_at(place, a, b, c)
        fill_operand(t, i, place, t.values[number])
    for place in span(count):
        release(t, operand_at(place, a, b, c))
    write_to(t, i, form, slot)


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
    if i.destination != ACC or signature_of(i, form) == NO_SIGNATURE:
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
