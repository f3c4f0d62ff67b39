"""Instructions that compute a value from values: they wait until it is wanted, unless they may trap."""

from typing import Final

from fusee.engine.isa.forms import ACC
from fusee.engine.isa.table import NO_ROW, NUMBER
from fusee.engine.translate.actions import COMMUTES, ROW_SHIFT, arity_of, type_of
from fusee.engine.translate.emit import emit
from fusee.engine.translate.fuse import flatten, fused_row, may_fuse, take_leaves
from fusee.engine.translate.rule import Rule
from fusee.engine.translate.settle import claim, hold_in_acc, materialize
from fusee.engine.translate.state import (
    CONSTANT,
    I32,
    NO_VALUE,
    PENDING,
    SLOTTED,
    Translator,
    Value,
)  # fmt: skip
from fusee.engine.translate.values import (
    is_waiting,
    new_node,
    new_tree,
    new_value,
    pop,
    push,
    top,
)
from fusee.kernel.lang import kernel, span, u8, u32, u64
from fusee.spec import opcodes

SUB: Final = NUMBER["sub"]
ADD: Final = u32(NUMBER["add"])


@kernel(inline=True)
def materialize_top(t: Translator, count: u32) -> None:
    """Emit what waits among the topmost entries, as operands of what comes."""
    for place in span(count):
        number = t.stack[t.height - count + place]
        if is_waiting(t.values[number]):
            materialize(t, number)


@kernel
def compute_pure(t: Translator, word: u32) -> None:
    """A pure instruction waits until somebody needs its value."""
    row = word >> ROW_SHIFT
    if arity_of(word) == 1:
        if may_fuse(t, top(t, u32(0))) and fuse_unary(t, word, row):
            return
        materialize_top(t, u32(1))
        push(t, new_node(t, PENDING, row, type_of(word), pop(t), NO_VALUE))
        return
    if row == SUB and top(t, u32(0)).kind == CONSTANT:
        negate_constant(top(t, u32(0)))
        row = ADD
    if may_fuse(t, top(t, u32(0))) or may_fuse(t, top(t, u32(1))):
        if fuse_binary(t, word, row):
            return
    materialize_top(t, u32(2))
    second = pop(t)
    first = pop(t)
    if word & COMMUTES != 0 and t.values[first].kind == CONSTANT and t.values[second].kind != CONSTANT:
        push(t, new_node(t, PENDING, row, type_of(word), second, first))
    else:
        push(t, new_node(t, PENDING, row, type_of(word), first, second))


@kernel
def negate_constant(value: Value) -> None:
    value.payload = u64(0) - value.payload
    if value.type == I32:
        value.payload &= 0xFFFF_FFFF


@kernel
def fuse_unary(t: Translator, word: u32, row: u32) -> bool:
    """Compute the topmost entry in one tree, if there is one with it as the inner node."""
    tree = fused_row(t, row, u32(0), t.stack[t.height - 1], NO_VALUE)
    if tree == NO_ROW:
        return False
    push(t, new_tree(t, tree, type_of(word), flatten(t, u32(0), pop(t), NO_VALUE)))
    return True


@kernel
def fuse_binary(t: Translator, word: u32, row: u32) -> bool:
    """Compute the two topmost entries in one tree, if there is one with the second or the first as its inner node."""
    second = t.stack[t.height - 1]
    first = t.stack[t.height - 2]
    commutes = word & COMMUTES != 0
    place = u32(1)
    inner = second
    other = first
    tree = fused_row(t, row, place, second, first)
    if tree == NO_ROW and commutes:
        tree = fused_row(t, row, place, first, second)
        inner = first
        other = second
    if tree == NO_ROW:
        place = u32(0)
        inner = first
        other = second
        tree = fused_row(t, row, place, first, second)
    if tree == NO_ROW and commutes:
        inner = second
        other = first
        tree = fused_row(t, row, place, second, first)
    if tree == NO_ROW:
        return False
    if is_waiting(t.values[other]):
        materialize(t, other)
        if not is_waiting(t.values[inner]):  # it had to make room
            return False
    pop(t)
    pop(t)
    push(t, new_tree(t, tree, type_of(word), flatten(t, place, inner, other)))
    return True


@kernel
def compute_now(t: Translator, word: u32) -> None:
    """An instruction that may trap is emitted where it stands."""
    materialize_top(t, arity_of(word))
    second = pop(t) if arity_of(word) == 2 else NO_VALUE
    first = pop(t)
    push_result(t, word >> ROW_SHIFT, arity_of(word), first, second, type_of(word))


@kernel
def push_result(t: Translator, row: u32, count: u32, first: u32, second: u32, type_: u8) -> None:
    """Emit a row on up to two operands and push its result, which is in the accumulator."""
    take_leaves(t, first, second)
    push_emitted(t, row, count, type_)


@kernel
def push_emitted(t: Translator, row: u32, count: u32, type_: u8) -> None:
    """Emit a row on the first `count` of `t.leaves` and push its result, which is in the accumulator."""
    number = new_value(t, SLOTTED, type_)
    if t.owners[t.height] != 0:
        claim_over_leaves(t, number, count)
    emit(t, row, t.leaves, count, ACC, u32(0))
    hold_in_acc(t, number)
    push(t, number)


@kernel
def claim_over_leaves(t: Translator, number: u32, count: u32) -> None:
    """Free the canonical slot of a new entry, `number`, unless one of `t.leaves` is in it: that will be consumed."""
    first = t.leaves[0]
    second = t.leaves[1]
    third = t.leaves[2]
    for place in span(count):
        if t.owners[t.height] == t.leaves[place] + 1:
            return
    claim(t, t.height, number)
    t.leaves[0] = first
    t.leaves[1] = second
    t.leaves[2] = third


@kernel
def wrap(t: Translator) -> None:
    """`i32.wrap_i64` costs nothing: an i32's upper half is arbitrary."""
    value = top(t, u32(0))
    value.type = I32
    if value.kind == CONSTANT:
        value.payload &= 0xFFFF_FFFF


RULES: Final = [Rule(opcodes.I32_WRAP_I64, wrap)]
