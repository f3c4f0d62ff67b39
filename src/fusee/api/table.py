"""`Table`: a guest's table of references."""

from typing import Any

from fusee.api.errors import FuseeError, LimitError
from fusee.api.memory import limits_state
from fusee.api.store import Store, Storelike, own
from fusee.api.types import Limits, TableType, ValType
from fusee.api.values import Val, from_reference, to_native
from fusee.engine.runtime.memory import NOT_GROWN
from fusee.engine.state.runtime import Table as TableState
from fusee.kernel.memory import view


class Table:
    """A table (spec 4.2.7). Elements are `Func`s or None, or any Python objects for `externref`."""

    __slots__ = ("address", "state", "store")

    def __init__(self, store: Storelike, ty: TableType, init: Any) -> None:
        if not isinstance(ty, TableType):
            raise TypeError("expected a TableType")
        self.store = store.context
        limits = limits_state(self.store, ty.limits, ty.is_64, 0)
        first = to_native(self.store, ty.element, init)
        self.address: int = self.store.native.new_table(self.store.address, limits, ty.element.code, first)
        self.state = view(TableState, self.address, self.store.native.space)

    @classmethod
    def from_address(cls, store: Store, address: int) -> "Table":
        """The table that the engine has at `address`."""
        self = object.__new__(cls)
        self.store = store
        self.address = address
        self.state = view(TableState, address, store.native.space)
        return self

    @property
    def element(self) -> ValType:
        """The type of its elements."""
        return ValType.from_code(int(self.state.element))

    def type(self, store: Storelike) -> TableType:
        """Its type; the minimum is its length now."""
        maximum = int(self.state.maximum) if self.state.has_maximum else None
        return TableType(self.element, Limits(self.size(store), maximum), bool(self.state.is_64))

    def size(self, store: Storelike) -> int:
        """The number of its elements."""
        own(store, self.store)
        return int(self.state.length)

    def grow(self, store: Storelike, amt: int, init: Any) -> int:
        """Add elements; gives the length before."""
        owner = own(store, self.store)
        if amt < 0:
            raise FuseeError("cannot grow by negative amount")
        value = to_native(owner, self.element, init)
        old: int = owner.native.grow_table(self.address, min(amt, NOT_GROWN), value)
        if old == NOT_GROWN:
            raise LimitError(f"failed to grow table by `{amt}`")
        return old

    def get(self, store: Storelike, idx: int) -> Any:
        """An element, None for null and for an index out of bounds."""
        owner = own(store, self.store)
        if not 0 <= idx < self.size(store):
            return None
        return from_reference(owner, self.element, int(self.state.elements[idx]))

    def set(self, store: Storelike, idx: int, val: Any) -> None:
        """Change an element."""
        owner = own(store, self.store)
        value = to_native(owner, self.element, val.value if isinstance(val, Val) else val)
        if not 0 <= idx < self.size(store):
            raise FuseeError("table element index out of bounds")
        elements = self.state.elements
        elements[idx] = type(elements[idx])(value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Table) and self.address == other.address and self.store is other.store

    def __hash__(self) -> int:
        return hash(self.address)
