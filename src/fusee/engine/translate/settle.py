"""Entries of the stack get code: in their canonical slots, or in the accumulator."""

from typing import Final

from fusee.engine.isa.forms import ACC, SLOT
from fusee.engine.translate.accumulator import ins_number, unload
from fusee.engine.translate.emit import compute_value
from fusee.engine.translate.state import IN_ACC, SLOTTED, Translator
from fusee.engine.translate.values import canonical, is_float, is_only_in_acc, is_waiting, own_slot
from fusee.kernel.lang import kernel, minimum, span, u32, u64

LONG_SEARCH: Final = 64
"""Who has looked at more unsettled entries than this settles them: none is searched through again and again."""


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
    end = minimum(position, t.height)
    if end > t.settled + LONG_SEARCH:
        settle_below(t, end)
    for place in span(minimum(t.settled, end), end):
        if is_waiting(t.values[t.stack[place]]):
            settle_claimed(t, t.stack[place])


@kernel
def settle_claimed(t: Translator, number: u32) -> None:
    """Put a value into its canonical slot, which is free."""
    value = t.values[number]
    slot = canonical(t, value.position)
    if value.kind == SLOTTED and value.payload == slot:
        return
    if is_only_in_acc(value):
        unload(t, is_float(value.type))
        return
    compute_value(t, number, SLOT, slot)
    value.kind = SLOTTED
    value.payload = slot
    own_slot(t, number)


@kernel
def settle(t: Translator, number: u32) -> None:
    """Put a value on the stack into its canonical slot."""
    claim(t, t.values[number].position, number)
    settle_claimed(t, number)


@kernel
def settle_below(t: Translator, position: u32) -> None:
    """Put the stack below `position` into canonical slots."""
    for place in span(t.settled, position):
        settle_claimed(t, t.stack[place])
    t.settled = position


@kernel
def settle_all(t: Translator) -> None:
    """Put the whole stack into canonical slots, as labels expect it."""
    settle_below(t, t.height)


@kernel
def materialize(t: Translator, number: u32) -> None:
    """Emit a value on the stack that waits, into the accumulator."""
    value = t.values[number]
    if is_waiting(value):
        claim(t, value.position, number)
        compute_value(t, number, ACC, u32(0))
        hold_in_acc(t, number)


@kernel
def hold_in_acc(t: Translator, number: u32) -> None:
    """The latest instruction has put the value into the accumulator; its canonical slot is reserved."""
    value = t.values[number]
    value.kind = IN_ACC
    value.payload = u64(0)
    value.producer = ins_number(t)
    value.operand_count = u32(0)
    own_slot(t, number)
    if is_float(value.type):
        t.facc = number
    else:
        t.acc = number
