"""The first pass over a function: which locals are worth a register, which loops may use the loop pointer."""

from typing import Final

from fusee.engine.arena import grow_buffer
from fusee.engine.decode.instruction import read_opcode, skip_immediates
from fusee.engine.decode.optables import CLASS, OPENS_BLOCK, immediates_of
from fusee.engine.decode.reader import read_u32
from fusee.engine.isa.forms import PIN, PINS
from fusee.engine.translate.state import F32, Translator
from fusee.kernel.lang import kernel, minimum, span, u8, u32, u64
from fusee.spec import opcodes

LOCAL_GET: Final = opcodes.LOCAL_GET.index
LOCAL_TEE: Final = opcodes.LOCAL_TEE.index
LOCAL_SET: Final = opcodes.LOCAL_SET.index
LOOP: Final = opcodes.LOOP.index
END: Final = opcodes.END.index
FIRST_CALL: Final = opcodes.CALL.index
LAST_CALL: Final = opcodes.RETURN_CALL_REF.index

LOOP_WEIGHT_BITS: Final = 3  # a use counts 8 times more in each loop around it
MOST_WEIGHTED_LOOPS: Final = 4
LEAST_USES: Final = 3  # fewer are not worth loading the pin
LEAST_USES_WITHOUT_LOOP: Final = 6


@kernel
def analyze(t: Translator) -> None:
    """Count uses of locals; `t.reader` is at the first instruction and returns there."""
    start = t.reader.position
    t.has_calls = False
    t.has_loops = False
    t.loop_count = u32(0)
    depth = u32(0)  # of blocks
    loops = u32(0)  # open ones
    innermost = u32(0)  # number plus one of the innermost open loop that has no inner one and no call yet
    while t.reader.position < t.reader.end:
        index = read_opcode(t.reader)
        if index >= LOCAL_GET and index <= LOCAL_TEE:
            use = t.locals[read_u32(t.reader)]
            use.uses += u32(1) << (minimum(loops, u32(MOST_WEIGHTED_LOOPS)) * LOOP_WEIGHT_BITS)
            use.is_written = use.is_written or index != LOCAL_GET
        elif index == LOOP:
            skip_immediates(t.module, t.reader, immediates_of(index))
            note_opening(t, depth, True)
            loops += 1
            innermost = t.loop_count
            depth += 1
        elif index == END:
            if depth != 0:
                depth -= 1
                if t.frames_buffer.data[depth] != 0:
                    loops -= 1
                    if innermost != 0:
                        t.loops[innermost - 1] = u8(1)
                    innermost = u32(0)
        else:
            if OPENS_BLOCK[CLASS[index]] != 0:
                note_opening(t, depth, False)
                depth += 1
            elif index >= FIRST_CALL and index <= LAST_CALL:
                t.has_calls = True
                innermost = u32(0)
            skip_immediates(t.module, t.reader, immediates_of(index))
    t.reader.position = start


@kernel
def note_opening(t: Translator, depth: u32, is_loop: bool) -> None:
    """Remember whether the block at `depth` is a loop, in the buffer of the frames, which is not in use yet."""
    if u64(depth) >= t.frames_buffer.capacity_bytes:
        grow_buffer(t.frames_buffer, u64(depth) + 1)
    t.frames_buffer.data[depth] = u8(is_loop)
    if is_loop:
        if u64(t.loop_count) >= t.loops_buffer.capacity_bytes:
            grow_buffer(t.loops_buffer, u64(t.loop_count) + 1)
        t.loops = t.loops_buffer.data
        t.loops[t.loop_count] = u8(0)
        t.loop_count += 1
        t.has_loops = True


@kernel
def choose_pins(t: Translator) -> None:
    """Give the registers of each bank to the most used locals.

    Calls lose the registers, so a function that calls gets pins only for the sake of loops that do not.
    """
    t.int_pins = u32(0)
    t.float_pins = u32(0)
    if t.has_calls and not has_quiet_loop(t):
        return
    for bank in span(u32(2)):
        for pin in span(u32(PINS)):
            best = most_used(t, bank)
            if best == t.local_count:
                break
            t.locals[best].pin = u8(PIN + pin)
            t.pins[bank * PINS + pin] = best
            if bank == 0:
                t.int_pins += 1
            else:
                t.float_pins += 1


@kernel
def has_quiet_loop(t: Translator) -> bool:
    """Whether any loop is innermost and makes no calls."""
    for number in span(t.loop_count):
        if t.loops[number] != 0:
            return True
    return False


@kernel
def most_used(t: Translator, bank: u32) -> u32:
    """The unpinned local of a bank with the most uses, or the number of locals."""
    best = t.local_count
    most = u32(LEAST_USES - 1) if t.has_loops else u32(LEAST_USES_WITHOUT_LOOP - 1)
    for index in span(t.local_count):
        local = t.locals[index]
        if local.uses > most and local.pin == 0 and (local.type >= F32) == (bank == 1):
            most = local.uses
            best = index
    return best
