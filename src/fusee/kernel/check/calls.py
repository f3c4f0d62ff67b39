"""Calls: of kernels, of intrinsics, through pointers, and of ordinary Python at compile time."""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import partial
from types import BuiltinFunctionType, FunctionType
from typing import Any

from fusee.kernel import lang
from fusee.kernel.check.body import Body, expression
from fusee.kernel.check.operators import OPERATORS, operation
from fusee.kernel.check.static import Static, Value
from fusee.kernel.declare import Handler, Instance, Kernel
from fusee.kernel.integer import Scalar
from fusee.kernel.structs import is_registers, is_struct
from fusee.kernel.tree.expressions import Call, CallPointer, Convert, Intrinsic, Node, RecordValue
from fusee.kernel.tree.functions import Specialised
from fusee.kernel.tree.types import NOTHING, Boolean, Float, Function, Integer, Lanes, Record, Type, is_address

IntrinsicRule = Callable[..., Value]
INTRINSICS: dict[Any, IntrinsicRule] = {}


def intrinsic(*names: str) -> Callable[[IntrinsicRule], IntrinsicRule]:
    """Register the rule for calls of these functions of `lang`."""

    def register(rule: IntrinsicRule) -> IntrinsicRule:
        for name in names:
            INTRINSICS[getattr(lang, name)] = partial(rule, name=name)
        return rule

    return register


@expression(ast.Call)
def _call(body: Body, node: ast.Call) -> Value:
    function = body.value(node.func)
    if isinstance(function, Node):
        return _call_pointer(body, node, function)
    callee = function.value
    if isinstance(callee, Kernel | Handler | Instance):
        return call_kernel(body, node, callee, node.args, node.keywords)
    if isinstance(callee, BuiltinFunctionType) and callee in OPERATORS:
        return operation(body, node, OPERATORS[callee])
    rule = INTRINSICS.get(callee) if isinstance(callee, FunctionType) else None
    if rule is not None:
        if node.keywords:
            raise body.error(node, f"`{body.text(node.func)}` takes no keyword arguments")
        return rule(body, node)
    if callee is bool or (isinstance(callee, type) and issubclass(callee, Scalar)):
        return _conversion(body, node, callee)
    if is_registers(callee):
        return _new_record(body, node, callee)
    if is_struct(callee):
        raise body.error(
            node, "a struct cannot be made in a kernel", f"allocate memory and `cast({callee.__name__}, p)`"
        )
    return _compile_time_call(body, node, callee)


def _compile_time_call(body: Body, node: ast.Call, callee: Any) -> Value:
    """A call of an ordinary Python function: everything must be known."""
    if not callable(callee):
        raise body.error(node.func, f"`{body.text(node.func)}` is not a kernel")
    arguments = [body.value(argument) for argument in node.args]
    keywords = {k.arg: body.value(k.value) for k in node.keywords if k.arg is not None}
    nodes = [*node.args, *(k.value for k in node.keywords)]
    for argument, value in zip(nodes, [*arguments, *keywords.values()], strict=True):
        if isinstance(value, Node):
            name = body.text(node.func)
            message = f"`{name}` is Python and `{body.text(argument)}` is only known at run time"
            raise body.error(node, message, _PYTHON_NAMES.get(callee, f"decorate `{name}` with `@kernel`"))
    values = [value.value for value in arguments if isinstance(value, Static)]
    named = {name: value.value for name, value in keywords.items() if isinstance(value, Static)}
    return body.checker.constants.evaluate(body, node, lambda: callee(*values, **named))


_PYTHON_NAMES: dict[Any, str] = {
    min: "use `minimum(a, b)`",
    max: "use `maximum(a, b)`",
    abs: "use `fabs(x)` on floats",
    int: "use a fixed width such as `i64(x)`",
    float: "use `f64(x)`",
    len: "a pointer does not know its length",
    range: "count with `for i in span(n)`",
    print: "kernels cannot print",
    divmod: "use `div_trunc` and `rem_trunc`",
}


def _new_record(body: Body, node: ast.Call, callee: Any) -> Value:
    record = body.types.resolve(callee)
    if node.args or node.keywords:
        raise body.error(node, f"`{record}()` takes no arguments", "assign the registers one by one")
    return Intrinsic(record, node.lineno, "clear_record", ())


# --- conversions ---------------------------------------------------------------------------------


def _conversion(body: Body, node: ast.Call, callee: Any) -> Value:
    wanted = body.types.resolve(callee)
    if len(node.args) != 1 or node.keywords:
        raise body.error(node, f"`{wanted}(x)` takes one argument")
    operand = node.args[0]
    value = body.value(operand)
    if isinstance(value, Static):
        made = body.checker.constants.evaluate(body, node, callee, value.value)
        return body.typed(made, node) if callee is not bool else made
    if value.type is wanted:
        return value
    if not _converts(value.type, wanted):
        hint = body.conversion_hint(value.type, wanted, operand)
        if is_address(value.type) and isinstance(wanted, Integer):
            hint = f"take its `address({body.text(operand)})`"
        raise body.error(node, f"`{value.type}` does not convert to `{wanted}`", hint)
    return Convert(wanted, node.lineno, value)


def _converts(have: Type, want: Type) -> bool:
    if isinstance(want, Integer):
        return isinstance(have, Integer | Boolean)
    if isinstance(want, Float):
        return isinstance(have, Integer | Float)
    if isinstance(want, Lanes):
        return isinstance(have, Lanes) and have.count == want.count and _converts(have.element, want.element)
    return False


# --- kernels -------------------------------------------------------------------------------------


def call_kernel(
    body: Body,
    node: ast.Call,
    callee: Any,
    arguments: list[ast.expr],
    keywords: list[ast.keyword],
    caught: bool = False,
) -> Node:
    """A call of a kernel by name, specialised for its static arguments."""
    values = _bind_arguments(body, node, callee, arguments, keywords)
    function = body.checker.specialise_call(body, node, callee, values)
    passed = tuple(
        _argument(body, values[parameter.name], parameter.type, function) for parameter in function.parameters
    )
    if function.handler:
        raise body.error(node, f"`{function.name}` is a handler", "enter it through a pointer: `code(regs)`")
    body.function.references[function] = None
    if caught:
        if function.result is not NOTHING:
            raise body.error(
                node, f"`caught` needs a kernel that returns `None`, `{function.name}` returns `{function.result}`"
            )
        return Call(body.types.u64, node.lineno, function, passed, True)
    body.function.calls.setdefault(function, node)
    return Call(function.result, node.lineno, function, passed)


def _bind_arguments(
    body: Body, node: ast.Call, callee: Any, arguments: list[ast.expr], keywords: list[ast.keyword]
) -> dict[str, tuple[ast.expr, Value]]:
    """Arguments by parameter name; static parameters may be given by keyword."""
    signature = body.checker.signature(callee, body, node)
    fixed = dict(callee.static) if isinstance(callee, Instance) else {}
    names = [name for name in signature.order if name not in fixed]
    given: dict[str, tuple[ast.expr, Value]] = {}
    for name, argument in zip(names, arguments, strict=False):
        given[name] = argument, body.value(argument)
    for keyword in keywords:
        if keyword.arg not in signature.statics:
            raise body.error(keyword.value, "only static arguments may be given by name")
        given[keyword.arg] = keyword.value, body.value(keyword.value)
    if len(arguments) > len(names) or len(given) != len(names):
        raise body.error(node, f"`{callee.name}` takes {len(names)} arguments, got {len(arguments) + len(keywords)}")
    for name, value in fixed.items():
        given[name] = node.func, Static(value)
    return given


def _argument(body: Body, given: tuple[ast.expr, Value], wanted: Type, function: Specialised) -> Node:
    node, value = given
    if isinstance(wanted, Record):
        if not (isinstance(value, RecordValue) and value.type is wanted):
            raise body.error(node, f"`{function.name}` takes the registers `{wanted}` here")
        if not function.inline:
            raise body.error(
                node,
                f"registers are passed to inline kernels only, `{function.name}` is none",
                "`@kernel(inline=True)`",
            )
    return body.coerce(value, wanted, node, widens=True)


def _call_pointer(body: Body, node: ast.Call, function: Node) -> Node:
    type_ = function.type
    if not isinstance(type_, Function):
        raise body.error(node.func, f"`{type_}` cannot be called")
    if len(node.args) != len(type_.parameters) or node.keywords:
        raise body.error(node, f"`{type_}` takes {len(type_.parameters)} arguments, got {len(node.args)}")
    arguments = tuple(
        body.node_of(argument, wanted, widens=True)
        for argument, wanted in zip(node.args, type_.parameters, strict=True)
    )
    return CallPointer(type_.result, node.lineno, function, arguments)
