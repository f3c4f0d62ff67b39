"""The heap of the checked build, and what its failed checks become in Python.

All memory that checked code works on comes from one arena. Each block has a gap on either side, and
a released one is not given out again for a while, so that an access outside of a block, or after
its end, meets shadow bytes that forbid it.
"""

from __future__ import annotations

import ctypes
import mmap
import sys
from _thread import RLock
from collections import deque
from functools import cache

from fusee.kernel.faults import Fault

ALLOCATE = ctypes.CFUNCTYPE(ctypes.c_size_t, ctypes.c_size_t)
RELEASE = ctypes.CFUNCTYPE(None, ctypes.c_size_t, ctypes.c_size_t)
REPORT = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_uint64)

_GAP_BYTES = 32
_QUARANTINE_BYTES = 64 << 20
_DISCARD_BYTES = 1 << 20  # from this size on, a released block's pages go back to the system
_ARENA_BYTES = (1 << 36, 1 << 33, 1 << 31, 1 << 29)  # of address space: the largest that the system lets us have
_NO_RESERVE = {"linux": 0x4000, "darwin": 0x40}  # for versions of `mmap` that do not name it


class CheckFailure(Fault):
    """A check of the checked build failed: a bug of a kernel. The text says where in its source."""


class CheckState(ctypes.Structure):
    """What checked code reads (`lower.checked.STATE_SHAPE`)."""

    _fields_ = (
        ("start", ctypes.c_uint64),
        ("size", ctypes.c_uint64),
        ("shadow", ctypes.c_size_t),
        ("report", ctypes.c_size_t),
        ("jump_buffer", ctypes.c_size_t),
    )


class CheckedHeap:
    """An arena with one shadow byte for eight bytes: how many of them, from the first, may be accessed."""

    def __init__(self) -> None:
        self._arena = _reserve_any()
        self.size = len(self._arena)
        self._shadow = reserve(self.size // 8)
        self.start, self._shadow_start = _address(self._arena), _address(self._shadow)
        self._unused = _GAP_BYTES  # offset behind everything given out so far
        self._live: dict[int, int] = {}  # address -> size
        self._quarantine: deque[tuple[int, int]] = deque()
        self._quarantined_bytes = 0
        self._free: dict[int, list[int]] = {}  # by rounded size
        self._failure = ""
        self._lock = RLock()  # several threads may be in checked code
        self.allocate_callback = ALLOCATE(self.allocate)
        self.release_callback = RELEASE(self.release)
        self._report_callback = REPORT(self._report)

    # --- memory --------------------------------------------------------------------------------

    def allocate(self, size: int) -> int:
        """Zeroed memory, aligned to 16 bytes; 0 if there is none left."""
        with self._lock:
            return self._allocate(size)

    def _allocate(self, size: int) -> int:
        rounded = max(16, -(-size // 16) * 16)
        reusable = self._free.get(rounded)
        if reusable:
            address = reusable.pop()
            self._clear(address, rounded)
        else:
            if self._unused + rounded + _GAP_BYTES > self.size:
                return 0
            address = self.start + self._unused
            self._unused += rounded + _GAP_BYTES
        self._live[address] = size
        shadow = self._shadow_start + (address - self.start) // 8
        ctypes.memset(shadow, 8, size // 8)
        if size % 8:
            ctypes.memset(shadow + size // 8, size % 8, 1)
        return address

    def release(self, address: int, size: int) -> None:
        """End a block's life; `size` is what it was allocated with."""
        with self._lock:
            self._release(address)

    def _release(self, address: int) -> None:
        known = self._live.pop(address, None)
        if known is None:
            self._failure = f"release of {address:#x}, which is no live block"
            return
        rounded = max(16, -(-known // 16) * 16)
        ctypes.memset(self._shadow_start + (address - self.start) // 8, 0, rounded // 8)
        self._quarantine.append((address, rounded))
        self._quarantined_bytes += rounded
        while self._quarantined_bytes > _QUARANTINE_BYTES:
            oldest, length = self._quarantine.popleft()
            self._quarantined_bytes -= length
            self._free.setdefault(length, []).append(oldest)

    def _clear(self, address: int, size: int) -> None:
        offset = address - self.start
        if size >= _DISCARD_BYTES and offset % mmap.PAGESIZE == 0 and hasattr(mmap, "MADV_DONTNEED"):
            whole = size // mmap.PAGESIZE * mmap.PAGESIZE
            self._arena.madvise(mmap.MADV_DONTNEED, offset, whole)
            address, size = address + whole, size - whole
        ctypes.memset(address, 0, size)

    # --- failures ------------------------------------------------------------------------------

    def connect(self, state_address: int) -> None:
        """Tell checked code where the arena is and whom to report to."""
        state = CheckState.from_address(state_address)
        state.start, state.size, state.shadow = self.start, self.size, self._shadow_start
        state.report = ctypes.cast(self._report_callback, ctypes.c_void_p).value or 0

    def _report(self, site: bytes, address: int) -> None:
        self._failure = site.decode(errors="replace") + (f", at {self.describe(address)}" if address else "")

    def failure(self) -> CheckFailure:
        """The error for the check that failed last."""
        return CheckFailure(self._failure)

    def describe(self, address: int) -> str:
        """An address in terms of the block that it is in or next to."""
        if not self.start <= address < self.start + self.size:
            return f"{address:#x}, outside of the heap"
        for blocks, kind in ((self._live.items(), ""), (self._quarantine, "released ")):
            for start, size in blocks:
                if start - _GAP_BYTES // 2 <= address < start + size + _GAP_BYTES:
                    return f"{address:#x}, offset {address - start} of a {kind}block of {size} bytes"
        return f"{address:#x}, in no block"


@cache
def checked_heap() -> CheckedHeap:
    """The heap of this process's checked code."""
    return CheckedHeap()


def _reserve_any() -> mmap.mmap:
    for size in _ARENA_BYTES[:-1]:
        try:
            return reserve(size)
        except (OSError, OverflowError, ValueError):
            continue
    return reserve(_ARENA_BYTES[-1])


def reserve(size: int) -> mmap.mmap:
    """Address space that takes memory only where it is touched."""
    if not hasattr(mmap, "MAP_ANONYMOUS"):
        return mmap.mmap(-1, size)
    no_reserve = getattr(mmap, "MAP_NORESERVE", _NO_RESERVE.get(sys.platform, 0))
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | no_reserve
    return mmap.mmap(-1, size, flags=flags)


def _address(memory: mmap.mmap) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(memory))
