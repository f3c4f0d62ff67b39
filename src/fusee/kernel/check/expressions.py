"""Names, constants, attributes, elements and conditional expressions."""

from __future__ import annotations

import ast
from enum import IntEnum

from fusee.kernel.check.body import Body, expression
from fusee.kernel.check.operators import index_node
from fusee.kernel.check.static import Static, Value
from fusee.kernel.check.unify import unify
from fusee.kernel.tree.expressions import (
    Conditional,
    Constant,
    Field,
    Lane,
    Load,
    Node,
    Offset,
    RecordField,
    RecordValue,
    SeveralValues,
)
from fusee.kernel.tree.functions import Variable
from fusee.kernel.tree.types import Lanes, Pointer, Record, Reference, Type, pointer_to, several


@expression(ast.Constant)
def _constant(body: Body, node: ast.Constant) -> Value:
    return Static(node.value)


@expression(ast.Name)
def _name(body: Body, node: ast.Name) -> Value:
    return body.lookup(node)


@expression(ast.Tuple)
def _tuple(body: Body, node: ast.Tuple) -> Value:
    values = [body.value(item) for item in node.elts]
    if all(isinstance(value, Static) for value in values):
        return Static(tuple(value.value for value in values if isinstance(value, Static)))
    items = tuple(body.typed(value, item) for value, item in zip(values, node.elts, strict=True))
    return SeveralValues(several(tuple(item.type for item in items)), node.lineno, items)


@expression(ast.List)
def _list(body: Body, node: ast.List) -> Value:
    """Only as static value: in `Fn[[u32], u32]`, and in arguments of compile-time calls."""
    values = [body.value(item) for item in node.elts]
    if not all(isinstance(value, Static) for value in values):
        body.unsupported(node, "a list", "use `stack_array(T, n)`, or memory of an allocator")
    return Static([value.value for value in values if isinstance(value, Static)])


@expression(ast.Attribute)
def _attribute(body: Body, node: ast.Attribute) -> Value:
    base = body.value(node.value)
    if isinstance(base, Static):
        return body.checker.constants.attribute(body, node, base.value)
    if isinstance(base, RecordValue):
        return RecordField(record_field(body, node, base.variable), node.lineno, base.variable, node.attr)
    address, is_stored = field_address(body, node, base)
    if not is_stored:
        return address
    assert isinstance(address.type, Pointer)
    return Load(address.type.element, node.lineno, address, True)


def record_field(body: Body, node: ast.Attribute, record: Variable) -> Type:
    """The type of a register."""
    assert isinstance(record.type, Record)
    found = record.type.fields.get(node.attr)
    if found is None:
        raise body.error(node, f"`{record.type}` has no register `{node.attr}`", _known(record.type.fields))
    return found


def field_address(body: Body, node: ast.Attribute, base: Node) -> tuple[Node, bool]:
    """The address of `base.attr`, and whether a value is stored there (else it is a struct or array itself)."""
    if not isinstance(base.type, Reference):
        hint = ""
        if isinstance(base.type, Pointer) and isinstance(base.type.element, Reference):
            hint = f"an element of it has: `{body.text(node.value)}[0].{node.attr}`"
        raise body.error(node, f"`{base.type}` has no fields", hint)
    fields = body.types.fields(base.type.struct)
    found = fields.get(node.attr)
    if found is None:
        raise body.error(node, f"`{base.type}` has no field `{node.attr}`", _known(fields))
    if found.embedded:
        return Field(found.type, node.lineno, base, found.offset, found.count), False
    return Field(pointer_to(found.type), node.lineno, base, found.offset), True


def _known(names: object) -> str:
    return f"it has {', '.join(f'`{name}`' for name in names)}"  # type: ignore[attr-defined]


@expression(ast.Subscript)
def _subscript(body: Body, node: ast.Subscript) -> Value:
    base = body.value(node.value)
    if isinstance(base, Static):
        index = body.value(node.slice)
        if isinstance(index, Static):
            return body.checker.constants.subscript(body, node, base.value, index.value)
        base = body.typed(base, node.value)
    if isinstance(base.type, Lanes):
        number = lane_number(body, node.slice, base.type)
        return Lane(base.type.element, node.lineno, base, number)
    address = element_address(body, node, base)
    if isinstance(address.type, Reference):
        return address
    assert isinstance(address.type, Pointer)
    return Load(address.type.element, node.lineno, address, True)


def lane_number(body: Body, node: ast.expr, lanes: Lanes) -> int:
    """A static number of a lane."""
    value = body.value(node)
    number = value.value if isinstance(value, Static) else None
    if not isinstance(number, int):
        raise body.error(node, "the number of a lane must be known at compile time", "`Static[int]`, or `unroll`")
    if not 0 <= number < lanes.count:
        raise body.error(node, f"`{lanes}` has no lane {number}")
    return int(number)


def element_address(body: Body, node: ast.Subscript, base: Node) -> Node:
    """The address of `base[index]`; for an array of structs the reference itself."""
    if isinstance(base.type, Lanes):
        text = body.text(node.value)
        raise body.error(node, "a lane cannot be assigned", f"`{text} = with_lane({text}, {body.text(node.slice)}, …)`")
    if not isinstance(base.type, Pointer):
        raise body.error(node, f"`{base.type}` has no elements")
    index = index_node(body, body.value(node.slice), node.slice)
    element = base.type.element
    type_ = element if isinstance(element, Reference) else base.type
    address = Offset(type_, node.lineno, base, index, is_element=True)
    if address.bound and isinstance(index, Constant) and not 0 <= int(index.value) < address.bound:
        raise body.error(node.slice, f"`{body.text(node.value)}` has {address.bound} elements")
    return address


@expression(ast.IfExp)
def _conditional(body: Body, node: ast.IfExp) -> Value:
    condition = body.condition(node.test)
    if isinstance(condition, Static):
        return body.value(node.body if condition.value else node.orelse)
    first, second = body.value(node.body), body.value(node.orelse)
    if isinstance(first, Static) and isinstance(second, Static):
        member = first.value
        if isinstance(member, IntEnum) and isinstance(second.value, type(member)):
            first = body.coerce(first, body.types.resolve(type(member)), node.body)
    then, other = unify(body, node, first, second, node.body, node.orelse)
    return Conditional(then.type, node.lineno, condition, then, other)
