"""How arguments get from the caller to the callee, and a result back, whatever kind of call it is."""

from collections.abc import Sequence

from fusee.component.adapters.assembler import Assembler, Code
from fusee.component.adapters.call import Call, MovedHandle, TaskCall
from fusee.component.adapters.direction import Direction
from fusee.component.adapters.flat import FlatValues
from fusee.component.layout import MOST_FLAT_ASYNC_PARAMS, MOST_FLAT_PARAMS, MOST_FLAT_RESULTS, is_flat, layout_of
from fusee.component.types.valtype import ASYNCHRONOUS, HANDLE, POINTER, ValType

AnyCall = Call | TaskCall


def import_memories(module: Assembler, call: AnyCall) -> None:
    """Memories, and who may leave."""
    for name, side in (("caller", call.caller), ("callee", call.callee)):
        if side.has_memory:
            module.import_memory(name)
    for name in ("caller_leave", "callee_leave"):
        module.import_global(name)


def import_reallocs(module: Assembler, call: AnyCall) -> None:
    """What makes room."""
    for name, side in (("caller_realloc", call.caller), ("callee_realloc", call.callee)):
        if side.has_realloc:
            module.import_function(name, ("i32",) * 4, ("i32",))


def import_hosts(module: Assembler, call: AnyCall) -> None:
    """What only the host can do."""
    module.import_function("fail", ("i32", "i32"), ())
    given = call.caller.params, call.caller.type._result
    if any(ty is not None and ty._flags & (HANDLE | ASYNCHRONOUS) for ty in given):
        module.import_function("handle", ("i32", "i32"), ("i32",))
    for direction, ty in zip(("argument", "result"), given, strict=True):
        if ty is not None and ty._flags & POINTER:
            module.import_function(f"{direction}_string", ("i32", "i32"), ("i32", "i32"))


def directions(module: Assembler, call: AnyCall) -> tuple[Direction, Direction]:
    """Of arguments, and of the result."""
    encodings = call.caller.encoding, call.callee.encoding
    return (Direction(module, "argument", "caller", "callee", encodings),
            Direction(module, "result", "callee", "caller", encodings[::-1]))  # fmt: skip


def pass_arguments(
    code: Code, direction: Direction, call: AnyCall, names: Sequence[str], handles: list[MovedHandle]
) -> None:  # fmt: skip
    """Leave the callee's core arguments on the stack; the caller's are in the variables of these names."""
    pair = call.caller.params, call.callee.params
    most = MOST_FLAT_ASYNC_PARAMS if isinstance(call, TaskCall) and call.is_lowered_async else MOST_FLAT_PARAMS
    layout = layout_of(pair[0])
    values = FlatValues(direction, handles)
    if is_flat(pair[0], most):
        values.pass_on(code, pair, names[: len(layout.flat or ())])
        return
    _area(code, direction, "from", names[0], pair[0])
    if is_flat(pair[0], MOST_FLAT_PARAMS):
        values.load(code, pair, 0)
        return
    code.local("target")
    code.emit(f"""
        i32.const {layout.alignment} i32.const {layout.size} call {direction.allocator()} local.set target""")
    values.copy_parts(code, pair, 0)
    code.emit("local.get target")


def pass_result(
    code: Code, direction: Direction, call: AnyCall, given: Sequence[str], pointer: str | None,
    handles: list[MovedHandle],
) -> None:  # fmt: skip
    """Take the callee's result to where a pointer says, or leave the caller's core value on the stack.

    `given` are names of variables with the callee's core values.
    """
    code.sides = direction.sides
    theirs, ours = call.callee.type._result, call.caller.type._result
    assert theirs is not None and ours is not None
    values, pair = FlatValues(direction, handles), (theirs, ours)
    if pointer is None:
        values.pass_on(code, pair, given)
        return
    most = MOST_FLAT_PARAMS if isinstance(call, TaskCall) and call.is_lifted_async else MOST_FLAT_RESULTS
    in_core = is_flat(theirs, most)
    if not in_core:
        _area(code, direction, "from", given[0], theirs)
    _area(code, direction, "to", pointer, ours)
    if in_core:
        values.store(code, pair, given, 0)
    else:
        values.copy(code, pair, 0)


def _area(code: Code, direction: Direction, side: str, pointer: str, ty: ValType) -> None:
    """Check where values are or will be: `source`, or `target`."""
    layout = layout_of(ty)
    name = code.local("source" if side == "from" else "target")
    code.emit(f"""
        local.get {pointer} i32.const {layout.size} i32.const {layout.alignment} call {direction.area(side)}
        local.set {name}""")
