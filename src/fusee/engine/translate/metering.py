"""Where metered code pays for what it is going to execute (`docs/bytecode.md`, metering).

A `tick` pays for a *stretch*: all the WebAssembly from where it stands on that is executed if it is, unless something
traps or throws. That is the straight line up to the next branch, and what follows a block within it that no branch
leaves for a place outside of the block: whatever happens inside, its `end` is passed as often as its beginning. So a
stretch goes on behind an `if`, and behind a loop. For what comes behind a branch it pays, too, as far as that is
certain: `payments`.

Where nobody asks what it costs, but whether it takes too long, only those stretches pay that a function or a turn of a
loop begins with: whatever runs for long comes past one of these again and again.

What is paid depends on the WebAssembly alone, never on what it becomes. A `tick` is emitted before the first
instruction of its stretch that costs something; how much that is all together is known when the stretch ends.
"""

from typing import Final

from fusee.engine.isa.table import NO_ROW, NUMBER
from fusee.engine.runtime.metering import ENTRY_COST, FREE, PLACELESS
from fusee.engine.translate.branch import BRL_PAID, PAY
from fusee.engine.translate.encode import add_immediate, flush, is_loop_pointer, new_ins
from fusee.engine.translate.payments import (
    JUMP_BACK,
    add_payment,
    await_arm,
    await_stretch,
    begin_payments,
    leave_place,
    note_stretch,
)  # fmt: skip
from fusee.engine.translate.records import Label
from fusee.engine.translate.state import PAID_LOOP_POINTER, PAYING_LOOP_POINTER, Translator
from fusee.kernel.lang import Ptr, cast, kernel, load, maximum, minimum, size_of, store, table, u8, u32, u64, usize
from fusee.spec import opcodes

TICK: Final = u32(NUMBER["tick"])

LOOP: Final = opcodes.LOOP.index
UNNAMED: Final = u32(1)  # no place of a cost

# What an instruction means here, by its first byte
PASSED: Final = 0  # nothing: what comes next is at the same place
COSTS: Final = 1
MOVES_ON: Final = 2  # it costs nothing


def _kind(byte: int) -> int:
    if byte in {op.index for op in FREE}:
        return PASSED if byte in {op.index for op in PLACELESS} else MOVES_ON
    return COSTS


KIND = table(u8, [_kind(byte) for byte in range(0x100)])


@kernel(cold=True)
def begin_function(t: Translator) -> None:
    """What is executed first pays for the call's arrival, too."""
    if t.is_metered:
        t.charge_at = u32(0)
        t.newest_loop = u32(0)  # none: it is the function's own frame
        begin_payments(t)
        begin_stretch(t)
        t.cost = u32(ENTRY_COST)


@kernel(cold=True)
def begin_stretch(t: Translator) -> None:
    """Pay here for what comes now."""
    end_stretch(t)
    flush(t)
    t.charge_at = t.code_bytes + u32(size_of(usize))  # the first field of a cell without wider ones
    start = t.code_bytes
    add_immediate(new_ins(t, TICK), u64(0))
    flush(t)
    charge = t.charges[t.newest_loop]
    if t.frames[t.newest_loop].opcode == LOOP and t.frames[t.newest_loop].label.offset == start:
        charge.head = t.charge_at
        charge.behind = t.code_bytes
        t.heads[(t.head_count - 1) * 2] = t.code_bytes  # all come past there
        t.noted_until = maximum(t.noted_until, t.code_bytes)
    name_stretch(t, t.depth, t.charge_at)
    note_stretch(t)
    t.cost = u32(0)
    t.is_due = False


@kernel
def end_stretch(t: Translator) -> None:
    """Write down what the stretch at hand costs, as far as it goes."""
    if t.charge_at != 0:
        store(cast(Ptr[u8], t.code) + t.charge_at, t.cost)


@kernel
def charge_for(t: Translator, first_byte: u32) -> None:
    """Before an instruction is translated."""
    kind = u32(KIND[first_byte])
    if kind == COSTS:
        if t.is_due:
            begin_stretch(t)
        t.cost += 1
    elif kind == MOVES_ON:
        leave_place(t)


@kernel
def note_opening(t: Translator, is_loop: bool) -> None:
    """The newest frame's block begins in the stretch at hand."""
    if t.is_due and is_loop:
        name_stretch(t, t.depth - 1, u32(0))
    charge = t.charges[t.depth - 1]
    charge.at = t.charge_at
    if t.is_due:
        charge.at = u32(0) if is_loop else UNNAMED
    charge.lowest = t.depth - 1
    charge.head = u32(0)
    charge.payments = u32(0)
    charge.users = u32(0)
    if is_loop:
        t.newest_loop = t.depth - 1


@kernel(cold=True)
def name_stretch(t: Translator, depth: u32, at: u32) -> None:
    """The innermost of so many blocks may have been opened before their stretch has begun, which is this."""
    number = depth
    while number != 0 and t.charges[number - 1].at == UNNAMED:
        number -= 1
        t.charges[number].at = at


@kernel(cold=True)
def label_for(t: Translator, number: u32) -> Label:
    """Where a `br` to a loop's frame goes; the stretch at hand pays for its first one, if it can."""
    charge = t.charges[number]
    if t.is_timed or charge.head == 0 or charge.head == t.charge_at or t.is_due:
        return t.frames[number].label
    t.cost += load(u32, cast(Ptr[u8], t.code) + charge.head)
    add_payment(t, JUMP_BACK, charge.head)
    t.behind.offset = charge.behind
    t.behind.fixups = u32(0)
    if BRL_PAID != NO_ROW and is_loop_pointer(t.frames[number].label):
        t.behind.fixups = PAID_LOOP_POINTER
    return t.behind


@kernel(cold=True)
def paying_label(t: Translator, number: u32) -> Label:
    """Where a branch on a condition to a frame goes; to a loop by its pointer it pays itself for the first stretch."""
    label = t.frames[number].label
    if PAY == 0 or not is_loop_pointer(label) or t.charges[number].head == 0:
        return label
    t.behind.offset = label.offset
    t.behind.fixups = PAYING_LOOP_POINTER
    return t.behind


@kernel
def note_leaving(t: Translator, number: u32) -> None:
    """Something may leave all blocks here that are inside of the frame with this number; 0: or the function."""
    if t.is_metered:
        charge = t.charges[t.depth - 1]
        charge.lowest = minimum(charge.lowest, number)
        t.charges[number].users += 1


@kernel
def note_branch(t: Translator) -> None:
    """A stretch ends here: it is not certain that what follows is executed."""
    if t.is_timed:
        end_stretch(t)
        t.charge_at = u32(0)  # what follows costs nothing
    else:
        t.is_due = t.is_metered


@kernel
def note_arm(t: Translator) -> None:
    """The same where the second arm of an `if` begins, which is the newest block."""
    note_branch(t)
    if t.is_metered:
        await_arm(t)


@kernel
def note_turn(t: Translator) -> None:
    """A loop begins here."""
    t.is_due = t.is_metered


@kernel(cold=True)
def note_end(t: Translator, reachable: bool, is_label: bool) -> None:
    """The end of the newest frame's block, which is open: whether it is come to, and whether branches lead there."""
    number = t.depth - 1
    charge = t.charges[number]
    if number != 0:
        outer = t.charges[number - 1]
        outer.lowest = minimum(outer.lowest, charge.lowest)
    if not (reachable or is_label) or charge.at == UNNAMED:
        return
    if charge.at != 0 and charge.lowest >= number:
        leave_place(t)
        go_on(t, charge.at)
    elif is_label:
        note_branch(t)
        await_stretch(t, number, reachable)


@kernel(cold=True)
def go_on(t: Translator, at: u32) -> None:
    """What follows belongs to an earlier stretch."""
    if at != t.charge_at:
        end_stretch(t)
        t.charge_at = at
        t.cost = load(u32, cast(Ptr[u8], t.code) + at)
    t.is_due = False
