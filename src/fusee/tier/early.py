"""A process that compiles, begun before there is an engine: it takes twice as long to be ready as a program."""

import contextlib
import os
from typing import TYPE_CHECKING, Final

from fusee.native.runs import note_run

if TYPE_CHECKING:
    from fusee.native.batches import Worker

_begun: Final["list[Worker]"] = []


def begin(binary: bytes) -> None:
    """Start it for a module that this process is going to run, without fuel, unless there have been runs of it.

    A run that was too short for native code leaves none, and the next one may be as short: that one is watched first.
    """
    if hasattr(os, "fork") and note_run(binary):
        from fusee.kernel.processors import processor_count
        from fusee.native.batches import Worker

        with contextlib.suppress(OSError):
            if processor_count() > 1:
                _begun.append(Worker())


def has_begun() -> bool:
    """Whether there is one that nobody has taken."""
    return bool(_begun)


def take() -> "Worker | None":
    """The one that was begun, for an engine that has something to compile."""
    return _begun.pop() if _begun else None


def end() -> None:
    """Nothing is to be compiled any more: end it if nobody has taken it."""
    while _begun:
        _begun.pop().end(is_waited_for=False)
