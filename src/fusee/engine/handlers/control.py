"""What branches, frames and returns do; the handlers of metered code."""

from fusee.engine.errors import Trap
from fusee.engine.handlers.evaluate import OPERAND, VALUE, base, test
from fusee.engine.handlers.operands import READ, WRITE, extended, frame_slot, read_i32, read_int, slot_number, write_int
from fusee.engine.handlers.regs import Code, Regs, field, following_code
from fusee.engine.isa.control import ZEROED_INLINE, entry_bytes
from fusee.engine.isa.forms import NOWHERE, PIN
from fusee.engine.isa.row import Row, cell
from fusee.engine.runtime.frames import header
from fusee.engine.state.runtime import LOOP_WORD
from fusee.kernel.lang import (
    Ptr,
    Static,
    address,
    bitcast,
    cast,
    f64,
    from_low,
    i32,
    kernel,
    load,
    load_invariant,
    low,
    minimum,
    size_of,
    u8,
    u32,
    u64,
    unlikely,
    unroll,
    usize,
    v128,
)  # fmt: skip
from fusee.spec.traps import TrapCode


@kernel(inline=True)
def target(f: Regs, row: Static[Row], forms: Static[tuple[int, ...]]) -> Ptr[u8]:
    """The branch's label."""
    return cast(Ptr[u8], load(usize, f.pc + cell(row, NOWHERE, forms, size_of(usize)).immediates[0]))


@kernel(inline=True)
def frame_loop(f: Regs) -> Ptr[u8]:
    """The loop that the frame names. Where that is does not depend on the running cell, unlike a label's place: so a
    processor knows early where the next cell is."""
    return cast(Ptr[u8], header(f.fp, LOOP_WORD)[0])


@kernel(inline=True)
def is_taken(f: Regs, row: Static[Row], forms: Static[tuple[int, ...]]) -> bool:
    """The condition of a `branch_test…` row."""
    if base(row).sources[0] == "i32":
        if row.detail == "z":
            return OPERAND["i32"](f, row, row, 0, 0, NOWHERE, forms) == 0  # type: ignore[no-any-return]
        return OPERAND["i32"](f, row, row, 0, 0, NOWHERE, forms) != 0  # type: ignore[no-any-return]
    value: u64 = READ["i64"](f, forms[0], cell(row, NOWHERE, forms, size_of(usize)).sources[0])
    if row.detail == "z":
        return value == 0
    return value != 0


@kernel(inline=True)
def branch(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> bool:
    """Compare, or test one value: whether the branch is taken."""
    if row.family.startswith("branch_test"):
        return is_taken(f, row, forms)
    return test(f, row, dst, forms)


@kernel(inline=True)
def step(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> bool:
    """Add a constant to a local where it is, then compare it: whether the branch is taken."""
    stepped = read_int(f, forms[0], cell(row, dst, forms, size_of(usize)).sources[0])
    stepped = stepped + extended(f, cell(row, dst, forms, size_of(usize)).sources[1])
    write_int(f, forms[0], cell(row, dst, forms, size_of(usize)).sources[0], stepped)
    if len(forms) == 2:
        return is_zero(stepped, row.sources[0]) == (row.detail == "z")  # type: ignore[no-any-return]
    if row.sources[0] == "i32":
        return row.evaluate(  # type: ignore[no-any-return]
            u32(stepped), read_i32(f, forms[2], cell(row, dst, forms, size_of(usize)).sources[2])
        )
    return row.evaluate(  # type: ignore[no-any-return]
        stepped, read_int(f, forms[2], cell(row, dst, forms, size_of(usize)).sources[2])
    )


@kernel(inline=True)
def late_step(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> bool:
    """Compare a local with a constant, then add one to it where it is: the answer is kept, and whether the branch is
    taken."""
    value = read_int(f, forms[0], cell(row, dst, forms, size_of(usize)).sources[0])
    answer: bool = row.evaluate(u32(value), read_i32(f, forms[1], cell(row, dst, forms, size_of(usize)).sources[1]))
    value = value + extended(f, cell(row, dst, forms, size_of(usize)).sources[2])
    write_int(f, forms[0], cell(row, dst, forms, size_of(usize)).sources[0], value)
    write_int(f, dst, cell(row, dst, forms, size_of(usize)).result, u64(answer))
    return answer


@kernel(inline=True)
def is_zero(value: u64, kind: Static[str]) -> bool:
    """Whether a value of the type is zero."""
    if kind == "i32":
        return u32(value) == 0
    return value == 0


@kernel(inline=True)
def jump(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> None:
    """To a label, to the loop pointer, or behind the `tick` where that leads."""
    if row.family.endswith("loop"):
        f.pc = f.lp if row.detail is None else f.lp + cell(row.detail, NOWHERE, (), size_of(usize)).size
    elif row.family.endswith("frame"):
        f.pc = frame_loop(f)
    else:
        f.pc = target(f, row, forms)


@kernel(inline=True)
def chosen_label(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> u32:
    """Which of the labels of a `br_table` it goes to. Entries for them follow the cell; the last one is the default."""
    count = u32(field(f, cell(row, dst, forms, size_of(usize)).immediates[0]))
    return minimum(read_i32(f, forms[0], cell(row, dst, forms, size_of(usize)).sources[0]), count)


@kernel(inline=True)
def br_table(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> None:
    """To the cell at a displacement from this one."""
    label = chosen_label(f, row, dst, forms)
    displacements = cast(Ptr[i32], f.pc + cell(row, dst, forms, size_of(usize)).size)
    f.pc = f.pc + displacements[label]


@kernel(inline=True)
def take_entry(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> Code:
    """The same where entries are a handler and an address: gives the handler."""
    label = usize(chosen_label(f, row, dst, forms))
    entry = f.pc + cell(row, dst, forms, size_of(usize)).size + label * entry_bytes(size_of(usize))
    f.pc = cast(Ptr[u8], load_invariant(usize, entry + size_of(usize)))
    return following_code(entry)


@kernel(inline=True)
def set_loop(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> None:
    """Stands before an innermost loop, or names one: its back-edges need no label and no load. Or the frame gets it."""
    if row.detail == "frame":
        header(f.fp, LOOP_WORD)[0] = address(f.pc + cell(row, dst, forms, size_of(usize)).size)
    elif len(row.immediates) == 0:
        f.lp = f.pc + cell(row, dst, forms, size_of(usize)).size
    else:
        f.lp = target(f, row, forms)


@kernel(inline=True)
def unreachable_(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> None:
    raise Trap(TrapCode.UNREACHABLE, 0)


@kernel(inline=True)
def enter(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> None:
    """Start a frame: check the stack, clear the locals that are not parameters, load the pins."""
    slots = u32(field(f, cell(row, dst, forms, size_of(usize)).immediates[0]))
    if unlikely(f.fp + slots > f.ctx.stack_limit):
        raise Trap(TrapCode.STACK_OVERFLOW, 0)
    if row.detail[2] <= ZEROED_INLINE:
        first = frame_slot(f, cell(row, dst, forms, size_of(usize)).immediates[1])
        for number in unroll(range(row.detail[2])):
            first[number] = u64(0)
    else:
        place = slot_number(f, cell(row, dst, forms, size_of(usize)).immediates[1])
        end = place + slot_number(f, cell(row, dst, forms, size_of(usize)).immediates[2])
        while place < end:  # up to three too many: nothing lives there yet, and the stack has a reserve
            for number in unroll(range(ZEROED_INLINE)):
                (f.fp + place)[number] = u64(0)
            place = place + ZEROED_INLINE
    load_pins(f, row, 3)


@kernel(inline=True)
def pin_slot(f: Regs, row: Static[Row], number: Static[int]) -> Ptr[u64]:
    """The home slot named by an immediate."""
    return frame_slot(f, cell(row, NOWHERE, (), size_of(usize)).immediates[number])


@kernel(inline=True)
def load_pins(f: Regs, row: Static[Row], start: Static[int]) -> None:
    """Load the first pins of each bank from the slots that the immediates from `start` name."""
    for pin in unroll(range(row.detail[0])):
        WRITE["i64"](f, PIN + pin, 0, pin_slot(f, row, start + pin)[0])
    for pin in unroll(range(row.detail[1])):
        WRITE["f64"](f, PIN + pin, 0, bitcast(f64, pin_slot(f, row, start + row.detail[0] + pin)[0]))


def masked_pins(mask: int) -> list[tuple[int, int]]:
    """Number of the immediate and pin, for each pin in the mask."""
    return list(enumerate(pin for pin in range(mask.bit_length()) if mask >> pin & 1))


@kernel(inline=True)
def transfer_pins(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> None:
    """`spill` and `reload` of some pins of one bank."""
    for place in unroll(masked_pins(row.detail[1])):
        if row.family == "spill" and row.detail[0] == "r":
            pin_slot(f, row, place[0])[0] = READ["i64"](f, PIN + place[1], 0)
        elif row.family == "spill" and row.detail[0] == "v":
            cast(Ptr[v128], pin_slot(f, row, place[0]))[0] = READ["v128"](f, PIN + place[1], 0)
        elif row.family == "spill":
            pin_slot(f, row, place[0])[0] = bitcast(u64, READ["f64"](f, PIN + place[1], 0))
        elif row.detail[0] == "r":
            WRITE["i64"](f, PIN + place[1], 0, pin_slot(f, row, place[0])[0])
        elif row.detail[0] == "v":
            WRITE["v128"](f, PIN + place[1], 0, cast(Ptr[v128], pin_slot(f, row, place[0]))[0])
        else:
            WRITE["f64"](f, PIN + place[1], 0, bitcast(f64, pin_slot(f, row, place[0])[0]))


@kernel(inline=True)
def leave_frame(f: Regs) -> None:
    """Back to the caller's frame and the cell after its call."""
    f.pc = cast(Ptr[u8], header(f.fp, 2)[0])
    f.fp = cast(Ptr[u64], header(f.fp, 1)[0])


@kernel(inline=True)
def returned_float(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> v128:
    """A float result as its register holds it; alone it is taken as 64 bits whatever its type is."""
    if row.inner is not None and base(row.inner).result == "f32":
        return from_low(VALUE["f32"](f, row, row.inner, 0, dst, forms))
    return from_low(OPERAND["f64"](f, row, row, 0, 0, dst, forms))


@kernel(inline=True)
def return_(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> None:
    """Return; results are in the slots from 0 on, the first one also in the accumulator of its bank."""
    if len(forms) > 0:
        if row.sources[0] == "v128":
            f.facc = OPERAND["v128"](f, row, row, 0, 0, dst, forms)
            cast(Ptr[v128], f.fp)[0] = f.facc
        elif row.sources[0].startswith("f"):
            f.facc = returned_float(f, row, dst, forms)
            f.fp[0] = bitcast(u64, low(f64, f.facc))
        else:
            f.acc = OPERAND["i64"](f, row, row, 0, 0, dst, forms)
            f.fp[0] = f.acc
    leave_frame(f)
