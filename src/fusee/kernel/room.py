"""Memory for data and, right behind it, code: it is written first, and executed from then on."""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import sys
from collections.abc import Callable
from typing import Protocol

from fusee.kernel.target import Target

Write = Callable[[memoryview, int], None]
"""Writes the bytes for a room that a processor sees at an address."""

_LARGE_PAGE_BYTES = 2 << 20
READ, WRITE, EXECUTE = 1, 2, 4  # <sys/mman.h>


class Room(Protocol):
    """`start` is the address of the data; what is in the room lives as long as it."""

    start: int

    def fill(self, write: Write) -> None:
        """Write what belongs here, once, and make the code executable. `OSError` if the system does not let it be."""
        ...


def room_for(data: int, code: int) -> Room:
    """Room for so many bytes, which are whole pages. `OSError` if there is none."""
    if sys.platform == "darwin":
        from fusee.kernel.apple import AppleRoom, apple_library

        with contextlib.suppress(OSError):  # a process may be forbidden this, and allowed the other
            return AppleRoom(data, code, apple_library())
    return PlainRoom(data, code)


class PlainRoom:
    """One mapping, in which the code is made executable when it has been written.

    Code of more than a megabyte begins at a large page and is alone in it: a processor has places for the addresses of
    a few hundred pages, and the handlers of a program lie in as many small ones.
    """

    def __init__(self, data: int, code: int) -> None:
        self._data, self._code = data, code
        if code < _LARGE_PAGE_BYTES // 2 or not hasattr(mmap, "MADV_HUGEPAGE"):
            self._memory, self._at = mmap.mmap(-1, data + code), 0
            self._base = self.start = _address_of(self._memory)
            return
        pages = -(-code // _LARGE_PAGE_BYTES) * _LARGE_PAGE_BYTES
        size = data + _LARGE_PAGE_BYTES + pages
        self._memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self._base = _address_of(self._memory)
        self._at = -(self._base + data) % _LARGE_PAGE_BYTES
        self.start = self._base + self._at
        with contextlib.suppress(OSError):  # a kernel may have none
            self._memory.madvise(mmap.MADV_HUGEPAGE, self._at + data, pages)

    def fill(self, write: Write) -> None:
        write(memoryview(self._memory)[self._at : self._at + self._data + self._code], self.start)
        code = self.start + self._data
        size = len(self._memory) - self._at - self._data
        if ctypes.CDLL(None).mprotect(ctypes.c_void_p(code), ctypes.c_size_t(size), READ | EXECUTE):
            raise OSError("the system does not let compiled code be executed")
        if Target.host().architecture == "aarch64":
            _forget_instructions(code, self._code)


def _address_of(memory: mmap.mmap) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(memory))


def _forget_instructions(code: int, size: int) -> None:
    """Have AArch64's processors forget what they remember of this memory as instructions.

    Linux does that itself for a page that becomes executable for the first time; the function is the compiler's
    (GCC, "__builtin___clear_cache"), and where its library is not, that has to do.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libgcc_s.so.1").__clear_cache(ctypes.c_void_p(code), ctypes.c_void_p(code + size))
