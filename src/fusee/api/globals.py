"""`Global`: a guest's global variable."""

import ctypes
from typing import TYPE_CHECKING, Any

from fusee.api.errors import WasmtimeError
from fusee.api.externtypes import GlobalType
from fusee.api.managed import Unique, expect
from fusee.api.storelike import Storelike, hold, store_of
from fusee.api.types import ValType
from fusee.api.values import Row
from fusee.engine.state.runtime import Global as GlobalState
from fusee.kernel.layout import layout
from fusee.kernel.memory import view
from fusee.kernel.space import Space

if TYPE_CHECKING:
    from fusee.api.store import Store

VALUE_BYTES = 16


class Global(Unique):
    """A global (spec 4.2.9). All methods raise `StoreError` for another store, `ValueError` for a closed one."""

    __slots__ = ("__weakref__", "_address", "_store")

    def __init__(self, store: Storelike, ty: GlobalType, val: Any) -> None:
        """A new global of the type `ty` in `store`, which holds `val`: a Python value or a `Val`.

        Raises `ArgumentError`; `TypeError` if the value is not of the type; `StoreError` if the type belongs to another
        engine.
        """
        expect(ty, GlobalType, "a GlobalType")
        self._store = owner = store_of(store)
        code = owner._code_of(ty.content)
        slots = Row([ty.content]).pack(owner, (val,)).ljust(VALUE_BYTES, b"\0")
        low, high = int.from_bytes(slots[:8], "little"), int.from_bytes(slots[8:], "little")
        made = owner._alone(owner._native.new_global, owner._address, code, ty.mutable, low, high)
        self._address: int = made

    @classmethod
    def _from_address(cls, store: "Store", address: int) -> "Global":
        """The global that the engine has at `address`."""
        self = object.__new__(cls)
        self._store = store
        self._address = address
        return self

    def type(self, store: Storelike) -> GlobalType:
        """Its `GlobalType`."""
        held = hold(store, self._store)
        state = view(GlobalState, self._address, held.space)
        return GlobalType(ValType._of(self._store.engine, int(state.value_type)), bool(state.is_mutable))

    def value(self, store: Storelike) -> Any:
        """What it holds: int, float, bytes (v128), `Func`, any object, or None for null."""
        row = Row([self.type(store).content])
        return row.unpack(self._store, self._read(store, row.size))[0]

    def value_raw(self, store: Storelike) -> list[int]:
        """What it holds as bit patterns, 64 bits each (two for v128): NaNs as they are. Not in wasmtime-py."""
        slots = self._read(store, Row([self.type(store).content]).size)
        return list(memoryview(slots).cast("Q"))

    def set_value(self, store: Storelike, val: Any) -> None:
        """Make it hold `val`. Raises `TypeError` if it is not of the type; `WasmtimeError` for immutable globals."""
        type_ = self.type(store)
        if not type_.mutable:
            raise WasmtimeError("immutable global cannot be set")
        slots = Row([type_.content]).pack(self._store, (val,))
        held = hold(store, self._store)  # not before: what packs may be Python code that closes the store
        ctypes.memmove(self._value_address(held.space), slots, len(slots))

    def _read(self, store: Storelike, size: int) -> bytes:
        held = hold(store, self._store)
        return ctypes.string_at(self._value_address(held.space), size)

    def _value_address(self, space: Space) -> int:
        offset = layout(GlobalState, space.target).fields["value"].offset
        return space.host_address(self._address + offset, VALUE_BYTES)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Global) and self._address == other._address and self._store is other._store

    def __hash__(self) -> int:
        return hash(self._address)
