"""What is defined for the imports of components, and how it is made real in a store."""

from collections.abc import Callable, Mapping
from typing import Any

from fusee.api.errors import LinkError, Trap
from fusee.api.module import Module
from fusee.api.store import Store
from fusee.component.items import ComponentInstanceType, FuncType, ModuleType
from fusee.component.match import MismatchError, match_modules
from fusee.component.names import version_track
from fusee.component.program import Item, describe_item
from fusee.component.runtime.handles import state_of
from fusee.component.runtime.lower import HostFunctionItem
from fusee.component.substitution import Substitution, Work
from fusee.component.traps import raised_by_host
from fusee.component.types.resource import ResourceType

ResourceDtor = Callable[[Store, int], None]
Definitions = dict[str, Any]


class Resource:
    """A resource of the host's, and what ends it."""

    __slots__ = ("destructor", "type")

    def __init__(self, ty: ResourceType, destructor: ResourceDtor | None) -> None:
        self.type = ty
        self.destructor = destructor


class Function:
    """A function of the host's."""

    __slots__ = ("call", "type")

    def __init__(self, call: Callable[..., Any], ty: FuncType | None = None) -> None:
        self.call = call
        self.type = ty


def find(definitions: Mapping[str, Any], name: str) -> Any:
    """What a name stands for: itself, or the highest version that takes its place; None if there is none."""
    found = definitions.get(name)
    wanted = version_track(name) if found is None else None
    if wanted is None:
        return found
    tracks = ((version_track(other), definition) for other, definition in definitions.items())
    fitting = [(track[1], definition) for track, definition in tracks if track is not None and track[0] == wanted[0]]
    return max(fitting, key=lambda pair: pair[0])[1] if fitting else None


def is_needed(item: Item) -> bool:
    """Whether an import is something at run time."""
    return isinstance(item, FuncType | ModuleType | ComponentInstanceType | ResourceType)


class Resolver:
    """Makes definitions real in a store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._resources: dict[int, ResourceType] = {}
        self._actual = Substitution(Work(), {})  # of the component's names for resources

    def item(self, definition: Any, item: Item, place: str) -> Any:
        """What is given for an import of a type. Raises `LinkError`."""
        if definition is None:
            raise LinkError(f"component imports {describe_item(item)} {place}, but no implementation of it was found")
        if isinstance(item, FuncType) and isinstance(definition, Function):
            self._check_type(definition, item, place)
            return HostFunctionItem(self.store, place.strip("`"), definition.call)
        if isinstance(item, ResourceType) and isinstance(definition, Resource):
            self._actual.mapping[item] = definition.type
            return self._resource(definition)
        if isinstance(item, ModuleType) and isinstance(definition, Module):
            return self._module(definition, item, place)
        if isinstance(item, ComponentInstanceType) and isinstance(definition, dict):
            return {
                name: self.item(definition.get(name), export, f"{place}, `{name}`")
                for name, export in item._exports.items()
                if is_needed(export)
            }
        raise LinkError(f"component imports {describe_item(item)} {place}, but something else is defined")

    def _check_type(self, definition: Function, item: FuncType, place: str) -> None:
        """Raises `LinkError` if a function is defined with another type. Names of parameters make no difference."""
        wanted = definition.type
        if wanted is None:
            return
        given: FuncType = self._actual.item(item)
        if [*given._types(), given._result, given._is_async] != [*wanted._types(), wanted._result, wanted._is_async]:
            raise LinkError(f"component imports func {place} with another type than it is defined with")

    def _resource(self, definition: Resource) -> ResourceType:
        made = self._resources.get(id(definition))
        if made is None:
            made = self._resources[id(definition)] = ResourceType._fresh(definition.type._name)
            made._host = definition.type._host
            destructor, store = definition.destructor, self.store
            if destructor is not None:
                made._destructor = state_of(store).destructors[made] = _host_destructor(store, destructor)
        return made

    def _module(self, module: Module, expected: ModuleType, place: str) -> Module:
        imports = {(found.module, found.name): found.type for found in module.imports}
        exports = {found.name: found.type for found in module.exports}
        try:
            match_modules(ModuleType._of(imports, exports), expected, Work())
        except MismatchError as error:
            raise LinkError(f"component imports module {place}, but another one is defined: {error}") from None
        return module


def _host_destructor(store: Store, end: ResourceDtor) -> Callable[[int, Any], None]:
    def destroy(rep: int, caller: object) -> None:
        try:
            end(store, rep)
        except Trap as raised:
            raised_by_host(raised)
            raise

    return destroy


def define_traps(definitions: Definitions, imports: Mapping[str, Item], place: str) -> None:
    """Name functions and resources that are imported and not defined; calling one raises `LinkError`."""
    for name, item in imports.items():
        found = find(definitions, name)
        where = f"{place}{name}"
        if isinstance(item, ComponentInstanceType) and (found is None or isinstance(found, dict)):
            inner: Definitions = definitions.setdefault(name, {}) if found is None else found
            define_traps(inner, item._exports, f"{where}#")
        elif found is None and isinstance(item, FuncType):
            definitions[name] = Function(_trap(where))
        elif found is None and isinstance(item, ResourceType):
            definitions[name] = Resource(ResourceType._fresh(name), None)


def _trap(where: str) -> Callable[..., Any]:
    def call(*arguments: Any) -> Any:
        raise LinkError(f"unknown import: `{where}` has not been defined")

    return call
