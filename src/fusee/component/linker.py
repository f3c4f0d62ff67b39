"""`Linker`: what is given for a component's imports."""

from collections.abc import Callable
from typing import Any

from fusee.api.engine import Engine
from fusee.api.errors import StoreError, Trap, WasmtimeError
from fusee.api.managed import Managed, Unique, expect, refuse_closed
from fusee.api.module import Module
from fusee.api.storelike import Storelike, store_of
from fusee.component.component import Component
from fusee.component.definitions import (
    Definitions,
    Function,
    Resolver,
    Resource,
    ResourceDtor,
    define_traps,
    find,
    is_needed,
)
from fusee.component.func import Instance
from fusee.component.items import FuncType
from fusee.component.runtime.instantiate import Closure, instantiate
from fusee.component.traps import leave_instantiation
from fusee.component.types.resource import ResourceType
from fusee.component.types.valtype import NotMade


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
        resolver = Resolver(owner)
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
        define_traps(self._definitions, component._program.type._imports, "")


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
