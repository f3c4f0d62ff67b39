"""The first pass over a function: which locals are worth a register, and how loops are nested (`nesting`)."""

from typing import Final

from fusee.engine.arena import grow_buffer
from fusee.engine.decode.instruction import MEMARG_HAS_MEMORY, read_opcode, skip_immediates
from fusee.engine.decode.optables import FIRST_PREFIX, LAST_PREFIX, immediates_of
from fusee.engine.decode.reader import behind_number, number_at
from fusee.engine.isa.forms import PIN, PINS
from fusee.engine.translate.hoist import behind_constant, end_hoisting
from fusee.engine.translate.nesting import KINDS, begin_nesting, enter_loop, leave_loop
from fusee.engine.translate.nesting import OTHER as OTHER_LOOP
from fusee.engine.translate.pausing import look_around
from fusee.engine.translate.state import F32, Translator, is_vector, type_code
from fusee.engine.translate.values import home, run_of, use_local
from fusee.kernel.lang import kernel, likely, maximum, minimum, span, table, u8, u32, u64, unlikely
from fusee.spec import opcodes
from fusee.spec.op import BY_INDEX, Imm

LOCAL_GET: Final = opcodes.LOCAL_GET.index

# What the first pass does where an instruction begins
PLAIN: Final = 0  # nothing: it has no immediates
LOCAL: Final = 1
NUMBER: Final = 2  # steps over an integer
ACCESS: Final = 3
LOOP: Final = 4
OPENING: Final = 5  # of a block that is no loop
CALL: Final = 6
OTHER: Final = 7
CONSTANT: Final = 8  # an integer, of 64 bits
END: Final = 9
DELEGATE: Final = 10  # an end, and a number

_NUMBERS: Final = {
    Imm.LABEL, Imm.FUNC, Imm.TYPE, Imm.TABLE, Imm.MEMORY, Imm.TAG, Imm.GLOBAL, Imm.LOCAL, Imm.I32, Imm.I64,
}  # fmt: skip


def _step(index: int) -> int:
    """What to do at a byte."""
    op = BY_INDEX.get(index)
    if op is None or FIRST_PREFIX <= index <= LAST_PREFIX:
        return OTHER
    if Imm.BLOCK_TYPE in op.immediates:
        return LOOP if op is opcodes.LOOP else OPENING
    if op in (opcodes.LOCAL_GET, opcodes.LOCAL_SET, opcodes.LOCAL_TEE):
        return LOCAL
    if op in (opcodes.END, opcodes.DELEGATE):
        return END if op is opcodes.END else DELEGATE
    if opcodes.CALL.index <= index <= opcodes.RETURN_CALL_REF.index:
        return CALL
    if op.immediates == (Imm.MEMARG,):
        return ACCESS
    if op is opcodes.I64_CONST:
        return CONSTANT
    return NUMBER if len(op.immediates) == 1 and op.immediates[0] in _NUMBERS else OTHER if op.immediates else PLAIN


STEP = table(u8, [_step(index) for index in range(0x100)])

LOOP_WEIGHT_BITS: Final = 3  # a use counts 8 times more in each loop around it
MOST_WEIGHTED_LOOPS: Final = u32(4)
LEAST_USES: Final = u32(3)  # fewer are not worth loading the pin
LEAST_USES_WITHOUT_LOOP: Final = u32(6)


@kernel
def begin(t: Translator) -> None:
    """So far nothing is known."""
    t.has_calls = False
    t.has_loops = False
    begin_nesting(t)
    t.most_depth = u32(1)  # the function's own frame


@kernel
def analyze(t: Translator) -> None:
    """Count uses of locals; `t.reader` is at the first instruction and returns there."""
    r = t.reader
    source = r.source
    start = r.position
    begin(t)
    depth = u32(0)  # of blocks
    loops = u32(0)  # open ones
    weight = u32(1)  # of a use here
    outermost = u32(0)  # where the outermost open loop is
    position = start
    while position < r.end:
        if unlikely(position >= t.look_source):
            r.position = position
            look_around(t)
        index = u32(source[position])
        position += 1
        step = STEP[index]
        if step == LOCAL:
            number, position = number_at(source, position)
            note_use(t, number, index != LOCAL_GET, weight)
        elif step == NUMBER:
            position = behind_number(source, position)
        elif step == ACCESS:
            if likely(source[position] < MEMARG_HAS_MEMORY):  # an alignment, and a byte
                position = behind_number(source, position + 1)
            else:
                position = behind_other(t, position)
        elif step >= END:
            if step == DELEGATE:
                position = behind_number(source, position)
            if depth != 0:
                depth -= 1
                if t.frames_buffer.data[depth] != 0:
                    loops -= 1
                    weight = weight_in(loops)
                    if loops == 0 and t.hoisted_first != t.hoisted_count:
                        end_hoisting(t, outermost, position)
                    leave_loop(t)
        elif step == CONSTANT:
            position = behind_constant(t, position, depth)
        elif step != PLAIN:
            if step == LOOP and loops == 0:
                outermost = position - 1
            position = behind_other(t, position)
            if step == CALL:
                t.has_calls = True
                t.loops_at_call = t.loop_count
            elif step != OTHER:
                note_opening(t, depth, step == LOOP)
                depth += 1
                if step == LOOP:
                    loops += 1
                    weight = weight_in(loops)
    r.position = start
    t.look_source = start


@kernel(inline=True)
def note_use(t: Translator, number: u32, is_written: bool, weight: u32) -> None:
    """The function reads or writes a local."""
    use = t.locals[home(t, number)]
    if unlikely(use.uses == 0):
        note_local(t, number)
    use.uses += weight
    use.is_written = use.is_written or is_written


@kernel
def behind_other(t: Translator, start: u32) -> u32:
    """The position behind the immediates of the instruction whose opcode is the byte before."""
    t.reader.position = start - 1
    skip_immediates(t.module, t.reader, immediates_of(read_opcode(t.reader)))
    return t.reader.position


@kernel(inline=True)
def weight_in(loops: u32) -> u32:
    """What a use of a local counts for in so many loops."""
    return u32(1) << (minimum(loops, MOST_WEIGHTED_LOOPS) * LOOP_WEIGHT_BITS)


@kernel
def note_opening(t: Translator, depth: u32, is_loop: bool) -> None:
    """Remember whether the block at `depth` is a loop, in the buffer of the frames, which is not in use yet."""
    if depth >= t.frames_buffer.capacity_bytes:
        grow_buffer(t.frames_buffer, u64(depth) + 1)
    t.frames_buffer.data[depth] = u8(is_loop)
    t.most_depth = maximum(t.most_depth, depth + 2)
    if is_loop:
        enter_loop(t)
        t.has_loops = True


@kernel
def note_local(t: Translator, number: u32) -> None:
    """The function mentions a local for the first time."""
    slot = home(t, number)
    assert slot < t.local_slots
    use_local(t, slot, declared_type(t, number))


@kernel
def declared_type(t: Translator, number: u32) -> u8:
    """The type of a local, as the translator sees it."""
    if number < t.param_count:
        return type_code(t.params[number])
    return type_code(t.runs[run_of(t, number)].type)


@kernel
def choose_pins(t: Translator) -> None:
    """Give the registers of each bank to the most used locals.

    Calls lose the registers, so a function that calls gets pins only for the sake of loops that do not.
    """
    t.int_pins = u32(0)
    t.float_pins = u32(0)
    t.has_wide_pins = False
    if t.has_calls and not has_quiet_loop(t):
        return
    for bank in span(u32(2)):
        for pin in span(PINS):
            best = most_used(t, bank)
            if best == t.local_slots:
                break
            t.locals[best].pin = u8(PIN + pin)
            t.pins[bank * PINS + pin] = best
            if bank == 0:
                t.int_pins += 1
            else:
                t.float_pins += 1
                t.has_wide_pins = t.has_wide_pins or is_vector(t.locals[best].type)


@kernel
def has_quiet_loop(t: Translator) -> bool:
    """Whether any loop is innermost and makes no calls."""
    for number in span(t.loop_count):
        if t.loops[number] & KINDS != OTHER_LOOP:
            return True
    return False


@kernel
def most_used(t: Translator, bank: u32) -> u32:
    """The unpinned local of a bank with the most uses, the first of several, or the number of locals' slots."""
    best = t.local_slots
    most = LEAST_USES if t.has_loops else LEAST_USES_WITHOUT_LOOP
    for at in span(t.used_count):
        index = t.used[at]
        local = t.locals[index]
        if local.pin == 0 and (local.type >= F32) == (bank == 1):
            if local.uses > most or (local.uses == most and index < best):
                most = local.uses
                best = index
    return best
