"""Operators: both operands of one type, and only those that mean the same in Python and in machine code."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any

from fusee.kernel.check.body import Body, expression
from fusee.kernel.check.comparisons import STATIC_COMPARE, _not, compare
from fusee.kernel.check.static import Static, Value
from fusee.kernel.check.unify import unify
from fusee.kernel.check.widening import is_wider
from fusee.kernel.tree.expressions import Binary, Constant, Intrinsic, Node, Offset
from fusee.kernel.tree.types import (
    V128,
    Boolean,
    Float,
    Integer,
    Lanes,
    Pointer,
    Reference,
)

_STATIC_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
    ast.MatMult: operator.matmul,
}
_SYMBOLS: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
    ast.LShift: "<<",
    ast.RShift: ">>",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.MatMult: "@",
}
_INTEGER_OPS = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.BitAnd: "and",
    ast.BitOr: "or",
    ast.BitXor: "xor",
    ast.FloorDiv: "udiv",
    ast.Mod: "urem",
}
_FLOAT_OPS = {ast.Add: "fadd", ast.Sub: "fsub", ast.Mult: "fmul", ast.Div: "fdiv"}
_LANE_OPS = {kind: name for kind, name in _INTEGER_OPS.items() if name not in ("udiv", "urem")}
_BOOL_OPS = {ast.BitAnd: "and", ast.BitOr: "or", ast.BitXor: "xor"}
_STATIC_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.USub: operator.neg,
    ast.Invert: operator.invert,
    ast.UAdd: operator.pos,
}


OPERATORS: dict[Any, ast.operator | ast.unaryop | ast.cmpop] = {
    function: kind()
    for kinds in (_STATIC_BINARY, STATIC_COMPARE, _STATIC_UNARY)
    for kind, function in kinds.items()
    if kind not in (ast.In, ast.NotIn)
}
"""What `operator.add(a, b)` means: for kernels that are given an operation."""


def operation(body: Body, node: ast.Call, op: ast.operator | ast.unaryop | ast.cmpop) -> Value:
    """A call of a function of Python's `operator`."""
    wanted = 1 if isinstance(op, ast.unaryop) else 2
    if len(node.args) != wanted or node.keywords:
        raise body.error(node, f"`{body.text(node.func)}` takes {wanted} arguments, got {len(node.args)}")
    values = [body.value(argument) for argument in node.args]
    if isinstance(op, ast.unaryop):
        return unary(body, node, op, values[0])
    if isinstance(op, ast.cmpop):
        return compare(body, node, op, values[0], values[1], node.args[0], node.args[1])
    return binary(body, node, op, values[0], values[1], node.args[0], node.args[1])


@expression(ast.BinOp)
def _binary(body: Body, node: ast.BinOp) -> Value:
    return binary(body, node, node.op, body.value(node.left), body.value(node.right), node.left, node.right)


def binary(
    body: Body, node: ast.AST, op: ast.operator, left: Value, right: Value, left_node: ast.expr, right_node: ast.expr
) -> Value:
    """`left op right`; `node` is the whole, for messages (also an augmented assignment)."""
    if isinstance(left, Static) and isinstance(right, Static):
        return body.checker.constants.evaluate(body, node, _STATIC_BINARY[type(op)], left.value, right.value)
    if isinstance(op, ast.LShift | ast.RShift):
        return _shift(body, node, op, left, right, left_node, right_node)
    if isinstance(left, Node) and isinstance(left.type, Pointer | Reference):
        return _pointer_arithmetic(body, node, op, left, right, right_node)
    left_typed, right_typed = unify(body, node, left, right, left_node, right_node, widens=True)
    return _arithmetic(body, node, op, left_typed, right_typed)


def _arithmetic(body: Body, node: ast.AST, op: ast.operator, left: Node, right: Node) -> Node:
    type_ = left.type
    names: dict[Any, str] = {}
    if isinstance(type_, Integer):
        names = _INTEGER_OPS
        if type_.signed and isinstance(op, ast.FloorDiv | ast.Mod):
            name = "div_trunc" if isinstance(op, ast.FloorDiv) else "rem_trunc"
            raise body.error(
                node,
                f"`{_SYMBOLS[type(op)]}` of signed integers rounds differently in Python and in machine code",
                f"use `{name}(a, b)`, which rounds to zero",
            )
        if isinstance(op, ast.Div):
            raise body.error(node, "`/` is for floats", "use `//` on unsigned integers, `div_trunc` on signed ones")
    elif isinstance(type_, Float):
        names = _FLOAT_OPS
    elif isinstance(type_, Lanes):
        names = _FLOAT_OPS if isinstance(type_.element, Float) else _LANE_OPS
    elif isinstance(type_, Boolean):
        names = _BOOL_OPS
    name_ = names.get(type(op))
    if name_ is None:
        hint = "see its bits as lanes: `bitcast(u8x16, …)`" if type_ is V128 else ""
        raise body.error(node, f"`{_SYMBOLS[type(op)]}` is not defined for `{type_}`", hint)
    return Binary(type_, getattr(node, "lineno", 0), name_, left, right)


def _shift(
    body: Body, node: ast.AST, op: ast.operator, left: Value, right: Value, left_node: ast.expr, right_node: ast.expr
) -> Node:
    subject = body.typed(left, left_node)
    type_ = subject.type
    if isinstance(type_, Lanes) and isinstance(type_.element, Integer):
        return _lane_shift(body, node, op, subject, type_.element, right, right_node)
    if not isinstance(type_, Integer):
        raise body.error(node, f"`{_SYMBOLS[type(op)]}` is not defined for `{type_}`")
    narrower = isinstance(right, Node) and is_wider(type_, right.type)
    if isinstance(right, Node) and isinstance(right.type, Integer) and right.type is not type_ and not narrower:
        raise body.error(
            right_node,
            f"a shift count has the type of what is shifted: expected `{type_}`, got `{right.type}`",
            f"convert it: `{type_}({body.text(right_node)})`",
        )
    count = body.coerce(right, type_, right_node, widens=True)
    if isinstance(count, Constant) and not 0 <= int(count.value) < type_.bits:
        raise body.error(right_node, f"shift count {count.value} is not less than the width of `{type_}`")
    name = "shl" if isinstance(op, ast.LShift) else "ashr" if type_.signed else "lshr"
    return Binary(type_, getattr(node, "lineno", 0), name, subject, count)


def _lane_shift(
    body: Body, node: ast.AST, op: ast.operator, subject: Node, lane: Integer, right: Value, right_node: ast.expr
) -> Node:
    wanted = body.types.named("u32")
    if isinstance(right, Node) and right.type is not wanted and not is_wider(wanted, right.type):
        message = f"lanes are all shifted by one count: expected `u32`, got `{right.type}`"
        raise body.error(right_node, message, body.conversion_hint(right.type, wanted, right_node))
    count = body.coerce(right, wanted, right_node, widens=True)
    if isinstance(count, Constant) and int(count.value) >= lane.bits:
        raise body.error(right_node, f"shift count {count.value} is not less than the width of `{lane}`")
    name = "shl" if isinstance(op, ast.LShift) else "ashr" if lane.signed else "lshr"
    return Intrinsic(subject.type, getattr(node, "lineno", 0), name, (subject, count))


def _pointer_arithmetic(
    body: Body, node: ast.AST, op: ast.operator, left: Node, right: Value, right_node: ast.expr
) -> Node:
    if not isinstance(left.type, Pointer) or not isinstance(op, ast.Add | ast.Sub):
        raise body.error(node, f"`{_SYMBOLS[type(op)]}` is not defined for `{left.type}`")
    if isinstance(right, Node) and isinstance(right.type, Pointer):
        raise body.error(node, "the difference of two pointers is `diff(p, q)`")
    return Offset(
        left.type, getattr(node, "lineno", 0), left, index_node(body, right, right_node), isinstance(op, ast.Sub)
    )


def index_node(body: Body, value: Value, node: ast.expr) -> Node:
    """`value` as an index: of any integer type; untyped ones count as signed 64-bit."""
    if isinstance(value, Static) and isinstance(value.value, int):
        return body.coerce(value, body.types.i64, node)
    if isinstance(value, Static) and isinstance(value.value, float):
        raise body.error(node, f"an index must be an integer, got `{body.text(node)}`")
    index = body.typed(value, node)
    if not isinstance(index.type, Integer):
        raise body.error(node, f"an index must be an integer, got `{index.type}`")
    return index


@expression(ast.UnaryOp)
def _unary(body: Body, node: ast.UnaryOp) -> Value:
    if isinstance(node.op, ast.Not):
        return _not(body, node)
    return unary(body, node, node.op, body.value(node.operand))


def unary(body: Body, node: ast.expr, op: ast.unaryop, value: Value) -> Value:
    """`op value`; `node` is the whole, for messages."""
    if isinstance(value, Static):
        return body.checker.constants.evaluate(body, node, _STATIC_UNARY[type(op)], value.value)
    type_ = value.type
    number = type_.element if isinstance(type_, Lanes) else type_
    if isinstance(op, ast.Invert) and isinstance(number, Integer):
        ones = (1 << 128) - 1 if isinstance(type_, Lanes) else -1
        return Binary(type_, node.lineno, "xor", value, Constant(type_, node.lineno, ones))
    if isinstance(op, ast.USub) and isinstance(number, Integer):
        return Binary(type_, node.lineno, "sub", Constant(type_, node.lineno, 0), value)
    if isinstance(op, ast.USub) and isinstance(number, Float):
        return Intrinsic(type_, node.lineno, "negate", (value,))
    symbol = {ast.USub: "-", ast.Invert: "~", ast.UAdd: "+"}[type(op)]
    raise body.error(node, f"unary `{symbol}` is not defined for `{type_}`")
