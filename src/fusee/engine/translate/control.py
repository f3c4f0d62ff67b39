"""Structured control (spec 4.6.9): labels, branches with values, and code that cannot be reached."""

from typing import Final

from fusee.engine.arena import grow_buffer
from fusee.engine.decode.instruction import (
    BLOCK_INDEX_MASK,
    is_indexed,
    read_block_type,
    read_opcode,
    skip_immediates,
)  # fmt: skip
from fusee.engine.decode.optables import CLASS, ENDS_ARM, OPENS_BLOCK, immediates_of
from fusee.engine.isa.forms import SLOT
from fusee.engine.isa.table import NO_ROW, NUMBER
from fusee.engine.runtime.metering import MANY_VALUES
from fusee.engine.translate.accumulator import MOV, VMOV
from fusee.engine.translate.branch import PAY, branch_if, branch_unless, jump, pop_condition
from fusee.engine.translate.cellfields import refer
from fusee.engine.translate.emit import compute_value, emit_one
from fusee.engine.translate.encode import (
    add_immediate,
    add_source,
    bind,
    clear_label,
    encode_first,
    flush,
    new_ins,
    reserve_code,
)  # fmt: skip
from fusee.engine.translate.fuse import emit_fused, fused_row
from fusee.engine.translate.hoist import load_hoisted
from fusee.engine.translate.immediate import next_u32
from fusee.engine.translate.locals import assume_pins, reload_pins
from fusee.engine.translate.metering import (
    label_for,
    note_arm,
    note_branch,
    note_end,
    note_leaving,
    note_opening,
    note_turn,
    paying_label,
)  # fmt: skip
from fusee.engine.translate.pausing import look_around
from fusee.engine.translate.payments import note_arm_end, note_choice, note_if, note_jump
from fusee.engine.translate.rule import Rule
from fusee.engine.translate.settle import materialize, settle, settle_all
from fusee.engine.translate.state import (
    CONSTANT,
    I32,
    LOOP_POINTER,
    NO_VALUE,
    SLOTTED,
    Frame,
    Ins,
    Moves,
    Translator,
    is_vector,
    type_code,
)  # fmt: skip
from fusee.engine.translate.values import (
    canonical,
    drop_to,
    is_float,
    is_waiting,
    new_value,
    note_passed,
    pop,
    push,
    push_canonical,
    width,
)  # fmt: skip
from fusee.kernel.lang import (
    Ptr,
    cast,
    copy_bytes,
    kernel,
    maximum,
    null,
    offset_of,
    size_of,
    span,
    u8,
    u16,
    u32,
    u64,
    unlikely,
    usize,
)
from fusee.spec import opcodes
from fusee.spec.types import EMPTY_BLOCK

BLOCK: Final = u16(opcodes.BLOCK.index)
LOOP: Final = u16(opcodes.LOOP.index)
IF: Final = u16(opcodes.IF.index)
ELSE: Final = opcodes.ELSE.index
END: Final = opcodes.END.index
DELEGATE: Final = opcodes.DELEGATE.index
FUNCTION: Final = u16(0xFFFF)  # opcode of the frame of the function's body

BR_TABLE: Final = u32(NUMBER["br_table"])
SET_LOOP: Final = u32(NUMBER["set_loop"])
UNREACHABLE: Final = u32(NUMBER["unreachable"])
RETURN: Final = u32(NUMBER["return"])
RETURN_INT: Final = u32(NUMBER["return_int"])
RETURN_FLOAT: Final = u32(NUMBER["return_float"])
RETURN_VECTOR: Final = u32(NUMBER["return_vector"])


# Frames


@kernel
def open_frame(t: Translator, opcode: u32, block_type: u32, height: u32) -> Frame:
    """Push a frame. There is room: the first pass has seen how deep they go."""
    assert t.depth < t.most_depth
    frame = t.frames[t.depth]
    t.depth += 1
    frame.block_type = block_type
    frame.height = height
    frame.moves = u32(0)
    frame.opcode = u16(opcode)
    clear_label(frame.label)
    clear_label(frame.otherwise)
    if t.is_metered:
        note_opening(t, opcode == LOOP)
    return frame


@kernel
def open_block(t: Translator, opcode: u32) -> Frame:
    """Push the frame of a block whose type comes next; its parameters are on the stack."""
    block_type = read_block_type(t.module, t.reader)
    height = t.height
    if is_indexed(block_type):
        height -= t.module.types[block_type & BLOCK_INDEX_MASK].param_count
    return open_frame(t, opcode, block_type, height)


@kernel(inline=True)
def frame_at(t: Translator, label: u32) -> Frame:
    """The frame that a label index names."""
    assert label < t.depth
    return t.frames[t.depth - 1 - label]


@kernel
def branch_target(t: Translator) -> u32:
    """The number of the frame that the label index names which comes next; a branch may go there."""
    label = next_u32(t.reader)
    assert label < t.depth
    number = t.depth - 1 - label
    note_leaving(t, number)
    return number


@kernel
def types_of(t: Translator, frame: Frame, results: bool) -> tuple[u32, Ptr[u32]]:
    """How many results or parameters a frame has, and their types."""
    block_type = frame.block_type
    if is_indexed(block_type):
        definition = t.module.types[block_type & BLOCK_INDEX_MASK]
        if results:
            return definition.result_count, definition.results
        return definition.param_count, definition.params
    if block_type == EMPTY_BLOCK or not results:
        return u32(0), null(Ptr[u32])
    return u32(1), cast(Ptr[u32], cast(Ptr[u8], frame) + offset_of(Frame, "block_type"))


@kernel
def arity(t: Translator, frame: Frame) -> u32:
    """How many values a branch to the frame's label takes along."""
    count, _types = types_of(t, frame, frame.opcode != LOOP)
    return count


@kernel
def expect(t: Translator, frame: Frame, results: bool) -> None:
    """The stack as it is behind a label: the frame's parameters or results in canonical slots."""
    drop_to(t, frame.height)
    count, types = types_of(t, frame, results)
    note_passed(t, count)
    for place in span(count):
        push_canonical(t, type_code(types[place]))
    t.settled = t.height
    t.acc = NO_VALUE
    t.facc = NO_VALUE


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
    is_innermost = t.loops[t.loop_number] != 0
    t.loop_number += 1
    if is_innermost:
        new_ins(t, SET_LOOP)
    bind(t, frame.label)
    note_head(t, frame.label.offset)
    if is_innermost:
        frame.label.fixups = LOOP_POINTER
    assume_pins(t)
    note_turn(t)


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
def settle_branch(t: Translator, count: u32) -> None:
    """Put the values that a branch may take along into canonical slots; many stay there for the next branch."""
    if count > MANY_VALUES:
        settle_all(t)
    for place in span(maximum(t.height - count, t.settled), t.height):
        settle(t, t.stack[place])


@kernel
def must_move(t: Translator, frame: Frame) -> bool:
    """Whether a branch must move its values, which are settled, to where the label expects them."""
    count = arity(t, frame)
    return frame.opcode == FUNCTION or (count != 0 and t.height - count != frame.height)


@kernel(inline=True)
def moves_of(t: Translator, frame: Frame) -> Moves:
    """The frame's newest code that moves values."""
    return t.moves[frame.moves - 1]


@kernel
def has_moves(t: Translator, frame: Frame) -> bool:
    """Whether there is code, or will be, that moves the values of a branch from where they are."""
    return frame.moves != 0 and moves_of(t, frame).height == t.height


@kernel
def open_moves(t: Translator, frame: Frame) -> Moves:
    """A place for the code that moves values from where they are; so far only a label."""
    needed = (u64(t.moves_count) + 1) * size_of(Moves)
    if needed > t.moves_buffer.capacity_bytes:
        grow_buffer(t.moves_buffer, needed)
        t.moves = cast(Ptr[Moves], t.moves_buffer.data)
    t.moves_count += 1
    frame.moves = t.moves_count
    moves = moves_of(t, frame)
    clear_label(moves.label)
    moves.height = t.height
    return moves


@kernel
def move_and_go(t: Translator, frame: Frame) -> None:
    """The code of the frame's newest `Moves`: move a branch's values, which are settled, and go to the label."""
    bind(t, moves_of(t, frame).label)
    if frame.opcode == FUNCTION:
        leave_settled(t)
    else:
        count, types = types_of(t, frame, frame.opcode != LOOP)
        for place in span(count):
            origin = canonical(t, t.height - count + place)
            copy_slot(t, type_code(types[place]), origin, canonical(t, frame.height + place))
        jump(t, frame.label)


@kernel
def copy_slot(t: Translator, type_: u8, origin: u32, to: u32) -> None:
    """A move between slots that belong to nobody at the moment."""
    if origin != to:
        i = new_ins(t, VMOV if is_vector(type_) else MOV)
        add_source(i, u32(0), SLOT, origin)
        i.destination = SLOT
        i.slot = u16(to)


@kernel
def put_in_slot(t: Translator, number: u32, slot: u32) -> None:
    """Move an entry to a slot that nobody needs any more; the entry counts as a constant from then on."""
    value = t.values[number]
    if value.kind != SLOTTED or value.payload != slot:
        compute_value(t, number, SLOT, slot)
        value.kind = CONSTANT


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
def share_moves(t: Translator, frame: Frame) -> None:
    """Move the values of a branch, which are settled, unless there is code for that already: then go there."""
    if has_moves(t, frame):
        jump(t, moves_of(t, frame).label)
    else:
        open_moves(t, frame)
        move_and_go(t, frame)


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
def translate_br_table(t: Translator) -> None:
    """Displacements behind the cell, and behind those the moves of values that nobody has moved yet."""
    if is_waiting(t.values[t.stack[t.height - 1]]):
        materialize(t, t.stack[t.height - 1])
    index = pop(t)
    settle_all(t)
    reload_pins(t)
    count = next_u32(t.reader)
    emit_one(t, BR_TABLE, index)
    add_immediate(t.ins[t.ins_count - 1], count)
    start = t.code_bytes
    if t.ins_count > 1:
        start = encode_before_last(t)
    flush(t)
    reserve_code(t, (count + 2) * 4)
    labels = t.reader.position
    for _ in span(count + 1):
        frame = t.frames[branch_target(t)]
        label = frame.label
        if must_move(t, frame):
            moves = moves_of(t, frame) if has_moves(t, frame) else open_moves(t, frame)
            label = moves.label
        refer(t, label, t.code_bytes, start)
        t.code_bytes += 4
    t.code_bytes = (t.code_bytes + (size_of(usize) - 1)) & ~u32(size_of(usize) - 1)
    t.reader.position = labels
    for _ in span(count + 1):
        frame = frame_at(t, next_u32(t.reader))
        if must_move(t, frame) and moves_of(t, frame).label.offset == 0:
            move_and_go(t, frame)


@kernel
def encode_before_last(t: Translator) -> u32:
    """Encode all instructions that wait but the latest; gives where that one will start."""
    last = t.ins[t.ins_count - 1]
    encode_first(t, t.ins_count - 1)
    copy_bytes(cast(Ptr[u8], t.ins[0]), cast(Ptr[u8], last), usize(size_of(Ins)))
    t.ins_count = u32(1)
    return t.code_bytes


# Returns


@kernel
def leave(t: Translator) -> None:
    """Return the values on top of the stack."""
    if t.result_count == 1:
        number = t.stack[t.height - 1]
        row = return_row(t.values[number].type)
        tree = fused_row(t, row, u32(0), number, NO_VALUE)
        if tree == NO_ROW and is_waiting(t.values[number]):
            materialize(t, number)
        pop(t)
        emit_fused(t, row, tree, number)
        push(t, new_value(t, CONSTANT, I32))  # stands for what is gone
    else:
        settle_branch(t, t.result_count)
        if t.result_count > MANY_VALUES:
            share_moves(t, t.frames[0])
        else:
            leave_settled(t)


@kernel
def leave_settled(t: Translator) -> None:
    """Return the values on top of the stack, which are in their canonical slots and stay there."""
    first = t.height - t.result_count
    if t.result_count == 1:
        i = new_ins(t, return_row(type_code(t.result_types[0])))
        add_source(i, u32(0), SLOT, canonical(t, first))
    else:
        slot = u32(0)
        for place in span(t.result_count):
            type_ = type_code(t.result_types[place])
            copy_slot(t, type_, canonical(t, first + place), slot)
            slot += width(type_)
        new_ins(t, RETURN)


@kernel(inline=True)
def return_row(type_: u8) -> u32:
    """The row that returns one value."""
    if is_float(type_):
        return RETURN_VECTOR if is_vector(type_) else RETURN_FLOAT
    return RETURN_INT


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
