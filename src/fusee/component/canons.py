"""The section of canonical functions (Binary and CanonicalABI, "Canonical Definitions")."""

from typing import Final

from fusee.api.errors import MalformedError
from fusee.api.types import FuncType as CoreFuncType
from fusee.api.types import MemoryType
from fusee.component.core import core_func
from fusee.component.items import FuncType
from fusee.component.layout import flatten_function, layout_of, needs_memory, parameters_type
from fusee.component.program import CORE_FUNC, CORE_MEMORY, FUNC, Lift, Lower, Options, ResourceFunction
from fusee.component.reader import Reader, invalid
from fusee.component.scope import Scope
from fusee.component.typedefs import TypeDecoder, asynchronous
from fusee.component.types import ResourceType

_ENCODINGS: Final = {0x00: "utf8", 0x01: "utf16", 0x02: "latin1+utf16"}
_INDICES: Final = {0x03: "memory", 0x04: "realloc", 0x05: "post-return"}
_RESOURCE_KINDS: Final = {0x02: "new", 0x03: "drop", 0x04: "rep"}
_REALLOC: Final = core_func(["i32"] * 4, ["i32"])
_ASYNCHRONOUS: Final = {
    0x05: "task.cancel", 0x06: "subtask.cancel", 0x08: "backpressure.set", 0x09: "task.return", 0x0A: "context.get",
    0x0B: "context.set", 0x0C: "thread.yield", 0x0D: "subtask.drop", 0x0E: "stream.new", 0x0F: "stream.read",
    0x10: "stream.write", 0x11: "stream.cancel-read", 0x12: "stream.cancel-write", 0x13: "stream.drop-readable",
    0x14: "stream.drop-writable", 0x15: "future.new", 0x16: "future.read", 0x17: "future.write",
    0x18: "future.cancel-read", 0x19: "future.cancel-write", 0x1A: "future.drop-readable",
    0x1B: "future.drop-writable", 0x1C: "error-context.new", 0x1D: "error-context.debug-message",
    0x1E: "error-context.drop", 0x1F: "waitable-set.new", 0x20: "waitable-set.wait", 0x21: "waitable-set.poll",
    0x22: "waitable-set.drop", 0x23: "waitable.join", 0x24: "backpressure.inc", 0x25: "backpressure.dec",
    0x26: "thread.index", 0x27: "thread.new-indirect", 0x28: "thread.resume-later", 0x29: "thread.suspend",
    0x2A: "thread.suspend-then-resume", 0x2B: "thread.yield-then-resume", 0x2C: "thread.suspend-then-promote",
    0x2D: "thread.yield-then-promote", 0x40: "thread.spawn-ref", 0x41: "thread.spawn-indirect",
    0x42: "thread.available-parallelism",
}  # fmt: skip


def decode_canon(scope: Scope, reader: Reader) -> None:
    """One canonical function: a step, and an element of an index space."""
    start = reader.position
    kind = reader.byte()
    if kind in (0x00, 0x01):
        if reader.byte() != 0x00:
            raise reader.malformed("malformed canonical function")
        if kind == 0x00:
            _lift(scope, reader)
        else:
            _lower(scope, reader)
    elif kind in _RESOURCE_KINDS:
        _resource(scope, _RESOURCE_KINDS[kind], reader)
    elif kind in _ASYNCHRONOUS:
        raise asynchronous(f"`canon {_ASYNCHRONOUS[kind]}`", start)
    else:
        raise MalformedError(f"malformed canonical function {kind:#x}", start)


def _options(scope: Scope, reader: Reader) -> Options:
    found: dict[str, int | str] = {}
    for _ in range(reader.count("options")):
        start = reader.position
        code = reader.byte()
        if code in _ENCODINGS:
            name, value = "string-encoding", _ENCODINGS[code]
        elif code in _INDICES:
            name, value = _INDICES[code], reader.u32()  # type: ignore[assignment]
        elif code in (0x06, 0x07):
            raise asynchronous("the option `async`" if code == 0x06 else "the option `callback`", start)
        else:
            raise MalformedError(f"malformed canonical option {code:#x}", start)
        if name in found:
            raise invalid(f"canonical option `{name}` is specified more than once", start)
        found[name] = value
        _check_option(scope, name, value, start)
    options = Options(
        str(found.get("string-encoding", "utf8")), _number(found.get("memory")), _number(found.get("realloc")),
        _number(found.get("post-return")),
    )  # fmt: skip
    if options.realloc is not None and options.memory is None:
        raise invalid("canonical option `memory` is required with `realloc`", reader.position)
    return options


def _number(value: int | str | None) -> int | None:
    return value if isinstance(value, int) else None


def _check_option(scope: Scope, name: str, value: int | str, offset: int) -> None:
    if name == "memory":
        memory = scope.at(CORE_MEMORY, int(value), offset)
        assert isinstance(memory, MemoryType)
        if memory.is_64 or memory.is_shared or memory.page_size_log2 != 16:
            raise invalid("canonical functions need a memory of 32 bits that is not shared", offset)
    elif name == "realloc" and scope.at(CORE_FUNC, int(value), offset) != _REALLOC:
        raise invalid("canonical option `realloc` uses a core function with an incorrect signature", offset)
    elif name == "post-return":
        scope.at(CORE_FUNC, int(value), offset)


def _lift(scope: Scope, reader: Reader) -> None:
    start = reader.position
    function = reader.u32()
    core_type = scope.at(CORE_FUNC, function, start)
    options = _options(scope, reader)
    where = reader.position
    ty: FuncType = scope.type_of(FuncType, reader.u32(), where, "a function type")
    params = [param for _, param in ty._params]
    results = [] if ty._result is None else [ty._result]
    core_params, core_results = flatten_function(params, ty._result, True)
    expected = core_func(core_params, core_results)
    if core_type != expected:
        raise invalid(f"lowered type {expected} of the function does not match the core function's {core_type}", start)
    is_spilled = layout_of(parameters_type(params)).flat is None
    has_result_area = bool(results) and core_results != list(layout_of(results[0]).flat or ())
    if options.memory is None and (needs_memory([*params, *results]) or is_spilled or has_result_area):
        raise invalid("canonical option `memory` is required", start)
    if options.realloc is None and (needs_memory(params) or is_spilled):
        raise invalid("canonical option `realloc` is required", start)
    if options.post_return is not None:
        wanted = core_func(core_results, [])
        if scope.at(CORE_FUNC, options.post_return, start) != wanted:
            raise invalid("canonical option `post-return` uses a core function with an incorrect signature", start)
    scope.steps.append(Lift(function, ty, options))
    scope.spaces[FUNC].append(ty)


def _lower(scope: Scope, reader: Reader) -> None:
    start = reader.position
    function = reader.u32()
    ty: FuncType = scope.at(FUNC, function, start)
    options = _options(scope, reader)
    if options.post_return is not None:
        raise invalid("canonical option `post-return` cannot be specified for lowerings", start)
    params = [param for _, param in ty._params]
    results = [] if ty._result is None else [ty._result]
    core_params, core_results = flatten_function(params, ty._result, False)
    flat = layout_of(parameters_type(params)).flat
    is_through_memory = flat is None or len(core_params) > len(flat)
    if options.memory is None and (needs_memory([*params, *results]) or is_through_memory):
        raise invalid("canonical option `memory` is required", start)
    if options.realloc is None and needs_memory(results):
        raise invalid("canonical option `realloc` is required", start)
    _define(scope, Lower(function, ty, core_func(core_params, core_results), options))


def _resource(scope: Scope, kind: str, reader: Reader) -> None:
    start = reader.position
    resource: ResourceType = TypeDecoder(scope).resource(reader)
    if kind != "drop" and not any(resource is own for own in scope.own_resources):
        raise invalid(f"resource.{kind}: the type is not a resource that is defined in this component", start)
    core_type = core_func(["i32"], [] if kind == "drop" else ["i32"])
    _define(scope, ResourceFunction(kind, resource, core_type))


def _define(scope: Scope, step: Lower | ResourceFunction) -> None:
    core_type: CoreFuncType = step.core_type
    scope.steps.append(step)
    scope.spaces[CORE_FUNC].append(core_type)
