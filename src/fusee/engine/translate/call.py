"""Calls: arguments go straight into the callee's frame, results are taken from there (`docs/bytecode.md`)."""

from typing import Final

from fusee.engine.isa.forms import SLOT
from fusee.engine.isa.table import NUMBER
from fusee.engine.state.module import TypeDef
from fusee.engine.state.runtime import tables_offset
from fusee.engine.translate.accumulator import ins_number, redirect, unload
from fusee.engine.translate.emit import compute_value, emit_one
from fusee.engine.translate.encode import add_immediate, new_ins
from fusee.engine.translate.immediate import next_u32
from fusee.engine.translate.locals import forget_pins, spill_pins
from fusee.engine.translate.operands import move_value
from fusee.engine.translate.records import Ins
from fusee.engine.translate.rule import Rule
from fusee.engine.translate.settle import claim, materialize
from fusee.engine.translate.state import CONSTANT, IN_ACC, NO_INS, NO_VALUE, SLOTTED, Translator, type_code
from fusee.engine.translate.values import (
    canonical,
    drop_to,
    is_float,
    is_only_in_acc,
    is_waiting,
    loosen,
    new_value,
    note_passed,
    pop,
    push,
    width,
)  # fmt: skip
from fusee.kernel.lang import Order, address, atomic_store, kernel, maximum, size_of, span, u8, u32, u64, usize
from fusee.spec import opcodes

CALL: Final = u32(NUMBER["call"])
CALL_IMPORT: Final = u32(NUMBER["call_import"])
CALL_INDIRECT: Final = u32(NUMBER["call_indirect"])
CALL_INDIRECT64: Final = u32(NUMBER["call_indirect64"])
CALL_REF: Final = u32(NUMBER["call_ref"])
RETURN_CALL: Final = u32(NUMBER["return_call"])
RETURN_CALL_IMPORT: Final = u32(NUMBER["return_call_import"])
RETURN_CALL_INDIRECT: Final = u32(NUMBER["return_call_indirect"])
RETURN_CALL_INDIRECT64: Final = u32(NUMBER["return_call_indirect64"])
RETURN_CALL_REF: Final = u32(NUMBER["return_call_ref"])


@kernel
def call(t: Translator, is_tail: bool) -> None:
    """`call` and `return_call`."""
    index = next_u32(t.reader)
    definition = t.module.types[t.module.func_types[index]]
    is_import = index < t.module.imported_func_count
    prepare(t, definition, NO_VALUE)
    row = CALL_IMPORT if is_import else CALL
    if is_tail:
        row = RETURN_CALL_IMPORT if is_import else RETURN_CALL
    i = new_ins(t, row)
    add_immediate(i, stub_of(t, index) if row == CALL else u64(index))
    finish(t, i, definition, is_tail)


@kernel
def stub_of(t: Translator, index: u32) -> u64:
    """The stub of a function, to which a call of it leads until it is translated; in listings the function's index."""
    if t.first_call == 0:
        return index
    stub = t.module.stubs + index
    atomic_store(stub, t.first_call, Order.RELAXED)  # by every thread the same
    return address(stub)


@kernel
def call_indirect(t: Translator, is_tail: bool) -> None:
    """`call_indirect` and `return_call_indirect`: the callee's index is on top of the arguments."""
    definition = t.module.types[next_u32(t.reader)]
    table = next_u32(t.reader)
    is_64 = t.module.tables[table].limits.is_64
    if is_waiting(t.values[t.stack[t.height - 1]]):
        materialize(t, t.stack[t.height - 1])
    index = pop(t)
    prepare(t, definition, index)
    row = CALL_INDIRECT64 if is_64 else CALL_INDIRECT
    if is_tail:
        row = RETURN_CALL_INDIRECT64 if is_64 else RETURN_CALL_INDIRECT
    emit_one(t, row, index)
    i = t.ins[t.ins_count - 1]
    add_immediate(i, definition.canonical)
    add_immediate(i, tables_offset(t.module) + u64(table) * size_of(usize))
    finish(t, i, definition, is_tail)


@kernel
def call_ref(t: Translator, is_tail: bool) -> None:
    """`call_ref` and `return_call_ref`: the function's reference is on top of the arguments."""
    definition = t.module.types[next_u32(t.reader)]
    if is_waiting(t.values[t.stack[t.height - 1]]):
        materialize(t, t.stack[t.height - 1])
    reference = pop(t)
    prepare(t, definition, reference)
    row = RETURN_CALL_REF if is_tail else CALL_REF
    emit_one(t, row, reference)
    finish(t, t.ins[t.ins_count - 1], definition, is_tail)


@kernel
def prepare(t: Translator, definition: TypeDef, callee: u32) -> None:
    """Pass the arguments, save the registers. `callee` is an operand of the call itself, or `NO_VALUE`."""
    count = definition.param_count
    note_passed(t, count + definition.result_count)
    evacuate(t, count)
    slot = t.out
    for place in span(count):
        pass_argument(t, t.stack[t.height - count + place], slot)
        slot += width(type_code(definition.params[place]))
    drop_to(t, t.height - count)
    if callee == NO_VALUE or t.acc != callee:
        unload(t, False)
    unload(t, True)
    spill_pins(t)
    t.out_count = u32(0)


@kernel
def evacuate(t: Translator, count: u32) -> None:
    """Save results of the previous call from the slots where the arguments go.

    A result that is going to be the argument in the same place may stay.
    """
    # They were pushed; their owners follow those of the canonical slots.
    assert t.out_count < t.max_height << t.spread
    argument = t.height - count
    slot = u32(0)  # where it goes
    for place in span(t.out_count):
        while slot < place and argument < t.height:
            slot += width(t.values[t.stack[argument]].type)
            argument += 1
        owner = t.owners[t.max_height + place]
        if owner != 0:
            number = owner - 1
            stays = slot == place and argument < t.height and t.stack[argument] == number
            if not stays:
                claim(t, t.values[number].position, number)
                if t.owners[t.max_height + place] == owner:
                    leave_out(t, number)


@kernel
def leave_out(t: Translator, number: u32) -> None:
    """Move a call's result into its canonical slot, even if it is an operand of something that waits."""
    value = t.values[number]
    slot = canonical(t, value.position)
    move_value(t, number, SLOT, slot)
    value.kind = SLOTTED
    value.payload = slot
    t.owners[value.position] = number + 1
    t.out_barrier = ins_number(t)


@kernel
def pass_argument(t: Translator, number: u32, slot: u32) -> None:
    """Put an entry of the stack into the callee's frame; it counts as a constant from then on."""
    value = t.values[number]
    is_there = value.kind == SLOTTED and value.payload == slot
    is_there = is_there or (value.kind == IN_ACC and value.payload == u64(slot) + 1)
    if not is_there:
        if is_only_in_acc(value) and value.producer > t.out_barrier:
            if redirect(t, value, SLOT, slot):
                release_place(t, number)
                return
        compute_value(t, number, SLOT, slot)
        value.kind = CONSTANT
    else:
        release_place(t, number)


@kernel
def release_place(t: Translator, number: u32) -> None:
    """The entry's place is no longer its own."""
    loosen(t, number)
    t.values[number].kind = CONSTANT


@kernel
def finish(t: Translator, i: Ins, definition: TypeDef, is_tail: bool) -> None:
    """Complete the call's immediates, and push the results unless the call does not come back."""
    add_immediate(i, t.out)
    slots = t.out + maximum(definition.param_slots, definition.result_slots)
    t.frame_slots = maximum(t.frame_slots, slots)
    t.out_barrier = ins_number(t)
    if is_tail:
        add_immediate(i, definition.param_slots)
        return
    forget_pins(t)
    count = definition.result_count
    assert t.height + count < t.max_height
    t.out_count = definition.result_slots
    slot = u32(0)
    for place in span(count):
        type_ = type_code(definition.results[place])
        push_result(t, type_, slot, count == 1)
        slot += width(type_)


@kernel
def push_result(t: Translator, type_: u8, place: u32, is_only: bool) -> None:
    """A call's result: in the callee's slot, and if it is the only one in the accumulator too."""
    number = new_value(t, SLOTTED, type_)
    value = t.values[number]
    value.payload = u64(t.out + place)
    t.owners[t.max_height + place] = number + 1
    if is_only:
        value.kind = IN_ACC
        value.payload += 1
        value.producer = NO_INS
        if is_float(type_):
            t.facc = number
        else:
            t.acc = number
    claim(t, t.height, number)  # what this emits may take the accumulator from the result
    t.owners[t.height] = number + 1
    push(t, number)


@kernel
def translate_call(t: Translator) -> None:
    call(t, False)


@kernel
def translate_call_indirect(t: Translator) -> None:
    call_indirect(t, False)


@kernel
def translate_call_ref(t: Translator) -> None:
    call_ref(t, False)


@kernel
def translate_return_call(t: Translator) -> None:
    call(t, True)


@kernel
def translate_return_call_indirect(t: Translator) -> None:
    call_indirect(t, True)


@kernel
def translate_return_call_ref(t: Translator) -> None:
    call_ref(t, True)


RULES: Final = [
    Rule(opcodes.CALL, translate_call),
    Rule(opcodes.CALL_INDIRECT, translate_call_indirect),
    Rule(opcodes.CALL_REF, translate_call_ref),
    Rule(opcodes.RETURN_CALL, translate_return_call, goes_on=False),
    Rule(opcodes.RETURN_CALL_INDIRECT, translate_return_call_indirect, goes_on=False),
    Rule(opcodes.RETURN_CALL_REF, translate_return_call_ref, goes_on=False),
]
