"""Canonical functions of asynchronous components, and their types (Binary, CanonicalABI: "Canonical Definitions")."""

from collections.abc import Callable
from typing import Final

from fusee.api.errors import MalformedError, UnsupportedError
from fusee.api.externtypes import TableType
from fusee.api.types import FuncType as CoreFuncType
from fusee.api.types import ValType
from fusee.component.binary.core import core_func
from fusee.component.binary.options import check_memory, decode_options
from fusee.component.binary.reader import Reader, invalid
from fusee.component.binary.scope import Scope
from fusee.component.binary.typedefs import TypeDecoder
from fusee.component.layout import MOST_FLAT_PARAMS, flatten_params, layout_of
from fusee.component.program import CORE_FUNC, CORE_TABLE, Builtin, Options
from fusee.component.types.composite import FutureType, StreamType
from fusee.component.types.valtype import POINTER

CONTEXT_SLOTS: Final = 2
_PLAIN: Final[dict[int, tuple[str, int, int]]] = {
    0x05: ("task.cancel", 0, 0), 0x0D: ("subtask.drop", 1, 0), 0x1E: ("error-context.drop", 1, 0),
    0x1F: ("waitable-set.new", 0, 1), 0x22: ("waitable-set.drop", 1, 0), 0x23: ("waitable.join", 2, 0),
    0x24: ("backpressure.inc", 0, 0), 0x25: ("backpressure.dec", 0, 0), 0x26: ("thread.index", 0, 1),
    0x28: ("thread.resume-later", 1, 0),
}  # fmt: skip
"""Those without immediates: the name, and how many `i32` are taken and given."""
_FLAGGED: Final[dict[int, tuple[str, int]]] = {
    0x06: ("subtask.cancel", 1), 0x0C: ("thread.yield", 0), 0x29: ("thread.suspend", 0),
    0x2A: ("thread.suspend-then-resume", 1), 0x2B: ("thread.yield-then-resume", 1),
    0x2C: ("thread.suspend-then-promote", 1), 0x2D: ("thread.yield-then-promote", 1),
}  # fmt: skip
"""Those with `async?` or `cancel?`: the name, and how many `i32` are taken; one is given."""
_ENDS: Final[dict[int, str]] = {
    0x0E: "stream.new", 0x0F: "stream.read", 0x10: "stream.write", 0x11: "stream.cancel-read",
    0x12: "stream.cancel-write", 0x13: "stream.drop-readable", 0x14: "stream.drop-writable", 0x15: "future.new",
    0x16: "future.read", 0x17: "future.write", 0x18: "future.cancel-read", 0x19: "future.cancel-write",
    0x1A: "future.drop-readable", 0x1B: "future.drop-writable",
}  # fmt: skip
_UNSUPPORTED: Final = {
    0x08: "backpressure.set", 0x40: "thread.spawn-ref", 0x41: "thread.spawn-indirect",
    0x42: "thread.available-parallelism",
}  # fmt: skip


def decode_builtin(scope: Scope, code: int, reader: Reader, start: int) -> None:
    """A canonical function behind its first byte, `code`: a step, and a core function."""
    if code in _UNSUPPORTED:
        raise UnsupportedError(f"`canon {_UNSUPPORTED[code]}` is not supported", start)
    made = _builtin(scope, code, reader, start)
    scope.steps.append(made)
    scope.spaces[CORE_FUNC].append(made.core_type)


def _builtin(scope: Scope, code: int, reader: Reader, start: int) -> Builtin:
    if code in _PLAIN:
        name, taken, given = _PLAIN[code]
        return Builtin(name, _words(taken, given))
    if code in _FLAGGED:
        name, taken = _FLAGGED[code]
        return Builtin(name, _words(taken, 1), flag=_flag(reader))
    if code in _ENDS:
        return _end(scope, _ENDS[code], reader)
    decode = _OTHERS.get(code)
    if decode is None:
        raise MalformedError(f"malformed canonical function {code:#x}", start)
    return decode(scope, code, reader)


def _words(taken: int, given: int) -> CoreFuncType:
    return core_func(["i32"] * taken, ["i32"] * given)


def _flag(reader: Reader) -> bool:
    value = reader.byte()
    if value > 1:
        raise reader.malformed("malformed flag of a canonical function")
    return bool(value)


def _end(scope: Scope, name: str, reader: Reader) -> Builtin:
    """A function of streams or futures."""
    start = reader.position
    kind = StreamType if name.startswith("stream") else FutureType
    ty: StreamType | FutureType = scope.type_of(kind, reader.u32(), start, f"a {name.partition('.')[0]} type")
    action = name.partition(".")[2]
    if action == "new":
        return Builtin(name, core_func([], ["i64"]), ty)
    if action.startswith("drop"):
        return Builtin(name, _words(1, 0), ty)
    if action.startswith("cancel"):
        return Builtin(name, _words(1, 1), ty, flag=_flag(reader))
    options = decode_options(scope, reader)
    _refuse(options, reader.position, "post-return", "callback")
    payload = ty._payload
    if payload is not None and options.memory is None:
        raise invalid("canonical option `memory` is required", start)
    if payload is not None and action == "read" and payload._flags & POINTER and options.realloc is None:
        raise invalid("canonical option `realloc` is required", start)
    return Builtin(name, _words(3 if kind is StreamType else 2, 1), ty, options)


def _refuse(options: Options, offset: int, *names: str) -> None:
    given = {
        "async": options.is_async, "callback": options.callback is not None, "realloc": options.realloc is not None,
        "post-return": options.post_return is not None,
    }  # fmt: skip
    for name in names:
        if given[name]:
            raise invalid(f"canonical option `{name}` is not allowed here", offset)


def _task_return(scope: Scope, code: int, reader: Reader) -> Builtin:
    start = reader.position
    result = TypeDecoder(scope).result_list(reader)
    options = decode_options(scope, reader)
    _refuse(options, reader.position, "async", "callback", "realloc", "post-return")
    params = [] if result is None else [result]
    needs_memory = result is not None and (result._flags & POINTER or layout_of(result).flat is None)
    if needs_memory and options.memory is None:
        raise invalid("canonical option `memory` is required", start)
    return Builtin("task.return", core_func(flatten_params(params, MOST_FLAT_PARAMS), []), result, options)


def _context(scope: Scope, code: int, reader: Reader) -> Builtin:
    start = reader.position
    ty = reader.byte()
    if ty == 0x7E:
        raise UnsupportedError("`context.get` and `context.set` of 64 bits are not supported", start)
    if ty != 0x7F:
        raise invalid("`context.get` and `context.set` are of `i32`", start)
    where = reader.position
    slot = reader.u32()
    if slot >= CONTEXT_SLOTS:
        raise invalid(f"a thread has {CONTEXT_SLOTS} slots of context", where)
    if code == 0x0A:
        return Builtin("context.get", _words(0, 1), index=slot)
    return Builtin("context.set", _words(1, 0), index=slot)


def _set_wait(scope: Scope, code: int, reader: Reader) -> Builtin:
    flag, start = _flag(reader), reader.position
    memory = reader.u32()
    check_memory(scope, memory, start)
    name = "waitable-set.wait" if code == 0x20 else "waitable-set.poll"
    return Builtin(name, _words(2, 1), None, Options("utf8", memory, None, None), flag)


def _error_context(scope: Scope, code: int, reader: Reader) -> Builtin:
    start = reader.position
    options = decode_options(scope, reader)
    _refuse(options, reader.position, "async", "callback", "post-return")
    if options.memory is None:
        raise invalid("canonical option `memory` is required", start)
    if code == 0x1C:
        return Builtin("error-context.new", _words(2, 1), None, options)
    if options.realloc is None:
        raise invalid("canonical option `realloc` is required", start)
    return Builtin("error-context.debug-message", _words(2, 0), None, options)


def _new_indirect(scope: Scope, code: int, reader: Reader) -> Builtin:
    start = reader.position
    ty = scope.core_types.at(reader.u32(), start)
    where = reader.position
    table = reader.u32()
    found = scope.at(CORE_TABLE, table, where)
    if ty != core_func(["i32"], []):
        raise invalid("the function that a thread runs has the type (func (param i32))", start)
    if not isinstance(found, TableType) or found.is_64 or found.element != ValType.funcref():
        raise invalid("a thread's function is in a table of `funcref`, with indices of 32 bits", where)
    return Builtin("thread.new-indirect", _words(2, 1), index=table)


_OTHERS: Final[dict[int, Callable[[Scope, int, Reader], Builtin]]] = {
    0x09: _task_return, 0x0A: _context, 0x0B: _context, 0x1C: _error_context, 0x1D: _error_context, 0x20: _set_wait,
    0x21: _set_wait, 0x27: _new_indirect,
}  # fmt: skip
