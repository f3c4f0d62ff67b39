"""`Table`: a guest's table of references."""

from typing import TYPE_CHECKING, Any

from fusee.api.errors import LimitError, WasmtimeError
from fusee.api.externtypes import Limits, TableType
from fusee.api.managed import Unique, expect
from fusee.api.memory import limits_state
from fusee.api.storelike import Storelike, hold, own, store_of
from fusee.api.types import ValType
from fusee.api.values import to_native
from fusee.engine.state.runtime import NOT_GROWN
from fusee.engine.state.runtime import Table as TableState
from fusee.kernel.memory import view

if TYPE_CHECKING:
    from fusee.api.store import Store


class Table(Unique):
    """A table (spec 4.2.7). Elements are `Func`s or None, or any Python objects for `externref`.

    All methods raise `StoreError` for another store, `ValueError` for a closed one.
    """

    __slots__ = ("__weakref__", "_address", "_state", "_store")

    def __init__(self, store: Storelike, ty: TableType, init: Any) -> None:
        """A new table of the type `ty` in `store`, filled with `init`.

        Raises `ArgumentError`; `TypeError` if `init` is no element; `StoreError` if the type belongs to another engine;
        `LimitError` if the store's limits or the system do not allow for it.
        """
        expect(ty, TableType, "a TableType")
        self._store = owner = store_of(store)
        limits = limits_state(owner, ty.limits, ty.is_64, 0)
        code = owner._code_of(ty.element)
        first = to_native(owner, ty.element, init)
        self._address: int = owner._alone(owner._native.new_table, owner._address, limits, code, first)
        self._state = view(TableState, self._address, owner._native.space)  # to be read by who has a hold

    @classmethod
    def _from_address(cls, store: "Store", address: int) -> "Table":
        """The table that the engine has at `address`."""
        self = object.__new__(cls)
        self._store = store
        self._address = address
        self._state = view(TableState, address, store._native.space)
        return self

    def _element(self, store: Storelike) -> ValType:
        """The type of its elements."""
        _held = hold(store, self._store)
        return ValType._of(self._store.engine, int(self._state.element))

    def type(self, store: Storelike) -> TableType:
        """Its `TableType`; the minimum is its length now."""
        _held, state = hold(store, self._store), self._state
        limits = Limits(int(state.length), int(state.maximum) if state.has_maximum else None)
        return TableType(self._element(store), limits, bool(state.is_64))

    def size(self, store: Storelike) -> int:
        """The number of its elements, an int."""
        _held = hold(store, self._store)
        return int(self._state.length)

    def grow(self, store: Storelike, amt: int, init: Any) -> int:
        """Add `amt` elements, which are all `init`; gives the length before (spec 4.6.9).

        Raises `ArgumentError`; `TypeError` if `init` is no element; `WasmtimeError` for a negative number;
        `LimitError` beyond the type's maximum, the store's limit or what the system has.
        """
        owner = own(store, self._store)
        expect(amt, int, "an int")
        if amt < 0:
            raise WasmtimeError("cannot grow by negative amount")
        value = to_native(owner, self._element(store), init)
        old: int = owner._alone(owner._native.grow_table, self._address, min(amt, int(NOT_GROWN)), value)
        if old == NOT_GROWN:
            raise LimitError(f"failed to grow table by `{amt}`")
        return old

    def get(self, store: Storelike, idx: int) -> Any:
        """The element at `idx`; None for null and for an index out of bounds."""
        owner = own(store, self._store)
        expect(idx, int, "an int")
        with owner._lock:  # where the elements are, a guest of another thread may be changing
            _held, state = hold(store, self._store), self._state
            element = self._element(store)
            reference = int(state.elements[idx]) if 0 <= idx < int(state.length) else 0
        return owner._from_reference(element, reference)

    def set(self, store: Storelike, idx: int, val: Any) -> None:
        """Make `val` the element at `idx`.

        Raises `TypeError` if it is no element; `WasmtimeError` if the index is out of bounds.
        """
        owner = own(store, self._store)
        expect(idx, int, "an int")
        value = to_native(owner, self._element(store), val)
        with owner._lock:
            if not 0 <= idx < self.size(store):
                raise WasmtimeError("table element index out of bounds")
            owner._alone(owner._native.write_element, self._address, idx, value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Table) and self._address == other._address and self._store is other._store

    def __hash__(self) -> int:
        return hash(self._address)
