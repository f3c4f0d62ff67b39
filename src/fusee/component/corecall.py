"""Calls of core functions, and functions of the host's, on bare slots: 8 bytes a value, as the engine passes them."""

import ctypes
from collections.abc import Callable
from struct import Struct
from typing import Any

from fusee.api.errors import Trap
from fusee.api.exception import WasmException
from fusee.api.func import Func
from fusee.api.store import Store
from fusee.api.values import Signature

_FORMATS = {"i32": "I4x", "i64": "Q", "f32": "f4x", "f64": "d"}


class CoreCall:
    """A core function, and what its slots take: integers without sign."""

    __slots__ = ("_function", "_store", "_unpack", "buffer", "pack", "run")

    def __init__(self, function: Func) -> None:
        signature = function._signature
        self._function = function
        self._store: Store = function._store
        self.pack = Struct("<" + "".join(_FORMATS[str(ty)] for ty in signature.type._params)).pack_into
        self._unpack = Struct("<" + "".join(_FORMATS[str(ty)] for ty in signature.type._results)).unpack_from
        self.buffer: Any = signature.buffer
        """Makes room for its parameters or results."""
        self.run = _runner(self._store, function._address)

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
            raise Trap(f"an exception of the guest's crosses the border of its component: {thrown}") from thrown

    return run


class HostSlots:
    """A Python function as guests call it, which is given the slots of the call."""

    __slots__ = ("_call", "_slots", "signature")

    def __init__(self, signature: Signature, call: Callable[[Any], None]) -> None:
        self.signature = signature
        self._slots: type[ctypes.Array[Any]] = signature.buffer
        self._call = call

    def run(self, store: Store, instance: int, slots: int) -> None:
        """As `HostFunction.run`."""
        self._call(self._slots.from_address(slots))


def host_function(store: Store, ty: Any, call: Callable[[Any], None]) -> Func:
    """A core function of the type `ty` that `call` performs on the slots."""
    return Func._of_host(store, HostSlots(Signature(ty), call))
