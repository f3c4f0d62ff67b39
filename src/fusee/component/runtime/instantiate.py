"""Makes an instance of a component: performs its steps, which fill the index spaces with what is there at run time."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from fusee.api.errors import LimitError
from fusee.api.instance import Instance
from fusee.api.store import Store
from fusee.component.adapters.link import adapter
from fusee.component.asynchronous.lower import AsyncLower
from fusee.component.builtins.make import builtin
from fusee.component.builtins.resources import guest_destructor, resource_drop, resource_new, resource_rep
from fusee.component.codecs.context import Context
from fusee.component.program import (
    COMPONENT,
    CORE_FUNC,
    CORE_INSTANCE,
    CORE_MEMORY,
    CORE_MODULE,
    CORE_TABLE,
    FUNC,
    INSTANCE,
    RUNTIME_SORTS,
    TYPE,
    AliasCoreExport,
    AliasExport,
    AliasOuter,
    Builtin,
    CoreExports,
    DefineComponent,
    DefineModule,
    DefineResource,
    Export,
    Exports,
    Import,
    InstantiateComponent,
    InstantiateModule,
    Item,
    Lift,
    Lower,
    Options,
    Paths,
    Program,
    ResourceFunction,
    Step,
    sort_of,
)
from fusee.component.runtime.corecall import Call, CoreCall, host_function
from fusee.component.runtime.instance import ComponentInstance
from fusee.component.runtime.lift import LiftedFunction
from fusee.component.runtime.lower import lowered
from fusee.component.types.resource import ResourceType

MOST_INSTANCES: Final = 3000
"""Of components and core modules, in one."""


class Count:
    """How many instances are made in one go, whatever a component makes of its components."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = MOST_INSTANCES

    def spend(self) -> None:
        """One more. Raises `LimitError` when there are too many."""
        self.left -= 1
        if self.left < 0:
            raise LimitError(f"a component may consist of {MOST_INSTANCES} instances")


class Closure:
    """A component, and the instance that it is defined in, whose modules and components it may refer to."""

    __slots__ = ("outer", "program")

    def __init__(self, program: Program, outer: "Frame | None") -> None:
        self.program = program
        self.outer = outer


class Frame:
    """An instance while it is made."""

    __slots__ = ("arguments", "count", "exports", "instance", "outer", "spaces", "store")

    def __init__(
        self, store: Store, outer: "Frame | None", arguments: Mapping[str, Any], parent: ComponentInstance | None,
        count: Count, program: Program,
    ) -> None:  # fmt: skip
        self.store = store
        self.outer = outer
        self.arguments = arguments
        self.count = count
        self.instance = ComponentInstance(store, parent, program)
        self.spaces: dict[str, list[Any]] = {sort: [] for sort in RUNTIME_SORTS}
        self.exports: dict[str, Any] = {}

    def bind(self, resources: Paths, item: Any) -> None:
        """Note what actual resources those of a type are, which are found in an item."""
        for path, resource in resources:
            found = item
            for name in path:
                found = found[name]
            self.instance.resources[resource] = found

    def type(self, item: Item) -> Any:
        """A type at run time: the actual resource, if it is one."""
        return self.instance.resources[item] if isinstance(item, ResourceType) else item


def instantiate(
    store: Store, closure: Closure, arguments: Mapping[str, Any], parent: ComponentInstance | None = None,
    count: Count | None = None,
) -> dict[str, Any]:  # fmt: skip
    """The exports of a new instance."""
    count = count or Count()
    count.spend()
    frame = Frame(store, closure.outer, arguments, parent, count, closure.program)
    for step in closure.program.steps:
        _PERFORM[type(step)](frame, step)
    return frame.exports


def _define_module(frame: Frame, step: DefineModule) -> None:
    frame.spaces[CORE_MODULE].append(step.module)


def _instantiate_module(frame: Frame, step: InstantiateModule) -> None:
    frame.count.spend()
    module = frame.spaces[CORE_MODULE][step.module]
    instances = frame.spaces[CORE_INSTANCE]
    imports = [instances[step.arguments[owner]][name] for owner, name, *_ in module._import_places]
    instances.append(Instance(frame.store, module, imports).exports(frame.store))


def _core_exports(frame: Frame, step: CoreExports) -> None:
    found = {name: frame.spaces[sort][index] for name, (sort, index) in step.exports.items()}
    frame.spaces[CORE_INSTANCE].append(found)


def _alias_core_export(frame: Frame, step: AliasCoreExport) -> None:
    frame.spaces[step.sort].append(frame.spaces[CORE_INSTANCE][step.instance][step.name])


def _define_component(frame: Frame, step: DefineComponent) -> None:
    frame.spaces[COMPONENT].append(Closure(step.program, frame))


def _instantiate_component(frame: Frame, step: InstantiateComponent) -> None:
    arguments = {name: frame.spaces[sort][index] for name, (sort, index) in step.arguments.items()}
    arguments |= {name: frame.type(item) for name, item in step.types.items()}
    closure = frame.spaces[COMPONENT][step.component]
    made = instantiate(frame.store, closure, arguments, frame.instance, frame.count)
    frame.bind(step.resources, made)
    frame.spaces[INSTANCE].append(made)


def _exports(frame: Frame, step: Exports) -> None:
    found = {name: frame.spaces[sort][index] for name, (sort, index) in step.exports.items()}
    found |= {name: frame.type(item) for name, item in step.types.items()}
    frame.spaces[INSTANCE].append(found)


def _alias_export(frame: Frame, step: AliasExport) -> None:
    frame.spaces[step.sort].append(frame.spaces[INSTANCE][step.instance][step.name])


def _alias_outer(frame: Frame, step: AliasOuter) -> None:
    target = frame
    for _ in range(step.count):
        assert target.outer is not None
        target = target.outer
    frame.spaces[step.sort].append(target.spaces[step.sort][step.index])


def _define_resource(frame: Frame, step: DefineResource) -> None:
    made = ResourceType._fresh(step.resource._name)
    made._impl = frame.instance
    if step.destructor is not None:
        made._destructor = guest_destructor(frame.instance, CoreCall(frame.spaces[CORE_FUNC][step.destructor]))
    frame.instance.resources[step.resource] = made


def _core_call(frame: Frame, index: int | None) -> CoreCall | None:
    return None if index is None else CoreCall(frame.spaces[CORE_FUNC][index])


def _memory(frame: Frame, options: Options) -> Any:
    return None if options.memory is None else frame.spaces[CORE_MEMORY][options.memory]


def _lift(frame: Frame, step: Lift) -> None:
    options = step.options
    made = LiftedFunction(
        frame.instance, step.type, CoreCall(frame.spaces[CORE_FUNC][step.function]), _memory(frame, options),
        _core_call(frame, options.realloc), _core_call(frame, options.post_return), options.encoding,
        options.is_async, _core_call(frame, options.callback),
    )  # fmt: skip
    frame.spaces[FUNC].append(made)


def _lower(frame: Frame, step: Lower) -> None:
    options, callee = step.options, frame.spaces[FUNC][step.function]
    is_host = not isinstance(callee, LiftedFunction)
    realloc = _core_call(frame, options.realloc)
    cx = Context(frame.instance, _memory(frame, options), realloc, options.encoding, is_host)
    linked = None if is_host else adapter(frame.instance, cx, callee, step)
    if linked is not None:
        frame.spaces[CORE_FUNC].append(linked)
        return
    call: Call
    if step.type._is_async or frame.instance.program.is_async or (not is_host and callee.is_task):
        call = AsyncLower(frame.instance, callee, step.type, cx, options.is_async).call
    else:
        call = lowered(frame.instance, callee, step.type, cx)
    frame.spaces[CORE_FUNC].append(host_function(frame.store, step.core_type, call))


def _resource_function(frame: Frame, step: ResourceFunction) -> None:
    make = {"new": resource_new, "drop": resource_drop, "rep": resource_rep}[step.kind]
    call = make(frame.instance, step.resource)
    frame.spaces[CORE_FUNC].append(host_function(frame.store, step.core_type, call))


def _builtin(frame: Frame, step: Builtin) -> None:
    options = step.options
    memory, realloc = _memory(frame, options), _core_call(frame, options.realloc)
    contexts = (Context(frame.instance, memory, realloc, options.encoding, False),
                Context(frame.instance, memory, realloc, options.encoding, True))  # fmt: skip
    table = frame.spaces[CORE_TABLE][step.index] if step.name == "thread.new-indirect" else None
    call = builtin(frame.instance, step, contexts, table)
    frame.spaces[CORE_FUNC].append(host_function(frame.store, step.core_type, call))


def _import(frame: Frame, step: Import) -> None:
    sort = sort_of(step.type)
    if sort == TYPE and not step.resources:
        return
    item = frame.arguments[step.name]
    frame.bind(step.resources, item)
    if sort != TYPE:
        frame.spaces[sort].append(item)


def _export(frame: Frame, step: Export) -> None:
    if step.sort == TYPE:
        item = frame.type(step.source)
    else:
        item = frame.spaces[step.sort][step.index]
        frame.spaces[step.sort].append(item)
    frame.bind(step.resources, item)
    frame.exports[step.name] = item


_PERFORM: Final[dict[type[Step], Callable[[Frame, Any], None]]] = {
    DefineModule: _define_module, InstantiateModule: _instantiate_module, CoreExports: _core_exports,
    AliasCoreExport: _alias_core_export, DefineComponent: _define_component,
    InstantiateComponent: _instantiate_component, Exports: _exports, AliasExport: _alias_export,
    AliasOuter: _alias_outer, DefineResource: _define_resource, Lift: _lift, Lower: _lower,
    ResourceFunction: _resource_function, Builtin: _builtin, Import: _import, Export: _export,
}  # fmt: skip
