"""`Global`: a guest's global variable."""

import ctypes
from typing import Any

from fusee.api.errors import FuseeError
from fusee.api.store import Store, Storelike, own
from fusee.api.types import GlobalType, ValType
from fusee.api.values import Row
from fusee.engine.state.runtime import Global as GlobalState
from fusee.kernel.layout import layout
from fusee.kernel.memory import view

VALUE_BYTES = 16


class Global:
    """A global (spec 4.2.9)."""

    __slots__ = ("address", "store")

    def __init__(self, store: Storelike, ty: GlobalType, val: Any) -> None:
        if not isinstance(ty, GlobalType):
            raise TypeError("expected a GlobalType")
        self.store = store.context
        slots = Row([ty.content]).pack(self.store, (val,)).ljust(VALUE_BYTES, b"\0")
        low, high = int.from_bytes(slots[:8], "little"), int.from_bytes(slots[8:], "little")
        self.address: int = self.store.native.new_global(self.store.address, ty.content.code, ty.mutable, low, high)

    @classmethod
    def from_address(cls, store: Store, address: int) -> "Global":
        """The global that the engine has at `address`."""
        self = object.__new__(cls)
        self.store = store
        self.address = address
        return self

    def type(self, store: Storelike) -> GlobalType:
        """Its type."""
        own(store, self.store)
        state = view(GlobalState, self.address, self.store.native.space)
        return GlobalType(ValType.from_code(int(state.value_type)), bool(state.is_mutable))

    def value(self, store: Storelike) -> Any:
        """What it holds."""
        row = Row([self.type(store).content])
        return row.unpack(self.store, ctypes.string_at(self._value_address(), row.size))[0]

    def value_raw(self, store: Storelike) -> list[int]:
        """What it holds as bit patterns, 64 bits each (two for v128)."""
        size = Row([self.type(store).content]).size
        return list((ctypes.c_uint64 * (size // 8)).from_address(self._value_address()))

    def set_value(self, store: Storelike, val: Any) -> None:
        """Change what it holds."""
        type_ = self.type(store)
        if not type_.mutable:
            raise FuseeError("immutable global cannot be set")
        row = Row([type_.content])
        ctypes.memmove(self._value_address(), row.pack(self.store, (val,)), row.size)

    def _value_address(self) -> int:
        space = self.store.native.space
        offset = layout(GlobalState, space.target).fields["value"].offset
        return space.host_address(self.address + offset, VALUE_BYTES)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Global) and self.address == other.address and self.store is other.store

    def __hash__(self) -> int:
        return hash(self.address)
