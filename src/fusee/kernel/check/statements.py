"""Expressions that stand alone, branches, and what ends a block."""

from __future__ import annotations

import ast

from fusee.kernel.check.body import Body, statement
from fusee.kernel.check.static import Static
from fusee.kernel.errors import KernelError
from fusee.kernel.integer import Integer as LangInteger
from fusee.kernel.tree.expressions import Constant, Convert, Intrinsic, Local, Node, RecordValue, SeveralValues
from fusee.kernel.tree.statements import Assert, Evaluate, If, Raise, Return, Statement, Switch, TailCall
from fusee.kernel.tree.types import NOTHING, Integer, Several, Type


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
        body.emit(Evaluate(node.lineno, value))
        if isinstance(value, Intrinsic) and value.name == "unreachable":
            body.flow.reachable = False


@statement(ast.Assert)
def _assert(body: Body, node: ast.Assert) -> None:
    if node.msg is not None:
        raise body.error(node.msg, "an assertion has no message", "its text is reported")
    calls = len(body.function.calls)
    condition = body.condition(node.test)
    if len(body.function.calls) != calls:
        raise body.error(node.test, "an assertion calls no kernel", "only the checked build looks at it")
    if isinstance(condition, Static):
        if not condition.value:
            raise body.error(node.test, "this never holds")
        return
    body.emit(Assert(node.lineno, condition, body.text(node.test)))


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
    body.block.append(If(node.lineno, condition, then, other))
    body.flow = after


def _jump_table_chain(
    body: Body, node: ast.If
) -> tuple[Local, list[tuple[list[int], list[ast.stmt]]], list[ast.stmt]] | None:
    """The arms of `if x == A: … elif x == B or x == C: …` from three arms on, and what is left."""
    name = _compared_name(node.test)
    if name is None or name not in body.flow.assigned:
        return None
    variable = body.variables[name]
    if not isinstance(variable.type, Integer):
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
    return Local(variable.type, node.lineno, variable), arms, rest


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


def _compared_values(body: Body, test: ast.expr, type_: Integer) -> list[int] | None:
    if isinstance(test, ast.BoolOp):
        parts = [_compared_values(body, value, type_) for value in test.values]
        return None if None in parts else [v for part in parts for v in part or ()]
    assert isinstance(test, ast.Compare)
    value = body.value(test.comparators[0])
    if not isinstance(value, Static):
        return None
    if isinstance(value.value, LangInteger):
        number, kind = value.value.value, type(value.value)
        related = issubclass(kind, type_.python) or issubclass(type_.python, kind)
        return [number] if related and type_.holds(number) else None  # what else there is the rule for `==` knows
    constant = body.coerce(value, type_, test.comparators[0])
    return [int(constant.value)] if isinstance(constant, Constant) else None


def _switch(
    body: Body,
    node: ast.If,
    subject: Local,
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
    body.emit(Switch(node.lineno, subject, cases, default))
    body.flow = after


# --- leaving -------------------------------------------------------------------------------------


@statement(ast.Return)
def _return(body: Body, node: ast.Return) -> None:
    wanted = body.function.result
    if node.value is None:
        if wanted is not NOTHING:
            raise body.error(node, f"this kernel returns `{wanted}`")
        made: Statement = Return(node.lineno, None)
    else:
        made = _return_value(body, node, node.value, wanted)
    body.emit(made)
    body.flow.reachable = False


def _return_value(body: Body, node: ast.Return, value_node: ast.expr, wanted: Type) -> Statement:
    if isinstance(wanted, Several) and isinstance(value_node, ast.Tuple):
        if len(value_node.elts) != len(wanted.items):
            raise body.error(value_node, f"{len(value_node.elts)} values for `{wanted}`")
        pairs = zip(value_node.elts, wanted.items, strict=True)
        items = tuple(body.node_of(item, type_, widens=True) for item, type_ in pairs)
        return Return(node.lineno, SeveralValues(wanted, node.lineno, items))
    value = body.value(value_node)
    if isinstance(value, Intrinsic) and value.name == "tail":
        code, record = value.operands
        assert isinstance(record, RecordValue)
        return TailCall(node.lineno, code, record.variable)
    if isinstance(value, Static) and value.value is None and wanted is NOTHING:
        return Return(node.lineno, None)
    returned = body.coerce(value, wanted, value_node, widens=True)
    if wanted is NOTHING:
        body.emit(Evaluate(node.lineno, returned))
        return Return(node.lineno, None)
    return Return(node.lineno, returned)


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
    zero = Constant(body.types.u64, node.lineno, 0)
    code, detail = [*parts, zero, zero][:2]
    body.function.raise_syntax = body.function.raise_syntax or node
    body.emit(Raise(node.lineno, kind.tag, code, detail))
    body.flow.reachable = False


def _status_part(body: Body, node: ast.expr) -> Node:
    value = body.value(node)
    if isinstance(value, Static) and isinstance(value.value, int):
        return Constant(body.types.u64, node.lineno, int(value.value) & 0xFFFF_FFFF)
    typed = None if isinstance(value, Static) and isinstance(value.value, float) else body.typed(value, node)
    if typed is None or not isinstance(typed.type, Integer):
        got = typed.type if typed else body.text(node)
        raise body.error(node, f"a code or detail must be an integer, got `{got}`")
    return typed if typed.type is body.types.u64 else Convert(body.types.u64, node.lineno, typed)
