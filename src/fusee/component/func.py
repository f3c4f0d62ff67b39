"""`Func` and `Instance`: a component made alive in a store, and what it exports."""

from collections.abc import Callable
from typing import Any

from fusee.api.errors import ArgumentError, Trap
from fusee.api.managed import Unique, expect
from fusee.api.store import Store
from fusee.api.storelike import Storelike, own
from fusee.component.asynchronous.hostcalls import is_awaited
from fusee.component.asynchronous.hosttasks import go_on_in_loop, host_tasks_of
from fusee.component.asynchronous.lift import begin
from fusee.component.component import ExportIndex, export_index
from fusee.component.items import FuncType
from fusee.component.program import Program
from fusee.component.runtime.lift import LiftedFunction
from fusee.component.runtime.lower import HostFunctionItem
from fusee.component.substitution import Substitution, Work
from fusee.component.traps import leave_component
from fusee.component.types.valtype import NotMade


class Func(Unique, NotMade):
    """A function of a component. All methods raise `StoreError` for another store, `ValueError` for a closed one."""

    __slots__ = ("__weakref__", "_call", "_count", "_item", "_store", "_type")

    _store: Store
    _item: LiftedFunction | HostFunctionItem
    _type: FuncType
    _count: int
    _call: Callable[[tuple[Any, ...]], Any]

    @classmethod
    def _of(cls, store: Store, item: LiftedFunction | HostFunctionItem, ty: FuncType) -> "Func":
        made = cls.__new__(cls)
        made._store, made._item, made._type = store, item, ty
        made._count = len(ty._params)
        made._call = item.from_host
        return made

    def __call__(self, store: Storelike, *params: Any) -> Any:
        """Call it with values of its parameters' types; gives the result, or None if there is none.

        `post-return` is part of the call. Raises `ArgumentError` and `InvalidValueError` for values that do not fit;
        `ComponentTrap`, after which the instance cannot be called any more; what host functions raise. If its type is
        `async`, other tasks of the store go on until it has its result.
        """
        if store is not self._store:
            own(store, self._store)
        if len(params) != self._count:
            raise ArgumentError(f"wrong number of parameters provided: given {len(params)}, expected {self._count}")
        try:
            return self._call(params)
        except Trap as trap:
            leave_component(trap)
            raise

    async def call_async(self, store: Storelike, *params: Any) -> Any:
        """Call it from a coroutine: other coroutines go on while its task waits. Not in wasmtime-py.

        Guests of a store run in the thread of the event loop, one at a time. If the awaiting task is cancelled, the
        guest's task is asked to end (docs/components.md). Raises what a call raises, and if nothing can go on.
        """
        if store is not self._store:
            own(store, self._store)
        if len(params) != self._count:
            raise ArgumentError(f"wrong number of parameters provided: given {len(params)}, expected {self._count}")
        try:
            return await self._result(params)
        except Trap as trap:
            leave_component(trap)
            raise

    async def _result(self, params: tuple[Any, ...]) -> Any:
        item = self._item
        if isinstance(item, LiftedFunction) and item.is_task:
            call = begin(item, params)
            if not call.is_done:
                return await host_tasks_of(self._store).wait(call)
            go_on_in_loop(self._store)
            return call.result()
        found = self._call(params)
        return await found if is_awaited(found) else found

    def post_return(self, store: Storelike) -> None:
        """Nothing: each call does that itself. It is here for programs that are written for wasmtime-py."""
        own(store, self._store)

    def type(self, store: Storelike) -> FuncType:
        """Its `FuncType`, with the resources of its instance."""
        own(store, self._store)
        if isinstance(self._item, HostFunctionItem):
            return self._type
        actual = Substitution(Work(), dict(self._item.instance.resources))
        found: FuncType = actual.item(self._item.type)
        return found


class Instance(Unique, NotMade):
    """A component made alive in a store. Made by `Linker.instantiate`."""

    __slots__ = ("__weakref__", "_exports", "_program", "_store")

    _store: Store
    _program: Program
    _exports: dict[str, Any]

    @classmethod
    def _of(cls, store: Store, program: Program, exports: dict[str, Any]) -> "Instance":
        made = cls.__new__(cls)
        made._store, made._program, made._exports = store, program, exports
        return made

    def get_export_index(
        self, store: Storelike, name: str, instance: ExportIndex | None = None
    ) -> ExportIndex | None:  # fmt: skip
        """Where the export `name` is, of the component or of an instance that it exports; None if there is none.

        Raises `ArgumentError`.
        """
        own(store, self._store)
        return export_index(self._program, name, instance)

    def get_func(self, store: Storelike, index: ExportIndex | str) -> Func | None:
        """The function there, or of that name; None if it is none. Raises `ArgumentError`."""
        own(store, self._store)
        expect(index, (ExportIndex, str), "an ExportIndex or a str")
        found = export_index(self._program, index, None) if isinstance(index, str) else index
        if found is None or found._program is not self._program:
            return None
        ty: Any = self._program.type
        item: Any = self._exports
        for name in found._path:
            ty, item = ty._exports[name], item[name]
        return Func._of(self._store, item, ty) if isinstance(ty, FuncType) else None
