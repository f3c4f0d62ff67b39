"""The standard streams that this process was started without (`<&-`, `>&-`, `2>&-` in a shell)."""

import os
import sys
from typing import Final

CLOSED: Final[set[int]] = set()


def hold_closed_streams() -> None:
    """Takes the numbers of closed streams, before a file is opened that would get them: the engine's, or a guest's.

    What is there instead is empty, and swallows what is written; Python gets it too, which has None for such streams.
    `CLOSED` says which they are, so that a guest does not get them.
    """
    for fd, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        try:
            os.fstat(fd)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number, which is this one
            setattr(sys, name, open(fd, mode, closefd=False))  # noqa: SIM115  # until the process ends
            CLOSED.add(fd)
