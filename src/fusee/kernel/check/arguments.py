"""What the rules for calls of `lang`'s functions ask of arguments."""

from __future__ import annotations

import ast
from typing import Any

from fusee.kernel.check.body import Body
from fusee.kernel.check.static import Static
from fusee.kernel.tree.types import Boolean, Float, Integer, Lanes, Type, Vector


def count_arguments(body: Body, node: ast.Call, *allowed: int) -> None:
    if len(node.args) not in allowed:
        wanted = " or ".join(map(str, allowed))
        raise body.error(node, f"`{body.text(node.func)}` takes {wanted} arguments, got {len(node.args)}")


def type_argument(body: Body, node: ast.expr) -> Type:
    value = body.value(node)
    if not isinstance(value, Static):
        raise body.error(node, f"`{body.text(node)}` is not a type")
    return body.checker.annotated(body, value.value, node)


def wrong_type(body: Body, node: ast.expr, got: Type, wanted: str) -> Any:
    raise body.error(node, f"expected {wanted}, got `{got}`")


def is_integer(t: Type, lanes: bool = True) -> bool:
    """Whether this is an integer type, or, if they are allowed, lanes of one."""
    return isinstance(t, Integer) or (lanes and isinstance(t, Lanes) and isinstance(t.element, Integer))


def is_float(t: Type) -> bool:
    """Whether this is a float type, or lanes of one."""
    return isinstance(t, Float) or (isinstance(t, Lanes) and isinstance(t.element, Float))


def is_scalar(t: Type) -> bool:
    """Whether `load` and `store` take values of `t`, and `bitcast`."""
    return isinstance(t, Integer | Float | Boolean | Vector)
