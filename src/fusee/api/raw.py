"""The bytes of a linear memory as this process sees them."""

import ctypes
from typing import Any

from fusee.engine.state.runtime import Memory as MemoryState
from fusee.kernel.layout import layout
from fusee.kernel.target import Target


def _offset(name: str) -> int:
    return layout(MemoryState, Target.host()).fields[name].offset


class RawMemory:
    """The bytes of a memory, wherever they are now. Does not keep the store alive: the store owns it."""

    __slots__ = ("_base", "_length", "_view", "_view_base")

    def __init__(self, address: int) -> None:
        # These read the engine's fields each time, at the price of a Python attribute.
        self._base = ctypes.c_size_t.from_address(address + _offset("base"))
        self._length = ctypes.c_uint64.from_address(address + _offset("length_bytes"))
        self._view = memoryview(b"")
        self._view_base = 0

    @property
    def base(self) -> int:
        """The address of the first byte."""
        return self._base.value

    @property
    def length(self) -> int:
        """The size in bytes."""
        return self._length.value

    def view(self, keeper: Any = None) -> memoryview:
        """The memory as it is now; a view keeps `keeper` alive."""
        base, length = self._base.value, self._length.value
        if len(self._view) != length or self._view_base != base:
            array: Any = (ctypes.c_ubyte * length).from_address(base) if length else (ctypes.c_ubyte * 0)()
            array.keeper = keeper
            self._view, self._view_base = memoryview(array).cast("B"), base
        return self._view
