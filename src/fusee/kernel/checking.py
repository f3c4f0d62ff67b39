"""The checked build's heap in this process, and what failed checks become in Python."""

from __future__ import annotations

import ctypes
import mmap
import sys
from collections.abc import Iterator
from functools import cache

from fusee.kernel.checkedheap import LIVE, Failing, Header, Heap
from fusee.kernel.faults import Fault
from fusee.kernel.layout import layout
from fusee.kernel.memory import view
from fusee.kernel.process import address_of, address_of_yield, libc, make_struct
from fusee.kernel.target import Target

_HEADER_BYTES = layout(Header, Target.host()).extent.size
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
        ("failing", ctypes.c_size_t),
    )


class CheckedHeap:
    """What `kernel.checkedheap` works on, and its functions."""

    def __init__(self) -> None:
        from fusee.kernel import checkedheap as kernels
        from fusee.kernel.build import symbol_of
        from fusee.kernel.library import load_defined

        self._arena = _reserve_any()
        self._shadow = reserve(len(self._arena) // 8)
        self.start, self.size = _address(self._arena), len(self._arena)
        self._failing_memory = make_struct(Failing, {})
        self._failing = view(Failing, ctypes.addressof(self._failing_memory))
        self._memory = make_struct(Heap, self._fields())
        self._heap = view(Heap, ctypes.addressof(self._memory))
        library = load_defined("checked-heap", kernels.heap_program)
        self._library = library
        self._allocate, self._release, self.hold, self.let_go, self._stride, install = (
            library.locked_entry(symbol_of(kernel))
            for kernel in (
                kernels.allocate_block,
                kernels.release_block,
                kernels.hold_block,
                kernels.let_go_of_block,
                kernels.stride,
                kernels.install_heap,
            )
        )
        install(ctypes.addressof(self._memory))
        self.allocate_address = library.address(kernels.allocate_block)
        """Of a C function, the `calloc` of checked code."""
        self.release_address = library.address(kernels.release_or_fail)
        """Likewise its `free`."""

    def _fields(self) -> dict[str, int]:
        return {
            "start": self.start,
            "size": self.size,
            "shadow": _address(self._shadow),
            "failing": ctypes.addressof(self._failing_memory),
            "jump": address_of(libc.longjmp if sys.platform == "win32" else libc._longjmp),
            "give_way": address_of_yield(),
            "discard": address_of(libc.madvise) if sys.platform == "linux" else 0,
            "unused": _HEADER_BYTES,
        }

    def allocate(self, size: int) -> int:
        """Zeroed memory, aligned to 16 bytes; 0 if there is none left."""
        address: int = self._allocate(1, size)
        return address

    def release(self, address: int) -> None:
        """End a block's life. `CheckFailure` if it is no live one."""
        if not self._release(address):
            raise CheckFailure(self._describe_release(address))

    def connect(self, state_address: int) -> None:
        """Tell checked code where the arena is and where to say what has failed."""
        state = CheckState.from_address(state_address)
        state.start, state.size, state.shadow = self.start, self.size, _address(self._shadow)
        state.failing = ctypes.addressof(self._failing_memory)

    def failure(self) -> CheckFailure:
        """The error for the check that failed last."""
        site, address = int(self._failing.site), int(self._failing.address)
        if site == 0:
            return CheckFailure(self._describe_release(address))
        text = ctypes.string_at(site).decode(errors="replace")
        return CheckFailure(text + (f", at {self.describe(address)}" if address else ""))

    def _describe_release(self, address: int) -> str:
        return f"release of {self.describe(address)}, which is no live block"

    def describe(self, address: int) -> str:
        """An address in terms of the block that it is in or next to."""
        if not self.start <= address < self.start + self.size:
            return f"{address:#x}, outside of the heap"
        for header, stride in self._headers():
            start = int(header.at)
            if start <= address + _HEADER_BYTES // 2 < start + stride:
                kind = "" if header.state == LIVE else "released "
                return f"{address:#x}, offset {address - start} of a {kind}block of {header.size} bytes"
        return f"{address:#x}, in no block"

    def live_blocks(self) -> Iterator[int]:
        """The addresses of all blocks that have not been released."""
        return (int(header.at) for header, _ in self._headers() if header.state == LIVE)

    def _headers(self) -> Iterator[tuple[Header, int]]:
        """All blocks that there have been, and how far it is from each to the next one."""
        at = self.start
        while at < self.start + int(self._heap.unused) - _HEADER_BYTES:
            header = view(Header, at)
            stride: int = self._stride(at)
            yield header, stride
            at += stride


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
