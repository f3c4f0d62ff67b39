"""The values that branches and returns take along, and the code that moves them to where a label expects them."""

from typing import Final

from fusee.engine.arena import grow_buffer
from fusee.engine.isa.forms import SLOT
from fusee.engine.isa.table import NO_ROW, NUMBER
from fusee.engine.runtime.metering import MANY_VALUES
from fusee.engine.translate.accumulator import MOV, VMOV
from fusee.engine.translate.branch import jump
from fusee.engine.translate.emit import compute_value
from fusee.engine.translate.encode import add_source, bind, clear_label, new_ins
from fusee.engine.translate.frames import FUNCTION, LOOP, arity, types_of
from fusee.engine.translate.fuse import emit_fused, fused_row
from fusee.engine.translate.records import Frame, Moves
from fusee.engine.translate.settle import materialize, settle, settle_all
from fusee.engine.translate.state import CONSTANT, I32, NO_VALUE, SLOTTED, Translator, is_vector, type_code
from fusee.engine.translate.values import canonical, is_float, is_waiting, new_value, pop, push, width
from fusee.kernel.lang import Ptr, cast, kernel, maximum, size_of, span, u8, u16, u32, u64

RETURN: Final = u32(NUMBER["return"])
RETURN_INT: Final = u32(NUMBER["return_int"])
RETURN_FLOAT: Final = u32(NUMBER["return_float"])
RETURN_VECTOR: Final = u32(NUMBER["return_vector"])


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
def share_moves(t: Translator, frame: Frame) -> None:
    """Move the values of a branch, which are settled, unless there is code for that already: then go there."""
    if has_moves(t, frame):
        jump(t, moves_of(t, frame).label)
    else:
        open_moves(t, frame)
        move_and_go(t, frame)


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
