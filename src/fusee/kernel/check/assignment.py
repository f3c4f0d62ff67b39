"""Assignment: to locals, static locals, registers and memory."""

from __future__ import annotations

import ast

from fusee.kernel.check.body import Body, statement
from fusee.kernel.check.expressions import element_address, field_address, record_field
from fusee.kernel.check.operators import binary
from fusee.kernel.check.static import Static, Value
from fusee.kernel.tree.expressions import Intrinsic, Load, Local, Node, RecordField, RecordValue
from fusee.kernel.tree.functions import Variable
from fusee.kernel.tree.statements import Assign, ClearRecord, SetRecordField, Store, Unpack
from fusee.kernel.tree.types import NOTHING, Pointer, Record, Reference, Several, Type


@statement(ast.Assign)
def _assign(body: Body, node: ast.Assign) -> None:
    if len(node.targets) != 1:
        body.unsupported(node, "an assignment to several targets", "write one assignment for each")
    target = node.targets[0]
    if isinstance(target, ast.Tuple):
        _unpack(body, target, node.value)
    elif isinstance(target, ast.Name):
        _assign_name(body, target, node.value)
    else:
        wanted = place_type(body, target)
        _store(body, wanted, _placed(body, wanted, body.value(node.value), node.value), node)


@statement(ast.AnnAssign)
def _annotated(body: Body, node: ast.AnnAssign) -> None:
    if node.value is None or not isinstance(node.target, ast.Name):
        raise body.error(node, "an annotation needs a local and its first value")
    wanted = body.checker.annotation(body, node.annotation)
    value = body.node_of(node.value, wanted)
    body.emit(Assign(node.lineno, body.bind(node.target.id, wanted, node.target), value))


def _assign_name(body: Body, target: ast.Name, value_node: ast.expr) -> None:
    value = body.value(value_node)
    known = body.variables.get(target.id)
    if isinstance(value, Static):
        if known is not None and target.id not in body.flow.statics:
            value = body.coerce(value, known.type, value_node)
        elif not _stays_static(body, target.id, value, value_node):
            value = body.typed(value, value_node)
    if isinstance(value, Static):
        _bind_static(body, target, value)
        return
    if value.type is NOTHING or isinstance(value.type, Several):
        raise body.error(value_node, f"`{body.text(value_node)}` is not one value (it gives `{value.type}`)")
    if isinstance(value, Intrinsic) and value.name == "clear_record":
        body.emit(ClearRecord(target.lineno, body.bind(target.id, value.type, target)))
        return
    if isinstance(value.type, Record):
        raise body.error(value_node, "registers cannot be copied", "copy the fields that are needed")
    body.emit(Assign(target.lineno, body.bind(target.id, value.type, target), value))


def _stays_static(body: Body, name: str, value: Static, node: ast.expr) -> bool:
    """Whether a local assigned a static value is static itself; a bare number is an error."""
    literal = isinstance(node, ast.Constant) or (
        isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant)
    )
    if isinstance(value.value, bool):
        return not literal and body.assignment_counts[name] == 1
    if body.checker.constants.node(body, value.value, node) is not None:
        return False
    return not (literal and isinstance(value.value, int | float))


def _bind_static(body: Body, target: ast.Name, value: Static) -> None:
    flow, name = body.flow, target.id
    looping = any(not loop.unrolled for loop in body.loops)
    if looping and name in flow.statics and flow.statics[name] is not value.value:
        raise body.error(target, f"`{name}` is known at compile time and cannot change in a loop")
    flow.statics[name] = value.value


class Place:
    """Something that can be assigned: a register, or memory."""

    __slots__ = ("address", "record", "type")

    def __init__(self, type_: Type, address: Node | None, record: tuple[Variable, str] | None) -> None:
        self.type = type_
        self.address = address
        self.record = record

    def load(self, line: int) -> Node:
        if self.record is not None:
            return RecordField(self.type, line, *self.record)
        assert self.address is not None
        return Load(self.type, line, self.address, True)


def place_type(body: Body, target: ast.expr) -> Place:
    """Check the target of an assignment that is not a name."""
    if isinstance(target, ast.Attribute):
        base = body.node(target.value)
        if isinstance(base, RecordValue):
            return Place(record_field(body, target, base.variable), None, (base.variable, target.attr))
        address, is_stored = field_address(body, target, base)
        if not is_stored:
            raise body.error(target, f"`{target.attr}` is embedded and cannot be assigned", "assign its fields")
    elif isinstance(target, ast.Subscript):
        address = element_address(body, target, body.node(target.value))
        if isinstance(address.type, Reference):
            raise body.error(target, "a struct cannot be assigned", "assign its fields, or use `copy_bytes`")
    else:
        body.unsupported(target, "this target of an assignment")
    assert isinstance(address.type, Pointer)
    return Place(address.type.element, address, None)


def _placed(body: Body, place: Place, value: Value, node: ast.expr) -> Node:
    """A value as it is assigned to a place: memory has a type, which narrower integers take. Registers are locals."""
    return body.coerce(value, place.type, node, widens=place.record is None)


def _store(body: Body, place: Place, value: Node, node: ast.stmt | ast.expr) -> None:
    if place.record is not None:
        body.function.writes.add(place.record[1])
        body.emit(SetRecordField(node.lineno, *place.record, value))
    else:
        assert place.address is not None
        body.emit(Store(node.lineno, place.address, value, True))


def _assign_to(body: Body, target: ast.expr, value: Node) -> None:
    """Assign a checked value to any target."""
    if isinstance(target, ast.Name):
        body.emit(Assign(target.lineno, body.bind(target.id, value.type, target), value))
        return
    place = place_type(body, target)
    _store(body, place, _placed(body, place, value, target), target)


def _unpack(body: Body, target: ast.Tuple, value_node: ast.expr) -> None:
    values: list[Value]
    if isinstance(value_node, ast.Tuple):
        values = [body.value(item) for item in value_node.elts]
    else:
        values = list(_unpacked(body, body.node(value_node), value_node))
    if len(values) != len(target.elts):
        raise body.error(target, f"{len(values)} values for {len(target.elts)} targets")
    if isinstance(value_node, ast.Tuple):  # all are evaluated before any is assigned
        values = [_kept(body, item, node) for item, node in zip(values, value_node.elts, strict=True)]
    for element, item in zip(target.elts, values, strict=True):
        known = body.variables.get(element.id) if isinstance(element, ast.Name) else None
        if isinstance(item, Static):
            wanted = known.type if known else None if isinstance(element, ast.Name) else place_type(body, element).type
            item = body.coerce(item, wanted, element) if wanted else body.typed(item, value_node)
        _assign_to(body, element, item)


def _kept(body: Body, value: Value, node: ast.expr) -> Value:
    """A value moved to a hidden local, so that assignments that follow cannot change it."""
    if isinstance(value, Static):
        return value
    variable = body.new_variable("(kept)", value.type)
    body.emit(Assign(node.lineno, variable, value))
    return Local(value.type, node.lineno, variable)


def _unpacked(body: Body, value: Node, node: ast.expr) -> tuple[Node, ...]:
    """The several results of a call, in hidden locals."""
    if not isinstance(value.type, Several):
        raise body.error(node, f"`{value.type}` cannot be unpacked")
    variables = tuple(body.new_variable("(result)", item) for item in value.type.items)
    body.emit(Unpack(node.lineno, variables, value))
    return tuple(Local(v.type, node.lineno, v) for v in variables)


@statement(ast.AugAssign)
def _augmented(body: Body, node: ast.AugAssign) -> None:
    if isinstance(node.target, ast.Name):
        left = body.lookup(ast.copy_location(ast.Name(node.target.id, ast.Load()), node.target))
        if isinstance(left, Static):
            name = node.target.id
            raise body.error(node, f"`{name}` is known at compile time and cannot change", "give it a type first")
        value = binary(body, node, node.op, left, body.value(node.value), node.target, node.value)
        result = body.coerce(value, left.type, node.value)
        body.emit(Assign(node.lineno, body.bind(node.target.id, left.type, node.target), result))
        return
    place = place_type(body, node.target)
    if place.address is not None:  # evaluated once
        kept = _kept(body, place.address, node.target)
        assert isinstance(kept, Node)
        place.address = kept
    value = binary(body, node, node.op, place.load(node.lineno), body.value(node.value), node.target, node.value)
    _store(body, place, _placed(body, place, value, node.value), node)
