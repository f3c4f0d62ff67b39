"""The engine's native code, loaded once per process, and the functions of this process that it calls."""

import ctypes
import sys
from functools import cache
from typing import TYPE_CHECKING, Final
from weakref import WeakValueDictionary

from fusee.engine.state.platform import Platform
from fusee.kernel.layout import layout
from fusee.kernel.target import Target

if TYPE_CHECKING:
    from fusee.api.store import Store

_libc: Final = ctypes.CDLL("msvcrt" if sys.platform == "win32" else None)

RESERVE: Final = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_size_t)
UNRESERVE: Final = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_size_t)
CALL_HOST: Final = ctypes.CFUNCTYPE(ctypes.c_uint32, ctypes.c_size_t, ctypes.c_uint32, ctypes.c_size_t, ctypes.c_size_t)

# <sys/mman.h>; a private anonymous mapping that no swap is set aside for.
_READ_WRITE: Final = 3
_FLAGS: Final = {"linux": 0x02 | 0x20 | 0x4000, "darwin": 0x02 | 0x1000 | 0x40}.get(sys.platform, 0)
_FAILED: Final = ctypes.c_void_p(-1).value

stores: Final["WeakValueDictionary[int, Store]"] = WeakValueDictionary()
"""The live stores by the addresses under which the engine knows them."""


def _reserve(size: int) -> int | None:
    if not _FLAGS:
        return None
    address: int | None = _mmap(None, size, _READ_WRITE, _FLAGS, -1, 0)
    return None if address == _FAILED else address


def _unreserve(address: int, size: int) -> None:
    _munmap(address, size)


def _call_host(store: int, identity: int, instance: int, slots: int) -> int:
    return stores[store].call_host(identity, instance, slots)


if _FLAGS:
    _mmap: Final = _libc.mmap
    _mmap.restype = ctypes.c_void_p
    _mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
    _munmap: Final = _libc.munmap
    _munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]


# Kept for the life of the process: the engine holds their addresses.
_callbacks: Final = RESERVE(_reserve), UNRESERVE(_unreserve), CALL_HOST(_call_host)


def _address(function: object) -> int:
    return ctypes.cast(function, ctypes.c_void_p).value or 0  # type: ignore[arg-type]


@cache
def platform() -> ctypes.Array[ctypes.c_char]:
    """This process as the engine's `Platform`."""
    places = layout(Platform, Target.host())
    result = ctypes.create_string_buffer(places.extent.size)
    functions = {
        "allocate": _libc.calloc,
        "release": _libc.free,
        "reserve": _callbacks[0],
        "unreserve": _callbacks[1],
        "call_host": _callbacks[2],
    }
    for name, function in functions.items():
        ctypes.c_size_t.from_buffer(result, places.fields[name].offset).value = _address(function)
    return result
