"""`Memory`: a guest's linear memory, read and written from Python."""

import ctypes
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from fusee.api.errors import LimitError, WasmtimeError
from fusee.api.externtypes import Limits, MemoryType
from fusee.api.hold import Hold
from fusee.api.managed import ArgumentError, Unique, bytes_of, expect, integer_of
from fusee.api.raw import RawMemory
from fusee.api.storelike import Storelike, hold, own, store_of
from fusee.engine.state.module import Limits as LimitsState
from fusee.engine.state.runtime import NOT_GROWN
from fusee.engine.state.runtime import Memory as MemoryState
from fusee.kernel.codec import make_reference
from fusee.kernel.layout import layout
from fusee.kernel.memory import view
from fusee.kernel.space import HOST

if TYPE_CHECKING:
    from fusee.api.store import Store


class Memory(Unique):
    """A linear memory (spec 4.2.8). All methods raise `StoreError` for another store, `ValueError` for a closed one.

    `buffer`, `get_buffer_ptr` and `data_ptr` give it without a copy. What they give stays mapped as long as it is
    held, but shows the memory as it was: take a new one after the memory may have grown.
    """

    __slots__ = ("__weakref__", "_address", "_raw", "_store")

    def __init__(self, store: Storelike, ty: MemoryType) -> None:
        """A new zeroed memory of the type `ty` in `store`.

        Raises `ArgumentError`; `LimitError` if the store's limits or the system do not allow for it;
        `WasmtimeError` for a shared memory.
        """
        expect(ty, MemoryType, "a MemoryType")
        if ty.is_shared:
            raise WasmtimeError("a shared memory belongs to no store: make a SharedMemory")
        owner = store_of(store)
        limits = limits_state(owner, ty.limits, ty.is_64, ty.page_size_log2)
        self._bind(owner, owner._alone(owner._native.new_memory, owner._address, limits))

    @classmethod
    def _from_address(cls, store: "Store", address: int) -> "Memory":
        """The memory that the engine has at `address`."""
        self = object.__new__(cls)
        self._bind(store, address)
        return self

    def _bind(self, store: "Store", address: int) -> None:
        self._store = store
        self._address = address
        self._raw = RawMemory(address, store._native.space, store._tenure)

    def type(self, store: Storelike) -> MemoryType:
        """Its `MemoryType`; the minimum is its size now."""
        return memory_type(self._address, hold(store, self._store))

    def grow(self, store: Storelike, delta: int) -> int:
        """Add `delta` pages, an int; gives the size before, in pages (spec 4.6.10).

        Raises `ArgumentError`; `WasmtimeError` for a negative number; `LimitError` beyond the type's maximum, the
        store's limit or what the system has.
        """
        owner = own(store, self._store)
        expect(delta, int, "an int")
        if delta < 0:
            raise WasmtimeError("cannot grow by negative amount")
        old: int = owner._alone(owner._native.grow_memory, self._address, min(delta, int(NOT_GROWN)))
        if old == NOT_GROWN:
            raise LimitError(f"failed to grow memory by `{delta}`")
        return old

    def size(self, store: Storelike) -> int:
        """Its size in pages."""
        return self.data_len(store) >> self.page_size_log2(store)

    def data_len(self, store: Storelike) -> int:
        """Its size in bytes."""
        own(store, self._store)
        return self._raw.length

    def page_size(self, store: Storelike) -> int:
        """The size of a page in bytes: 65536, or 1 with custom page sizes."""
        return 1 << self.page_size_log2(store)

    def page_size_log2(self, store: Storelike) -> int:
        """The binary logarithm of the size of a page: 16 or 0."""
        held = hold(store, self._store)
        return int(view(MemoryState, self._address, held.space).page_size_log2)

    def data_ptr(self, store: Storelike) -> "ctypes._Pointer[ctypes.c_ubyte]":
        """A C pointer to the first byte. Nothing checks what it is used for: stay below `data_len`."""
        own(store, self._store)
        return ctypes.cast(self._raw.array(), ctypes.POINTER(ctypes.c_ubyte))

    def get_buffer_ptr(self, store: Storelike, size: int | None = None, offset: int = 0) -> "ctypes.Array[Any]":
        """A ctypes array over `size` bytes (None: all) from `offset` on, for `numpy.frombuffer` and its like.

        Raises `ArgumentError`; `IndexError` beyond the memory's end.
        """
        length, offset = self.data_len(store), integer_of(offset)
        size = length - offset if size is None else integer_of(size)
        if offset < 0 or size < 0 or offset + size > length:
            raise IndexError("index out of range")
        return (ctypes.c_ubyte * size).from_buffer(self._raw.array(), offset)

    def buffer(self, store: Storelike) -> memoryview:
        """The whole memory as writable bytes, without a copy. Not in wasmtime-py."""
        own(store, self._store)
        return self._raw.view()

    def __buffer__(self, flags: int) -> memoryview:
        """The buffer protocol, from Python 3.12 on."""
        return self.buffer(self._store)

    def read(self, store: Storelike, start: int | None = 0, stop: int | None = None) -> bytearray:
        """A copy of the bytes from `start` to `stop`, which are cut to the memory as a list's slice is.

        Raises `ArgumentError`.
        """
        length = self.data_len(store)
        try:
            first, end, _ = slice(start, stop).indices(length)
        except TypeError:
            raise _no_places(start, stop) from None
        return bytearray(self._raw.current()[first:end])

    def write(
        self, store: Storelike, value: bytes | bytearray | memoryview | Iterable[int], start: int | None = None
    ) -> int:
        """Copy bytes to `start` (negative: from the end; None: 0); gives their number.

        They are those of a buffer of any kind, such as an array, or ints. Raises `IndexError`, and writes nothing, if
        they do not all fit; `ArgumentError`; `ValueError` for an int that is no byte.
        """
        data = bytes_of(value)
        length = self.data_len(store)
        try:
            first = slice(start, None).indices(length)[0]
        except TypeError:
            raise _no_places(start) from None
        if first + len(data) > length or (start or 0) > length:
            raise IndexError("index out of range")
        self._raw.current()[first : first + len(data)] = data
        return len(data)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Memory) and self._address == other._address and self._store is other._store

    def __hash__(self) -> int:
        return hash(self._address)


def _no_places(*given: object) -> ArgumentError:
    """What `slice` does not take."""
    return ArgumentError(f"expected ints or None, not {' and '.join(map(repr, given))}")


def memory_type(address: int, held: Hold) -> MemoryType:
    """The type of the memory at an address, with its size now as the minimum."""
    state = view(MemoryState, address, held.space)
    page_size_log2 = int(state.page_size_log2)
    maximum = int(state.maximum_pages) if state.has_maximum else None
    limits = Limits(int(state.length_bytes) >> page_size_log2, maximum)
    return MemoryType(limits, bool(state.is_64), bool(state.is_shared), page_size_log2)


def limits_state(
    store: "Store", limits: Limits, is_64: bool, page_size_log2: int, is_shared: bool = False
) -> "ctypes.Array[ctypes.c_char]":
    """Limits as the engine's struct."""
    target = store._native.space.target
    result = ctypes.create_string_buffer(layout(LimitsState, target).extent.size)
    state: Any = make_reference(LimitsState, target, HOST, ctypes.addressof(result))
    state.minimum = type(state.minimum)(limits.min)
    state.maximum = type(state.maximum)(limits.max or 0)
    state.has_maximum = limits.max is not None
    state.is_64 = is_64
    state.is_shared = is_shared
    state.page_size_log2 = type(state.page_size_log2)(page_size_log2)
    return result
