"""`while`, `for` over a range, and loops repeated at compile time."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from functools import reduce
from typing import Any

from fusee.kernel import lang
from fusee.kernel.check.body import Body, statement
from fusee.kernel.check.flow import Flow, LoopContext
from fusee.kernel.check.static import Static
from fusee.kernel.check.unify import unify_arguments
from fusee.kernel.tree.expressions import Binary, Compare, Constant, Local, Node
from fusee.kernel.tree.statements import Assign, Break, Continue, Loop, Statement, Unrolled
from fusee.kernel.tree.types import BOOL, Integer


@statement(ast.While)
def _while(body: Body, node: ast.While) -> None:
    if node.orelse:
        body.unsupported(node.orelse[0], "`else` of a loop")
    condition = body.condition(node.test)
    if isinstance(condition, Static):
        if condition.value:
            _loop(body, node, None, node.body, [], [])
        return
    _loop(body, node, condition, node.body, [], [])


def _loop(
    body: Body,
    node: ast.stmt,
    condition: Node | None,
    statements: list[ast.stmt],
    first: list[Statement],
    step: list[Statement],
) -> None:
    """A loop at run time; `first` runs at the start of each round, `step` at its end."""
    before = body.flow
    context = LoopContext(unrolled=False)
    body.loops.append(context)
    inner = before.copy()
    made = first + body.nested(statements, inner)
    body.loops.pop()
    after = before.copy()
    after.reachable = condition is not None
    body.flow = before
    body.emit(Loop(node.lineno, condition, made, step))
    body.flow = reduce(Flow.join, context.at_break, after)


@statement(ast.For)
def _for(body: Body, node: ast.For) -> None:
    if node.orelse:
        body.unsupported(node.orelse[0], "`else` of a loop")
    call = node.iter
    function = body.value(call.func) if isinstance(call, ast.Call) else None
    if isinstance(call, ast.Call) and isinstance(function, Static):
        if function.value is lang.span:
            _for_span(body, node, call)
            return
        if function.value is lang.unroll:
            _for_unroll(body, node, call)
            return
    raise body.error(
        node.iter,
        "a loop needs `span(n)`, `span(start, stop)` or `unroll(…)`",
        "`for i in span(u32(10))` counts at run time, `for x in unroll(items)` repeats the body at compile time",
    )


def _for_span(body: Body, node: ast.For, call: ast.Call) -> None:
    if len(call.args) not in (1, 2) or call.keywords:
        raise body.error(call, "`span` takes a stop, or a start and a stop")
    if not isinstance(node.target, ast.Name):
        raise body.error(node.target, "a range counts in one local")
    if len(call.args) == 1:
        stop = body.node(call.args[0])
        start: Node = Constant(stop.type, node.lineno, 0)
    else:
        start, stop = unify_arguments(body, call, call.args[0], call.args[1], widens=True)
    if not isinstance(stop.type, Integer):
        raise body.error(call.args[-1], f"a range needs integers, got `{stop.type}`")
    line = node.lineno
    counter, limit = body.new_variable("(counter)", stop.type), body.new_variable("(stop)", stop.type)
    body.emit(Assign(line, counter, start))
    body.emit(Assign(line, limit, stop))
    now, one = Local(stop.type, line, counter), Constant(stop.type, line, 1)
    order = "icmp slt" if stop.type.signed else "icmp ult"
    condition = Compare(BOOL, line, order, now, Local(stop.type, line, limit))
    held = node.target.id in body.flow.assigned
    variable = body.bind(node.target.id, stop.type, node.target)
    step: list[Statement] = [Assign(line, counter, Binary(stop.type, line, "add", now, one))]
    _loop(body, node, condition, node.body, [Assign(line, variable, now)], step)
    if not held:  # the loop may have run no round at all
        body.flow.assigned.discard(node.target.id)


def _for_unroll(body: Body, node: ast.For, call: ast.Call) -> None:
    iterable = body.value(call.args[0]) if len(call.args) == 1 and not call.keywords else None
    if not isinstance(iterable, Static):
        raise body.error(call, "`unroll` takes one value known at compile time")
    items = body.checker.constants.evaluate(body, call, list, iterable.value)
    assert isinstance(items, Static)
    context = LoopContext(unrolled=True)
    body.loops.append(context)
    rounds: list[list[Statement]] = []
    for item in items.value:
        if not body.flow.reachable:
            break
        _bind_item(body, node.target, item)
        before = body.flow
        rounds.append(body.nested(node.body, before.copy()))
        body.flow = reduce(Flow.join, context.at_continue, body.flow)
        context.at_continue.clear()
    body.loops.pop()
    body.block.append(Unrolled(node.lineno, rounds))
    body.flow = reduce(Flow.join, context.at_break, body.flow)


def _bind_item(body: Body, target: ast.expr, item: Any) -> None:
    """Give the target of an unrolled loop its static value for this round."""
    if isinstance(target, ast.Name):
        body.flow.statics[target.id] = item
        return
    if isinstance(target, ast.Tuple) and isinstance(item, Iterable):
        parts = list(item)
        if len(parts) == len(target.elts):
            for element, part in zip(target.elts, parts, strict=True):
                _bind_item(body, element, part)
            return
    raise body.error(target, f"`{item!r}` cannot be unpacked here")


@statement(ast.Break)
def _break(body: Body, node: ast.Break) -> None:
    body.loops[-1].at_break.append(body.flow.copy())
    body.emit(Break(node.lineno))
    body.flow.reachable = False


@statement(ast.Continue)
def _continue(body: Body, node: ast.Continue) -> None:
    body.loops[-1].at_continue.append(body.flow.copy())
    body.emit(Continue(node.lineno))
    body.flow.reachable = False
