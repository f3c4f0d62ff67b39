"""`SharedMemory`: a linear memory that the guests of several threads use, each in a store of its own."""

import ctypes

from fusee.api._sharing import grow_shared
from fusee.api.engine import Engine
from fusee.api.errors import LimitError, WasmtimeError
from fusee.api.externtypes import MemoryType
from fusee.api.managed import Managed, Unique, expect, refuse_closed
from fusee.api.memory import limits_state, memory_type
from fusee.api.raw import RawMemory
from fusee.api.store import Store
from fusee.engine.state.runtime import NOT_GROWN


class _Owner(Store):
    """Of a memory that no module has made: it belongs to some store, too. No guest runs here."""

    @staticmethod
    def _stack_bytes(engine: Engine) -> int:
        return 1 << 14


class SharedMemory(Unique, Managed):
    """A shared linear memory (the threads proposal), which the stores of one engine can import.

    It never moves. Python may use it while guests do; what others write meanwhile is seen or not.
    """

    __slots__ = ("__weakref__", "_address", "_is_closed", "_owner", "_raw")

    def __init__(self, engine: Engine, ty: MemoryType) -> None:
        """A zeroed memory of the type `ty`, which must be shared.

        Raises `ArgumentError`; `WasmtimeError` if the type is not shared; `LimitError` if the system has no memory.
        """
        expect(engine, Engine, "an Engine")
        expect(ty, MemoryType, "a MemoryType")
        engine._opened()
        if not ty.is_shared or ty.limits.max is None:
            raise WasmtimeError("a shared memory must have a shared type")
        owner = _Owner(engine)
        limits = limits_state(owner, ty.limits, ty.is_64, ty.page_size_log2, is_shared=True)
        self._bind(owner, owner._alone(owner._native.new_memory, owner._address, limits))

    @classmethod
    def _from_address(cls, store: Store, address: int) -> "SharedMemory":
        """The memory that the engine has at `address`, and a store has made or imported."""
        self = object.__new__(cls)
        self._bind(store._borrowed.get(address, store), address)
        return self

    def _bind(self, owner: Store, address: int) -> None:
        self._owner = owner
        self._address = address
        self._raw = RawMemory(address, owner._native.space, owner._tenure)
        self._is_closed = False

    def _lend(self, store: Store) -> int:
        """The address, for an instance in `store`, while which lives the memory does."""
        gate = self._engine._gate
        with gate.growth, gate.clock:  # whoever grows it, or ends its owner, knows who uses it
            owner = self._opened()
            if owner is not store:
                store._borrowed[self._address] = owner
                owner._borrowers.add(store)
        return self._address

    @property
    def _engine(self) -> Engine:
        return self._owner.engine

    def _opened(self) -> Store:
        """Who owns it, unless that has ended or this was closed."""
        if self._is_closed or self._owner._has_ended:
            refuse_closed()
        return self._owner

    def close(self) -> None:
        """Let go of it. Guests that use it keep it; what `data_ptr` has given stays mapped as long as it is held."""
        self._is_closed = True

    def type(self) -> MemoryType:
        """Its `MemoryType`; the minimum is its size now."""
        return memory_type(self._address, self._opened()._tenure.hold or refuse_closed())

    def grow(self, delta: int) -> int:
        """Add `delta` pages, an int; gives the size before, in pages. All guests see it.

        Raises `ArgumentError`; `WasmtimeError` for a negative number; `LimitError` beyond the maximum.
        """
        expect(delta, int, "an int")
        owner = self._opened()
        if delta < 0:
            raise WasmtimeError("cannot grow by negative amount")
        old = grow_shared(owner, self._address, min(delta, int(NOT_GROWN)))
        if old == NOT_GROWN:
            raise LimitError(f"failed to grow memory by `{delta}`")
        return old

    def size(self) -> int:
        """Its size in pages."""
        return self.type().limits.min

    def data_len(self) -> int:
        """Its size in bytes."""
        self._opened()
        return self._raw.length

    def data_ptr(self) -> "ctypes._Pointer[ctypes.c_ubyte]":
        """A C pointer to the first byte, which stays valid; check accesses against `data_len`."""
        self._opened()
        return ctypes.cast(self._raw.array(), ctypes.POINTER(ctypes.c_ubyte))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SharedMemory) and self._address == other._address

    def __hash__(self) -> int:
        return hash(self._address)
