"""The section of canonical functions (Binary and CanonicalABI, "Canonical Definitions")."""

from typing import Final

from fusee.api.types import FuncType as CoreFuncType
from fusee.component.binary.builtintypes import decode_builtin
from fusee.component.binary.core import core_func
from fusee.component.binary.options import decode_options
from fusee.component.binary.reader import Reader, invalid
from fusee.component.binary.scope import Scope
from fusee.component.binary.typedefs import TypeDecoder
from fusee.component.items import FuncType
from fusee.component.layout import flatten_function, flatten_lifted, layout_of, needs_memory, parameters_type
from fusee.component.program import CORE_FUNC, FUNC, Lift, Lower, Options, ResourceFunction
from fusee.component.types.resource import ResourceType

_RESOURCE_KINDS: Final = {0x02: "new", 0x03: "drop", 0x04: "rep"}


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
    else:
        decode_builtin(scope, kind, reader, start)


def _lift(scope: Scope, reader: Reader) -> None:
    start = reader.position
    function = reader.u32()
    core_type = scope.at(CORE_FUNC, function, start)
    options = decode_options(scope, reader)
    where = reader.position
    ty: FuncType = scope.type_of(FuncType, reader.u32(), where, "a function type")
    params = [param for _, param in ty._params]
    results = [] if ty._result is None else [ty._result]
    _check_async(ty, options, start)
    core_params, core_results = flatten_lifted(params, ty._result, options.is_async, options.callback is not None)
    expected = core_func(core_params, core_results)
    if core_type != expected:
        raise invalid(f"lowered type {expected} of the function does not match the core function's {core_type}", start)
    is_spilled = layout_of(parameters_type(params)).flat is None
    flat_result = layout_of(results[0]).flat if results else ()
    has_result_area = flat_result is None or (not options.is_async and core_results != list(flat_result))
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


def _check_async(ty: FuncType, options: Options, offset: int) -> None:
    if options.is_async and not ty._is_async:
        raise invalid("the `async` canonical option requires an async function type", offset)


def _lower(scope: Scope, reader: Reader) -> None:
    start = reader.position
    function = reader.u32()
    ty: FuncType = scope.at(FUNC, function, start)
    options = decode_options(scope, reader)
    if options.post_return is not None:
        raise invalid("canonical option `post-return` cannot be specified for lowerings", start)
    if options.callback is not None:
        raise invalid("canonical option `callback` cannot be specified for lowerings", start)
    _check_async(ty, options, start)
    params = [param for _, param in ty._params]
    results = [] if ty._result is None else [ty._result]
    core_params, core_results = flatten_function(params, ty._result, options.is_async)
    flat = layout_of(parameters_type(params)).flat
    has_area = bool(results) and (options.is_async or layout_of(results[0]).flat != tuple(core_results))
    is_through_memory = has_area or flat is None or core_params != list(flat)
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
