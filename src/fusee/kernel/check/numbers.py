"""Functions of `lang` on numbers: what operands each takes and what it gives."""

from __future__ import annotations

import ast

from fusee.kernel.check.arguments import count_arguments, is_float, is_integer, is_scalar, type_argument, wrong_type
from fusee.kernel.check.body import Body
from fusee.kernel.check.calls import intrinsic
from fusee.kernel.check.lanes import truncate_lanes
from fusee.kernel.check.static import Value
from fusee.kernel.check.unify import unify_arguments
from fusee.kernel.tree.expressions import Intrinsic
from fusee.kernel.tree.types import V128, Float, Integer, Lanes

_LANE_PAIRS = ("mul_high", "minimum", "maximum", "add_sat", "sub_sat")
_INTEGER_PAIRS = ("rotl", "rotr", "div_trunc", "rem_trunc", *_LANE_PAIRS)


@intrinsic(*_INTEGER_PAIRS)
def _integer_pair(body: Body, node: ast.Call, name: str) -> Value:
    count_arguments(body, node, 2)
    a, b = unify_arguments(body, node, node.args[0], node.args[1], widens=name in _LANE_PAIRS)
    if not is_integer(a.type, name in _LANE_PAIRS):
        wrong_type(body, node.args[0], a.type, "integers")
    elif name in ("div_trunc", "rem_trunc") and isinstance(a.type, Integer) and not a.type.signed:
        operator = "//" if name == "div_trunc" else "%"
        raise body.error(node, f"`{name}` is for signed integers, got `{a.type}`", f"use `{operator}`")
    return Intrinsic(a.type, node.lineno, name, (a, b))


@intrinsic("clz", "ctz", "popcount", "byte_swap")
def _integer_unary(body: Body, node: ast.Call, name: str) -> Value:
    count_arguments(body, node, 1)
    value = body.node(node.args[0])
    if not is_integer(value.type, name == "popcount"):
        wrong_type(body, node.args[0], value.type, "an integer")
    return Intrinsic(value.type, node.lineno, name, (value,))


@intrinsic("fabs", "floor", "ceil", "trunc", "nearest", "sqrt")
def _float_unary(body: Body, node: ast.Call, name: str) -> Value:
    count_arguments(body, node, 1)
    value = body.node(node.args[0])
    if not is_float(value.type):
        wrong_type(body, node.args[0], value.type, "a float")
    return Intrinsic(value.type, node.lineno, name, (value,))


@intrinsic("copysign", "fmin", "fmax")
def _float_pair(body: Body, node: ast.Call, name: str) -> Value:
    count_arguments(body, node, 2)
    a, b = unify_arguments(body, node, node.args[0], node.args[1])
    if not is_float(a.type):
        wrong_type(body, node.args[0], a.type, "floats")
    return Intrinsic(a.type, node.lineno, name, (a, b))


@intrinsic("fma")
def _fma(body: Body, node: ast.Call, name: str) -> Value:
    count_arguments(body, node, 3)
    a = body.node(node.args[0])
    if not is_float(a.type):
        wrong_type(body, node.args[0], a.type, "floats")
    b, c = (body.node_of(argument, a.type) for argument in node.args[1:])
    return Intrinsic(a.type, node.lineno, name, (a, b, c))


@intrinsic("trunc_to", "trunc_sat")
def _truncate(body: Body, node: ast.Call, name: str) -> Value:
    count_arguments(body, node, 2)
    wanted, value = type_argument(body, node.args[0]), body.node(node.args[1])
    if name == "trunc_sat" and isinstance(wanted, Lanes) and isinstance(value.type, Lanes):
        return truncate_lanes(body, node, wanted, value)
    if not isinstance(wanted, Integer) or not isinstance(value.type, Float):
        raise body.error(node, f"`{name}` makes an integer of a float, not `{wanted}` of `{value.type}`")
    return Intrinsic(wanted, node.lineno, name, (value,))


@intrinsic("bitcast")
def _bitcast(body: Body, node: ast.Call, name: str) -> Value:
    count_arguments(body, node, 2)
    wanted, value = type_argument(body, node.args[0]), body.node(node.args[1])
    if not is_scalar(wanted) or not is_scalar(value.type) or body.types.size(wanted) != body.types.size(value.type):
        raise body.error(node, f"`{name}` needs values of the same size, not `{wanted}` and `{value.type}`")
    return value if wanted is value.type else Intrinsic(wanted, node.lineno, name, (value,))


@intrinsic("low")
def _low(body: Body, node: ast.Call, name: str) -> Value:
    count_arguments(body, node, 2)
    wanted = type_argument(body, node.args[0])
    if not isinstance(wanted, Float):
        raise body.error(node.args[0], f"`{name}` reads floats, not `{wanted}`")
    return Intrinsic(wanted, node.lineno, name, (body.node_of(node.args[1], V128),))


@intrinsic("from_low", "with_low")
def _from_low(body: Body, node: ast.Call, name: str) -> Value:
    count_arguments(body, node, 1 if name == "from_low" else 2)
    value = body.node(node.args[-1])
    if not isinstance(value.type, Float):
        wrong_type(body, node.args[-1], value.type, "a float")
    vectors = tuple(body.node_of(vector, V128) for vector in node.args[:-1])
    return Intrinsic(V128, node.lineno, name, (*vectors, value))


@intrinsic("whole")
def _whole(body: Body, node: ast.Call, name: str) -> Value:
    count_arguments(body, node, 1)
    value = body.node(node.args[0])
    if value.type not in map(body.types.named, ("u32", "i32", "u64", "f64")):
        raise body.error(node, f"`{name}` needs a number of 32 or 64 bits, not `{value.type}`")
    return Intrinsic(value.type, node.lineno, name, (value,))
