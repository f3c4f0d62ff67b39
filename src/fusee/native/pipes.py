"""Waiting for what other processes write."""

import selectors

# Without bound on the numbers of files, which `select.select` has.
_Selector: type[selectors.BaseSelector] = getattr(selectors, "PollSelector", selectors.DefaultSelector)


def is_readable(file: int, seconds: float) -> bool:
    """Whether something comes from a pipe in time, its end included.

    Raises `OSError` where pipes cannot be waited for, as on Windows.
    """
    with _Selector() as waiting:
        waiting.register(file, selectors.EVENT_READ)
        return bool(waiting.select(seconds))
