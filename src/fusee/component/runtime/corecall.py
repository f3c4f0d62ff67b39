"""Calls of core functions, and functions of the host's, on bare slots: 8 bytes a value, as the engine passes them."""

import ctypes
from collections.abc import Callable
from struct import Struct
from typing import Any, Protocol

from fusee.api.errors import Trap
from fusee.api.exception import WasmException
from fusee.api.func import Func
from fusee.api.store import Store
from fusee.api.values import Signature

_FORMATS = {"i32": "I4x", "i64": "Q", "f32": "f4x", "f64": "d"}


class CoreCall:
    """A core function, and what its slots take: integers without sign."""

    __slots__ = ("_unpack", "advance", "buffer", "function", "pack", "run")

    def __init__(self, function: Func) -> None:
        self.function = function
        signature = function._signature
        self.pack = Struct("<" + "".join(_FORMATS[str(ty)] for ty in signature.type._params)).pack_into
        self._unpack = Struct("<" + "".join(_FORMATS[str(ty)] for ty in signature.type._results)).unpack_from
        self.buffer: Any = signature.buffer
        """Makes room for its parameters or results."""
        self.run = _runner(function._store, function._address)
        self.advance = _advancer(function._store, function._address)

    def call(self, *values: Any) -> tuple[Any, ...]:
        """Call it, and give its results."""
        slots = self.buffer()
        self.pack(slots, 0, *values)
        self.run(slots)
        return self._unpack(slots)


def _runner(store: Store, address: int) -> Callable[[Any], None]:
    call = store._call

    def run(slots: Any) -> None:
        """Call it with slots that hold the arguments and receive the results.

        An exception of the guest's ends at the border of a component (CanonicalABI, `call_and_trap_on_throw`).
        """
        try:
            call(address, slots)
        except WasmException as thrown:
            raise exception_trap(thrown) from thrown

    return run


def _advancer(store: Store, address: int) -> Callable[[int, Any], int]:
    advance = store._advance

    def run(parked: int, slots: Any) -> int:
        """The same if it may wait, or does: `Store._advance`."""
        try:
            return advance(address, parked, slots)
        except WasmException as thrown:
            raise exception_trap(thrown) from thrown

    return run


def exception_trap(thrown: WasmException) -> Trap:
    """What a component gets for an exception of another one's."""
    return Trap(f"an exception of the guest's crosses the border of its component: {thrown}")


class Waiting(Protocol):
    """Whoever waits, after a host function that its guest has called."""

    def park(self, instance: int, slots: int) -> bool:
        """Put the guest's frames aside: `Store._park`. False if the guest may as well go on, and gets 0."""


Call = Callable[[Any], Waiting | None]
"""Works on the slots of a call; gives who waits now, or None if the call is over."""


class HostSlots:
    """A Python function as guests call it, which is given the slots of the call."""

    __slots__ = ("_call", "_slots", "signature")

    def __init__(self, signature: Signature, call: Call) -> None:
        self.signature = signature
        self._slots: type[ctypes.Array[Any]] = signature.buffer
        self._call = call

    def run(self, store: Store, instance: int, slots: int) -> Waiting | None:
        """As `HostFunction.run`."""
        found = self._slots.from_address(slots)
        waiting = self._call(found)
        if waiting is not None and not waiting.park(instance, slots):
            found[0] = 0
            return None
        return waiting


def host_function(store: Store, ty: Any, call: Call) -> Func:
    """A core function of the type `ty` that `call` performs on the slots."""
    return Func._of_host(store, HostSlots(Signature(ty), call))
