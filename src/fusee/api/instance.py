"""`Instance`, its exports, and `InstancePre`."""

import ctypes
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from fusee.api.errors import ArgumentError, FuseeError, LinkError, StoreError
from fusee.api.func import Extern, Func, HostCallable
from fusee.api.globals import Global
from fusee.api.hold import Hold
from fusee.api.managed import Managed, Unique, expect, refuse_closed, shown
from fusee.api.memory import Memory
from fusee.api.module import Module
from fusee.api.printable import import_name
from fusee.api.sharedmemory import SharedMemory
from fusee.api.store import Store
from fusee.api.storelike import Storelike, hold, store_of
from fusee.api.table import Table
from fusee.api.tag import Tag
from fusee.engine.state.module import EXTERN_FUNC, EXTERN_GLOBAL, EXTERN_MEMORY, EXTERN_TABLE, EXTERN_TAG
from fusee.engine.state.runtime import Func as FuncState
from fusee.engine.state.runtime import Instance as InstanceState
from fusee.engine.state.runtime import Memory as MemoryState
from fusee.kernel.errors import KernelError
from fusee.kernel.memory import view

CLASSES: Final[dict[int, type[Func] | type[Table] | type[Memory] | type[Global] | type[Tag]]] = {
    EXTERN_FUNC: Func,
    EXTERN_TABLE: Table,
    EXTERN_MEMORY: Memory,
    EXTERN_GLOBAL: Global,
    EXTERN_TAG: Tag,
}
EXTERNS: Final = (Func, Table, Memory, Global, Tag, SharedMemory)
SPACES: Final = {
    EXTERN_FUNC: "functions",
    EXTERN_TABLE: "tables",
    EXTERN_MEMORY: "memories",
    EXTERN_GLOBAL: "globals",
    EXTERN_TAG: "tags",
}


class InstanceExports(Mapping[str, Extern]):
    """The exports of an instance by name; also by position, in the module's order.

    They are `Func`s, `Table`s, `Memory`s, `SharedMemory`s, `Global`s and `Tag`s, each the same object whenever it is
    asked for.
    """

    def __init__(self, store: Store, module: Module, address: int) -> None:
        """Made by `Instance.exports`."""
        self._store = store
        self._address = address
        self._places = module._export_places
        self._made: dict[str, Extern] = {}

    @property
    def by_index(self) -> Sequence[Extern]:
        """A tuple of all exports in the module's order."""
        return tuple(self[name] for name in self._places)

    def __getitem__(self, name: str | int) -> Extern:
        """The export of that name, or at that position. Raises `KeyError` or `IndexError`; `ValueError` if the store is
        closed."""
        self._store._opened()
        if isinstance(name, int):
            return self.by_index[name]
        made = self._made.get(name)
        if made is None:
            place = self._places[name]  # before there is a hold, which what is raised would keep
            made = self._made[name] = extern_at(self._store, self._store._hold(), self._address, place)
        return made

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def export_of(store: Store, instance: int, name: str) -> Extern | None:
    """The export of the instance at an address, made anew."""
    held = store._hold()
    place = store._module_of(instance, held)._export_places.get(name)
    return None if place is None else extern_at(store, held, instance, place)


def extern_at(store: Store, held: Hold, instance: int, place: tuple[int, int]) -> Extern:
    """The member of the index spaces of the instance at an address, at (kind, index)."""
    kind, index = place
    address = int(getattr(view(InstanceState, instance, held.space), SPACES[kind])[index])
    if kind == EXTERN_MEMORY and view(MemoryState, address, held.space).is_shared:
        return SharedMemory._from_address(store, address)
    return CLASSES[kind]._from_address(store, address)


class Instance(Unique):
    """A module made alive in a store (spec 4.5.4)."""

    __slots__ = ("__weakref__", "_address", "_exports", "_module", "_store")

    def __init__(self, store: Storelike, module: Module, imports: Sequence[Extern]) -> None:
        """An instance of `module` in `store`, with what it imports in the module's order; its start function runs.

        Raises `ArgumentError`; `LinkError` if the imports do not fit; `LimitError`; `Trap`, and what host functions
        raise, from segments and the start function; `StoreError` if something belongs to another store or engine.
        """
        self._store = store_of(store)
        expect(module, Module, "a Module")
        self._module = module
        self._exports: InstanceExports | None = None
        if module._engine is not self._store.engine:
            raise StoreError("the module belongs to another engine")
        store, lifetime = self._store, module._living()  # which is held here, whoever closes the two meanwhile
        given = self._import_addresses(imports)
        module._opened()
        store._lifetimes.add(lifetime)
        store._modules[module._address] = module
        store._find_export = export_of
        instantiate = store._native.raw_instantiate
        try:
            self._address: int = store._alone(instantiate, store._address, module._address, given)
        except KernelError as error:
            raise self._failure(error, imports) from None
        if module._start is not None:
            self._run(module._start)

    def _run(self, start: int) -> None:
        """Call the start function."""
        store, slots = self._store, (ctypes.c_uint64 * 1)()
        function, host = self._function(start)
        if host is not None:
            # The engine would say that nobody calls it, but this instance does.
            host.run(store, self._address, ctypes.addressof(slots))
        else:
            store._call(function, slots)

    def _function(self, index: int) -> "tuple[int, HostCallable | None]":
        """The address of a function of its index space, and what performs it if that is the host's."""
        store = self._store
        held = store._hold()
        address = int(view(InstanceState, self._address, held.space).functions[index])
        state = view(FuncState, address, held.space)
        return address, store._host(int(state.index)) if state.instance == 0 else None

    def _import_addresses(self, imports: Sequence[Extern]) -> "ctypes.Array[Any] | None":
        wanted = self._module._import_places
        if len(imports) != len(wanted):
            raise LinkError(f"expected {len(wanted)} imports, found {len(imports)}")
        if not wanted:
            return None
        addresses: ctypes.Array[Any] = (self._store._native.word * len(wanted))()
        for i, (item, (module, name, kind, _)) in enumerate(zip(imports, wanted, strict=True)):
            store = store_of_extern(item)
            if store is not None and store is not self._store:
                raise StoreError(f"the import {import_name(module, name)} belongs to another store")
            if isinstance(item, SharedMemory):
                if kind != EXTERN_MEMORY:
                    raise self._misfit(i, item)
                if item._engine is not self._store.engine:
                    raise StoreError(f"the import {import_name(module, name)} belongs to another engine")
                addresses[i] = item._lend(self._store)
                continue
            if not isinstance(item, CLASSES.get(kind, ())):
                raise self._misfit(i, item)
            addresses[i] = item._address
        return addresses

    def _misfit(self, index: int, item: Extern) -> LinkError:
        """The error of an import that was given what has another type."""
        module, name, *_ = self._module._import_places[index]
        found = item.type() if isinstance(item, SharedMemory) else item.type(self._store)
        expected = self._module.imports[index].type
        wanted = import_name(module, name)
        return LinkError(f"incompatible import type for {wanted}: expected {expected}, found {found}")

    def _failure(self, error: KernelError, imports: Sequence[Extern]) -> FuseeError:
        from fusee.api.failures import failure_of
        from fusee.engine.errors import LinkError as LinkFailure

        if isinstance(error, LinkFailure):
            return self._misfit(error.detail, imports[error.detail])
        return failure_of(error.status)

    def exports(self, store: Storelike) -> InstanceExports:
        """Its exports, a mapping. Raises `StoreError` for another store; `ValueError` for a closed one."""
        _held = hold(store, self._store)
        if self._exports is None:
            self._exports = InstanceExports(self._store, self._module, self._address)
        return self._exports


def function_index(instance: Instance, func: Func) -> int | None:
    """The index of a function in an instance's function index space; None if it is not there."""
    held = instance._store._hold()
    state = view(InstanceState, instance._address, held.space)
    indices = range(int(state.module.func_count))
    return next((index for index in indices if int(state.functions[index]) == func._address), None)


def store_of_extern(item: Extern) -> Store | None:
    """The store that something belongs to; shared memories belong to none. Raises `ArgumentError`."""
    if not isinstance(item, EXTERNS):
        raise ArgumentError(f"expected a Func, Global, Memory, SharedMemory, Tag or Table, not {shown(item)}")
    return None if isinstance(item, SharedMemory) else item._store


class InstancePre(Unique, Managed):
    """A module with its imports already looked up, to be instantiated many times."""

    __slots__ = ("__weakref__", "_is_closed", "_module", "_resolve")

    def __init__(self, module: Module, resolve: Any) -> None:
        """Made by `Linker.instantiate_pre`."""
        self._module = module
        self._resolve = resolve
        self._is_closed = False

    def close(self) -> None:
        """Make no more instances of it."""
        self._is_closed = True

    def instantiate(self, store: Storelike) -> Instance:
        """An instance in `store`. Raises what `Instance` raises."""
        return Instance(store, self.module, self._resolve(store))

    @property
    def module(self) -> Module:
        """The `Module` that it is of."""
        return refuse_closed() if self._is_closed else self._module
