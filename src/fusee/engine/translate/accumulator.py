"""The accumulators: who is in them, and where that goes when somebody else wants in."""

from typing import Final

from fusee.engine.isa.facts import facts_of
from fusee.engine.isa.forms import ACC, SLOT
from fusee.engine.isa.table import NUMBER
from fusee.engine.translate.encode import new_ins
from fusee.engine.translate.lookup import has_signature, with_destination
from fusee.engine.translate.records import Ins, Local
from fusee.engine.translate.state import F32, NO_INS, NO_VALUE, SLOTTED, Translator, Value, is_vector
from fusee.engine.translate.values import canonical
from fusee.kernel.lang import Ptr, kernel, minimum, span, u8, u16, u32, u64

MOV: Final = u32(NUMBER["mov"])
FMOV: Final = u32(NUMBER["fmov"])
VMOV: Final = u32(NUMBER["vmov"])
FIRST_CALL: Final = NUMBER["call"]
LAST_CALL: Final = NUMBER["call_ref"]
RECENT: Final = u32(4)  # so many instructions are looked at for a copy of a local


@kernel(inline=True)
def ins_number(t: Translator) -> u32:
    """Number of the latest instruction."""
    return t.first_ins + t.ins_count - 1


@kernel(inline=True)
def keeps_place(t: Translator, number: u32) -> bool:
    """Whether a value in the accumulator has a slot to go to; one that was only put there for an operand has none."""
    return t.acc == number or t.facc == number


@kernel(inline=True)
def move_row(type_: u8) -> u32:
    """The row that copies a value."""
    if type_ < F32:
        return MOV
    return VMOV if is_vector(type_) else FMOV


@kernel
def move_acc(t: Translator, row: u32, form: u32, slot: u32) -> None:
    """Copy an accumulator by a row."""
    i = new_ins(t, row)  # `new_ins` has left its source in the accumulator
    i.destination = u8(form)
    i.slot = u16(slot)


@kernel
def make_way(t: Translator, float_bank: bool, operands: Ptr[u32], count: u32) -> None:
    """Before an instruction that writes the accumulator: save what is in it, unless that is an operand."""
    occupant = t.facc if float_bank else t.acc
    if occupant != NO_VALUE:
        for place in span(count):
            if operands[place] == occupant:
                return
        unload(t, float_bank)


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
        if not redirect(t, value, SLOT, slot):
            move_acc(t, move_row(value.type), SLOT, slot)
        value.payload = slot
    value.kind = SLOTTED
    if float_bank:
        t.facc = NO_VALUE
    else:
        t.acc = NO_VALUE


@kernel
def redirect(t: Translator, value: Value, form: u32, slot: u32) -> bool:
    """Let the instruction that put `value` into the accumulator write elsewhere, if it still waits and can."""
    if value.producer == NO_INS or value.producer < t.first_ins:
        return False
    i = t.ins[value.producer - t.first_ins]
    if i.destination != ACC or not has_signature(facts_of(i.row), with_destination(i.sources, form)):
        return False
    i.destination = u8(form)
    i.slot = u16(slot)
    return True


@kernel
def holds_local(t: Translator, index: u32) -> bool:
    """Whether the free integer accumulator has what a local holds: one was moved to the other, and neither changed."""
    local = t.locals[index]
    for back in span(minimum(t.ins_count, RECENT)):
        i = t.ins[t.ins_count - 1 - back]
        to_local = is_place_of(local, index, i.destination, i.slot)
        if i.row == MOV:
            if to_local and i.forms[0] == ACC:
                return True
            if i.destination == ACC and is_place_of(local, index, i.forms[0], i.operands[0]):
                return True
        if to_local or changes_acc(i):
            return False
    return False


@kernel(inline=True)
def is_place_of(local: Local, index: u32, form: u32, slot: u64) -> bool:
    """Whether this is where the local is."""
    return form == local.form and (form != SLOT or slot == index)


@kernel(inline=True)
def changes_acc(i: Ins) -> bool:
    """Whether an instruction may leave something else in an accumulator."""
    return i.destination == ACC or (u32(i.row) >= FIRST_CALL and u32(i.row) <= LAST_CALL)
