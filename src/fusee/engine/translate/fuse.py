"""Fusing a waiting value into its consumer, where a tree of the two exists (`isa.trees`)."""

from typing import Final

from fusee.engine.isa.forms import MOST_LEAVES, NOWHERE
from fusee.engine.isa.row import Row
from fusee.engine.isa.table import FIRST_TREE, NO_ROW, TREE, TREE_COUNT, TREE_KEY, TREE_OUTER_SHIFT, TREE_PLACE_SHIFT
from fusee.engine.isa.vector import LANES, lane_row
from fusee.engine.translate.actions import PURE
from fusee.engine.translate.comparison import fits_field
from fusee.engine.translate.emit import emit, emit_one
from fusee.engine.translate.operands import has_handler
from fusee.engine.translate.state import CONSTANT, NO_VALUE, PENDING, Translator, Value
from fusee.engine.translate.values import free
from fusee.kernel.lang import kernel, span, u32


def is_sought(outer: Row, place: int, inner: Row) -> bool:
    """Whether the translator looks for trees of the two: their inner node waits, and the outer one asks for it."""
    if inner.name not in PURE and inner.name not in _LANES:
        return False
    if outer.name in PURE:
        return PURE[outer.name] == 2 or place == 0
    return place == 0 and outer.family in _SEEKING


_LANES: Final = {lane_row(mnemonic, lane) for mnemonic, count in LANES.items() for lane in range(count)}
_SEEKING: Final = ("load", "store", "return_value", "branch_test", "branch_test_loop", "branch_test_frame")


@kernel(inline=True)
def may_fuse(t: Translator, value: Value) -> bool:
    """Whether there is any tree with the value as its inner node."""
    return TREE_COUNT != 0 and value.kind == PENDING and FIRST_TREE[value.row] != FIRST_TREE[value.row + 1]


@kernel
def fused_row(t: Translator, outer: u32, place: u32, inner: u32, other: u32) -> u32:
    """The tree of `outer` with the value `inner` as operand in `place`, or `NO_ROW`.

    `other` is the second operand, if `outer` has two.
    """
    value = t.values[inner]
    if not may_fuse(t, value):
        return NO_ROW
    count = value.operand_count + u32(other != NO_VALUE)
    if count > MOST_LEAVES:
        return NO_ROW
    key = outer << TREE_OUTER_SHIFT | place << TREE_PLACE_SHIFT
    shift = u32(other != NO_VALUE and place == 1)
    for number in span(value.operand_count):
        key |= u32(is_constant(t, value.operands[number])) << (shift + number)
    if other != NO_VALUE:
        key |= u32(is_constant(t, other)) << (u32(0) if place == 1 else value.operand_count)
    at = u32(FIRST_TREE[value.row])
    end = u32(FIRST_TREE[value.row + 1])
    while at < end and TREE_KEY[at] < key:
        at += 1
    if at == end or TREE_KEY[at] != key:
        return NO_ROW
    tree = u32(TREE[at])
    grows = FIRST_TREE[tree] != FIRST_TREE[tree + 1]
    return tree if grows or fits(t, tree, place, value, other, count) else NO_ROW


@kernel
def fits(t: Translator, tree: u32, place: u32, inner: Value, other: u32, count: u32) -> bool:
    """Whether the tree exists with its leaves where they are now."""
    gather(t, place, inner, other)
    return has_handler(t, tree, t.leaves, count)


@kernel(inline=True)
def is_constant(t: Translator, number: u32) -> bool:
    return t.values[number].kind == CONSTANT and fits_field(t.values[number])


@kernel
def flatten(t: Translator, place: u32, inner: u32, other: u32) -> u32:
    """Put the leaves of a tree into `t.leaves`; gives their number. The inner value is dissolved."""
    count = gather(t, place, t.values[inner], other)
    free(t, inner)
    return count


@kernel
def gather(t: Translator, place: u32, inner: Value, other: u32) -> u32:
    """Put an inner node's operands, and the other operand of its outer node, into `t.leaves`; gives their number."""
    count = u32(0)
    if other != NO_VALUE and place == 1:
        t.leaves[0] = other
        count += 1
    for number in span(inner.operand_count):
        t.leaves[count] = inner.operands[number]
        count += 1
    if other != NO_VALUE and place == 0:
        t.leaves[count] = other
        count += 1
    return count


@kernel
def emit_fused(t: Translator, row: u32, tree: u32, number: u32) -> None:
    """Emit a row without result on one value, in the tree of the two unless that is `NO_ROW`."""
    if tree == NO_ROW:
        emit_one(t, row, number)
    else:
        count = flatten(t, u32(0), number, NO_VALUE)
        emit(t, tree, t.leaves, count, NOWHERE, u32(0))


@kernel
def take_leaves(t: Translator, first: u32, second: u32) -> u32:
    """The leaves of an instruction without inner nodes; gives their number."""
    t.leaves[0] = first
    t.leaves[1] = second
    return u32(1) + u32(second != NO_VALUE)
