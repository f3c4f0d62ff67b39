"""How much of a thread's stack guests may use (`engine.python.stack`).

That is half of it for the guests of one store, but nobody's is the last quarter, or MiB, or half if there are less than
two.
"""

import ctypes
import sys
import threading
from typing import Final

from fusee.kernel.process import libc

_USUAL_BYTES: Final = 2 << 20  # of a thread's stack, where the system sets no limit
_MOST_BYTES: Final = 16 << 20
_KEPT_BYTES: Final = 1 << 20  # for the host, and for what a function's frame takes before it looks, at the least
_ATTRIBUTES_BYTES: Final = 128  # no `pthread_attr_t` is larger
_WORDS: Final = ctypes.c_size_t * 5


def stack_share() -> int:
    """A quarter of the smallest stack that a thread of this process is likely to have: where nothing else is known."""
    sizes = [_USUAL_BYTES]
    limit = _main_limit()
    if limit is not None:
        sizes = [limit]
    if threading.stack_size():
        sizes.append(threading.stack_size())
    return min(_MOST_BYTES, min(sizes) // 4)


def measure(address: int) -> None:
    """Write the fields of a `ThreadStack`, but the first, for the thread that calls this and the stack that it owns."""
    base, end = _bounds()
    size = end - base
    low = base + min(_MOST_BYTES, max(size // 4, min(_KEPT_BYTES, size // 2)))
    _WORDS.from_address(address)[:] = [base, end, low, min(_MOST_BYTES, size // 2), stack_share()]


def _bounds() -> tuple[int, int]:
    """The lowest address of this thread's stack, and the one behind it; equal if they cannot be known."""
    thread = ctypes.c_void_p(threading.get_ident())
    if sys.platform == "darwin":
        libc.pthread_get_stackaddr_np.restype = ctypes.c_void_p
        libc.pthread_get_stacksize_np.restype = ctypes.c_size_t
        end = libc.pthread_get_stackaddr_np(thread) or 0
        return end - libc.pthread_get_stacksize_np(thread), end
    if sys.platform == "win32":
        low, high = ctypes.c_size_t(), ctypes.c_size_t()
        ctypes.windll.kernel32.GetCurrentThreadStackLimits(ctypes.byref(low), ctypes.byref(high))
        return low.value, high.value
    return _linux_bounds(thread) if hasattr(libc, "pthread_getattr_np") else (0, 0)


def _linux_bounds(thread: ctypes.c_void_p) -> tuple[int, int]:
    attributes = ctypes.create_string_buffer(_ATTRIBUTES_BYTES)
    if libc.pthread_getattr_np(thread, attributes):
        return 0, 0
    base, size = ctypes.c_size_t(), ctypes.c_size_t()
    libc.pthread_attr_getstack(attributes, ctypes.byref(base), ctypes.byref(size))
    libc.pthread_attr_destroy(attributes)
    end = base.value + size.value
    if hasattr(libc, "gnu_get_libc_version"):
        return base.value, end
    return _main_bounds(end) or (base.value, end)


def _main_bounds(within: int) -> tuple[int, int] | None:
    """Those of the main thread's stack, if an address, or the one before, is in it.

    C libraries but glibc say how large that is, not how large it may become.
    """
    with open("/proc/self/maps") as maps:
        places = [int(number, 16) for line in maps if "[stack]" in line for number in line.split()[0].split("-")]
    if places and places[0] < within <= places[1]:
        return places[1] - (_main_limit() or _USUAL_BYTES), places[1]
    return None


def _main_limit() -> int | None:
    """How large the main thread's stack may become, in bytes, if the system sets a limit."""
    try:
        import resource
    except ImportError:  # not a POSIX system
        return None
    limit, _ = resource.getrlimit(resource.RLIMIT_STACK)
    return None if limit == resource.RLIM_INFINITY else limit
