"""The functions of `lang` on lanes: what operands each takes and what it gives."""

from __future__ import annotations

import ast

from fusee.kernel.check.arguments import count_arguments, is_integer, type_argument, wrong_type
from fusee.kernel.check.body import Body
from fusee.kernel.check.calls import intrinsic
from fusee.kernel.check.expressions import lane_number
from fusee.kernel.check.static import Static, Value
from fusee.kernel.check.unify import unify_arguments
from fusee.kernel.tree.expressions import Intrinsic, Lane, Node, Shuffle
from fusee.kernel.tree.types import BOOL, V128, Float, Integer, Lanes, Vector


def _lane_type(body: Body, node: ast.expr) -> Lanes:
    wanted = type_argument(body, node)
    if not isinstance(wanted, Lanes):
        raise body.error(node, f"expected a type of lanes such as `u8x16`, got `{wanted}`")
    return wanted


def _lanes(body: Body, node: ast.expr) -> tuple[Node, Lanes]:
    value = body.node(node)
    if isinstance(value.type, Lanes):
        return value, value.type
    hint = f"see its bits as lanes: `bitcast(u8x16, {body.text(node)})`" if value.type is V128 else ""
    raise body.error(node, f"expected lanes, got `{value.type}`", hint)


# --- single lanes --------------------------------------------------------------------------------


@intrinsic("splat")
def _splat(body: Body, node: ast.Call, name: str) -> Value:
    count_arguments(body, node, 2)
    wanted = _lane_type(body, node.args[0])
    return Intrinsic(wanted, node.lineno, name, (body.node_of(node.args[1], wanted.element),))


@intrinsic("with_lane")
def _with_lane(body: Body, node: ast.Call, name: str) -> Value:
    count_arguments(body, node, 3)
    vector, lanes = _lanes(body, node.args[0])
    number = lane_number(body, node.args[1], lanes)
    return Lane(lanes, node.lineno, vector, number, body.node_of(node.args[2], lanes.element))


@intrinsic("lane_at")
def _lane_at(body: Body, node: ast.Call, name: str) -> Value:
    count_arguments(body, node, 2)
    vector, lanes = _lanes(body, node.args[0])
    number = body.node_of(node.args[1], body.types.named("u32"))
    return Intrinsic(lanes.element, node.lineno, name, (vector, number))


# --- places --------------------------------------------------------------------------------------


@intrinsic("shuffle")
def _shuffle(body: Body, node: ast.Call, name: str) -> Value:
    count_arguments(body, node, 3)
    left, right = unify_arguments(body, node, node.args[0], node.args[1])
    numbers = body.value(node.args[2])
    if not isinstance(left.type, Lanes):
        wrong_type(body, node.args[0], left.type, "lanes")
    elif not (isinstance(numbers, Static) and _are_numbers(numbers.value, left.type.count)):
        limit = 2 * left.type.count
        message = f"`{name}` takes {left.type.count} lane numbers below {limit}, known at compile time"
        raise body.error(node.args[2], message, "a tuple; or see `swizzle`")
    else:
        return Shuffle(left.type, node.lineno, left, right, tuple(map(int, numbers.value)))
    raise AssertionError


def _are_numbers(value: object, count: int) -> bool:
    return (
        isinstance(value, tuple)
        and len(value) == count
        and all(isinstance(number, int) and 0 <= number < 2 * count for number in value)
    )


@intrinsic("swizzle", "swizzle_near", "swizzle_pair")
def _swizzle(body: Body, node: ast.Call, name: str) -> Value:
    count_arguments(body, node, 3 if name == "swizzle_pair" else 2)
    wanted = body.types.named("u8x16")
    return Intrinsic(wanted, node.lineno, name, tuple(body.node_of(argument, wanted) for argument in node.args))


# --- lanes of other widths -----------------------------------------------------------------------


def _converts(have: Integer | Float, want: Integer | Float) -> bool:
    return isinstance(want, Float) or isinstance(have, Integer)


@intrinsic("widen_low", "widen_high", "narrow_zero", "pairwise_sum")
def _resize(body: Body, node: ast.Call, name: str) -> Value:
    count_arguments(body, node, 2)
    wanted = _lane_type(body, node.args[0])
    value, lanes = _lanes(body, node.args[1])
    narrow, wide = (wanted, lanes) if name == "narrow_zero" else (lanes, wanted)
    fits = narrow.count == 2 * wide.count and _converts(lanes.element, wanted.element)
    if not fits or (name == "pairwise_sum" and not is_integer(lanes)):
        width = "half" if name == "narrow_zero" else "twice"
        raise body.error(node, f"`{name}` makes lanes {width} as wide, not `{wanted}` of `{lanes}`")
    return Intrinsic(wanted, node.lineno, name, (value,))


@intrinsic("narrow_sat")
def _narrow_sat(body: Body, node: ast.Call, name: str) -> Value:
    count_arguments(body, node, 3)
    wanted = _lane_type(body, node.args[0])
    a, b = unify_arguments(body, node, node.args[1], node.args[2])
    have = a.type
    if not (isinstance(have, Lanes) and is_integer(have) and is_integer(wanted) and wanted.count == 2 * have.count):
        raise body.error(node, f"`{name}` makes integer lanes half as wide, not `{wanted}` of `{have}`")
    return Intrinsic(wanted, node.lineno, name, (a, b))


def truncate_lanes(body: Body, node: ast.Call, wanted: Lanes, value: Node) -> Node:
    """`trunc_sat` of lanes: as many lanes, or half as many as the result has."""
    have = value.type
    assert isinstance(have, Lanes)
    counts = (wanted.count, wanted.count // 2)
    if not (isinstance(wanted.element, Integer) and isinstance(have.element, Float) and have.count in counts):
        raise body.error(node, f"`trunc_sat` makes integers of floats, not `{wanted}` of `{have}`")
    return Intrinsic(wanted, node.lineno, "trunc_sat", (value,))


@intrinsic("dot")
def _dot(body: Body, node: ast.Call, name: str) -> Value:
    count_arguments(body, node, 2)
    a, b = unify_arguments(body, node, node.args[0], node.args[1])
    wider = {"i8x16": "i16x8", "i16x8": "i32x4"}.get(a.type.name)
    if wider is None:
        raise body.error(node.args[0], f"expected `i8x16` or `i16x8`, got `{a.type}`")
    return Intrinsic(body.types.named(wider), node.lineno, name, (a, b))


@intrinsic("dot_sat")
def _dot_sat(body: Body, node: ast.Call, name: str) -> Value:
    count_arguments(body, node, 2)
    kinds = map(body.types.named, ("u8x16", "i8x16"))
    operands = tuple(body.node_of(argument, kind) for argument, kind in zip(node.args, kinds, strict=True))
    return Intrinsic(body.types.named("i16x8"), node.lineno, name, operands)


@intrinsic("trunc_or_least")
def _trunc_or_least(body: Body, node: ast.Call, name: str) -> Value:
    count_arguments(body, node, 2)
    wanted, (value, have) = _lane_type(body, node.args[0]), _lanes(body, node.args[1])
    if wanted.name != "i32x4" or not isinstance(have.element, Float):
        raise body.error(node, f"`{name}` makes `i32x4` of floats, not `{wanted}` of `{have}`")
    return Intrinsic(wanted, node.lineno, name, (value,))


@intrinsic("mul_q15", "mul_q15_sat")
def _mul_q15_sat(body: Body, node: ast.Call, name: str) -> Value:
    count_arguments(body, node, 2)
    wanted = body.types.named("i16x8")
    return Intrinsic(wanted, node.lineno, name, tuple(body.node_of(argument, wanted) for argument in node.args))


# --- all lanes together --------------------------------------------------------------------------


@intrinsic("any_bits")
def _any_bits(body: Body, node: ast.Call, name: str) -> Value:
    count_arguments(body, node, 1)
    value = body.node(node.args[0])
    if not isinstance(value.type, Vector):
        wrong_type(body, node.args[0], value.type, "a `v128` or lanes")
    return Intrinsic(BOOL, node.lineno, name, (value,))


@intrinsic("bitmask")
def _bitmask(body: Body, node: ast.Call, name: str) -> Value:
    count_arguments(body, node, 1)
    value, _ = _lanes(body, node.args[0])
    return Intrinsic(body.types.named("u32"), node.lineno, name, (value,))
