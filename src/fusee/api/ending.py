"""Ends: what is done when a Python object is gone, or if that cannot be, later.

Python calls what `weakref.finalize` was given, and reports as ignored if that fails. It does where an object is gone
while Python is at its recursion limit, as when the collector comes by there: nothing can be called. Here nothing is
begun then, and `look`, which is called whenever something new is made, does it.
"""

import atexit
import weakref
from collections.abc import Callable
from typing import Final

_LEVELS: Final = 20  # of calls, in which everything ends here
_SHARE: Final = 8  # so many ends are looked at for each call of `look`, in the mean

_known: Final[set["Ending"]] = set()
_others: Final[list[Callable[[], object]]] = []
_calls = 0


class Ending:
    """What is done once, in a call of this or when `owner` is gone; not any more when the process ends.

    What it works on are arguments, so that they live until then; they must not lead to `owner`.
    """

    __slots__ = ("_gone", "_work")

    def __init__(self, owner: object, function: Callable[..., object], *arguments: object) -> None:
        self._work = [(function, arguments)]
        self._gone: weakref.ref[object] | None = None
        _known.add(self)
        self._gone = weakref.ref(owner, self)

    def __call__(self, gone: object = None) -> None:
        """Do it, unless somebody has. Raises `RecursionError` where Python has no room for it, and `owner` is there."""
        if gone is None:
            _reach(_LEVELS)
        elif not has_room():
            return
        try:
            function, arguments = self._work.pop()
        except IndexError:
            return
        try:
            function(*arguments)
        finally:
            _known.discard(self)
            self._gone = None

    @property
    def alive(self) -> bool:
        """Whether it has not been begun."""
        return bool(self._work)

    def look(self) -> None:
        """Do it, if it could not be done in time."""
        gone = self._gone
        if gone is not None and gone() is None:
            self(gone)


def has_room() -> bool:
    """Whether Python can call what ends something."""
    try:
        _reach(_LEVELS)
    except RecursionError:
        return False
    return True


def _reach(levels: int) -> None:
    if levels:
        _reach(levels - 1)


def look() -> None:
    """Do what could not be done in time, if there is something: for each of those that are there once in a while."""
    global _calls
    _calls += 1
    if _calls * _SHARE >= len(_known):
        _calls = 0
        for ending in list(_known):
            ending.look()
        for other in _others:
            other()


def look_with(other: Callable[[], object]) -> None:
    """Have `look` call this as well."""
    _others.append(other)


def _forget() -> None:
    """The process ends, which frees everything at once."""
    for ending in list(_known):
        ending._work.clear()
    _known.clear()


atexit.register(_forget)
