"""The checked build of the engine: it works on a heap that knows what may be accessed."""

import ctypes
from collections.abc import Callable
from typing import Any

from fusee.api._native import HostNative
from fusee.api.lease import hold_with
from fusee.engine.errors import Trap
from fusee.kernel.checking import checked_heap

_CHECK_FAILED = Trap(0xFF_FFFF, 0xFFFF_FFFF).status
"""What `raise_again` makes of the status of a failed check, all of whose bits are set."""


class CheckedNative(HostNative):
    """Reserves nothing in advance, so that each memory ends where the heap says."""

    def __init__(self) -> None:
        self._heap = checked_heap()
        super().__init__(checked=True)
        hold_with(self._heap.hold, self._heap.let_go)
        self.invoke_status = self._or_fail(self.invoke_status)
        self.advance_status = self._or_fail(self.advance_status)

    def platform_functions(self) -> dict[str, int]:
        return {
            **super().platform_functions(),
            "allocate_unset": 0,
            "allocate": self._heap.allocate_address,
            "release": self._heap.release_address,
        }

    def place_functions(self) -> dict[str, int]:
        return {}

    def _or_fail(self, function: Callable[..., int]) -> Callable[..., int]:
        def call(*arguments: Any) -> int:
            status = function(*arguments)
            if status == _CHECK_FAILED:
                raise self._heap.failure()
            return status

        return call

    def validate(self, module: int) -> None:
        """Checked code is for one thread at a time."""
        self.validate_module(module)

    def place(self, binary: bytes) -> int:
        address = self._heap.allocate(len(binary))
        ctypes.memmove(address, binary, len(binary))
        return address

    def displace(self, source: int) -> None:
        self._heap.release(source)
