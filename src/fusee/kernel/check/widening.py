"""Where a narrower integer stands for a wider one of its sign: its value is the same, and no bits were lost before."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from fusee.kernel.tree.expressions import Binary, Conditional, Constant, Convert, Intrinsic, Node
from fusee.kernel.tree.types import Integer, Type

if TYPE_CHECKING:
    from fusee.kernel.check.body import Body

_WRAPPING = ("add", "sub", "mul", "shl")
_OF_OPERANDS = ("minimum", "maximum", "rotl", "rotr", "div_trunc", "rem_trunc")  # wrong if their operands are


def is_wider(wanted: Type, have: Type) -> bool:
    """Whether every `have` is a `wanted`, whatever the width of pointers: the scalar classes say so."""
    if wanted is have or not (isinstance(wanted, Integer) and isinstance(have, Integer)):
        return False
    return issubclass(have.python, wanted.python)


def widened(body: Body, value: Node, wanted: Type, node: ast.expr) -> Node:
    """A narrower integer as a `wanted`. What may have lost bits that this has room for is an error."""
    if isinstance(value, Constant):
        return Constant(wanted, value.line, value.value)
    if _may_wrap(value):
        text = body.text(node)
        message = f"`{text}` wraps as a `{value.type}` before it becomes a `{wanted}`"
        raise body.error(node, message, f"convert what it is made of; or, if that is meant, `{wanted}({text})`")
    return Convert(wanted, value.line, value)


def _may_wrap(value: Node) -> bool:
    """Whether an expression's value would have been another in a wider type."""
    if isinstance(value, Binary):
        inverts = value.op == "xor" and isinstance(value.right, Constant) and value.right.value == -1  # `~x`
        return value.op in _WRAPPING or inverts or _may_wrap(value.left) or _may_wrap(value.right)
    if isinstance(value, Conditional):
        return _may_wrap(value.then) or _may_wrap(value.other)
    if isinstance(value, Intrinsic):
        return value.name in _OF_OPERANDS and any(map(_may_wrap, value.operands))
    return False
