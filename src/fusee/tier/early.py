"""A process that compiles, begun before there is an engine: it takes twice as long to be ready as a program."""

import contextlib
import os
from typing import Final

from fusee.kernel.processors import processor_count
from fusee.native.batches import Shelf, Worker

_begun: Final[list[Worker]] = []
_shelves: Final[list[Shelf]] = []


def begin(binary: bytes) -> None:
    """Start it for a module that this process is going to run, without fuel, unless there have been runs of it.

    A run that was too short for native code leaves none, and the next one may be as short: that one is watched first.
    """
    if not hasattr(os, "fork") or processor_count() == 1:
        return
    shelf = Shelf(binary, is_metered=False)
    _shelves[:] = [shelf]
    if shelf.note_run():
        with contextlib.suppress(OSError):
            _begun.append(Worker())


def shelf_of(binary: bytes, is_metered: bool) -> Shelf:
    """A module's place in the cache, which may have been found already: that takes as long as its bytes are read."""
    if _shelves and _shelves[0].binary is binary and not is_metered:
        return _shelves.pop()
    return Shelf(binary, is_metered)


def take() -> Worker | None:
    """The one that was begun, for an engine that has something to compile."""
    return _begun.pop() if _begun else None


def end() -> None:
    """Nothing is to be compiled any more: end it if nobody has taken it."""
    _shelves.clear()
    while _begun:
        _begun.pop().end()
