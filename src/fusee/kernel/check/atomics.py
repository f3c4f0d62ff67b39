"""Atomic accesses: what operands each takes, and which orderings there are for it."""

from __future__ import annotations

import ast

from fusee.kernel.atomics import Order
from fusee.kernel.check.arguments import count_arguments, wrong_type
from fusee.kernel.check.body import Body
from fusee.kernel.check.calls import intrinsic
from fusee.kernel.check.static import Static, Value
from fusee.kernel.tree.expressions import Atomic
from fusee.kernel.tree.types import NOTHING, Integer, Pointer

_WITHOUT = {
    "atomic_load": (Order.RELEASE, Order.ACQ_REL),
    "atomic_store": (Order.ACQUIRE, Order.ACQ_REL),
    "atomic_fence": (Order.RELAXED,),
}
"""Orderings that an operation cannot have (C11, 7.17.7.2, 7.17.7.1); a relaxed fence would do nothing."""

_VALUES = {"atomic_load": 0, "atomic_compare_exchange": 2}
"""How many values an operation takes besides the pointer and its ordering, if that is not one."""

_OPERATIONS = (
    "atomic_load", "atomic_store", "atomic_exchange", "atomic_compare_exchange", "atomic_add", "atomic_sub",
    "atomic_and", "atomic_or", "atomic_xor",
)  # fmt: skip


@intrinsic(*_OPERATIONS)
def _atomic(body: Body, node: ast.Call, name: str) -> Value:
    count_arguments(body, node, 2 + _VALUES.get(name, 1))
    place = body.node(node.args[0])
    word = place.type.element if isinstance(place.type, Pointer) else None
    if not isinstance(word, Integer):
        raise wrong_type(body, node.args[0], place.type, "a pointer to integers")
    values = (body.node_of(argument, word, widens=True) for argument in node.args[1:-1])
    order = _order(body, node.args[-1], name)
    given = NOTHING if name == "atomic_store" else word
    return Atomic(given, node.lineno, name, (place, *values), order)


@intrinsic("atomic_fence")
def _fence(body: Body, node: ast.Call, name: str) -> Value:
    count_arguments(body, node, 1)
    return Atomic(NOTHING, node.lineno, name, (), _order(body, node.args[0], name))


def _order(body: Body, node: ast.expr, name: str) -> Order:
    found = body.value(node)
    if not (isinstance(found, Static) and isinstance(found.value, Order)):
        raise body.error(node, f"`{name}` wants an `Order`, which must be known at compile time")
    if found.value in _WITHOUT.get(name, ()):
        raise body.error(node, f"`{name}` cannot have this ordering", "`SEQ_CST` is always allowed")
    return found.value
