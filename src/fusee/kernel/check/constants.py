"""What static values mean: evaluated at compile time, or turned into constants of the machine code."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fusee.kernel.check.static import Static, Value
from fusee.kernel.declare import Handler, Instance, Kernel
from fusee.kernel.integer import Integer as LangInteger
from fusee.kernel.integer import Scalar
from fusee.kernel.table import ConstantTable
from fusee.kernel.tree.expressions import CodeAddress, Constant, Load, Node, Offset, TableAddress
from fusee.kernel.tree.functions import ConstantData, Specialised
from fusee.kernel.tree.types import (
    BOOL,
    Float,
    Function,
    Integer,
    Lanes,
    Pointer,
    Type,
    Vector,
    function_type,
    pointer_to,
)

if TYPE_CHECKING:
    from fusee.kernel.check.body import Body
    from fusee.kernel.check.checker import Checker


class Constants:
    """Turns static values into nodes; keeps the constant tables met."""

    def __init__(self, checker: Checker) -> None:
        self.checker = checker
        self.types = checker.types
        self.tables: dict[int, tuple[ConstantTable[Any], ConstantData]] = {}

    # --- compile-time evaluation ---------------------------------------------------------------

    def evaluate(self, body: Body, node: ast.AST, function: Callable[..., Any], *arguments: Any) -> Value:
        """Call an ordinary Python function at compile time."""
        try:
            return Static(function(*arguments))
        except Exception as problem:
            raise body.error(
                node, f"`{body.text(node)}` failed at compile time: {type(problem).__name__}: {problem}"
            ) from problem

    def attribute(self, body: Body, node: ast.Attribute, base: Any) -> Value:
        try:
            return Static(getattr(base, node.attr))
        except AttributeError as problem:
            raise body.error(node, str(problem)) from None

    def subscript(self, body: Body, node: ast.Subscript, base: Any, index: Any) -> Value:
        if isinstance(base, ConstantTable):
            index_node = body.coerce(Static(index), self.types.i64, node.slice)
            table = self.node(body, base, node.value)
            assert table is not None
            address = Offset(table.type, node.lineno, table, index_node)
            assert isinstance(table.type, Pointer)
            return Load(table.type.element, node.lineno, address, True)
        try:
            return Static(base[index])
        except Exception as problem:
            raise body.error(node, f"`{body.text(node)}` failed at compile time: {problem!r}") from None

    # --- constants of the code -----------------------------------------------------------------

    def node(self, body: Body, value: Any, node: ast.expr) -> Node | None:
        """A static value that has a type by itself, as a node."""
        if isinstance(value, bool):
            return Constant(BOOL, node.lineno, value)
        if isinstance(value, Scalar):
            return self._scalar(value, node)
        if isinstance(value, ConstantTable):
            data = self.table(body, value, node)
            return TableAddress(pointer_to(data.element), node.lineno, data)
        return None

    def _scalar(self, value: Scalar, node: ast.expr) -> Node | None:
        type_ = self.types.resolve(type(value))
        if isinstance(value, LangInteger):
            return Constant(type_, node.lineno, value.value)
        if isinstance(type_, Float):
            return Constant(type_, node.lineno, float(value))  # type: ignore[arg-type]
        if isinstance(type_, Vector):
            return Constant(type_, node.lineno, value.to_bits())
        return None

    def coerced(self, body: Body, value: Any, wanted: Type, node: ast.expr) -> Node:
        """A static value as a `wanted`."""
        if isinstance(value, int) and not isinstance(value, bool):
            if isinstance(wanted, Integer):
                if not wanted.holds(int(value)):
                    raise body.error(node, f"{int(value)} does not fit in `{wanted}`")
                return Constant(wanted, node.lineno, int(value))
            if isinstance(wanted, Float) and _is_exact(int(value), wanted):
                return Constant(wanted, node.lineno, float(value))
        if isinstance(value, float) and isinstance(wanted, Float):
            return Constant(wanted, node.lineno, value)
        if isinstance(value, int | float) and not isinstance(value, bool) and isinstance(wanted, Lanes):
            lane = self.coerced(body, value, wanted.element, node)
            assert isinstance(lane, Constant)
            return Constant(wanted, node.lineno, wanted.python.literal(lane.value).to_bits())
        if isinstance(value, Kernel | Handler | Instance) and isinstance(wanted, Function):
            return self._code(body, value, wanted, node)
        made = self.node(body, value, node)
        if made is None:
            raise body.error(node, f"expected `{wanted}`, got `{body.text(node)}`")
        return made

    def code(self, body: Body, value: Any, node: ast.expr) -> Node | None:
        """A kernel, handler or instance as pointer of its own type."""
        if not isinstance(value, Kernel | Handler | Instance):
            return None
        callee = self.checker.specialise_named(value, body, node)
        own = function_type(tuple(p.type for p in callee.parameters), callee.result)
        return self._code(body, value, own, node)

    def _code(self, body: Body, value: Any, wanted: Function, node: ast.expr) -> Node:
        callee = self.checker.specialise_named(value, body, node)
        self.check_signature(body, callee, wanted, node)
        body.function.references[callee] = None
        return CodeAddress(wanted, node.lineno, callee)

    def check_signature(self, body: Body, callee: Specialised, wanted: Function, node: ast.AST) -> None:
        """A kernel whose address is taken must have the pointer's type, and must not raise."""
        parameters = tuple(p.type for p in callee.parameters)
        if parameters != wanted.parameters or callee.result is not wanted.result:
            have = function_type(parameters, callee.result)
            raise body.error(node, f"`{callee.name}` is a `{have}`, expected `{wanted}`")
        if not callee.handler:
            self.checker.addressed.append((callee, body, node))

    # --- tables --------------------------------------------------------------------------------

    def table(self, body: Body, table: ConstantTable[Any], node: ast.expr) -> ConstantData:
        """The data of a `table(...)`, made once for each table."""
        known = self.tables.get(id(table))
        if known is not None:
            if isinstance(known[1].element, Function):
                body.function.references.update((c, None) for c in known[1].values if c is not None)
            return known[1]
        element = self.types.resolve(table.element_type)
        data = ConstantData(element, [], table.is_mutable)
        self.tables[id(table)] = table, data
        if isinstance(element, Function):
            self._fill_code(body, table, data, element, node)
        else:
            data.values = list(table.values)
        return data

    def _fill_code(
        self,
        body: Body,
        table: ConstantTable[Any],
        data: ConstantData,
        element: Function,
        node: ast.expr,
    ) -> None:
        for value in table.values:
            if value is None:
                data.values.append(None)
                continue
            callee = self.checker.specialise_named(value, body, node)
            self.check_signature(body, callee, element, node)
            body.function.references[callee] = None
            data.values.append(callee)


def _is_exact(value: int, wanted: Float) -> bool:
    """Whether an integer literal means the same as a float."""
    return math.log2(abs(value) or 1) < (53 if wanted.bits == 64 else 24)
