"""How much of a thread's stack native code of guests may use."""

import threading
from typing import Final

_USUAL_BYTES: Final = 2 << 20  # of a thread's stack, where the system sets no limit
_MOST_BYTES: Final = 16 << 20
_MOST_HALVES: Final = 8


def host_stack_bytes() -> int:
    """A quarter of the smallest stack that a thread of this process is likely to have: the rest is for the embedder.

    For a store that a host function makes it is half of that, a quarter if a guest of such a store has called the host,
    and so on: all of them together may be as deep as they can, and the least of these shares is for many.
    """
    from fusee.api._python import waiting_guests  # the start of a program does not wait for it

    return stack_share() >> min(waiting_guests(), _MOST_HALVES)


def stack_share() -> int:
    """The same for a store that no host function makes."""
    sizes = [_USUAL_BYTES]
    try:
        import resource
    except ImportError:  # not a POSIX system
        pass
    else:
        limit, _ = resource.getrlimit(resource.RLIMIT_STACK)
        if limit != resource.RLIM_INFINITY:
            sizes = [limit]
    if threading.stack_size():
        sizes.append(threading.stack_size())
    return min(_MOST_BYTES, min(sizes) // 4)
