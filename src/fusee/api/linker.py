"""`Linker`: finds a module's imports by name."""

from collections.abc import Callable
from typing import Any

from fusee.api.engine import Engine
from fusee.api.errors import FuseeError, LinkError, StoreError, Trap
from fusee.api.func import Caller, Extern, Func
from fusee.api.globals import Global
from fusee.api.instance import Instance, InstancePre
from fusee.api.memory import Memory
from fusee.api.module import Module
from fusee.api.store import Store, Storelike
from fusee.api.table import Table
from fusee.api.types import FuncType, GlobalType, MemoryType, TableType, ValType
from fusee.api.values import Val

Maker = Callable[[Storelike], Extern]  # makes a definition real in a store


class Linker:
    """Names and what they stand for. Functions defined here belong to no store until a module needs them."""

    def __init__(self, engine: Engine) -> None:
        if not isinstance(engine, Engine):
            raise TypeError("expected an Engine")
        self.engine = engine
        self.allow_shadowing = False
        self._items: dict[tuple[str, str], Extern | Maker] = {}
        self._yielding: set[tuple[str, str]] = set()  # may be defined again

    def _add(self, module: str, name: str, item: Extern | Maker) -> None:
        if not self.allow_shadowing and (module, name) in self._items and (module, name) not in self._yielding:
            raise FuseeError(f"import of `{module}::{name}` defined twice")
        self._yielding.discard((module, name))
        self._items[module, name] = item

    def define(self, store: Storelike, module: str, name: str, item: Extern) -> None:
        """Name something that lives in a store."""
        if not isinstance(item, Func | Table | Memory | Global):
            raise TypeError(f"expected a Func, Table, Memory or Global, not {item!r}")
        if item.store is not store.context:
            raise StoreError("the item belongs to another store")
        self._add(module, name, item)

    def define_func(
        self, module: str, name: str, ty: FuncType, func: Callable[..., Any], access_caller: bool = False
    ) -> None:
        """Name a Python function, for any store."""
        if not isinstance(ty, FuncType):
            raise TypeError("expected a FuncType")
        self._add(module, name, lambda store: Func(store, ty, func, access_caller))

    def define_instance(self, store: Storelike, name: str, instance: Instance) -> None:
        """Name all exports of an instance."""
        if not isinstance(instance, Instance):
            raise TypeError("expected an `Instance`")
        for export, item in instance.exports(store).items():
            self._add(name, export, item)

    def define_wasi(self) -> None:
        """Name the functions of WASI preview 1. They act for the `WasiConfig` of the calling store.

        Those of snapshot 0, `wasi_unstable`, are named too where they are not defined, and give way to what is
        defined later.
        """
        from fusee.wasi.define import SNAPSHOT_0_MODULE, definitions

        types = {"i32": ValType.i32(), "i64": ValType.i64()}
        for item in definitions(lambda caller: (caller.context.wasi, caller.memory_view())):
            place = item.module, item.name
            if item.module == SNAPSHOT_0_MODULE and place in self._items:
                continue
            ty = FuncType([types[p] for p in item.params], [types[r] for r in item.results])
            self.define_func(item.module, item.name, ty, item.call, access_caller=True)
            if item.module == SNAPSHOT_0_MODULE:
                self._yielding.add(place)

    def define_module(self, store: Storelike, name: str, module: Module) -> None:
        """Name the exports of a module. A command is instantiated anew for each call, a reactor once."""
        if not isinstance(module, Module):
            raise TypeError("expected a `Module`")
        if "_start" not in module.export_places:
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
        """Give a definition another name."""
        item = self._items.get((module, name))
        if item is None:
            raise FuseeError(f"`{module}::{name}` is not defined")
        self._add(as_module, as_name, item)

    def alias_module(self, module: str, as_module: str) -> None:
        """Give all definitions of a module another module's name."""
        for owner, name in list(self._items):
            if owner == module:
                self.alias(module, name, as_module, name)

    def define_unknown_imports_as_traps(self, module: Module) -> None:
        """Name all imported functions of `module` that have no definition; they trap when called."""
        for item in module.imports:
            if (item.module, item.name) not in self._items and isinstance(item.type, FuncType):
                self.define_func(item.module, item.name, item.type, _unknown(item.module, item.name))

    def define_unknown_imports_as_default_values(self, store: Storelike, module: Module) -> None:
        """Name all imports of `module` that have no definition; they are zero, null, empty, or give that."""
        for item in module.imports:
            if (item.module, item.name) in self._items:
                continue
            ty = item.type
            if isinstance(ty, FuncType):
                self.define_func(item.module, item.name, ty, _constant([_zero(t) for t in ty.results]))
            elif isinstance(ty, GlobalType):
                self.define(store, item.module, item.name, Global(store, ty, _zero(ty.content)))
            elif isinstance(ty, TableType):
                self.define(store, item.module, item.name, Table(store, ty, None))
            elif isinstance(ty, MemoryType):
                self.define(store, item.module, item.name, Memory(store, ty))

    def get(self, store: Storelike, module: str, name: str) -> Extern:
        """What a name stands for in a store."""
        item = self._items.get((module, name))
        if item is None:
            raise LinkError(f"unknown import: `{module}::{name}` has not been defined")
        if callable(item) and not isinstance(item, Func):
            return item(store)
        if item.store is not store.context:
            raise StoreError(f"`{module}::{name}` belongs to another store")
        return item

    def get_default(self, store: Storelike, name: str) -> Func:
        """The default export of the module called `name`: "", or "_start", or a function that does nothing."""
        for export in ("", "_start"):
            if (name, export) in self._items:
                item = self.get(store, name, export)
                if isinstance(item, Func):
                    return item
        return Func(store, FuncType([], []), lambda: None)

    def _resolve(self, store: Storelike, module: Module) -> list[Extern]:
        made: dict[tuple[str, str], Extern] = {}
        for owner, name, _ in module.import_places:
            if (owner, name) not in made:
                made[owner, name] = self.get(store, owner, name)
        return [made[owner, name] for owner, name, _ in module.import_places]

    def instantiate(self, store: Storelike, module: Module) -> Instance:
        """Instantiate a module with the definitions of its imports."""
        if not isinstance(getattr(store, "context", None), Store):
            raise TypeError("expected a Store")
        if not isinstance(module, Module):
            raise TypeError("expected a `Module`")
        return Instance(store, module, self._resolve(store, module))

    def instantiate_pre(self, module: Module) -> InstancePre:
        """Look the imports up now, to instantiate often."""
        if not isinstance(module, Module):
            raise TypeError("expected a `Module`")
        for owner, name, _ in module.import_places:
            if (owner, name) not in self._items:
                raise LinkError(f"unknown import: `{owner}::{name}` has not been defined")
        return InstancePre(module, lambda store: self._resolve(store, module))


def _unknown(module: str, name: str) -> Callable[..., Any]:
    def call(*params: Any) -> Any:
        raise Trap(f"unknown import: `{module}::{name}` has not been defined")

    return call


def _zero(ty: ValType) -> Any:
    if ty.is_reference:
        return None
    return Val.f64(0.0).value if str(ty) in ("f32", "f64") else bytes(16) if str(ty) == "v128" else 0


def _constant(results: list[Any]) -> Callable[..., Any]:
    value = None if not results else results[0] if len(results) == 1 else results
    return lambda *params: value
