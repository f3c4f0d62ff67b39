"""Conditional branches and jumps to labels."""

from typing import Final

from fusee.engine.isa.control import FRAMED, PAYING, framed, paying
from fusee.engine.isa.forms import ACC, CONST, NOWHERE, SLOT
from fusee.engine.isa.table import NO_ROW, NUMBER, ROWS, number_of
from fusee.engine.translate.accumulator import MOV, is_place_of
from fusee.engine.translate.comparison import (
    BRANCH_ROW,
    LOOP_ROW,
    NE,
    STEP_LOOP_ROW,
    STEP_ROW,
    fits_field,
    mirror,
    negate,
    normalize,
    row_index,
)  # fmt: skip
from fusee.engine.translate.emit import compute_operand, emit
from fusee.engine.translate.encode import add_source, count_block, flush, is_loop_pointer, new_ins
from fusee.engine.translate.fuse import emit_fused, fused_row
from fusee.engine.translate.operands import form_of, take
from fusee.engine.translate.records import Ins, Label
from fusee.engine.translate.settle import materialize
from fusee.engine.translate.state import (
    COMPARE,
    CONSTANT,
    F32,
    FRAME_POINTER,
    I32,
    IN_ACC,
    LOCAL,
    NO_VALUE,
    PAID_LOOP_POINTER,
    PAYING_LOOP_POINTER,
    Translator,
    Value,
)
from fusee.engine.translate.values import free, is_waiting, new_comparison, new_value, pop, release
from fusee.kernel.lang import address, kernel, u8, u32

BR: Final = u32(NUMBER["br"])
BRL: Final = u32(NUMBER["brl"])
BRF: Final = u32(number_of("brf"))
BRL_PAID: Final = u32(number_of("brl_paid"))
BR_NZ: Final = (NUMBER["br_i32_nz"], NUMBER["br_i64_nz"])
BR_Z: Final = (NUMBER["br_i32_z"], NUMBER["br_i64_z"])
BRL_NZ: Final = (NUMBER["brl_i32_nz"], NUMBER["brl_i64_nz"])
STEP_TESTS: Final = NUMBER["step_br_i32_nz"] - NUMBER["br_i32_nz"]  # the same distance for all tests
BRL_Z: Final = (NUMBER["brl_i32_z"], NUMBER["brl_i64_z"])
PAY: Final = u32(bool(PAYING))  # from the row of a branch to the loop pointer to that of the one that pays, if there is
FRAME: Final = u32(2 * bool(FRAMED))  # likewise, of the one to the loop that the frame names
assert all(framed(name) == ROWS[NUMBER[name] + 1 + int(FRAME)].name for name in FRAMED if name != "br")
assert all(name == paying(ROWS[NUMBER[name] - int(PAY)].name) for name in PAYING)
ADD: Final = NUMBER["add"]
LT_U: Final = NUMBER["i32_lt_u"]
GT_U: Final = NUMBER["i32_gt_u"]
LATE_LT_U: Final = u32(NUMBER["late_br_i32_lt_u"])
LATE_GT_U: Final = u32(NUMBER["late_br_i32_gt_u"])


@kernel
def pop_condition(t: Translator) -> u32:
    """Pop an i32 as a comparison."""
    if t.values[t.stack[t.height - 1]].kind == COMPARE:
        return pop(t)
    number = t.stack[t.height - 1]
    if is_waiting(t.values[number]) and fused_row(t, u32(BR_NZ[0]), u32(0), number, NO_VALUE) == NO_ROW:
        materialize(t, number)
    first = pop(t)
    t.height += 1  # the zero's position is above its partner's
    second = new_value(t, CONSTANT, I32)
    t.height -= 1
    return new_comparison(t, NE, I32, first, second)


@kernel
def branch_unless(t: Translator, condition: u32, label: Label) -> None:
    negate(t.values[condition])
    branch_if(t, condition, label)


@kernel
def branch_if(t: Translator, condition: u32, label: Label) -> None:
    """Emit a conditional branch; the comparison is consumed. What waits may not be changed behind it."""
    node = t.values[condition]
    further = u32(0)  # from the row of the branch to the loop pointer
    if PAY != 0 and label.fixups == PAYING_LOOP_POINTER:
        further = PAY
    elif FRAME != 0 and label.fixups == FRAME_POINTER:
        further = FRAME
    is_loop = (is_loop_pointer(label) or further != 0) and node.compared < F32
    if is_zero_test(t, node):
        release(t, node.operands[1])
        node.operands[1] = NO_VALUE
        node.operand_count = u32(1)
        if node.row == NE and is_stepped_late(t, node.operands[0]):
            emit_late_step(t, node.operands[0], u32(is_loop) + further if is_loop else u32(0))
        else:
            row = test_row(node.compared, node.row == NE, is_loop) + (further if is_loop else u32(0))
            emit_branch(t, row, row + STEP_TESTS, node)
    else:
        normalize(t, node)
        at = row_index(node.compared, node.row)
        if is_loop:
            step = u32(STEP_LOOP_ROW[at])
            emit_branch(t, LOOP_ROW[at] + further, step if step == NO_ROW else step + further, node)
        else:
            emit_branch(t, BRANCH_ROW[at], STEP_ROW[at], node)
    free(t, condition)
    t.ins[t.ins_count - 1].label = address(label)
    flush(t)
    count_block(t)


@kernel
def is_zero_test(t: Translator, node: Value) -> bool:
    """Whether an integer is compared for equality with zero."""
    second = t.values[node.operands[1]]
    return node.compared < F32 and second.kind == CONSTANT and second.payload == 0 and node.row <= NE


@kernel
def emit_branch(t: Translator, row: u32, step: u32, node: Value) -> None:
    """Emit a conditional branch, together with the instruction before it if that steps what is compared."""
    if is_waiting(t.values[node.operands[0]]):
        tree = fused_row(t, row, u32(0), node.operands[0], NO_VALUE)
        if tree == NO_ROW:  # what `pop_condition` saw was the opposite branch, or its operands have moved since
            compute_operand(t, node.operands[0])
        emit_fused(t, row, tree, node.operands[0])
        return
    if step != NO_ROW and node.compared < F32:
        if node.operand_count == 2 and node.row <= NE and not is_stepped(t, node.operands[0]):
            mirror(node)
        if is_stepped(t, node.operands[0]) and (node.operand_count == 1 or can_follow(t, node)):
            emit_step(t, step, node)
            return
    emit(t, row, node.operands, node.operand_count, NOWHERE, u32(0))


@kernel
def is_stepped(t: Translator, number: u32) -> bool:
    """Whether the value is a local to which the latest instruction has just added a constant."""
    value = t.values[number]
    if value.kind != LOCAL or t.ins_count == 0:
        return False
    i = t.ins[t.ins_count - 1]
    if i.row != ADD or i.forms[1] != CONST or i.forms[0] != i.destination or i.destination != form_of(t, value):
        return False
    return i.destination != SLOT or (i.operands[0] == value.payload and i.slot == value.payload)


@kernel
def can_follow(t: Translator, node: Value) -> bool:
    """Whether the second operand can be one of a `step_…` row: not in the accumulator, and not the stepped local."""
    first = t.values[node.operands[0]]
    second = t.values[node.operands[1]]
    if second.kind == CONSTANT:
        return fits_field(second)
    return second.kind != IN_ACC and not (second.kind == LOCAL and second.payload == first.payload)


@kernel
def emit_step(t: Translator, row: u32, node: Value) -> None:
    """Replace the latest instruction, an addition, by one that also branches."""
    addend = t.ins[t.ins_count - 1].operands[1]
    t.ins_count -= 1
    i = new_ins(t, row)
    take(t, i, u32(0), node.operands[0])
    add_source(i, u32(1), CONST, addend)
    if node.operand_count == 2:
        take(t, i, u32(2), node.operands[1])
        free(t, node.operands[1])
    free(t, node.operands[0])


@kernel
def is_stepped_late(t: Translator, number: u32) -> bool:
    """Whether the value is a local that has just got the answer whether another one is below or above a constant, and
    since then only a constant has been added to that."""
    value = t.values[number]
    if value.kind != LOCAL or t.ins_count < 3:
        return False
    compared = t.ins[t.ins_count - 3]
    kept = t.ins[t.ins_count - 2]
    stepped = t.ins[t.ins_count - 1]
    if stepped.row != ADD or kept.row != MOV or (compared.row != LT_U and compared.row != GT_U):
        return False
    if stepped.forms[1] != CONST or compared.forms[1] != CONST or compared.destination != ACC or kept.forms[0] != ACC:
        return False
    if compared.forms[0] == ACC:  # what it compared is gone
        return False
    index = u32(value.payload)
    is_kept = is_place_of(t.locals[index], index, kept.destination, kept.slot)
    if not is_kept or is_place_of(t.locals[index], index, stepped.destination, stepped.slot):
        return False
    return is_in_place(stepped) and is_same_place(stepped, compared)


@kernel(inline=True)
def is_in_place(i: Ins) -> bool:
    """Whether an instruction leaves its result where its first operand was."""
    return i.forms[0] == i.destination and (i.destination != SLOT or i.operands[0] == i.slot)


@kernel(inline=True)
def is_same_place(a: Ins, b: Ins) -> bool:
    """Whether the first operands of both are in the same place."""
    return a.forms[0] == b.forms[0] and (a.forms[0] != SLOT or a.operands[0] == b.operands[0])


@kernel
def emit_late_step(t: Translator, number: u32, distance: u32) -> None:
    """Replace the latest three instructions by one that also branches: its row is so far from that with a label."""
    compared = t.ins[t.ins_count - 3]
    kept = t.ins[t.ins_count - 2]
    row = (LATE_LT_U if compared.row == LT_U else LATE_GT_U) + distance
    form = u32(compared.forms[0])
    place = compared.operands[0]
    limit = compared.operands[1]
    addend = t.ins[t.ins_count - 1].operands[1]
    destination = kept.destination
    slot = kept.slot
    t.ins_count -= 3
    i = new_ins(t, row)
    add_source(i, u32(0), form, place)
    add_source(i, u32(1), CONST, limit)
    add_source(i, u32(2), CONST, addend)
    i.destination = destination
    i.slot = slot
    release(t, number)


@kernel(inline=True)
def test_row(type_: u8, nonzero: bool, is_loop: bool) -> u32:
    """Rows of the branches on one value: see `isa.control`."""
    if is_loop:
        if nonzero:
            return u32(BRL_NZ[0]) if type_ == I32 else u32(BRL_NZ[1])
        return u32(BRL_Z[0]) if type_ == I32 else u32(BRL_Z[1])
    if nonzero:
        return u32(BR_NZ[0]) if type_ == I32 else u32(BR_NZ[1])
    return u32(BR_Z[0]) if type_ == I32 else u32(BR_Z[1])


@kernel
def jump(t: Translator, label: Label) -> None:
    """Emit a jump. Branches to it may go where it goes (`thread_jumps`) if its cell says where that is."""
    is_target = t.ins_count == 0 and t.bound == t.code_bytes
    row = BRL if is_loop_pointer(label) and not is_target else BR
    if BRL_PAID != NO_ROW and label.fixups == PAID_LOOP_POINTER and not is_target:
        row = BRL_PAID
    elif FRAME != 0 and label.fixups == FRAME_POINTER and not is_target:
        row = BRF
    i = new_ins(t, row)
    i.label = address(label)
    flush(t)
