"""`SharedMemory`: a memory that threads share. So far only the host has one: guests cannot use it yet."""

import ctypes
import mmap

from fusee.api.engine import Engine
from fusee.api.errors import LimitError, WasmtimeError
from fusee.api.managed import Managed, expect, refuse_closed
from fusee.api.types import Limits, MemoryType


class SharedMemory(Managed):
    """A shared linear memory (the threads proposal), which belongs to no store.

    It can be made, grown, read and written here. To import it raises `UnsupportedError`, as does instantiating a
    module that has one, until threads are supported.
    """

    __slots__ = ("_array", "_mapping", "_size", "_type")

    def __init__(self, engine: Engine, ty: MemoryType) -> None:
        """A zeroed memory of the type `ty`, which must be shared.

        Raises `ArgumentError`; `WasmtimeError` if the type is not shared; `LimitError` if the system has no memory.
        """
        expect(engine, Engine, "an Engine")
        expect(ty, MemoryType, "a MemoryType")
        engine._opened()
        if not ty.is_shared or ty.limits.max is None:
            raise WasmtimeError("a shared memory must have a shared type")
        self._type = ty
        self._size = ty.limits.min
        try:
            # Never moved: all that it may become is mapped now, and costs nothing until it is touched.
            self._mapping: mmap.mmap | None = mmap.mmap(-1, max(ty.limits.max << ty.page_size_log2, 1))
        except (OSError, OverflowError, ValueError) as error:
            raise LimitError(f"no address space for a shared memory of {ty.limits.max} pages") from error
        self._array = (ctypes.c_ubyte * len(self._mapping)).from_buffer(self._mapping)

    def _opened(self) -> mmap.mmap:
        return self._mapping if self._mapping is not None else refuse_closed()

    def close(self) -> None:
        """Let go of it. What `data_ptr` has given stays mapped as long as it is held."""
        self._mapping = None
        self._array = (ctypes.c_ubyte * 0)()

    def type(self) -> MemoryType:
        """Its `MemoryType`; the minimum is its size now."""
        return MemoryType(Limits(self.size(), self._type.limits.max), self._type.is_64, True, self._type.page_size_log2)

    def grow(self, delta: int) -> int:
        """Add `delta` pages, an int; gives the size before, in pages.

        Raises `ArgumentError`; `WasmtimeError` for a negative number; `LimitError` beyond the maximum.
        """
        expect(delta, int, "an int")
        old = self.size()
        if delta < 0:
            raise WasmtimeError("cannot grow by negative amount")
        if old + delta > (self._type.limits.max or 0):
            raise LimitError(f"failed to grow memory by {delta} pages")
        self._size = old + delta
        return old

    def size(self) -> int:
        """Its size in pages."""
        self._opened()
        return self._size

    def data_len(self) -> int:
        """Its size in bytes."""
        return self.size() << self._type.page_size_log2

    def data_ptr(self) -> "ctypes._Pointer[ctypes.c_ubyte]":
        """A C pointer to the first byte, which stays valid; check accesses against `data_len`."""
        self._opened()
        return ctypes.cast(self._array, ctypes.POINTER(ctypes.c_ubyte))
