"""Two operands of one type."""

from __future__ import annotations

import ast

from fusee.kernel.check.body import Body
from fusee.kernel.check.static import Static, Value
from fusee.kernel.check.widening import is_wider, widened
from fusee.kernel.integer import Scalar
from fusee.kernel.tree.expressions import Node
from fusee.kernel.tree.types import Integer, Lanes


def unify_arguments(
    body: Body, node: ast.AST, left: ast.expr, right: ast.expr, widens: bool = False
) -> tuple[Node, Node]:
    """Check two expressions, whose values must be of one type."""
    return unify(body, node, body.value(left), body.value(right), left, right, widens)


def unify(
    body: Body,
    node: ast.AST,
    left: Value,
    right: Value,
    left_node: ast.expr,
    right_node: ast.expr,
    widens: bool = False,
) -> tuple[Node, Node]:
    """Both operands in one type: an untyped number takes the other's; where it `widens`, the narrower becomes it."""
    if isinstance(left, Static) and isinstance(right, Node) and not isinstance(left.value, Scalar):
        left = body.coerce(left, right.type, left_node)
    elif isinstance(right, Static) and isinstance(left, Node) and not isinstance(right.value, Scalar):
        right = body.coerce(right, left.type, right_node)
    left, right = body.typed(left, left_node), body.typed(right, right_node)
    if widens and is_wider(right.type, left.type):
        left = widened(body, left, right.type, left_node)
    elif widens and is_wider(left.type, right.type):
        right = widened(body, right, left.type, right_node)
    if left.type is not right.type:
        hint = body.conversion_hint(left.type, right.type, left_node)
        if isinstance(left.type, Integer) and isinstance(right.type, Integer) and left.type.bits > right.type.bits:
            hint = body.conversion_hint(right.type, left.type, right_node)
        if isinstance(left.type, Lanes) and right.type is left.type.element:
            hint = body.conversion_hint(right.type, left.type, right_node)
        raise body.error(node, f"`{left.type}` and `{right.type}` do not mix", hint)
    return left, right
