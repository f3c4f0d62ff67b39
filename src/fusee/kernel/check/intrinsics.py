"""The functions of `lang` that kernels call: what operands each takes and what it gives."""

from __future__ import annotations

import ast

from fusee.kernel.check.arguments import count_arguments, is_scalar, type_argument, wrong_type
from fusee.kernel.check.body import Body
from fusee.kernel.check.calls import call_kernel, intrinsic
from fusee.kernel.check.static import Static, Value
from fusee.kernel.check.unify import unify_arguments
from fusee.kernel.declare import Handler, Instance, Kernel
from fusee.kernel.integer import Integer as LangInteger
from fusee.kernel.tree.expressions import Compare, Constant, Intrinsic, Load, Node, RecordValue, StackArray
from fusee.kernel.tree.types import (
    BOOL,
    NOTHING,
    Integer,
    Lanes,
    Pointer,
    Reference,
    Type,
    function_type,
    is_address,
    pointer_to,
)

# --- control -------------------------------------------------------------------------------------


@intrinsic("likely", "unlikely")
def _likely(body: Body, node: ast.Call, name: str) -> Value:
    count_arguments(body, node, 1)
    value = body.condition(node.args[0])
    if isinstance(value, Static):
        return value
    return Intrinsic(BOOL, node.lineno, name, (value,))


@intrinsic("unreachable")
def _unreachable(body: Body, node: ast.Call, name: str) -> Value:
    count_arguments(body, node, 0)
    return Intrinsic(NOTHING, node.lineno, name, ())


@intrinsic("select")
def _select(body: Body, node: ast.Call, name: str) -> Value:
    count_arguments(body, node, 3)
    condition = body.value(node.args[0])
    if not (isinstance(condition, Node) and isinstance(condition.type, Lanes)):
        condition = body.coerce(condition, BOOL, node.args[0])
    then, other = unify_arguments(body, node, node.args[1], node.args[2])
    if isinstance(condition.type, Lanes):
        wanted = body.types.mask(then.type) if isinstance(then.type, Lanes) else None
        if condition.type is not wanted:
            raise body.error(
                node, f"lanes of `{then.type}` are not chosen by a `{condition.type}`", *_mask_hint(wanted)
            )
    return Intrinsic(then.type, node.lineno, name, (condition, then, other))


def _mask_hint(wanted: Type | None) -> tuple[str, ...]:
    return (f"a comparison of them gives the mask, a `{wanted}`",) if wanted else ()


@intrinsic("caught")
def _caught(body: Body, node: ast.Call, name: str) -> Value:
    function = body.value(node.args[0]) if node.args else None
    if not (isinstance(function, Static) and isinstance(function.value, Kernel | Instance)):
        raise body.error(node, f"`{name}` takes a kernel and its arguments")
    return call_kernel(body, node, function.value, node.args[1:], node.keywords, caught=True)


@intrinsic("tail")
def _tail(body: Body, node: ast.Call, name: str) -> Value:
    count_arguments(body, node, 2)
    record = body.function.record
    if not body.function.handler or record is None:
        raise body.error(node, f"only a handler ends in `{name}`")
    registers = body.value(node.args[1])
    if not (isinstance(registers, RecordValue) and registers.type is record):
        raise body.error(node.args[1], f"`{name}` passes on the handler's `{record}`")
    wanted = function_type((record,), NOTHING)
    code = body.value(node.args[0])
    if isinstance(code, Static) and isinstance(code.value, Handler | Instance):
        target: Node = body.coerce(code, wanted, node.args[0])
    else:
        target = body.typed(code, node.args[0])
        if target.type is not wanted:
            wrong_type(body, node.args[0], target.type, f"`{wanted}`")
    return Intrinsic(NOTHING, node.lineno, name, (target, registers))


@intrinsic("span", "unroll")
def _loops(body: Body, node: ast.Call, name: str) -> Value:
    raise body.error(node, f"`{name}` belongs in the head of a `for`")


# --- memory --------------------------------------------------------------------------------------


@intrinsic("load", "load_invariant")
def _load(body: Body, node: ast.Call, name: str) -> Value:
    count_arguments(body, node, 2)
    wanted = type_argument(body, node.args[0])
    if not is_scalar(wanted):
        raise body.error(node.args[0], f"`{name}` reads scalars, not `{wanted}`", "use a field or an element")
    return Load(wanted, node.lineno, body.node_of(node.args[1], body.types.bytes), False, name == "load_invariant")


@intrinsic("store")
def _store(body: Body, node: ast.Call, name: str) -> Value:
    count_arguments(body, node, 2)
    address = body.node_of(node.args[0], body.types.bytes)
    value = body.node(node.args[1])
    if not is_scalar(value.type):
        raise body.error(node.args[1], f"`{name}` writes scalars, not `{value.type}`", "use a field or an element")
    return Intrinsic(NOTHING, node.lineno, name, (address, value))


@intrinsic("copy_bytes")
def _copy_bytes(body: Body, node: ast.Call, name: str) -> Value:
    count_arguments(body, node, 3)
    wanted = (body.types.bytes, body.types.bytes, body.types.usize)
    return _bytes_operation(body, node, name, wanted)


@intrinsic("fill_bytes")
def _fill_bytes(body: Body, node: ast.Call, name: str) -> Value:
    count_arguments(body, node, 3)
    wanted = (body.types.bytes, body.types.u8, body.types.usize)
    return _bytes_operation(body, node, name, wanted)


def _bytes_operation(body: Body, node: ast.Call, name: str, wanted: tuple[Type, ...]) -> Value:
    operands = (body.node_of(argument, kind, widens=True) for argument, kind in zip(node.args, wanted, strict=True))
    return Intrinsic(NOTHING, node.lineno, name, tuple(operands))


@intrinsic("size_of")
def _size_of(body: Body, node: ast.Call, name: str) -> Value:
    count_arguments(body, node, 1)
    return Static(body.types.size(type_argument(body, node.args[0])))


@intrinsic("offset_of")
def _offset_of(body: Body, node: ast.Call, name: str) -> Value:
    count_arguments(body, node, 2)
    struct, field = type_argument(body, node.args[0]), body.value(node.args[1])
    found = None
    if isinstance(struct, Reference) and isinstance(field, Static):
        found = body.types.fields(struct.struct).get(field.value)
    if found is None:
        raise body.error(node, f"`{name}` takes a struct and the name of one of its fields")
    return Static(found.offset)


@intrinsic("stack_array")
def _stack_array(body: Body, node: ast.Call, name: str) -> Value:
    count_arguments(body, node, 2)
    element, count = type_argument(body, node.args[0]), body.value(node.args[1])
    if not (isinstance(count, Static) and isinstance(count.value, int | LangInteger) and count.value > 0):
        raise body.error(node.args[1], f"the length of `{name}` must be known at compile time")
    return StackArray(pointer_to(element), node.lineno, element, int(count.value))


@intrinsic("diff")
def _diff(body: Body, node: ast.Call, name: str) -> Value:
    count_arguments(body, node, 2)
    p, q = unify_arguments(body, node, node.args[0], node.args[1])
    if not isinstance(p.type, Pointer):
        wrong_type(body, node.args[0], p.type, "a pointer")
    return Intrinsic(body.types.usize, node.lineno, name, (p, q))


@intrinsic("null")
def _null(body: Body, node: ast.Call, name: str) -> Value:
    count_arguments(body, node, 1)
    wanted = type_argument(body, node.args[0])
    if not is_address(wanted):
        raise body.error(node.args[0], f"`{wanted}` has no null", "only pointers and references have")
    return Constant(wanted, node.lineno, 0)


@intrinsic("is_null")
def _is_null(body: Body, node: ast.Call, name: str) -> Value:
    count_arguments(body, node, 1)
    value = body.node(node.args[0])
    if not is_address(value.type):
        wrong_type(body, node.args[0], value.type, "a pointer or reference")
    return Compare(BOOL, node.lineno, "icmp eq", value, Constant(value.type, node.lineno, 0))


@intrinsic("cast")
def _cast(body: Body, node: ast.Call, name: str) -> Value:
    count_arguments(body, node, 2)
    wanted = type_argument(body, node.args[0])
    if not is_address(wanted):
        raise body.error(node.args[0], f"`{name}` makes pointers and references, not `{wanted}`")
    value = body.node(node.args[1])
    if value.type is wanted:
        return value
    if not is_address(value.type) and value.type is not body.types.usize:
        hint = f"convert it: `usize({body.text(node.args[1])})`" if isinstance(value.type, Integer) else ""
        raise body.error(node.args[1], f"expected a pointer, reference or `usize`, got `{value.type}`", hint)
    return Intrinsic(wanted, node.lineno, name, (value,))


@intrinsic("address")
def _address(body: Body, node: ast.Call, name: str) -> Value:
    count_arguments(body, node, 1)
    typed = body.node(node.args[0])
    if not is_address(typed.type):
        wrong_type(body, node.args[0], typed.type, "a pointer or reference")
    return Intrinsic(body.types.usize, node.lineno, name, (typed,))


@intrinsic("keep_order")
def _keep_order(body: Body, node: ast.Call, name: str) -> Value:
    count_arguments(body, node, 0)
    return Intrinsic(NOTHING, node.lineno, name, ())
