"""How much of a thread's stack native code of guests may use."""

import threading
from typing import Final

_USUAL_BYTES: Final = 2 << 20  # of a thread's stack, where the system sets no limit
_MOST_BYTES: Final = 16 << 20


def host_stack_bytes() -> int:
    """A quarter of the smallest stack that a thread of this process is likely to have: the rest is for the embedder."""
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
