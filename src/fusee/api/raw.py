"""The bytes of a linear memory as this process sees them, be it the engine's own or an emulated device's."""

import ctypes
from typing import Any

from fusee.api.hold import Tenure
from fusee.api.lease import lease, leased_bytes
from fusee.api.managed import refuse_closed
from fusee.engine.state.runtime import Memory as MemoryState
from fusee.kernel.layout import layout
from fusee.kernel.space import Space


class RawMemory:
    """The bytes of a memory, wherever they are now. Does not keep the store alive: the store owns it.

    All raise `ValueError` once the store has ended.
    """

    __slots__ = ("_base", "_fields", "_length", "_seen", "_tenure")

    def __init__(self, address: int, space: Space, tenure: Tenure) -> None:
        fields, start = layout(MemoryState, space.target).fields, space.host_address(address)
        pointer = ctypes.c_uint64 if space.target.pointer_width == 8 else ctypes.c_uint32
        # These read the engine's fields each time, at the price of a Python attribute.
        self._base = pointer.from_address(start + fields["base"].offset)
        self._length = ctypes.c_uint64.from_address(start + fields["length_bytes"].offset)
        # The same as words, which are read in a third of the time: base and length, where both have 64 bits.
        self._fields: tuple[memoryview, int, int] | None = None
        if space.target.pointer_width == 8:
            places = fields["base"].offset // 8, fields["length_bytes"].offset // 8
            words = memoryview((ctypes.c_ubyte * (8 * max(places) + 8)).from_address(start)).cast("B").cast("Q")
            self._fields = words, *places
        self._tenure = tenure
        # Base, length, and a view of the whole that is never handed out: who is given one may release it.
        self._seen = 0, 0, memoryview(b"")

    @property
    def length(self) -> int:
        """The size in bytes."""
        _held = self._tenure.hold or refuse_closed()
        return self._length.value

    def array(self) -> "ctypes.Array[Any]":
        """The memory as it is now, in place; it stays mapped as long as this, or a view of it, lives."""
        held = self._tenure.hold or refuse_closed()
        while True:
            base = self._base.value
            length = self._length.value
            if not length:
                return (ctypes.c_ubyte * 0)()
            address = held.space.host_address(base)
            leased = lease(address)
            if self._base.value == base:  # else another thread's guest has moved it before there was a lease
                return leased_bytes(address, length, leased)

    def view(self) -> memoryview:
        """The memory as it is now, as bytes that can be written. Whoever gets it may release it."""
        return memoryview(self.current())

    def current(self) -> memoryview:
        """The same, to be used at once and not handed on."""
        _held = self._tenure.hold or refuse_closed()
        if self._fields is not None:
            words, base_at, length_at = self._fields
            base, length = words[base_at], words[length_at]
        else:
            base, length = self._base.value, self._length.value
        seen_base, seen_length, seen = self._seen
        if seen_base != base or seen_length != length:
            seen = memoryview(self.array()).cast("B")
            self._seen = base, length, seen
        return seen
