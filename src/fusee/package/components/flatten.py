"""A component without components in components: what a device does to make an instance, one step after the other.

It performs the component's steps as `fusee.component.runtime.instantiate` does, but notes what is to be done. So what
the tools put around core modules for the sake of names and types, components that only pass things on, is gone. Each of
those that do something is a part of its own, which calls what parts before it export.
"""

from collections.abc import Callable
from typing import Any, Final

from fusee.component import program as steps
from fusee.component.items import ComponentInstanceType, FuncType
from fusee.component.layout import layout_of, needs_memory
from fusee.component.program import CORE_FUNC, CORE_INSTANCE, CORE_MEMORY, CORE_MODULE, FUNC, Program
from fusee.component.types.resource import ResourceType
from fusee.component.types.valtype import ValType
from fusee.engine.capi.component.format import NONE, Step, TaskFunction
from fusee.package.components.frame import ENCODINGS, CoreInstance, Frame
from fusee.package.components.plan import NO_NAME, Imported, Lifted, Name, NotForDevices, Signature, Whole


def flatten(program: Program) -> Whole:
    """Raises `NotForDevices`, which says what is in the way."""
    whole = Whole()
    arguments: dict[str, Any] = {}
    frame = Frame(whole, program, None, arguments)
    for step in program.steps:
        if isinstance(step, steps.Import):
            arguments[step.name] = _from_app(frame, step)
        _perform(frame, step)
    frame.end()
    for name, item in frame.exports.items():
        _note_export(whole, "", name, item)
    return whole


def _perform(frame: Frame, step: steps.Step) -> None:
    _PERFORM[type(step)](frame, step)


def _from_app(frame: Frame, step: steps.Import) -> Any:
    """What stands for an import of the whole component."""
    item = step.type
    if isinstance(item, FuncType):
        return Imported(Name("", step.name), item)
    if isinstance(item, ResourceType):
        return frame.whole.resource(Name("", step.name), None)
    if not isinstance(item, ComponentInstanceType):
        if steps.sort_of(item) == steps.TYPE:
            return item
        raise NotForDevices(f"it imports `{step.name}`, which is a {steps.describe_item(item)}")
    found: dict[str, Any] = {}
    for name, part in item._exports.items():
        if isinstance(part, FuncType):
            found[name] = Imported(Name(step.name, name), part)
        elif isinstance(part, ResourceType):
            known = frame.resources.get(part)
            found[name] = frame.whole.resource(Name(step.name, name), None) if known is None else known
            frame.resources[part] = found[name]
        elif isinstance(part, ComponentInstanceType):
            raise NotForDevices(f"`{step.name}`, which it imports, has the instance `{name}`")
    return found


def _note_export(whole: Whole, interface: str, name: str, item: Any) -> None:
    place = Name(interface, name)
    if isinstance(item, Lifted):
        item.part.exports.append((place, item))
    elif isinstance(item, Imported):
        raise NotForDevices(f"its export `{place}` is a function that it imports")
    elif isinstance(item, dict):
        if interface:
            raise NotForDevices(f"its export `{interface}` has the instance `{name}`")
        for inner, part in item.items():
            _note_export(whole, name, inner, part)
    elif isinstance(item, int) and whole.resources[item].owner is not None and whole.resources[item].name == NO_NAME:
        whole.resources[item].name = place


def _define_module(frame: Frame, step: steps.DefineModule) -> None:
    frame.spaces[CORE_MODULE].append(step.module)


def _instantiate_module(frame: Frame, step: steps.InstantiateModule) -> None:
    module = frame.spaces[CORE_MODULE][step.module]
    instances, plan = frame.spaces[CORE_INSTANCE], frame.plan
    given = [instances[step.arguments[owner]][name] for owner, name, *_ in module._import_places]
    plan.step(Step.MODULE, plan.module(module), len(plan.arguments), len(given))
    plan.arguments += given
    instances.append(CoreInstance(plan, plan.instances, list(module._export_places)))
    plan.instances += 1


def _core_exports(frame: Frame, step: steps.CoreExports) -> None:
    found = {name: frame.spaces[sort][index] for name, (sort, index) in step.exports.items()}
    frame.spaces[CORE_INSTANCE].append(found)


def _alias_core_export(frame: Frame, step: steps.AliasCoreExport) -> None:
    frame.spaces[step.sort].append(frame.spaces[CORE_INSTANCE][step.instance][step.name])


def _define_component(frame: Frame, step: steps.DefineComponent) -> None:
    frame.spaces[steps.COMPONENT].append((step.program, frame))


def _instantiate_component(frame: Frame, step: steps.InstantiateComponent) -> None:
    arguments = {name: frame.spaces[sort][index] for name, (sort, index) in step.arguments.items()}
    arguments |= {name: frame.type(item) for name, item in step.types.items()}
    program, outer = frame.spaces[steps.COMPONENT][step.component]
    inner = Frame(frame.whole, program, outer, arguments, frame)
    for part in program.steps:
        _perform(inner, part)
    inner.end()
    frame.bind(step.resources, inner.exports)
    frame.spaces[steps.INSTANCE].append(inner.exports)


def _exports(frame: Frame, step: steps.Exports) -> None:
    found = {name: frame.spaces[sort][index] for name, (sort, index) in step.exports.items()}
    found |= {name: frame.type(item) for name, item in step.types.items()}
    frame.spaces[steps.INSTANCE].append(found)


def _alias_export(frame: Frame, step: steps.AliasExport) -> None:
    frame.spaces[step.sort].append(frame.spaces[steps.INSTANCE][step.instance][step.name])


def _alias_outer(frame: Frame, step: steps.AliasOuter) -> None:
    target = frame
    for _ in range(step.count):
        assert target.outer is not None
        target = target.outer
    frame.spaces[step.sort].append(target.spaces[step.sort][step.index])


def _define_resource(frame: Frame, step: steps.DefineResource) -> None:
    number = frame.whole.resource(NO_NAME, frame.plan)
    frame.resources[step.resource] = number
    if step.destructor is not None:
        frame.plan.step(Step.RESOURCE, number, frame.spaces[CORE_FUNC][step.destructor])


def _lift(frame: Frame, step: steps.Lift) -> None:
    options = frame.options(step.options, step.type)
    core = frame.spaces[CORE_FUNC][step.function]
    frame.spaces[FUNC].append(Lifted(frame.plan, Signature(step.type, frame.resources), core, options))


def _lower(frame: Frame, step: steps.Lower) -> None:
    callee, plan = frame.spaces[FUNC][step.function], frame.plan
    is_own = isinstance(callee, Lifted)
    name = NO_NAME if is_own else callee.name
    if is_own and callee.part is plan:
        raise NotForDevices("its core module calls a function that is lifted from it")
    options = frame.options(step.options, step.type)
    number = len(plan.imports)
    plan.imports.append((name, Signature(step.type, frame.resources)))
    if is_own:
        plan.links[number] = callee
    kind = Step.START if step.options.is_async else Step.LOWER
    made = plan.item(kind, number, options.memory, options.realloc, options.encoding)
    frame.spaces[CORE_FUNC].append(made)


def _resource_function(frame: Frame, step: steps.ResourceFunction) -> None:
    kind = {"new": Step.NEW, "rep": Step.REP, "drop": Step.DROP}[step.kind]
    frame.spaces[CORE_FUNC].append(frame.plan.item(kind, frame.resources[step.resource]))


def _builtin(frame: Frame, step: steps.Builtin) -> None:
    plan, memory = frame.plan, frame.core(CORE_MEMORY, step.options.memory)
    if step.name == "task.return":
        assert step.type is None or isinstance(step.type, ValType)
        given = [] if step.type is None else [step.type]
        plan.returns.append(Signature(FuncType._of(tuple(("", ty) for ty in given), None, False), frame.resources))
        needed = memory if needs_memory(given) or any(layout_of(ty).flat is None for ty in given) else NONE
        made = plan.item(Step.RETURN, len(plan.returns) - 1, needed, NONE, ENCODINGS[step.options.encoding])
    elif step.name in _TASK_FUNCTIONS:
        function = _TASK_FUNCTIONS[step.name]
        has_memory = function in (TaskFunction.WAIT, TaskFunction.POLL)
        made = plan.item(Step.TASK, function, memory if has_memory else step.index)
    else:
        raise NotForDevices(f"it uses `{step.name}`, for what waits for something else than a call")
    frame.spaces[CORE_FUNC].append(made)


_TASK_FUNCTIONS: Final = {
    "task.cancel": TaskFunction.CANCEL, "context.get": TaskFunction.GET, "context.set": TaskFunction.SET,
    "waitable-set.wait": TaskFunction.WAIT, "backpressure.inc": TaskFunction.INCREMENT,
    "backpressure.dec": TaskFunction.DECREMENT, "waitable-set.new": TaskFunction.NEW_SET,
    "waitable-set.poll": TaskFunction.POLL, "waitable-set.drop": TaskFunction.DROP_SET,
    "thread.yield": TaskFunction.YIELD, "waitable.join": TaskFunction.JOIN,
    "subtask.cancel": TaskFunction.CANCEL_SUBTASK, "subtask.drop": TaskFunction.DROP_SUBTASK,
}  # fmt: skip


def _import(frame: Frame, step: steps.Import) -> None:
    sort = steps.sort_of(step.type)
    if sort == steps.TYPE and not step.resources:
        return
    item = frame.arguments[step.name]
    frame.bind(step.resources, item)
    if sort != steps.TYPE:
        frame.spaces[sort].append(item)


def _export(frame: Frame, step: steps.Export) -> None:
    if step.sort == steps.TYPE:
        item = frame.type(step.source)
    else:
        item = frame.spaces[step.sort][step.index]
        frame.spaces[step.sort].append(item)
    frame.bind(step.resources, item)
    frame.exports[step.name] = item


_PERFORM: Final[dict[type[steps.Step], Callable[[Frame, Any], None]]] = {
    steps.DefineModule: _define_module, steps.InstantiateModule: _instantiate_module,
    steps.CoreExports: _core_exports, steps.AliasCoreExport: _alias_core_export,
    steps.DefineComponent: _define_component, steps.InstantiateComponent: _instantiate_component,
    steps.Exports: _exports, steps.AliasExport: _alias_export, steps.AliasOuter: _alias_outer,
    steps.DefineResource: _define_resource, steps.Lift: _lift, steps.Lower: _lower,
    steps.ResourceFunction: _resource_function, steps.Builtin: _builtin, steps.Import: _import, steps.Export: _export,
}  # fmt: skip
