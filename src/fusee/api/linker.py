"""`Linker`: finds a module's imports by name."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from fusee.api._wasi import makers_of_wasi, older_names
from fusee.api.engine import Engine
from fusee.api.errors import LinkError, StoreError, WasmtimeError
from fusee.api.externtypes import AsExternType, GlobalType, ImportType, MemoryType, TableType, TagType
from fusee.api.func import Caller, Extern, Func
from fusee.api.globals import Global
from fusee.api.instance import EXTERNS, Instance, InstancePre, store_of_extern
from fusee.api.managed import Managed, Unique, expect, refuse_closed
from fusee.api.memory import Memory
from fusee.api.module import Module
from fusee.api.printable import import_name
from fusee.api.sharedmemory import SharedMemory
from fusee.api.storelike import Storelike, store_of
from fusee.api.table import Table
from fusee.api.tag import Tag
from fusee.api.types import FuncType, ValType
from fusee.api.values import Val

Maker = Callable[[Storelike], Extern]  # makes a definition real in a store


class Linker(Unique, Managed):
    """Names and what they stand for. Functions defined here belong to no store until a module needs them."""

    __slots__ = ("__weakref__", "_is_closed", "_items", "_yielding", "allow_shadowing", "engine")

    def __init__(self, engine: Engine) -> None:
        """A linker without definitions. Raises `ArgumentError`; `ValueError` if the engine is closed.

        `engine` is what it was made with. `allow_shadowing`, a bool that is false at first, lets a definition replace
        another of the same name.
        """
        expect(engine, Engine, "an Engine")
        self.engine = engine._opened()
        self._is_closed = False
        self.allow_shadowing = False
        self._items: dict[tuple[str, str], Extern | Maker] = {}
        self._yielding: set[tuple[str, str]] = set()  # may be defined again

    def close(self) -> None:
        """Let go of all definitions. What was made with them stays."""
        self._is_closed = True
        self._items.clear()

    def _opened(self) -> "Linker":
        """The linker, unless it was closed."""
        return refuse_closed() if self._is_closed else self

    def _add(self, module: str, name: str, item: Extern | Maker) -> None:
        self._opened()
        expect(module, str, "a str for the module")
        expect(name, str, "a str for the name")
        if not self.allow_shadowing and (module, name) in self._items and (module, name) not in self._yielding:
            raise WasmtimeError(f"import of {import_name(module, name)} defined twice")
        self._yielding.discard((module, name))
        self._items[module, name] = item

    def define(self, store: Storelike, module: str, name: str, item: Extern) -> None:
        """Name something that lives in `store`.

        Raises `ArgumentError`; `StoreError` if it does not live there; `WasmtimeError` if the name is defined.
        """
        owner = store_of_extern(item)
        if owner is not None and owner is not store_of(store):
            raise StoreError("the item belongs to another store")
        self._add(module, name, item)

    def define_func(
        self, module: str, name: str, ty: FuncType, func: Callable[..., Any], access_caller: bool = False
    ) -> None:
        """Name a Python function, for any store: see `Func`. Raises `ArgumentError`; `WasmtimeError` as `define`."""
        expect(ty, FuncType, "a FuncType")
        self._add(module, name, lambda store: Func(store, ty, func, access_caller))

    def define_instance(self, store: Storelike, name: str, instance: Instance) -> None:
        """Name all exports of an instance, `name` being the module. Raises what `define` raises."""
        expect(instance, Instance, "an Instance")
        for export, item in instance.exports(store).items():
            self._add(name, export, item)

    def define_wasi(self) -> None:
        """Name the functions of WASI preview 1 (docs/wasi.md). They act for the calling store's `Store.set_wasi`.

        Those of snapshot 0, `wasi_unstable`, are named too where they are not defined, and give way to what is
        defined later. Raises `WasmtimeError` if one of the others is defined.
        """
        self._opened()
        items, makers, older = self._items, makers_of_wasi(), older_names()
        new_older = older - items.keys()
        if items.keys().isdisjoint(makers):
            items.update(makers)  # at once: every program that uses WASI waits for it
        else:
            for place, make in makers.items():
                if place not in older or place in new_older:
                    self._add(*place, make)
        self._yielding |= new_older

    def define_module(self, store: Storelike, name: str, module: Module) -> None:
        """Name the exports of a module. A command is instantiated anew for each call, a reactor once.

        Raises `ArgumentError`; what `define` raises; for a reactor also what `Instance` raises.
        """
        expect(module, Module, "a Module")
        _held = module._living()
        if "_start" not in module._export_places:
            instance = self.instantiate(store, module)
            initialize = instance.exports(store).get("_initialize")
            if isinstance(initialize, Func):
                initialize(store)
            self.define_instance(store, name, instance)
            return
        for export in module.exports:
            if isinstance(export.type, FuncType):
                call = self._command(module, export.name)
                self.define_func(name, export.name, export.type, call, access_caller=True)

    def _command(self, module: Module, name: str) -> Callable[..., Any]:
        def call(caller: Caller, *params: Any) -> Any:
            function = self.instantiate(caller, module).exports(caller)[name]
            assert isinstance(function, Func)
            return function(caller, *params)

        return call

    def alias(self, module: str, name: str, as_module: str, as_name: str) -> None:
        """Give a definition another name. Not in wasmtime-py. Raises `WasmtimeError` if there is none."""
        item = self._items.get((module, name))
        if item is None:
            raise WasmtimeError(f"{import_name(module, name)} is not defined")
        self._add(as_module, as_name, item)

    def alias_module(self, module: str, as_module: str) -> None:
        """Give all definitions of a module another module's name. Not in wasmtime-py."""
        for owner, name in list(self._items):
            if owner == module:
                self.alias(module, name, as_module, name)

    def define_unknown_imports_as_traps(self, module: Module) -> None:
        """Name all imported functions of `module` that have no definition; calling one raises `LinkError`.

        Raises `ArgumentError`.
        """
        expect(module, Module, "a Module")
        for item in self._unknown(module):
            if isinstance(item.type, FuncType):
                self.define_func(item.module, item.name, item.type, _unknown(item.module, item.name))

    def _unknown(self, module: Module) -> Iterator[ImportType]:
        """What `module` imports and nothing here is named yet. Types are read only if there is any."""
        _held = module._living()
        if any(place[:2] not in self._items for place in module._import_places):
            yield from (item for item in module.imports if (item.module, item.name) not in self._items)

    def define_unknown_imports_as_default_values(self, store: Storelike, module: Module) -> None:
        """Name all imports of `module` that have no definition; they are zero, null, empty, or give that.

        Raises `ArgumentError`; `WasmtimeError` for types that have no default, which are references without null.
        """
        expect(module, Module, "a Module")
        for item in self._unknown(module):
            ty = item.type
            for content in _contents(ty):
                if content.is_reference and not content.is_nullable:
                    raise LinkError(f"no default value exists for {import_name(item.module, item.name)} with type {ty}")
            if isinstance(ty, FuncType):
                self.define_func(item.module, item.name, ty, _constant([_zero(t) for t in ty.results]))
            else:
                self.define(store, item.module, item.name, _default(store, ty))

    def get(self, store: Storelike, module: str, name: str) -> Extern:
        """What a name stands for in a store.

        Raises `ArgumentError`; `LinkError` if it has no definition; `StoreError` if that lives in another store.
        """
        expect(module, str, "a str for the module")
        expect(name, str, "a str for the name")
        return _real(store, module, name, self._definition(module, name))

    def _definition(self, module: str, name: str) -> Extern | Maker:
        item = self._opened()._items.get((module, name))
        if item is None:
            raise LinkError(f"unknown import: {import_name(module, name)} has not been defined")
        return item

    def get_default(self, store: Storelike, name: str) -> Func:
        """The default export of the module called `name`: "", or "_start", or a function that does nothing.

        Raises what `get` raises.
        """
        self._opened()
        for export in ("", "_start"):
            if (name, export) in self._items:
                item = self.get(store, name, export)
                if isinstance(item, Func):
                    return item
        return Func(store, FuncType([], []), lambda: None)

    def _definitions(self, module: Module) -> list[tuple[str, str, Extern | Maker]]:
        """What the imports of a module stand for, in its order."""
        _held, places = module._living(), module._import_places
        return [(owner, name, self._definition(owner, name)) for owner, name, *_ in places]

    def instantiate(self, store: Storelike, module: Module) -> Instance:
        """An `Instance` of a module, with the definitions of its imports.

        Raises `LinkError` if one has no definition, and what `Instance` raises.
        """
        store_of(store)
        expect(module, Module, "a Module")
        return Instance(store, module, _resolve(store, self._definitions(module)))

    def instantiate_pre(self, module: Module) -> InstancePre:
        """Look the imports up now, to instantiate often. Raises `ArgumentError`; `LinkError` if one is not defined."""
        expect(module, Module, "a Module")
        definitions = self._definitions(module)
        return InstancePre(module, lambda store: _resolve(store, definitions))


def _real(store: Storelike, module: str, name: str, item: Extern | Maker) -> Extern:
    if not isinstance(item, EXTERNS):
        return item(store)
    owner = store_of_extern(item)
    if owner is not None and owner is not store_of(store):
        raise StoreError(f"{import_name(module, name)} belongs to another store")
    return item


def _resolve(store: Storelike, definitions: list[tuple[str, str, Extern | Maker]]) -> list[Extern]:
    """Definitions in a store; several imports of one name are one object."""
    made: dict[tuple[str, str], Extern] = {}
    for module, name, item in definitions:
        if (module, name) not in made:
            made[module, name] = _real(store, module, name, item)
    return [made[module, name] for module, name, _ in definitions]


def _contents(ty: AsExternType) -> Sequence[ValType]:
    """The types of which a default is needed."""
    if isinstance(ty, FuncType):
        return ty.results
    return [ty.content] if isinstance(ty, GlobalType) else [ty.element] if isinstance(ty, TableType) else []


def _default(store: Storelike, ty: GlobalType | TableType | MemoryType | TagType) -> Extern:
    if isinstance(ty, GlobalType):
        return Global(store, ty, _zero(ty.content))
    if isinstance(ty, TableType):
        return Table(store, ty, None)
    if isinstance(ty, TagType):
        return Tag(store, ty)
    return SharedMemory(store._context.engine, ty) if ty.is_shared else Memory(store, ty)


def _unknown(module: str, name: str) -> Callable[..., Any]:
    def call(*params: Any) -> Any:
        raise LinkError(f"unknown import: {import_name(module, name)} has not been defined")

    return call


def _zero(ty: ValType) -> Any:
    if ty.is_reference:
        return None
    return Val.f64(0.0).value if str(ty) in ("f32", "f64") else bytes(16) if str(ty) == "v128" else 0


def _constant(results: list[Any]) -> Callable[..., Any]:
    value = None if not results else results[0] if len(results) == 1 else results
    return lambda *params: value
