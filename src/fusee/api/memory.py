"""`Memory`: a guest's linear memory, read and written from Python."""

import ctypes
from typing import Any

from fusee.api.errors import FuseeError, LimitError
from fusee.api.raw import RawMemory
from fusee.api.store import Store, Storelike, own
from fusee.api.types import Limits, MemoryType
from fusee.engine.runtime.memory import NOT_GROWN
from fusee.engine.state.module import Limits as LimitsState
from fusee.engine.state.runtime import Memory as MemoryState
from fusee.kernel.codec import make_reference
from fusee.kernel.layout import layout
from fusee.kernel.memory import view
from fusee.kernel.space import HOST


class Memory:
    """A linear memory (spec 4.2.8).

    `buffer` gives it as a `memoryview` without a copy. Such a view, like `data_ptr`, shows the
    memory as it was: take a new one after the memory may have grown.
    """

    __slots__ = ("_raw", "address", "store")

    def __init__(self, store: Storelike, ty: MemoryType) -> None:
        if not isinstance(ty, MemoryType):
            raise TypeError("expected a MemoryType")
        if ty.is_shared:
            raise FuseeError("shared memories are not supported yet")
        owner = store.context
        limits = limits_state(owner, ty.limits, ty.is_64, ty.page_size_log2)
        self._bind(owner, owner.native.new_memory(owner.address, limits))

    @classmethod
    def from_address(cls, store: Store, address: int) -> "Memory":
        """The memory that the engine has at `address`."""
        self = object.__new__(cls)
        self._bind(store, address)
        return self

    def _bind(self, store: Store, address: int) -> None:
        self.store = store
        self.address = address
        self._raw = RawMemory(address, store.native.space)

    def type(self, store: Storelike) -> MemoryType:
        """Its type; the minimum is its size now."""
        own(store, self.store)
        state = view(MemoryState, self.address, self.store.native.space)
        maximum = int(state.maximum_pages) if state.has_maximum else None
        limits = Limits(self.size(store), maximum)
        return MemoryType(limits, bool(state.is_64), False, int(state.page_size_log2))

    def grow(self, store: Storelike, delta: int) -> int:
        """Add pages; gives the size before."""
        owner = own(store, self.store)
        if delta < 0:
            raise FuseeError("cannot grow by negative amount")
        old: int = owner.native.grow_memory(self.address, min(delta, NOT_GROWN))
        if old == NOT_GROWN:
            raise LimitError(f"failed to grow memory by {delta} pages")
        return old

    def size(self, store: Storelike) -> int:
        """Its size in pages."""
        return self.data_len(store) >> self.page_size_log2(store)

    def data_len(self, store: Storelike) -> int:
        """Its size in bytes."""
        own(store, self.store)
        return self._raw.length

    def page_size(self, store: Storelike) -> int:
        """The size of a page in bytes."""
        return 1 << self.page_size_log2(store)

    def page_size_log2(self, store: Storelike) -> int:
        """The binary logarithm of the size of a page."""
        own(store, self.store)
        return int(view(MemoryState, self.address, self.store.native.space).page_size_log2)

    def data_ptr(self, store: Storelike) -> "ctypes._Pointer[ctypes.c_ubyte]":
        """A C pointer to the first byte."""
        own(store, self.store)
        return ctypes.cast(self._raw.array(), ctypes.POINTER(ctypes.c_ubyte))

    def get_buffer_ptr(self, store: Storelike, size: int | None = None, offset: int = 0) -> "ctypes.Array[Any]":
        """A ctypes array over (part of) the memory, for `numpy.frombuffer` and its like."""
        length = self.data_len(store)
        size = length - offset if size is None else size
        if offset < 0 or size < 0 or offset + size > length:
            raise IndexError("index out of range")
        return (ctypes.c_ubyte * size).from_buffer(self._raw.array(), offset)

    def buffer(self, store: Storelike) -> memoryview:
        """The whole memory as writable bytes, without a copy."""
        own(store, self.store)
        return self._raw.view()

    def __buffer__(self, flags: int) -> memoryview:
        """The buffer protocol, from Python 3.12 on."""
        return self.buffer(self.store)

    def read(self, store: Storelike, start: int | None = 0, stop: int | None = None) -> bytearray:
        """A copy of a range, which is cut to the memory like a list's slice."""
        start, stop, _ = slice(start, stop).indices(self.data_len(store))
        return bytearray(self.buffer(store)[start:stop])

    def write(self, store: Storelike, value: bytes | bytearray | memoryview, start: int | None = None) -> int:
        """Copy bytes to `start` (negative: from the end); gives their number."""
        data = memoryview(value).cast("B")
        first = slice(start, None).indices(self.data_len(store))[0]
        if first + len(data) > self.data_len(store) or (start or 0) > self.data_len(store):
            raise IndexError("index out of range")
        self.buffer(store)[first : first + len(data)] = data
        return len(data)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Memory) and self.address == other.address and self.store is other.store

    def __hash__(self) -> int:
        return hash(self.address)


def limits_state(store: Store, limits: Limits, is_64: bool, page_size_log2: int) -> "ctypes.Array[ctypes.c_char]":
    """Limits as the engine's struct."""
    target = store.native.space.target
    result = ctypes.create_string_buffer(layout(LimitsState, target).extent.size)
    state: Any = make_reference(LimitsState, target, HOST, ctypes.addressof(result))
    state.minimum = type(state.minimum)(limits.min)
    state.maximum = type(state.maximum)(limits.max or 0)
    state.has_maximum = limits.max is not None
    state.is_64 = is_64
    state.page_size_log2 = type(state.page_size_log2)(page_size_log2)
    return result
