"""Waiting for what other processes write."""

import select

_MILLISECONDS = 1000


def is_readable(file: int, seconds: float) -> bool:
    """Whether something comes from a pipe in time, its end included.

    Raises `OSError` where pipes cannot be waited for, as on Windows.
    """
    if not hasattr(select, "poll"):
        return bool(select.select([file], [], [], seconds)[0])
    waiting = select.poll()  # without bound on the numbers of files, which `select.select` has
    waiting.register(file, select.POLLIN)
    return bool(waiting.poll(-(-seconds * _MILLISECONDS // 1)))
