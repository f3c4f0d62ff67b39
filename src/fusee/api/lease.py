"""Leases: memory that Python has views of stays where it is until the last of them is gone.

A guest's memory may move when it grows, and ends with its store. The engine then gives the old place back,
but to Python a view is an address: one that is not mapped any more would end the process. So native code looks here
first (`engine/python/places.py`), with the interpreter lock but without executing Python code.
"""

import ctypes
import weakref
from _thread import RLock
from collections.abc import Callable
from typing import Final

from fusee.api.ending import has_room, look_with


class Lease:
    """What all views of the memory at one address hold on to."""

    __slots__ = ("__weakref__",)


class _Place(weakref.ref[Lease]):
    """A lease that may be shown to somebody, with the address."""

    __slots__ = ("address",)

    def __init__(self, held: Lease, callback: Callable[["_Place"], None], address: int) -> None:
        super().__init__(held, callback)  # type: ignore[call-arg]
        self.address = address

    def __new__(cls, held: Lease, callback: Callable[["_Place"], None], address: int) -> "_Place":
        return super().__new__(cls, held, callback)


leases: Final[dict[int, _Place]] = {}
"""By address. Native code reads it."""

returned: Final[dict[int, int]] = {}
"""The sizes of what the engine has given back although somebody is shown it, by address. Native code writes it."""

_lock: Final = RLock()
_changes = 0
"""Of `leases`. Handlers of signals have the lock, too, if they interrupt who has it; but none runs from a comparison of
two numbers to the assignment that follows it."""
_give_back: Callable[[int, int], None]


def _nobody(address: int) -> None:
    """Memory that the checked build's heap knows nothing of."""


_hold: Callable[[int], None] = _nobody
_let_go: Callable[[int], None] = _nobody


def give_back_with(function: Callable[[int, int], None]) -> None:
    """How memory at an address, of a size, is given back."""
    global _give_back
    _give_back = function


def hold_with(hold: Callable[[int], None], let_go: Callable[[int], None]) -> None:
    """How the checked build's heap is told to keep what is at an address, released or not, and no longer."""
    global _hold, _let_go
    _hold, _let_go = hold, let_go


def lease(address: int) -> Lease:
    """The lease of the memory at an address, for a view to keep."""
    global _changes
    with _lock:
        while True:
            before = _changes
            place = leases.get(address)
            found = None if place is None else place()
            if found is not None:
                return found
            made = Lease()
            place = _Place(made, _end, address)
            if _changes == before:
                leases[address] = place
                _changes += 1
                _hold(address)
                return made


def _end(place: _Place) -> None:
    """The last view is gone."""
    global _changes
    if not has_room():
        return  # `end_lost` does it later
    with _lock:
        while True:
            before = _changes
            if leases.get(place.address) is not place:
                return
            if _changes == before:
                del leases[place.address]
                _changes += 1
                break
        size = returned.pop(place.address, None)
        _let_go(place.address)
    if size is not None:
        _give_back(place.address, size)


def end_lost() -> None:
    """End leases whose last view was gone where Python could not call `_end`."""
    for place in list(leases.values()):
        if place() is None:
            _end(place)


look_with(end_lost)


def leased_bytes(address: int, size: int, held: Lease) -> "ctypes.Array[ctypes.c_ubyte]":
    """`size` bytes in place; `held` is theirs, and that of all views made of them."""
    array = (ctypes.c_ubyte * size).from_address(address)
    array._lease = held  # type: ignore[attr-defined]
    return array
