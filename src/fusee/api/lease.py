"""Leases: memory that Python has views of stays where it is until the last of them is gone.

A guest's memory may move when it grows, and ends with its store. The engine then gives the old place back,
but to Python a view is an address: one that is not mapped any more would end the process.
"""

import ctypes
import weakref
from collections.abc import Callable
from typing import Final
from weakref import WeakValueDictionary


class Lease:
    """What all views of the memory at one address hold on to."""

    __slots__ = ("__weakref__",)


_leases: Final["WeakValueDictionary[int, Lease]"] = WeakValueDictionary()


def lease(address: int) -> Lease:
    """The lease of the memory at an address, for a view to keep."""
    found = _leases.get(address)
    if found is None:
        found = _leases[address] = Lease()
    return found


def leased_bytes(address: int, size: int, held: Lease) -> "ctypes.Array[ctypes.c_ubyte]":
    """`size` bytes in place; `held` is theirs, and that of all views made of them."""
    array = (ctypes.c_ubyte * size).from_address(address)
    array._lease = held  # type: ignore[attr-defined]
    return array


def when_returned(address: int, release: Callable[..., object], *arguments: object) -> None:
    """Call `release` once nothing shows the memory at an address any more: now, if nothing does."""
    held = _leases.pop(address, None)
    if held is None:
        release(*arguments)
    else:
        weakref.finalize(held, release, *arguments).atexit = False
