"""Operands of instructions: their forms, whether there is a handler for these, and how an instruction takes them."""

from typing import Final

from fusee.engine.isa.facts import (
    MIRRORED_PAIR,
    fact,
    facts_of,
)  # fmt: skip
from fusee.engine.isa.forms import ACC, CONST, MOST_LEAVES, SLOT
from fusee.engine.isa.table import NUMBER
from fusee.engine.translate.accumulator import (
    ins_number,
    keeps_place,
    move_row,
    unload,
)  # fmt: skip
from fusee.engine.translate.comparison import fits_field
from fusee.engine.translate.encode import add_immediate, add_source, new_ins
from fusee.engine.translate.lookup import has_sources, sources_key
from fusee.engine.translate.records import Ins
from fusee.engine.translate.state import (
    CONSTANT,
    LOCAL,
    SLOTTED,
    Translator,
    Value,
    is_vector,
)  # fmt: skip
from fusee.engine.translate.values import (
    is_float,
    leave_place,
)  # fmt: skip
from fusee.kernel.lang import Ptr, kernel, load, span, u8, u16, u32, unroll

MOV64: Final = u32(NUMBER["mov64"])


VCONST: Final = u32(NUMBER["vconst"])
FEWEST_FIRST: Final = sorted(range(1, 1 << MOST_LEAVES), key=int.bit_count)
"""Choices of operands, as masks of their places."""


@kernel(inline=True)
def form_of(t: Translator, value: Value) -> u32:
    """The form in which an instruction can read the value; of what waits or must move first, the one it will have."""
    if value.kind == LOCAL:
        return t.locals[u32(value.payload)].form
    if value.kind == CONSTANT:
        return CONST if fits_field(value) else SLOT
    return SLOT if value.kind == SLOTTED else ACC


@kernel(inline=True)
def is_large(value: Value) -> bool:
    """Whether it is a constant for which cells have no field."""
    return value.kind == CONSTANT and not fits_field(value)


@kernel
def forms_of(t: Translator, operands: Ptr[u32], count: u32) -> u32:
    """The forms of up to three values, a byte each."""
    forms = u32(0)
    for place in span(count):
        forms |= form_of(t, t.values[operands[place]]) << (place << 3)
    return forms


@kernel(inline=True)
def mirrored(forms: u32, pair: u32) -> u32:
    """The forms of operands, those of a mirrored pair in the order that exists (`Shape.mirrored`)."""
    if pair != 0:
        shift = (pair - 1) << 3
        first = forms >> shift & 0xFF
        second = forms >> shift >> 8 & 0xFF
        if first > second:
            return forms ^ (first ^ second) * 0x101 << shift
    return forms


@kernel
def has_handler(t: Translator, row: u32, operands: Ptr[u32], count: u32) -> bool:
    """Whether the row exists for the operands' forms and any destination."""
    facts = facts_of(row)
    forms = mirrored(forms_of(t, operands, count), fact(facts, MIRRORED_PAIR))
    return has_sources(facts, sources_key(forms))


@kernel
def move_value(t: Translator, number: u32, form: u32, slot: u32) -> None:
    """Move a value that does not wait; it leaves its old place."""
    value = t.values[number]
    if form == ACC and not keeps_place(t, number):
        unload(t, is_float(value.type))
    if is_large(value):
        i = new_ins(t, MOV64)
        add_immediate(i, value.payload)
    elif value.kind == CONSTANT and is_vector(value.type):
        i = new_ins(t, VCONST)
        at = t.reader.source + u32(value.payload)
        for place in span(u32(4)):
            add_immediate(i, load(u32, at + place * 4))
    else:
        i = new_ins(t, move_row(value.type))
        take(t, i, u32(0), number)
    i.destination = u8(form)
    i.slot = u16(slot)


@kernel
def take(t: Translator, i: Ins, place: u32, number: u32) -> None:
    """A value that does not wait becomes an operand of the latest instruction, and leaves its place."""
    value = t.values[number]
    add_source(i, place, form_of(t, value), value.payload)
    take_place(t, value, number, ins_number(t))


@kernel(inline=True)
def take_place(t: Translator, value: Value, number: u32, latest: u32) -> None:
    """The value is an operand of the latest instruction: note that, and that it leaves its place."""
    if value.kind == LOCAL:
        local = t.locals[u32(value.payload)]
        local.last_access = latest
        local.waiting -= 1
    elif value.kind != CONSTANT:
        if value.kind == SLOTTED and value.payload >= t.out:
            t.out_barrier = latest
        leave_place(t, value, number)


@kernel
def moved(forms: u32, places: u32, pair: u32) -> u32:
    """The forms of operands, in the order that exists, if those in some places, a mask, were in slots."""
    then = forms
    for place in unroll(range(MOST_LEAVES)):
        if places >> place & 1 != 0:
            then = then & ~(u32(0xFF) << (place << 3)) | u32(SLOT) << (place << 3)
    return mirrored(then, pair)


@kernel(inline=True)
def swap(pair: Ptr[u32]) -> None:
    first = pair[0]
    pair[0] = pair[1]
    pair[1] = first
