"""Comparisons, and what is made of truth values."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any

from fusee.kernel.check.body import Body, expression
from fusee.kernel.check.static import Static, Value
from fusee.kernel.check.unify import unify
from fusee.kernel.tree.expressions import Binary, Compare, Constant, Logic, Node
from fusee.kernel.tree.types import (
    BOOL,
    V128,
    Float,
    Integer,
    Lanes,
    Nothing,
    Pointer,
    Record,
    Several,
    Vector,
)

STATIC_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
}
_COMPARE_OPS: dict[type[ast.cmpop], str] = {
    ast.Eq: "eq",
    ast.NotEq: "ne",
    ast.Lt: "lt",
    ast.LtE: "le",
    ast.Gt: "gt",
    ast.GtE: "ge",
}


def _not(body: Body, node: ast.UnaryOp) -> Value:
    value = body.condition(node.operand)
    if isinstance(value, Static):
        return Static(not value.value)
    true = Constant(BOOL, node.lineno, True)
    return Binary(BOOL, node.lineno, "xor", value, true)


@expression(ast.BoolOp)
def _logic(body: Body, node: ast.BoolOp) -> Value:
    is_and = isinstance(node.op, ast.And)
    result = body.condition(node.values[0])
    for operand in node.values[1:]:
        if isinstance(result, Static):
            if result.value is not is_and:  # decided: the rest is not even compiled
                return result
            result = body.condition(operand)
            continue
        right = body.condition(operand)
        if isinstance(right, Static) and right.value is is_and:
            continue
        result = Logic(BOOL, node.lineno, is_and, result, body.coerce(right, BOOL, operand))
    return result


@expression(ast.Compare)
def _compare(body: Body, node: ast.Compare) -> Value:
    if len(node.ops) != 1:
        body.unsupported(node, "a chained comparison", "join two comparisons with `and`")
    left_node, right_node = node.left, node.comparators[0]
    return compare(body, node, node.ops[0], body.value(left_node), body.value(right_node), left_node, right_node)


def compare(
    body: Body, node: ast.expr, op: ast.cmpop, left: Value, right: Value, left_node: ast.expr, right_node: ast.expr
) -> Value:
    """`left op right`; `node` is the whole, for messages."""
    if isinstance(left, Static) and isinstance(right, Static):
        return body.checker.constants.evaluate(body, node, STATIC_COMPARE[type(op)], left.value, right.value)
    name = _COMPARE_OPS.get(type(op))
    if name is None:
        nothing = isinstance(right, Static) and right.value is None
        body.unsupported(
            node,
            "`is`" if isinstance(op, ast.Is | ast.IsNot) else "`in`",
            f"ask `is_null({body.text(left_node)})`" if nothing else "compare with `==`",
        )
    if isinstance(right, Static) and right.value is None:
        raise body.error(node, "`None` is not a value", f"ask `is_null({body.text(left_node)})`")
    left_typed, right_typed = unify(body, node, left, right, left_node, right_node, widens=True)
    return _comparison(body, node, name, left_typed, right_typed)


def _comparison(body: Body, node: ast.expr, name: str, left: Node, right: Node) -> Node:
    type_ = left.type
    if isinstance(type_, Lanes):
        return Compare(body.types.mask(type_), node.lineno, _number_comparison(type_.element, name), left, right)
    if isinstance(type_, Float):
        op = _number_comparison(type_, name)
    elif name in ("eq", "ne") and not isinstance(type_, Vector | Several | Nothing | Record):
        op = f"icmp {name}"
    elif isinstance(type_, Integer):
        op = _number_comparison(type_, name)
    elif isinstance(type_, Pointer):
        op = f"icmp u{name}"
    else:
        hint = "see its bits as lanes: `bitcast(u8x16, …)`" if type_ is V128 else ""
        raise body.error(node, f"`{type_}` has no such comparison", hint)
    return Compare(BOOL, node.lineno, op, left, right)


def _number_comparison(type_: Integer | Float, name: str) -> str:
    """LLVM's comparison of two numbers, or of two lanes."""
    if isinstance(type_, Float):
        return f"fcmp {'une' if name == 'ne' else 'o' + name}"
    if name in ("eq", "ne"):
        return f"icmp {name}"
    return f"icmp {'s' if type_.signed else 'u'}{name}"
