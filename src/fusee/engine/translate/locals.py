"""Locals: where each lives, writes that need no instruction of their own, pins around calls and labels."""

from typing import Final

from fusee.engine.isa.forms import PINS, SLOT
from fusee.engine.isa.table import NUMBER
from fusee.engine.present import HAS_VECTORS
from fusee.engine.translate.accumulator import ins_number, redirect
from fusee.engine.translate.emit import compute_value
from fusee.engine.translate.encode import add_immediate, new_ins
from fusee.engine.translate.settle import LONG_SEARCH, claim, settle_all, settle_claimed
from fusee.engine.translate.state import LOCAL, Translator, is_vector
from fusee.engine.translate.values import free, is_only_in_acc, loosen, pop, push_local, reads_local, release
from fusee.kernel.lang import kernel, span, u8, u32

SPILL_R: Final = u32(NUMBER["spill_r_0"])
SPILL_F: Final = u32(NUMBER["spill_f_0"])
RELOAD_R: Final = u32(NUMBER["reload_r_0"])
RELOAD_F: Final = u32(NUMBER["reload_f_0"])
SPILL_V: Final = u32(NUMBER["spill_v_0"])
RELOAD_V: Final = u32(NUMBER["reload_v_0"])


@kernel
def set_local(t: Translator, index: u32, is_tee: bool) -> None:
    """`local.set` and `local.tee`. What reads the old value later must read it now."""
    number = pop(t)
    value = t.values[number]
    local = t.locals[index]
    if local.waiting != 0:
        others = local.waiting - reads_local(t, number, index)
        if others != 0:
            settle_readers(t, index, others)
    if value.kind == LOCAL and value.payload == index:
        release(t, number)
    else:
        form = u32(local.pin if local.pin != 0 else SLOT)
        can_redirect = is_only_in_acc(value) and local.last_access <= value.producer
        if can_redirect and redirect(t, value, form, index):
            local.last_access = value.producer
            loosen(t, number)
        else:
            compute_value(t, number, form, index)
            local.last_access = ins_number(t)
        free(t, number)
        local.form = u8(form)
        local.in_slot = local.pin == 0
    if is_tee:
        push_local(t, index)


@kernel
def settle_readers(t: Translator, index: u32, count: u32) -> None:
    """Settle the entries that read the local: `count` reads, the newest of which are the likeliest."""
    left = count
    place = t.height
    while left != 0 and place > t.settled:
        place -= 1
        number = t.stack[place]
        reads = reads_local(t, number, index)
        if reads != 0:
            left -= reads
            claim(t, t.values[number].position, number)
            settle_claimed(t, number)
    if t.height - place > LONG_SEARCH:
        settle_all(t)


@kernel
def transfer(t: Translator, row: u32, first: u32, mask: u32) -> None:
    """Spill or reload the pins in the mask, if any; `first` is the bank's first pin in `t.pins`."""
    if mask == 0:
        return
    i = new_ins(t, row + mask)
    for pin in span(PINS):
        if mask >> pin & 1 != 0:
            index = t.pins[first + pin]
            add_immediate(i, index)
            t.locals[index].last_access = ins_number(t)


@kernel
def wide_pins(t: Translator) -> u32:
    """A mask of the float pins that hold vectors."""
    mask = u32(0)
    if HAS_VECTORS and t.has_wide_pins:
        for pin in span(t.float_pins):
            mask |= u32(is_vector(t.locals[t.pins[PINS + pin]].type)) << pin
    return mask


@kernel
def reload_pins(t: Translator) -> None:
    """Make every pin hold its local, as labels expect it."""
    for bank in span(u32(2)):
        mask = u32(0)
        for pin in span(t.int_pins if bank == 0 else t.float_pins):
            local = t.locals[t.pins[bank * PINS + pin]]
            if local.form != local.pin:
                mask |= u32(1) << pin
                local.form = local.pin
        if bank == 0:
            transfer(t, RELOAD_R, u32(0), mask)
        elif mask != 0:
            wide = wide_pins(t)
            transfer(t, RELOAD_F, PINS, mask & ~wide)
            transfer(t, RELOAD_V, PINS, mask & wide)


@kernel
def spill_pins(t: Translator) -> None:
    """Make every slot hold its local, because a call is about to use the pins."""
    for bank in span(u32(2)):
        mask = u32(0)
        for pin in span(t.int_pins if bank == 0 else t.float_pins):
            local = t.locals[t.pins[bank * PINS + pin]]
            if not local.in_slot and local.form == local.pin:
                mask |= u32(1) << pin
                local.in_slot = True
        if bank == 0:
            transfer(t, SPILL_R, u32(0), mask)
        elif mask != 0:
            wide = wide_pins(t)
            transfer(t, SPILL_F, PINS, mask & ~wide)
            transfer(t, SPILL_V, PINS, mask & wide)


@kernel
def forget_pins(t: Translator) -> None:
    """After a call the pins hold nothing of ours."""
    for bank in span(u32(2)):
        for pin in span(t.int_pins if bank == 0 else t.float_pins):
            t.locals[t.pins[bank * PINS + pin]].form = SLOT


@kernel
def assume_pins(t: Translator) -> None:
    """At a label: every pin is valid, and the slot too if nobody ever writes the local."""
    for bank in span(u32(2)):
        for pin in span(t.int_pins if bank == 0 else t.float_pins):
            local = t.locals[t.pins[bank * PINS + pin]]
            local.form = local.pin
            local.in_slot = not local.is_written
