"""The checked build of the engine: it works on a heap that knows what may be accessed."""

import ctypes
from collections.abc import Callable
from typing import Any

from fusee.api._native import HostNative
from fusee.api._python import address_of
from fusee.api.lease import when_returned
from fusee.engine.errors import Trap
from fusee.kernel.checking import checked_heap

ALLOCATE = ctypes.CFUNCTYPE(ctypes.c_size_t, ctypes.c_size_t, ctypes.c_size_t)
RELEASE = ctypes.CFUNCTYPE(None, ctypes.c_size_t)

_CHECK_FAILED = Trap(0xFF_FFFF, 0xFFFF_FFFF).status
"""What `raise_again` makes of the status of a failed check, all of whose bits are set."""


class CheckedNative(HostNative):
    """Reserves nothing in advance, so that each memory ends where the heap says."""

    def __init__(self) -> None:
        super().__init__(checked=True)
        self.invoke_status = self._or_fail(self.invoke_status)
        self.advance_status = self._or_fail(self.advance_status)

    def platform_functions(self) -> dict[str, int]:
        self._heap = heap = checked_heap()
        self._callbacks = (
            ALLOCATE(lambda count, size: heap.allocate(count * size)),
            RELEASE(lambda address: when_returned(address, heap.release, address, 0) if address else None),
        )
        allocate, release = map(address_of, self._callbacks)
        return {**super().platform_functions(), "allocate_unset": 0, "allocate": allocate, "release": release}

    def place_functions(self) -> dict[str, int]:
        return {}

    def _or_fail(self, function: Callable[..., int]) -> Callable[..., int]:
        def call(*arguments: Any) -> int:
            status = function(*arguments)
            if status == _CHECK_FAILED:
                raise self._heap.failure()
            return status

        return call

    def place(self, binary: bytes) -> int:
        address = self._heap.allocate(len(binary))
        ctypes.memmove(address, binary, len(binary))
        return address

    def displace(self, source: int) -> None:
        self._heap.release(source, 0)
