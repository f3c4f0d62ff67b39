"""Structured control (spec 4.6.9): blocks, branches, and code that cannot be reached."""

from typing import Final

from fusee.engine.arena import grow_buffer
from fusee.engine.decode.instruction import read_opcode, skip_immediates
from fusee.engine.decode.optables import CLASS, ENDS_ARM, OPENS_BLOCK, immediates_of
from fusee.engine.isa.table import NUMBER, number_of
from fusee.engine.runtime.metering import MANY_VALUES
from fusee.engine.translate.br_table import translate_br_table
from fusee.engine.translate.branch import FRAME, PAY, branch_if, branch_unless, jump, pop_condition
from fusee.engine.translate.encode import FIXED, bind, clear_label, flush, new_ins, settle_label
from fusee.engine.translate.frames import FUNCTION, LOOP, arity, branch_target, expect, frame_at, open_block
from fusee.engine.translate.hoist import load_hoisted
from fusee.engine.translate.immediate import next_u32
from fusee.engine.translate.locals import assume_pins, reload_pins
from fusee.engine.translate.metering import (
    label_for,
    note_arm,
    note_branch,
    note_end,
    note_leaving,
    note_turn,
    paying_label,
)  # fmt: skip
from fusee.engine.translate.nesting import FRAMED, INNER, KINDS, OUTER, QUIET
from fusee.engine.translate.passing import (
    has_moves,
    leave,
    move_and_go,
    moves_of,
    must_move,
    open_moves,
    put_in_slot,
    settle_branch,
    share_moves,
)
from fusee.engine.translate.pausing import look_around
from fusee.engine.translate.payments import note_arm_end, note_choice, note_if, note_jump
from fusee.engine.translate.rule import Rule
from fusee.engine.translate.settle import settle_all
from fusee.engine.translate.state import FRAME_POINTER, LOOP_POINTER, Translator
from fusee.engine.translate.values import canonical
from fusee.kernel.lang import Ptr, address, cast, kernel, maximum, size_of, span, u16, u32, u64, unlikely
from fusee.spec import opcodes

BLOCK: Final = u16(opcodes.BLOCK.index)
IF: Final = u16(opcodes.IF.index)
ELSE: Final = opcodes.ELSE.index
END: Final = opcodes.END.index
DELEGATE: Final = opcodes.DELEGATE.index

SET_LOOP: Final = u32(NUMBER["set_loop"])
SET_LOOP_TO: Final = u32(NUMBER["set_loop_to"])
SET_FRAME_LOOP: Final = u32(number_of("set_frame_loop"))
UNREACHABLE: Final = u32(NUMBER["unreachable"])


# Blocks


@kernel
def begin_block(t: Translator) -> None:
    settle_all(t)
    open_block(t, BLOCK)


@kernel
def begin_loop(t: Translator) -> None:
    settle_all(t)
    load_hoisted(t)
    reload_pins(t)
    frame = open_block(t, LOOP)
    assert t.loop_number < t.loop_count  # the first pass has met the same loops
    kind = t.loops[t.loop_number] & KINDS
    is_framed = FRAME != 0 and t.loops[t.loop_number] & FRAMED != 0 and not t.is_metered
    t.loop_number += 1
    if kind == QUIET:
        new_ins(t, SET_LOOP)
    elif kind == OUTER:
        set_loop_ahead(t)
    if is_framed:
        new_ins(t, SET_FRAME_LOOP)
    bind(t, frame.label)
    note_head(t, frame.label.offset)
    if kind == INNER:
        settle_label(t, t.inner, frame.label.offset)
    if is_framed:
        frame.label.fixups = FRAME_POINTER
    elif kind == QUIET or kind == INNER:
        frame.label.fixups = LOOP_POINTER
    assume_pins(t)
    note_turn(t)


@kernel
def set_loop_ahead(t: Translator) -> None:
    """Have the loop pointer point to the quiet loop in the one that begins here."""
    clear_label(t.inner)
    i = new_ins(t, SET_LOOP_TO)
    i.label = address(t.inner)
    flush(t)
    t.fixups[t.fixup_count - 1].base = FIXED


@kernel
def note_head(t: Translator, offset: u32) -> None:
    """A loop's first cell, where it can be interrupted, and where in the module the loop begins."""
    needed = (u64(t.head_count) + 1) * (2 * size_of(u32))
    if needed > t.heads_buffer.capacity_bytes:
        grow_buffer(t.heads_buffer, needed)
        t.heads = cast(Ptr[u32], t.heads_buffer.data)
    t.heads[t.head_count * 2] = offset
    t.heads[t.head_count * 2 + 1] = t.source_offset
    t.head_count += 1
    t.noted_until = maximum(t.noted_until, offset)


@kernel
def begin_if(t: Translator) -> None:
    condition = pop_condition(t)
    settle_all(t)
    reload_pins(t)
    frame = open_block(t, IF)
    branch_unless(t, condition, frame.otherwise)
    if t.is_metered:
        note_if(t)
    note_branch(t)


@kernel
def begin_else(t: Translator) -> None:
    """The end of an `if`'s first arm, which can be reached."""
    settle_all(t)
    reload_pins(t)
    jump(t, t.frames[t.depth - 1].label)
    if t.is_metered:
        note_arm_end(t)
    begin_else_arm(t)


@kernel
def begin_else_arm(t: Translator) -> None:
    frame = t.frames[t.depth - 1]
    bind(t, frame.otherwise)
    frame.otherwise.offset = u32(0)
    frame.opcode = BLOCK
    expect(t, frame, False)
    assume_pins(t)
    note_arm(t)


@kernel
def end_block(t: Translator, reachable: bool) -> bool:
    """The `end` of a block; whether what follows can be reached."""
    frame = t.frames[t.depth - 1]
    is_joined = frame.opcode != LOOP and (frame.label.fixups != 0 or frame.otherwise.fixups != 0)
    if is_joined:
        if reachable:
            settle_all(t)
            reload_pins(t)
        bind(t, frame.label)
        bind(t, frame.otherwise)
        expect(t, frame, True)
        assume_pins(t)
    if frame.opcode == LOOP and t.inner.fixups != 0:
        settle_label(t, t.inner, frame.label.offset)  # the quiet loop in it could not be reached: any place will do
    if t.is_metered:
        note_end(t, reachable, is_joined)
    t.depth -= 1
    return reachable or is_joined


@kernel
def skip_unreachable(t: Translator) -> u32:
    """Skip what cannot be reached, up to what ends the current frame or begins its next arm; gives what it is."""
    nested = u32(0)
    while True:
        if unlikely(t.reader.position >= t.look_source):
            look_around(t)
        index = read_opcode(t.reader)
        if ENDS_ARM[CLASS[index]] != 0:
            if nested == 0:
                return index
            if index == END or index == DELEGATE:
                nested -= 1
        elif OPENS_BLOCK[CLASS[index]] != 0:
            nested += 1
            if index == LOOP:
                t.loop_number += 1
        skip_immediates(t.module, t.reader, immediates_of(index))


# Branches


@kernel
def translate_br(t: Translator) -> None:
    number = branch_target(t)
    frame = t.frames[number]
    if frame.opcode == FUNCTION:
        leave(t)
        return
    count = arity(t, frame)
    if count > MANY_VALUES and must_move(t, frame):
        settle_branch(t, count)
        reload_pins(t)
        share_moves(t, frame)
        return
    for place in span(count):
        put_in_slot(t, t.stack[t.height - count + place], canonical(t, frame.height + place))
    reload_pins(t)
    if t.is_metered and count <= MANY_VALUES:
        jump_paying(t, number)
    else:
        jump(t, frame.label)


@kernel
def jump_paying(t: Translator, number: u32) -> None:
    """In metered code: go to the label of the frame with a number, and pay for what is there."""
    frame = t.frames[number]
    if frame.opcode == LOOP:
        jump(t, label_for(t, number))
    else:
        jump(t, frame.label)
        note_jump(t, number)


@kernel
def branch_conditionally(t: Translator, label: u32, condition: u32) -> None:
    """A branch to a label index on a comparison, taking values along."""
    frame = frame_at(t, label)
    note_leaving(t, t.depth - 1 - label)
    settle_branch(t, arity(t, frame))
    reload_pins(t)
    if not must_move(t, frame):
        branch_if(t, condition, paying_label(t, t.depth - 1 - label) if PAY != 0 and t.is_metered else frame.label)
        if t.is_metered and frame.opcode != LOOP and arity(t, frame) == 0:
            note_choice(t, t.depth - 1 - label)
    elif has_moves(t, frame):
        branch_if(t, condition, moves_of(t, frame).label)
    else:
        around = t.around
        clear_label(around)
        branch_unless(t, condition, around)
        open_moves(t, frame)
        move_and_go(t, frame)
        bind(t, around)
    note_branch(t)


@kernel
def translate_br_if(t: Translator) -> None:
    label = next_u32(t.reader)
    branch_conditionally(t, label, pop_condition(t))


@kernel
def translate_unreachable(t: Translator) -> None:
    new_ins(t, UNREACHABLE)


RULES: Final = [
    Rule(opcodes.BLOCK, begin_block),
    Rule(opcodes.LOOP, begin_loop),
    Rule(opcodes.IF, begin_if),
    Rule(opcodes.ELSE, begin_else),
    Rule(opcodes.BR_IF, translate_br_if),
    Rule(opcodes.BR, translate_br, goes_on=False),
    Rule(opcodes.BR_TABLE, translate_br_table, goes_on=False),
    Rule(opcodes.RETURN, leave, goes_on=False),
    Rule(opcodes.UNREACHABLE, translate_unreachable, goes_on=False),
]
