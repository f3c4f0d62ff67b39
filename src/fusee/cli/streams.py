"""The standard streams that this process was started without (`<&-`, `>&-`, `2>&-` in a shell)."""

import os
from typing import Final

CLOSED: Final[set[int]] = set()


def hold_closed_streams() -> None:
    """Takes the numbers of closed streams, before a file is opened that would get them: the engine's, or a guest's.

    What is there instead swallows what is written. `CLOSED` says which, so that a guest does not get them.
    """
    for fd in range(3):
        try:
            os.fstat(fd)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number, which is this one
            CLOSED.add(fd)
