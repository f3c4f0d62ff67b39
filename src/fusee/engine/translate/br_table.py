"""`br_table` (spec 4.6.9): its cell, what it knows of each label, and moves of values that nobody has moved yet."""

from typing import Final

from fusee.engine.isa.control import HAS_ENTRY_HANDLERS, entry_bytes
from fusee.engine.isa.table import NUMBER
from fusee.engine.translate.branch import jump
from fusee.engine.translate.cellfields import refer
from fusee.engine.translate.emit import emit_one
from fusee.engine.translate.encode import ENTRY, add_immediate, bind_uncounted, encode_first, flush, reserve_code
from fusee.engine.translate.frames import LOOP, branch_target, frame_at
from fusee.engine.translate.immediate import next_u32
from fusee.engine.translate.locals import reload_pins
from fusee.engine.translate.passing import has_moves, move_and_go, moves_of, must_move, open_moves
from fusee.engine.translate.records import Frame, Ins
from fusee.engine.translate.settle import materialize, settle_all
from fusee.engine.translate.state import Translator
from fusee.engine.translate.values import is_waiting, pop
from fusee.kernel.lang import Ptr, cast, copy_bytes, kernel, size_of, span, u8, u32, usize

BR_TABLE: Final = u32(NUMBER["br_table"])


@kernel
def translate_br_table(t: Translator) -> None:
    """An entry for each label behind the cell, and behind those the moves of values that nobody has moved yet."""
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
    reserve_code(t, (count + 2) * entry_bytes(size_of(usize)))
    labels = t.reader.position
    for _ in span(count + 1):
        frame = t.frames[branch_target(t)]
        label = frame.label
        if goes_behind(t, frame):
            moves = moves_of(t, frame) if has_moves(t, frame) else open_moves(t, frame)
            label = moves.label
        refer(t, label, t.code_bytes, ENTRY if HAS_ENTRY_HANDLERS else start)
        t.code_bytes += entry_bytes(size_of(usize))
    t.code_bytes = (t.code_bytes + (size_of(usize) - 1)) & ~u32(size_of(usize) - 1)
    t.reader.position = labels
    for _ in span(count + 1):
        frame = frame_at(t, next_u32(t.reader))
        if goes_behind(t, frame) and moves_of(t, frame).label.offset == 0:
            if must_move(t, frame):
                move_and_go(t, frame)
            else:
                bind_uncounted(t, moves_of(t, frame).label)
                jump(t, frame.label)


@kernel
def goes_behind(t: Translator, frame: Frame) -> bool:
    """Whether an entry leads to a frame's label by code behind the table: because values must move, or because it
    leads back to a loop's first cell, whose handler is replaced by who wants the guest to stop."""
    return must_move(t, frame) or (HAS_ENTRY_HANDLERS and frame.opcode == LOOP)


@kernel
def encode_before_last(t: Translator) -> u32:
    """Encode all instructions that wait but the latest; gives where that one will start."""
    last = t.ins[t.ins_count - 1]
    encode_first(t, t.ins_count - 1)
    copy_bytes(cast(Ptr[u8], t.ins[0]), cast(Ptr[u8], last), usize(size_of(Ins)))
    t.ins_count = u32(1)
    return t.code_bytes
