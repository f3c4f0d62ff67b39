"""The value that a row computes from its cell's operands, inner nodes of trees included."""

from typing import Any, Final

from fusee.engine.handlers.operands import extended, read_f32, read_float, read_i32, read_int, read_vector
from fusee.engine.handlers.regs import Regs
from fusee.engine.isa.fields import EXTENDING
from fusee.engine.isa.forms import CONST
from fusee.engine.isa.row import Row, cell
from fusee.kernel.lang import Static, f32, f64, kernel, size_of, u32, u64, usize, v128

Forms = tuple[int, ...]


def base(node: Row | None) -> Row:
    """The row at a tree's root, as it would be alone."""
    assert node is not None
    while node.outer is not None:
        node = node.outer
    return node


def is_computed(node: Row, place: int) -> bool:
    """Whether an operand of the node is computed by an inner one."""
    return node.inner is not None and node.place == place


def leaf(node: Row, place: int, first: int) -> int:
    """Number of the cell's operand that is the node's operand in `place`; `first` is the node's first leaf."""
    if node.inner is not None and place > node.place:
        return first + place + len(node.inner.sources) - 1
    return first + place


def is_comparison(row: Row) -> bool:
    """Whether the row's evaluation gives a bool."""
    result: Any = row.evaluate.function.__annotations__["return"]
    return row.result == "i32" and (result is bool or result == "bool")


def field(row: Row, dst: int, forms: Forms, number: int, pointer_bytes: int) -> int:
    """Where the cell holds an operand."""
    return cell(row, dst, forms, pointer_bytes).sources[number]


@kernel(inline=True)
def operand_i32(
    f: Regs, row: Static[Row], node: Static[Row], place: Static[int], first: Static[int], dst: Static[int],
    forms: Static[Forms],
) -> u32:  # fmt: skip
    """An operand of a node, read from the cell or computed."""
    if is_computed(node, place):
        return u32(VALUE[base(node.inner).result](f, row, node.inner, first + place, dst, forms))
    return read_i32(
        f, forms[leaf(node, place, first)], field(row, dst, forms, leaf(node, place, first), size_of(usize))
    )


@kernel(inline=True)
def operand_i64(
    f: Regs, row: Static[Row], node: Static[Row], place: Static[int], first: Static[int], dst: Static[int],
    forms: Static[Forms],
) -> u64:  # fmt: skip
    if is_computed(node, place):
        return u64(VALUE[base(node.inner).result](f, row, node.inner, first + place, dst, forms))
    if forms[leaf(node, place, first)] == CONST and base(node).name in EXTENDING:
        return extended(f, field(row, dst, forms, leaf(node, place, first), size_of(usize)))
    return read_int(
        f, forms[leaf(node, place, first)], field(row, dst, forms, leaf(node, place, first), size_of(usize))
    )


@kernel(inline=True)
def operand_f32(
    f: Regs, row: Static[Row], node: Static[Row], place: Static[int], first: Static[int], dst: Static[int],
    forms: Static[Forms],
) -> f32:  # fmt: skip
    if is_computed(node, place):
        computed: f32 = VALUE["f32"](f, row, node.inner, first + place, dst, forms)
        return computed
    return read_f32(
        f, forms[leaf(node, place, first)], field(row, dst, forms, leaf(node, place, first), size_of(usize))
    )


@kernel(inline=True)
def operand_f64(
    f: Regs, row: Static[Row], node: Static[Row], place: Static[int], first: Static[int], dst: Static[int],
    forms: Static[Forms],
) -> f64:  # fmt: skip
    if is_computed(node, place):
        computed: f64 = VALUE["f64"](f, row, node.inner, first + place, dst, forms)
        return computed
    return read_float(
        f, forms[leaf(node, place, first)], field(row, dst, forms, leaf(node, place, first), size_of(usize))
    )


@kernel(inline=True)
def operand_v128(
    f: Regs, row: Static[Row], node: Static[Row], place: Static[int], first: Static[int], dst: Static[int],
    forms: Static[Forms],
) -> v128:  # fmt: skip
    if is_computed(node, place):
        computed: v128 = VALUE["v128"](f, row, node.inner, first + place, dst, forms)
        return computed
    return read_vector(
        f, forms[leaf(node, place, first)], field(row, dst, forms, leaf(node, place, first), size_of(usize))
    )


OPERAND: Final[dict[str, Any]] = {
    "i32": operand_i32, "i64": operand_i64, "f32": operand_f32, "f64": operand_f64, "v128": operand_v128,
}  # fmt: skip


@kernel(inline=True)
def value_i32(
    f: Regs, row: Static[Row], node: Static[Row], first: Static[int], dst: Static[int], forms: Static[Forms]
) -> u32:  # fmt: skip
    """The value of a node whose result is an i32."""
    if len(base(node).sources) == 1:
        return u32(base(node).evaluate(OPERAND[base(node).sources[0]](f, row, node, 0, first, dst, forms)))
    return u32(
        base(node).evaluate(
            OPERAND[base(node).sources[0]](f, row, node, 0, first, dst, forms),
            OPERAND[base(node).sources[1]](f, row, node, 1, first, dst, forms),
        )
    )


@kernel(inline=True)
def value_i64(
    f: Regs, row: Static[Row], node: Static[Row], first: Static[int], dst: Static[int], forms: Static[Forms]
) -> u64:  # fmt: skip
    if len(base(node).sources) == 1:
        one: u64 = base(node).evaluate(OPERAND[base(node).sources[0]](f, row, node, 0, first, dst, forms))
        return one
    two: u64 = base(node).evaluate(
        OPERAND[base(node).sources[0]](f, row, node, 0, first, dst, forms),
        OPERAND[base(node).sources[1]](f, row, node, 1, first, dst, forms),
    )
    return two


@kernel(inline=True)
def value_f32(
    f: Regs, row: Static[Row], node: Static[Row], first: Static[int], dst: Static[int], forms: Static[Forms]
) -> f32:  # fmt: skip
    if len(base(node).sources) == 1:
        one: f32 = base(node).evaluate(OPERAND[base(node).sources[0]](f, row, node, 0, first, dst, forms))
        return one
    two: f32 = base(node).evaluate(
        OPERAND[base(node).sources[0]](f, row, node, 0, first, dst, forms),
        OPERAND[base(node).sources[1]](f, row, node, 1, first, dst, forms),
    )
    return two


@kernel(inline=True)
def value_f64(
    f: Regs, row: Static[Row], node: Static[Row], first: Static[int], dst: Static[int], forms: Static[Forms]
) -> f64:  # fmt: skip
    if len(base(node).sources) == 1:
        one: f64 = base(node).evaluate(OPERAND[base(node).sources[0]](f, row, node, 0, first, dst, forms))
        return one
    two: f64 = base(node).evaluate(
        OPERAND[base(node).sources[0]](f, row, node, 0, first, dst, forms),
        OPERAND[base(node).sources[1]](f, row, node, 1, first, dst, forms),
    )
    return two


@kernel(inline=True)
def value_v128(
    f: Regs, row: Static[Row], node: Static[Row], first: Static[int], dst: Static[int], forms: Static[Forms]
) -> v128:  # fmt: skip
    if len(base(node).sources) == 1:
        one: v128 = base(node).evaluate(OPERAND[base(node).sources[0]](f, row, node, 0, first, dst, forms))
        return one
    if len(base(node).sources) == 3:
        three: v128 = base(node).evaluate(
            OPERAND[base(node).sources[0]](f, row, node, 0, first, dst, forms),
            OPERAND[base(node).sources[1]](f, row, node, 1, first, dst, forms),
            OPERAND[base(node).sources[2]](f, row, node, 2, first, dst, forms),
        )
        return three
    two: v128 = base(node).evaluate(
        OPERAND[base(node).sources[0]](f, row, node, 0, first, dst, forms),
        OPERAND[base(node).sources[1]](f, row, node, 1, first, dst, forms),
    )
    return two


VALUE: Final[dict[str, Any]] = {
    "i32": value_i32, "i64": value_i64, "f32": value_f32, "f64": value_f64, "v128": value_v128,
}  # fmt: skip


@kernel(inline=True)
def test(f: Regs, row: Static[Row], dst: Static[int], forms: Static[Forms]) -> bool:
    """Evaluate a comparison; a negated one is the opposite, also for NaN."""
    answer: bool = base(row).evaluate(
        OPERAND[base(row).sources[0]](f, row, row, 0, 0, dst, forms),
        OPERAND[base(row).sources[1]](f, row, row, 1, 0, dst, forms),
    )
    if base(row).detail == "negated":
        return not answer
    return answer
