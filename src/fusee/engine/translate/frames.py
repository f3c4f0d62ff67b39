"""Frames of blocks (spec 4.6.9): what a label is, which values it takes, and the stack behind it."""

from typing import Final

from fusee.engine.decode.instruction import BLOCK_INDEX_MASK, is_indexed, read_block_type
from fusee.engine.translate.encode import clear_label
from fusee.engine.translate.immediate import next_u32
from fusee.engine.translate.metering import note_leaving, note_opening
from fusee.engine.translate.records import Frame
from fusee.engine.translate.state import NO_VALUE, Translator, type_code
from fusee.engine.translate.values import drop_to, note_passed, push_canonical
from fusee.kernel.lang import Ptr, cast, kernel, null, offset_of, span, u8, u16, u32
from fusee.spec import opcodes
from fusee.spec.types import EMPTY_BLOCK

LOOP: Final = u16(opcodes.LOOP.index)
FUNCTION: Final = u16(0xFFFF)  # opcode of the frame of the function's body


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
