"""`Instance`, its exports, and `InstancePre`."""

import ctypes
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from fusee.api.errors import FuseeError, LinkError, StoreError, UnsupportedError
from fusee.api.func import Extern, Func
from fusee.api.globals import Global
from fusee.api.memory import Memory
from fusee.api.module import Module
from fusee.api.store import Store, Storelike, own
from fusee.api.table import Table
from fusee.engine.state.module import EXTERN_FUNC, EXTERN_GLOBAL, EXTERN_MEMORY, EXTERN_TABLE
from fusee.engine.state.runtime import Instance as InstanceState
from fusee.kernel.errors import KernelError
from fusee.kernel.memory import view

CLASSES: Final[dict[int, type[Func] | type[Table] | type[Memory] | type[Global]]] = {
    EXTERN_FUNC: Func,
    EXTERN_TABLE: Table,
    EXTERN_MEMORY: Memory,
    EXTERN_GLOBAL: Global,
}
SPACES: Final = {EXTERN_FUNC: "functions", EXTERN_TABLE: "tables", EXTERN_MEMORY: "memories", EXTERN_GLOBAL: "globals"}


class InstanceExports(Mapping[str, Extern]):
    """The exports of an instance by name; also by position, in the module's order."""

    def __init__(self, store: Store, module: Module, address: int) -> None:
        self._store = store
        self._state = view(InstanceState, address, store.native.space)
        self._places = module.export_places
        self._made: dict[str, Extern] = {}

    @property
    def by_index(self) -> Sequence[Extern]:
        """All exports in the module's order."""
        return tuple(self[name] for name in self._places)

    def __getitem__(self, name: str | int) -> Extern:
        if isinstance(name, int):
            return self.by_index[name]
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = extern_at(self._store, self._state, self._places[name])
        return made

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def export_of(store: Store, instance: int, name: str) -> Extern | None:
    """The export of the instance at an address, made anew."""
    module = store.module_of(instance)
    place = module.export_places.get(name)
    return None if place is None else extern_at(store, view(InstanceState, instance, store.native.space), place)


def extern_at(store: Store, state: InstanceState, place: tuple[int, int]) -> Extern:
    """The member of an instance's index spaces at (kind, index)."""
    kind, index = place
    if kind not in CLASSES:
        raise UnsupportedError("tags are not supported yet")
    return CLASSES[kind].from_address(store, int(getattr(state, SPACES[kind])[index]))


class Instance:
    """A module made alive in a store (spec 4.5.4)."""

    __slots__ = ("_exports", "address", "module", "store")

    def __init__(self, store: Storelike, module: Module, imports: Sequence[Extern]) -> None:
        if not isinstance(getattr(store, "context", None), Store):
            raise TypeError("expected a Store")
        if not isinstance(module, Module):
            raise TypeError("expected a Module")
        self.store = store.context
        self.module = module
        self._exports: InstanceExports | None = None
        if module.engine is not self.store.engine:
            raise StoreError("the module belongs to another engine")
        given = self._import_addresses(imports)
        self.store.modules[module.address] = module
        try:
            with self.store.engine.lock:
                self.address: int = self.store.native.raw_instantiate(self.store.address, module.address, given)
        except KernelError as error:
            raise self._failure(error) from None
        start = module.start
        if start is not None:
            function = int(view(InstanceState, self.address, self.store.native.space).functions[start])
            self.store.invoke(function, (ctypes.c_uint64 * 1)())

    def _import_addresses(self, imports: Sequence[Extern]) -> "ctypes.Array[Any] | None":
        wanted = self.module.import_places
        if len(imports) != len(wanted):
            raise LinkError(f"expected {len(wanted)} imports, found {len(imports)}")
        if not wanted:
            return None
        addresses: ctypes.Array[Any] = (self.store.native.word * len(wanted))()
        for i, (item, (module, name, kind)) in enumerate(zip(imports, wanted, strict=True)):
            if not isinstance(item, Func | Table | Memory | Global):
                raise TypeError(f"expected a Func, Table, Memory or Global, not {item!r}")
            if item.store is not self.store:
                raise StoreError(f"the import `{module}::{name}` belongs to another store")
            if not isinstance(item, CLASSES.get(kind, ())):
                raise LinkError(f"incompatible import type for `{module}::{name}`")
            addresses[i] = item.address
        return addresses

    def _failure(self, error: KernelError) -> FuseeError:
        from fusee.api.failures import failure_of
        from fusee.engine.errors import LinkError as LinkFailure

        if isinstance(error, LinkFailure):
            module, name, _ = self.module.import_places[error.detail]
            return LinkError(f"incompatible import type for `{module}::{name}`")
        return failure_of(error.status)

    def exports(self, store: Storelike) -> InstanceExports:
        """Its exports."""
        own(store, self.store)
        if self._exports is None:
            self._exports = InstanceExports(self.store, self.module, self.address)
        return self._exports


def function_index(instance: Instance, func: Func) -> int | None:
    """The index of a function in an instance's function index space; None if it is not there."""
    state = view(InstanceState, instance.address, instance.store.native.space)
    indices = range(int(state.module.func_count))
    return next((index for index in indices if int(state.functions[index]) == func.address), None)


class InstancePre:
    """A module with its imports already looked up, to be instantiated many times."""

    def __init__(self, module: Module, resolve: Any) -> None:
        self._module = module
        self._resolve = resolve

    def instantiate(self, store: Storelike) -> Instance:
        """Make an instance."""
        return Instance(store, self._module, self._resolve(store))
