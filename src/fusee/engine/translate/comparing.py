"""Comparisons on what is on the stack: they wait for their consumer, and so do tests for zero (`comparison`)."""

from typing import Final

from fusee.engine.isa.table import NO_ROW, NUMBER
from fusee.engine.translate.actions import ROW_SHIFT, type_of
from fusee.engine.translate.branch import test_row
from fusee.engine.translate.comparison import EQ, GE_S, GT_S, LE_S, LT_S, NE, negate
from fusee.engine.translate.compute import materialize_top
from fusee.engine.translate.fuse import fused_row
from fusee.engine.translate.rule import Rule
from fusee.engine.translate.settle import materialize
from fusee.engine.translate.state import COMPARE, CONSTANT, I32, NO_VALUE, PENDING, Translator
from fusee.engine.translate.values import is_waiting, make_value, new_comparison, pop, push, push_constant, top
from fusee.kernel.lang import kernel, u8, u16, u32, u64
from fusee.spec import opcodes

AND: Final = u16(NUMBER["and"])
EXTEND8: Final = NUMBER["i32_extend8_s"]
EXTEND16: Final = NUMBER["i32_extend16_s"]
MINUS_ONE: Final = 0xFFFF_FFFF  # as constants hold an i32
BR_IF: Final = opcodes.BR_IF.index
IF: Final = opcodes.IF.index


@kernel
def compare(t: Translator, word: u32) -> None:
    if top(t, u32(0)).kind == CONSTANT and test_sign(t, word >> ROW_SHIFT):
        return
    materialize_top(t, u32(2))
    second = pop(t)
    first = pop(t)
    push_comparison(t, word >> ROW_SHIFT, type_of(word), first, second)


@kernel
def push_comparison(t: Translator, code: u32, type_: u8, first: u32, second: u32) -> None:
    push(t, new_comparison(t, code, type_, first, second))


@kernel
def test_sign(t: Translator, code: u32) -> bool:
    """Compare an extended number for its sign, where the next instruction branches: one bit says it."""
    value = top(t, u32(1))
    if value.kind != PENDING or (value.row != EXTEND8 and value.row != EXTEND16):
        return False
    limit = top(t, u32(0)).payload
    is_negative = (code == LT_S and limit == 0) or (code == LE_S and limit == MINUS_ONE)
    is_other = (code == GE_S and limit == 0) or (code == GT_S and limit == MINUS_ONE)
    if not (is_negative or is_other) or not is_followed_by_branch(t):
        return False
    bit = u64(0x80) if value.row == EXTEND8 else u64(0x8000)
    t.values[t.stack[t.height - 1]].payload = u64(0)
    value.operands[1] = make_value(t, CONSTANT, I32, bit)
    value = top(t, u32(1))
    value.operand_count = u32(2)
    value.row = AND
    push_test(t, NE if is_negative else EQ)
    return True


@kernel(inline=True)
def is_followed_by_branch(t: Translator) -> bool:
    """Whether the next instruction is one that branches on the topmost entry."""
    opcode = t.reader.source[t.reader.position]
    return opcode == BR_IF or opcode == IF


@kernel
def push_test(t: Translator, code: u32) -> None:
    """Compare what is below a zero with it. It waits further if the next instruction branches and there is a tree."""
    number = t.stack[t.height - 2]
    value = t.values[number]
    if is_waiting(value):
        is_nonzero = (code == NE) == (t.reader.source[t.reader.position] == BR_IF)
        branch = test_row(value.type, is_nonzero, False)
        if not is_followed_by_branch(t) or fused_row(t, branch, u32(0), number, NO_VALUE) == NO_ROW:
            materialize(t, number)
    second = pop(t)
    first = pop(t)
    push_comparison(t, code, t.values[first].type, first, second)


@kernel
def test_zero(t: Translator) -> None:
    """`eqz` and `ref.is_null`: a comparison with zero, or the opposite of a comparison."""
    if top(t, u32(0)).kind == COMPARE:
        negate(top(t, u32(0)))
        return
    push_constant(t, top(t, u32(0)).type, u64(0))
    push_test(t, EQ)


RULES: Final = [Rule(opcodes.I32_EQZ, test_zero), Rule(opcodes.I64_EQZ, test_zero)]
