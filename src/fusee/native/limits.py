"""What a process may take that compiles. Not beside what starts one: a batch's loads little (`native.batch`)."""

import contextlib
from typing import Final

MEMORY_BYTES: Final = 3 << 30  # that a process may address
SECONDS: Final = 60.0  # of a processor that a unit may take


def limit_memory() -> None:
    """Let this process address so much, or less if it may only have less anyway. Not every system can do that.

    Nor is its memory written to a file (core(5)) where it comes to one of its ends.
    """
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_AS)
        limit = MEMORY_BYTES if most == resource.RLIM_INFINITY else min(MEMORY_BYTES, most)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def allow_seconds(seconds: float | None = None) -> None:
    """Let this process use the processor for so long from now on, `SECONDS` if nothing is said, and end if it takes
    longer."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        used = resource.getrusage(resource.RUSAGE_SELF)
        _, most = resource.getrlimit(resource.RLIMIT_CPU)
        limit = int(used.ru_utime + used.ru_stime + (SECONDS if seconds is None else seconds)) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (limit if most == resource.RLIM_INFINITY else min(limit, most), most))
