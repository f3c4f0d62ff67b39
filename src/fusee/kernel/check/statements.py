"""Assignments, branches and what ends a block."""

from __future__ import annotations

import ast

from fusee.kernel import tree
from fusee.kernel.check.body import Body, statement
from fusee.kernel.check.expressions import element_address, field_address, record_field
from fusee.kernel.check.operators import binary
from fusee.kernel.check.static import Static, Value
from fusee.kernel.errors import KernelError
from fusee.kernel.tree import Node, Statement


@statement(ast.Pass)
def _pass(body: Body, node: ast.Pass) -> None:
    del body, node


@statement(ast.Expr)
def _expression(body: Body, node: ast.Expr) -> None:
    if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return  # a docstring
    if not isinstance(node.value, ast.Call):
        raise body.error(node, "this expression does nothing", "only calls stand alone")
    value = body.value(node.value)
    if isinstance(value, Node):
        body.emit(tree.Evaluate(node.lineno, value))
        if isinstance(value, tree.Intrinsic) and value.name == "unreachable":
            body.flow.reachable = False


# --- assignment ----------------------------------------------------------------------------------


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
        _store(body, wanted, body.coerce(body.value(node.value), wanted.type, node.value), node)


@statement(ast.AnnAssign)
def _annotated(body: Body, node: ast.AnnAssign) -> None:
    if node.value is None or not isinstance(node.target, ast.Name):
        raise body.error(node, "an annotation needs a local and its first value")
    wanted = body.checker.annotation(body, node.annotation)
    value = body.node_of(node.value, wanted)
    body.emit(tree.Assign(node.lineno, body.bind(node.target.id, wanted, node.target), value))


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
    if value.type is tree.NOTHING or isinstance(value.type, tree.Several):
        raise body.error(value_node, f"`{body.text(value_node)}` is not one value (it gives `{value.type}`)")
    if isinstance(value, tree.Intrinsic) and value.name == "clear_record":
        body.emit(tree.ClearRecord(target.lineno, body.bind(target.id, value.type, target)))
        return
    if isinstance(value.type, tree.Record):
        raise body.error(value_node, "registers cannot be copied", "copy the fields that are needed")
    body.emit(tree.Assign(target.lineno, body.bind(target.id, value.type, target), value))


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

    def __init__(self, type_: tree.Type, address: Node | None, record: tuple[tree.Variable, str] | None) -> None:
        self.type = type_
        self.address = address
        self.record = record

    def load(self, line: int) -> Node:
        if self.record is not None:
            return tree.RecordField(self.type, line, *self.record)
        assert self.address is not None
        return tree.Load(self.type, line, self.address, True)


def place_type(body: Body, target: ast.expr) -> Place:
    """Check the target of an assignment that is not a name."""
    if isinstance(target, ast.Attribute):
        base = body.node(target.value)
        if isinstance(base, tree.RecordValue):
            return Place(record_field(body, target, base.variable), None, (base.variable, target.attr))
        address, is_stored = field_address(body, target, base)
        if not is_stored:
            raise body.error(target, f"`{target.attr}` is embedded and cannot be assigned", "assign its fields")
    elif isinstance(target, ast.Subscript):
        address = element_address(body, target, body.node(target.value))
        if isinstance(address.type, tree.Reference):
            raise body.error(target, "a struct cannot be assigned", "assign its fields, or use `copy_bytes`")
    else:
        body.unsupported(target, "this target of an assignment")
    assert isinstance(address.type, tree.Pointer)
    return Place(address.type.element, address, None)


def _store(body: Body, place: Place, value: Node, node: ast.stmt | ast.expr) -> None:
    if place.record is not None:
        body.function.writes.add(place.record[1])
        body.emit(tree.SetRecordField(node.lineno, *place.record, value))
    else:
        assert place.address is not None
        body.emit(tree.Store(node.lineno, place.address, value, True))


def _assign_to(body: Body, target: ast.expr, value: Node) -> None:
    """Assign a checked value to any target."""
    if isinstance(target, ast.Name):
        body.emit(tree.Assign(target.lineno, body.bind(target.id, value.type, target), value))
        return
    place = place_type(body, target)
    _store(body, place, body.coerce(value, place.type, target), target)


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
    body.emit(tree.Assign(node.lineno, variable, value))
    return tree.Local(value.type, node.lineno, variable)


def _unpacked(body: Body, value: Node, node: ast.expr) -> tuple[Node, ...]:
    """The several results of a call, in hidden locals."""
    if not isinstance(value.type, tree.Several):
        raise body.error(node, f"`{value.type}` cannot be unpacked")
    variables = tuple(body.new_variable("(result)", item) for item in value.type.items)
    body.emit(tree.Unpack(node.lineno, variables, value))
    return tuple(tree.Local(v.type, node.lineno, v) for v in variables)


@statement(ast.AugAssign)
def _augmented(body: Body, node: ast.AugAssign) -> None:
    if isinstance(node.target, ast.Name):
        left = body.lookup(ast.copy_location(ast.Name(node.target.id, ast.Load()), node.target))
        if isinstance(left, Static):
            name = node.target.id
            raise body.error(node, f"`{name}` is known at compile time and cannot change", "give it a type first")
        value = binary(body, node, node.op, left, body.value(node.value), node.target, node.value)
        result = body.coerce(value, left.type, node.value)
        body.emit(tree.Assign(node.lineno, body.bind(node.target.id, left.type, node.target), result))
        return
    place = place_type(body, node.target)
    if place.address is not None:  # evaluated once
        kept = _kept(body, place.address, node.target)
        assert isinstance(kept, Node)
        place.address = kept
    value = binary(body, node, node.op, place.load(node.lineno), body.value(node.value), node.target, node.value)
    _store(body, place, body.coerce(value, place.type, node.value), node)


# --- branches ------------------------------------------------------------------------------------


@statement(ast.If)
def _if(body: Body, node: ast.If) -> None:
    chain = _jump_table_chain(body, node)
    if chain is not None:
        _switch(body, node, *chain)
        return
    condition = body.condition(node.test)
    if isinstance(condition, Static):
        body.statements(node.body if condition.value else node.orelse)
        return
    before = body.flow
    then = body.nested(node.body, before.copy())
    after_then = body.flow
    other = body.nested(node.orelse, before)
    body.flow, after = before, after_then.join(body.flow)
    body.block.append(tree.If(node.lineno, condition, then, other))
    body.flow = after


def _jump_table_chain(
    body: Body, node: ast.If
) -> tuple[tree.Local, list[tuple[list[int], list[ast.stmt]]], list[ast.stmt]] | None:
    """The arms of `if x == A: … elif x == B or x == C: …` from three arms on, and what is left."""
    name = _compared_name(node.test)
    if name is None or name not in body.flow.assigned:
        return None
    variable = body.variables[name]
    if not isinstance(variable.type, tree.Integer):
        return None
    arms: list[tuple[list[int], list[ast.stmt]]] = []
    rest: list[ast.stmt] = [node]
    seen: set[int] = set()
    while len(rest) == 1 and isinstance(rest[0], ast.If) and _compared_name(rest[0].test) == name:
        values = _compared_values(body, rest[0].test, variable.type)
        if values is None:
            break
        arms.append(([value for value in values if value not in seen], rest[0].body))
        seen.update(values)
        rest = rest[0].orelse
    if len(arms) < 3:
        return None
    return tree.Local(variable.type, node.lineno, variable), arms, rest


def _compared_name(test: ast.expr) -> str | None:
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.Or):
        names = {_compared_name(value) for value in test.values}
        return names.pop() if len(names) == 1 else None
    if (
        isinstance(test, ast.Compare)
        and len(test.ops) == 1
        and isinstance(test.ops[0], ast.Eq)
        and isinstance(test.left, ast.Name)
    ):
        return test.left.id
    return None


def _compared_values(body: Body, test: ast.expr, type_: tree.Integer) -> list[int] | None:
    if isinstance(test, ast.BoolOp):
        parts = [_compared_values(body, value, type_) for value in test.values]
        return None if None in parts else [v for part in parts for v in part or ()]
    assert isinstance(test, ast.Compare)
    value = body.value(test.comparators[0])
    constant = body.coerce(value, type_, test.comparators[0]) if isinstance(value, Static) else None
    return [int(constant.value)] if isinstance(constant, tree.Constant) else None


def _switch(
    body: Body,
    node: ast.If,
    subject: tree.Local,
    arms: list[tuple[list[int], list[ast.stmt]]],
    rest: list[ast.stmt],
) -> None:
    before = body.flow
    after = before.copy()
    after.reachable = False
    cases: list[tuple[list[int], list[Statement]]] = []
    for values, statements in arms:
        cases.append((values, body.nested(statements, before.copy())))
        after = after.join(body.flow)
    default = body.nested(rest, before.copy())
    after = after.join(body.flow)
    body.flow = before
    body.emit(tree.Switch(node.lineno, subject, cases, default))
    body.flow = after


# --- leaving -------------------------------------------------------------------------------------


@statement(ast.Return)
def _return(body: Body, node: ast.Return) -> None:
    wanted = body.function.result
    if node.value is None:
        if wanted is not tree.NOTHING:
            raise body.error(node, f"this kernel returns `{wanted}`")
        made: Statement = tree.Return(node.lineno, None)
    else:
        made = _return_value(body, node, node.value, wanted)
    body.emit(made)
    body.flow.reachable = False


def _return_value(body: Body, node: ast.Return, value_node: ast.expr, wanted: tree.Type) -> Statement:
    if isinstance(wanted, tree.Several) and isinstance(value_node, ast.Tuple):
        if len(value_node.elts) != len(wanted.items):
            raise body.error(value_node, f"{len(value_node.elts)} values for `{wanted}`")
        items = tuple(map(body.node_of, value_node.elts, wanted.items))
        return tree.Return(node.lineno, tree.SeveralValues(wanted, node.lineno, items))
    value = body.value(value_node)
    if isinstance(value, tree.Intrinsic) and value.name == "tail":
        code, record = value.operands
        assert isinstance(record, tree.RecordValue)
        return tree.TailCall(node.lineno, code, record.variable)
    if isinstance(value, Static) and value.value is None and wanted is tree.NOTHING:
        return tree.Return(node.lineno, None)
    returned = body.coerce(value, wanted, value_node)
    if wanted is tree.NOTHING:
        body.emit(tree.Evaluate(node.lineno, returned))
        return tree.Return(node.lineno, None)
    return tree.Return(node.lineno, returned)


@statement(ast.Raise)
def _raise(body: Body, node: ast.Raise) -> None:
    call = node.exc
    if call is None or node.cause is not None:
        body.unsupported(node, "this form of `raise`", "write `raise E(code, detail)`")
    arguments = call.args if isinstance(call, ast.Call) else []
    error = body.value(call.func if isinstance(call, ast.Call) else call)
    kind = error.value if isinstance(error, Static) else None
    if not (isinstance(kind, type) and issubclass(kind, KernelError) and kind.tag):
        raise body.error(call, "only a subclass of `KernelError` with a tag can be raised")
    if len(arguments) > 2 or (isinstance(call, ast.Call) and call.keywords):
        raise body.error(call, f"`{kind.__name__}` takes a code and a detail")
    parts = [_status_part(body, argument) for argument in arguments]
    zero = tree.Constant(body.types.u64, node.lineno, 0)
    code, detail = [*parts, zero, zero][:2]
    body.function.raise_syntax = body.function.raise_syntax or node
    body.emit(tree.Raise(node.lineno, kind.tag, code, detail))
    body.flow.reachable = False


def _status_part(body: Body, node: ast.expr) -> Node:
    value = body.value(node)
    if isinstance(value, Static) and isinstance(value.value, int):
        return tree.Constant(body.types.u64, node.lineno, int(value.value) & 0xFFFF_FFFF)
    typed = None if isinstance(value, Static) and isinstance(value.value, float) else body.typed(value, node)
    if typed is None or not isinstance(typed.type, tree.Integer):
        got = typed.type if typed else body.text(node)
        raise body.error(node, f"a code or detail must be an integer, got `{got}`")
    return typed if typed.type is body.types.u64 else tree.Convert(body.types.u64, node.lineno, typed)
