"""The bytes of a linear memory as this process sees them, be it the engine's own or an emulated device's."""

import ctypes
from typing import Any

from fusee.engine.state.runtime import Memory as MemoryState
from fusee.kernel.layout import layout
from fusee.kernel.space import Space


class RawMemory:
    """The bytes of a memory, wherever they are now. Does not keep the store alive: the store owns it."""

    __slots__ = ("_base", "_length", "_space", "_view", "_view_base")

    def __init__(self, address: int, space: Space) -> None:
        fields, start = layout(MemoryState, space.target).fields, space.host_address(address)
        pointer = ctypes.c_uint64 if space.target.pointer_width == 8 else ctypes.c_uint32
        # These read the engine's fields each time, at the price of a Python attribute.
        self._base = pointer.from_address(start + fields["base"].offset)
        self._length = ctypes.c_uint64.from_address(start + fields["length_bytes"].offset)
        self._space = space
        self._view = memoryview(b"")
        self._view_base = 0

    @property
    def base(self) -> int:
        """The address of the first byte, for this process."""
        address = self._base.value
        return self._space.host_address(address) if address else 0

    @property
    def length(self) -> int:
        """The size in bytes."""
        return self._length.value

    def view(self, keeper: Any = None) -> memoryview:
        """The memory as it is now; a view keeps `keeper` alive."""
        base, length = self._base.value, self._length.value
        if len(self._view) != length or self._view_base != base:
            array: Any = (ctypes.c_ubyte * length).from_address(self.base) if length else (ctypes.c_ubyte * 0)()
            array.keeper = keeper
            self._view, self._view_base = memoryview(array).cast("B"), base
        return self._view
