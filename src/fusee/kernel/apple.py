"""Memory for compiled code on Apple's own processors."""

from __future__ import annotations

import ctypes
import threading
import weakref
from typing import Any

from fusee.kernel.room import EXECUTE, READ, WRITE, Write
from fusee.kernel.uncollected import uncollected


class AppleRoom:
    """By Apple's rules for its own processors: code is in a mapping made for it (`MAP_JIT`), into which a thread may
    write, or execute what is in it, not both.

    Source: Apple, "Porting just-in-time compilers to Apple silicon"; <pthread.h>, <libkern/OSCacheControl.h>. `libc`
    has the functions. Such a mapping cannot be asked to be at an address, only wished to. So the place for both is
    mapped first, and the part for code given back and asked for again.
    """

    _PRIVATE, _ANONYMOUS, _JIT = 0x2, 0x1000, 0x800  # <sys/mman.h>
    _FAILED = ctypes.c_void_p(-1).value

    def __init__(self, data: int, code: int, libc: Any) -> None:
        self._data, self._code, self._libc = data, code, libc
        self.start = self._map(0, data + code, READ | WRITE, 0)
        libc.munmap(self.start + data, code)
        try:
            place = self._map(self.start + data, code, READ | WRITE | EXECUTE, self._JIT)
        except OSError:
            libc.munmap(self.start, data)
            raise
        if place != self.start + data:
            libc.munmap(place, code)
            libc.munmap(self.start, data)
            raise OSError("the system has no place for code behind its data")
        weakref.finalize(self, libc.munmap, self.start, data + code).atexit = False

    def _map(self, place: int, size: int, protection: int, flags: int) -> int:
        flags |= self._PRIVATE | self._ANONYMOUS
        found: int | None = self._libc.mmap(place, size, protection, flags, -1, 0)
        if found is None or found == self._FAILED:
            raise OSError("the system gives no memory for compiled code")
        return found

    def fill(self, write: Write) -> None:
        """In a thread of its own: until it is done, what this thread writes to cannot be executed by it.

        So neither signal handlers nor what the garbage collector calls may run in it, as they may call the engine.
        """
        ready = bytearray(self._data + self._code)
        write(memoryview(ready), self.start)
        copying = threading.Thread(target=self._copy, args=(ready,))
        with uncollected():
            copying.start()
            copying.join()

    def _copy(self, ready: bytearray) -> None:
        source = ctypes.addressof(ctypes.c_char.from_buffer(ready))
        code = self.start + self._data
        self._libc.memmove(self.start, source, self._data)
        self._libc.pthread_jit_write_protect_np(0)
        self._libc.memmove(code, source + self._data, self._code)
        self._libc.pthread_jit_write_protect_np(1)
        self._libc.sys_icache_invalidate(code, self._code)


def apple_library() -> Any:
    """The functions of macOS's C library that are used here, with the types of their parameters."""
    libc = ctypes.CDLL(None)
    address, size, number = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
    libc.mmap.restype = address
    libc.mmap.argtypes = [address, size, number, number, number, ctypes.c_int64]
    libc.munmap.argtypes = [address, size]
    libc.memmove.argtypes = [address, address, size]
    libc.pthread_jit_write_protect_np.argtypes = [number]
    libc.pthread_jit_write_protect_np.restype = None
    libc.sys_icache_invalidate.argtypes = [address, size]
    libc.sys_icache_invalidate.restype = None
    return libc
