"""`Linker`: what is given for a component's imports."""

from collections.abc import Callable, Mapping
from typing import Any

from fusee.api.engine import Engine
from fusee.api.errors import LinkError, StoreError, Trap, WasmtimeError
from fusee.api.managed import Managed, Unique, expect, refuse_closed
from fusee.api.module import Module
from fusee.api.store import Store
from fusee.api.storelike import Storelike, store_of
from fusee.component.component import Component
from fusee.component.func import Instance
from fusee.component.items import ComponentInstanceType, FuncType, ModuleType
from fusee.component.match import MismatchError, Substitution, Work, match_modules
from fusee.component.names import version_track
from fusee.component.program import Item, describe_item
from fusee.component.runtime.handles import state_of
from fusee.component.runtime.instantiate import Closure, instantiate
from fusee.component.runtime.lower import HostFunctionItem
from fusee.component.traps import leave_instantiation, raised_by_host
from fusee.component.types.resource import ResourceType
from fusee.component.types.valtype import NotMade

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


class _Lockable(Managed):
    """Locked as long as a place in it is open."""

    locked: bool
    _is_closed: bool

    def _assert_not_locked(self) -> None:
        if self._is_closed:
            refuse_closed()
        if self.locked:
            raise WasmtimeError("cannot use linker while it's in use by other instances")


class Linker(Unique, _Lockable):
    """Names and what they stand for, for any store of the engine."""

    def __init__(self, engine: Engine) -> None:
        """A linker without definitions. Raises `ArgumentError`; `ValueError` if the engine is closed.

        `engine` is what it was made with. `allow_shadowing`, a bool that is false at first, lets a definition replace
        another of the same name.
        """
        expect(engine, Engine, "an Engine")
        self.engine = engine._opened()
        self.locked = False
        self.allow_shadowing = False
        self._is_closed = False
        self._definitions: Definitions = {}

    def close(self) -> None:
        """Let go of all definitions. What was made with them stays."""
        if not self._is_closed:
            self._assert_not_locked()
        self._is_closed = True
        self._definitions = {}

    def root(self) -> "LinkerInstance":
        """The place for definitions; to be used in a `with` block. Raises `WasmtimeError` while it is open already."""
        self._assert_not_locked()
        return LinkerInstance._of(self, self, self._definitions)

    def add_wasip2(self) -> None:
        """Define WASI 0.2, all but `wasi:http`; what a guest may see, `Store.set_wasi` says (docs/wasi.md).

        Raises `WasmtimeError` while a place is open, and if a name of it is taken.
        """
        from fusee.wasi.p2.define import add_wasip2

        self._assert_not_locked()
        add_wasip2(self)

    def add_wasip3(self) -> None:
        """Define WASI 0.3, all but `wasi:http`; the guest sees what it would with 0.2.

        Raises `WasmtimeError` while a place is open, and if a name of it is taken.
        """
        from fusee.wasi.p3.define import add_wasip3

        self._assert_not_locked()
        add_wasip3(self)

    def add_wasi_http(self) -> None:
        """Define `wasi:http`, which needs `add_wasip2`, and `add_wasip3` for that of 0.3.

        `Store.set_wasi_http` allows requests.

        Raises `WasmtimeError` while a place is open, and if a name of it is taken.
        """
        from fusee.wasi.p2.define import add_wasi_http
        from fusee.wasi.p3.define import add_wasi_http as add_later

        self._assert_not_locked()
        add_wasi_http(self)
        add_later(self)

    def instantiate(self, store: Storelike, component: Component) -> Instance:
        """An `Instance` of a component, with the definitions of its imports; start functions of core modules run.

        Raises `ArgumentError`; `LinkError` if an import has no definition, or one of another kind; `LimitError`;
        `ComponentTrap` and what host functions raise; `StoreError` if the component belongs to another engine.
        """
        self._assert_not_locked()
        owner = store_of(store)
        expect(component, Component, "a Component")
        program = component._program
        if component._engine is not owner.engine:
            raise StoreError("the component belongs to another engine")
        resolver = _Resolver(owner)
        arguments = {
            name: resolver.item(find(self._definitions, name), item, f"`{name}`")
            for name, item in program.type._imports.items()
            if is_needed(item)
        }
        try:
            exports = instantiate(owner, Closure(program, None), arguments)
        except Trap as trap:
            leave_instantiation(trap)
            raise
        return Instance._of(owner, program, exports)

    def define_unknown_imports_as_traps(self, component: Component) -> None:
        """Name all imported functions and resources that have no definition; calling one raises `LinkError`.

        Raises `ArgumentError`; `WasmtimeError` while a place is open.
        """
        self._assert_not_locked()
        expect(component, Component, "a Component")
        _define_traps(self._definitions, component._program.type._imports, "")


class LinkerInstance(Unique, _Lockable, NotMade):
    """A place for definitions: the imports of a component, or the exports of an instance that it imports.

    Used in a `with` block. All methods raise `WasmtimeError` if a name is defined already, unless
    `Linker.allow_shadowing` is set, and while a place inside is open.
    """

    parent: "Linker | LinkerInstance | None"
    _linker: Linker
    _definitions: Definitions

    @classmethod
    def _of(cls, linker: Linker, parent: "Linker | LinkerInstance", definitions: Definitions) -> "LinkerInstance":
        made = cls.__new__(cls)
        made._linker, made.parent, made._definitions = linker, parent, definitions
        made.locked = made._is_closed = False
        parent.locked = True
        return made

    def close(self) -> None:
        """Close the place, so that those above can be used again."""
        if self._is_closed:
            return
        self._assert_not_locked()
        self._is_closed = True
        if self.parent is not None:
            self.parent.locked = False
            self.parent = None

    def __del__(self) -> None:
        if not getattr(self, "_is_closed", True) and self.parent is not None:
            self.parent.locked = False

    def _define(self, name: str, definition: Any) -> None:
        self._assert_not_locked()
        expect(name, str, "a str")
        if name in self._definitions and not self._linker.allow_shadowing:
            raise WasmtimeError(f"map entry `{name}` defined twice")
        self._definitions[name] = definition

    def add_instance(self, name: str) -> "LinkerInstance":
        """Define an instance, or go on with one that is defined, and give the place for its exports."""
        self._assert_not_locked()
        expect(name, str, "a str")
        if not isinstance(self._definitions.get(name), dict):
            self._define(name, {})
        return LinkerInstance._of(self._linker, self, self._definitions[name])

    def add_module(self, name: str, module: Module) -> None:
        """Define a core module. Raises `ArgumentError`."""
        expect(module, Module, "a Module")
        self._define(name, module._opened())

    def add_resource(self, name: str, ty: ResourceType, dtor: ResourceDtor | None) -> None:
        """Define a resource of the host's.

        `dtor` is called with the store and the resource's number when the owner of a handle drops it. Raises
        `ArgumentError`; `WasmtimeError` if the type is not one of `ResourceType.host`.
        """
        expect(ty, ResourceType, "a ResourceType")
        if ty._host is None:
            raise WasmtimeError("resources of a linker are the host's: ResourceType.host(number)")
        self._define(name, Resource(ty, dtor))

    def add_func(self, name: str, func: Callable[..., Any], ty: FuncType | None = None) -> None:
        """Define a function: it is called with the store and the arguments, and gives the result (docs/components.md).

        What it raises ends the guest, and is raised where the guest was called. If a `FuncType` is given, which is not
        in wasmtime-py, an import of another type is a `LinkError`. Raises `ArgumentError`.
        """
        expect(func, Callable, "something to call")  # type: ignore[arg-type]
        expect(ty, (FuncType, type(None)), "a FuncType")
        self._define(name, Function(func, ty))


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


class _Resolver:
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


def _define_traps(definitions: Definitions, imports: Mapping[str, Item], place: str) -> None:
    for name, item in imports.items():
        found = find(definitions, name)
        where = f"{place}{name}"
        if isinstance(item, ComponentInstanceType) and (found is None or isinstance(found, dict)):
            inner: Definitions = definitions.setdefault(name, {}) if found is None else found
            _define_traps(inner, item._exports, f"{where}#")
        elif found is None and isinstance(item, FuncType):
            definitions[name] = Function(_trap(where))
        elif found is None and isinstance(item, ResourceType):
            definitions[name] = Resource(ResourceType._fresh(name), None)


def _trap(where: str) -> Callable[..., Any]:
    def call(*arguments: Any) -> Any:
        raise LinkError(f"unknown import: `{where}` has not been defined")

    return call
