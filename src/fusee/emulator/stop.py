"""Stopping a device where a handler of an instruction begins: there the state of a guest is in known registers.

Unicorn knows where it is only in hooks (its `emu_stop` from outside leaves the program counter behind), and calls one
at the start of each stretch of straight-line code. That is a kernel, compiled for this process.
"""

import ctypes
from collections.abc import Iterable
from functools import cache
from typing import Any

from unicorn.unicorn import Uc
from unicorn.unicorn_py3.unicorn import uclib

from fusee.emulator.hooks import BLOCK, hook
from fusee.kernel.build import Library, Program, load
from fusee.kernel.lang import Fn, Ptr, cast, kernel, struct, u32, u64, usize
from fusee.kernel.layout import layout
from fusee.kernel.memory import view
from fusee.kernel.target import Target


@struct
class Wish:
    """What `stop_at_place` is given."""

    is_wanted: u32
    has_stopped: u32
    count: u64
    places: Ptr[u64]  # addresses, rising
    stop: Fn[[usize], u32]  # Unicorn's uc_emu_stop


@kernel
def stop_at_place(processor: usize, address: u64, size: u32, wish: usize) -> None:
    """A hook (`emulator.hooks`)."""
    w = cast(Wish, wish)
    if w.is_wanted == 0:
        return
    low = u64(0)
    high = w.count
    while low < high:
        middle = (low + high) // 2
        if w.places[middle] < address:
            low = middle + 1
        else:
            high = middle
    if low < w.count and w.places[low] == address:
        w.has_stopped = u32(1)
        w.stop(processor)


@cache
def _library() -> Library:
    return load(Program("stopper", (stop_at_place,)))


class Stopper:
    """Stops a processor at some places when it is asked to."""

    def __init__(self, processor: Uc, places: Iterable[int]) -> None:
        rising = sorted(places)
        addresses = (ctypes.c_uint64 * len(rising))(*rising)
        state = ctypes.create_string_buffer(layout(Wish, Target.host()).extent.size)
        self._wish: Any = view(Wish, ctypes.addressof(state))
        self._wish.count = u64(len(rising))
        stop = ctypes.cast(uclib.uc_emu_stop, ctypes.c_void_p).value or 0
        for name, address in {"places": ctypes.addressof(addresses), "stop": stop}.items():
            ctypes.c_size_t.from_buffer(state, layout(Wish, Target.host()).fields[name].offset).value = address
        function = _library().address(stop_at_place)
        hook(self, processor, BLOCK, function, ctypes.addressof(state), (state, addresses))

    def ask(self) -> None:
        """Stop at the next of the places; while the processor runs, in another thread, or when it does."""
        self._wish.is_wanted = u32(1)

    def forget(self) -> None:
        """Go on."""
        self._wish.is_wanted = u32(0)
        self._wish.has_stopped = u32(0)

    @property
    def has_stopped(self) -> bool:
        """Whether it was stopped at one of the places, since `forget`."""
        return bool(self._wish.has_stopped != 0)
