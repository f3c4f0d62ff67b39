"""The engine's native code, loaded once per process, and the functions of this process that it calls."""

import ctypes
import os
import sys
import weakref
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Final

from fusee.api._helping import validate_with_help
from fusee.api._python import Embedding, EngineGate, HostEmbedding, python_functions
from fusee.api._start import ProgressBar, load_engine
from fusee.api._watch import Stay, watch_with
from fusee.api.lease import give_back_with, leases, returned
from fusee.engine import errors as _errors  # noqa: F401  # makes known what entries raise
from fusee.engine.python.state import Places
from fusee.engine.state.module import Module as ModuleState
from fusee.engine.state.platform import Platform
from fusee.engine.state.runtime import Engine as EngineState
from fusee.kernel.errors import KernelError
from fusee.kernel.layout import layout
from fusee.kernel.memory import view
from fusee.kernel.process import address_of, address_of_yield, libc, make_struct
from fusee.kernel.space import HOST, Space
from fusee.kernel.uncollected import uncollected
from fusee.spec.limits import MAX_MODULE_BYTES

if TYPE_CHECKING:
    from fusee.api.store import Store
    from fusee.native.code import NativeCode
    from fusee.tier.tier import Tier


# <sys/mman.h>: a private anonymous mapping that no swap is set aside for.
_MAPPING: Final = {"linux": 0x02 | 0x20 | 0x4000, "darwin": 0x02 | 0x1000 | 0x40}.get(sys.platform, 0)


_LOCKED: Final = (
    "engine.natives.tier.give_natives",
    "engine.natives.tier.install_resume",
    "engine.natives.tier.install_tiered",
    "engine.python.calls.close_if_free",
    "engine.runtime.atomic.begin_waiting",
    "engine.runtime.atomic.end_waiting",
    "engine.runtime.parking.park",
    "engine.runtime.parking.drop_parked",
    "engine.python.interrupt.stop_watching",
    "engine.python.interrupt.interrupt_main_thread",
    "engine.python.interrupt.interrupt_running",
    "engine.python.interrupt.interrupt_interpreted",
    "engine.python.interrupt.interrupt_soon",
    "engine.python.interrupt.interrupt_store",
    "engine.python.interrupt.forget_running",
)
"""Entries that are called with the interpreter lock."""


class Native:
    """The engine's entries as Python functions; they raise the public exceptions.

    `space` is the memory in which the engine works: an address means something there only. Arguments
    that are ctypes arrays are passed by reference.
    """

    space: Space = HOST
    word: Any = ctypes.c_size_t  # as wide as the engine's pointers
    stores: "dict[int, weakref.ref[Store]]"
    """The live stores by the addresses under which the engine knows them."""
    platform: Any
    polls: bool = False
    """Whether guests have to look for themselves whether they shall stop, and need metered code for that."""
    invoke_status: Callable[..., int]
    advance_status: Callable[..., int]

    _symbols: Mapping[str, str] = {}  # replaced, never changed
    _entry: Callable[[str], Callable[..., Any]]

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """An entry, made when it is first asked for: a program calls few. With `raw_` before it, its own errors."""
        symbol = self._symbols.get(name.removeprefix("raw_"))
        if symbol is None:
            raise AttributeError(f"{name!r} is not an entry of the engine's program")
        function = self._entry(symbol)
        if not name.startswith("raw_"):
            function = _with_public_errors(function)
        setattr(self, name, function)
        return function

    def _add_entries(self, symbols: Iterable[str], entry: Callable[[str], Callable[..., Any]]) -> None:
        self._symbols = {symbol.rpartition(".")[2]: symbol for symbol in symbols}
        self._entry = entry

    def open(self, is_metered: bool) -> int:
        """A new engine."""
        engine: int = self.open_engine(self.platform, is_metered)
        self.install_interpreter(engine)
        return engine

    def compile(self, engine: int, binary: bytes, features: int) -> int:
        """Decode and validate a module, whose bytes must outlive it. The engine's sizes have 32 bits."""
        size = min(len(binary), MAX_MODULE_BYTES + 1)
        source = self.place(binary)
        state = view(EngineState, engine, self.space)
        platform_address = engine + layout(EngineState, self.space.target).fields["platform"].offset
        try:
            module: int = self.decode_module(state.registry, platform_address, source, size, features)
        except BaseException:
            self.displace(source)
            raise
        try:
            self.validate(module)
        except BaseException:
            self.end_module(module)
            raise
        return module

    def validate(self, module: int) -> None:
        """Validate a decoded module."""
        self.validate_module(module)

    def end_module(self, module: int) -> None:
        """Release a module."""
        source = int(view(ModuleState, module, self.space).source.address)
        self.close_module(module)
        self.displace(source)

    def end_module_if_free(self, module: int) -> bool:
        """The same at once, or not at all; whether it was done."""
        raise NotImplementedError

    def stay(self) -> AbstractContextManager[object]:
        """While a thread is in the engine's code without a store. Whoever divides the process waits for its end."""
        raise NotImplementedError

    def place(self, binary: bytes) -> int:
        """Where the engine finds these bytes."""
        raise NotImplementedError

    def displace(self, source: int) -> None:
        """Undo `place`."""

    def native_code(self, binary: bytes, is_metered: bool) -> "NativeCode | None":
        """Native code of a module's functions, those that can have it; which pays with fuel if the engine does."""
        raise NotImplementedError

    def exported_code(self, binary: bytes, is_metered: bool) -> bytes:
        """The same as bytes, for another process; empty if there is none, or nobody could use it."""
        return b""

    def imported_code(self, binary: bytes, exported: bytes, is_metered: bool) -> "NativeCode | None":
        """What was exported. Raises `WasmtimeError` if that was elsewhere, or for an engine that counts otherwise."""
        return self.native_code(binary, is_metered)

    def new_tier(self, engine: int, gate: EngineGate) -> "Tier | None":
        """What gives functions native code while they run; None where that cannot be."""
        return None

    def new_embedder(self, store: "Store") -> Embedding:
        """What a new store is known by to the engine."""
        raise NotImplementedError


class HostNative(Native):
    """The engine in this process."""

    def __init__(self, checked: bool = False) -> None:
        with ProgressBar() as progress, uncollected():
            self._library = load_engine(checked, progress)
        self._add_entries(self._library.symbols, self._library.entry)
        self.stores = {}
        self.platform = make_struct(Platform, self.platform_functions())
        self.python = python_functions(
            *(self._library.entry_address(f"engine.interpreter.{name}_keeping") for name in ("invoke", "advance"))
        )
        self.places = make_struct(Places, self.place_functions())
        self.invoke_status = self._library.status_entry("engine.python.calls.invoke_from_python", keeps_lock=True)
        self.advance_status = self._library.status_entry("engine.python.calls.advance_from_python", keeps_lock=True)
        for symbol in _LOCKED:
            setattr(self, symbol.rpartition(".")[2], self._library.locked_entry(symbol))
        watch_with(self)
        if not checked:
            give_back_with(self.return_place)

    def platform_functions(self) -> dict[str, int]:
        """Where the engine gets memory."""
        return {
            "allocate": address_of(libc.calloc),
            "allocate_unset": address_of(libc.malloc),
            "release": address_of(libc.free),
            "give_way": address_of_yield(),
        }

    def place_functions(self) -> dict[str, int]:
        """Where linear memories are: a `Places`."""
        functions = {
            "python": ctypes.addressof(self.python),
            "allocate": address_of(libc.calloc),
            "release": address_of(libc.free),
            "leases": id(leases),
            "returned": id(returned),
        }
        if _MAPPING:
            functions.update(map=address_of(libc.mmap), unmap=address_of(libc.munmap), flags=_MAPPING)
        return functions

    def open(self, is_metered: bool) -> int:
        engine = super().open(is_metered)
        self.install_embedder(engine)
        self.install_places(engine, self.places)
        return engine

    def end_module_if_free(self, module: int) -> bool:
        source = int(view(ModuleState, module, self.space).source.address)
        if not self.close_if_free(module):
            return False
        self.displace(source)
        return True

    def place(self, binary: bytes) -> int:
        return ctypes.cast(ctypes.c_char_p(binary), ctypes.c_void_p).value or 0

    def validate(self, module: int) -> None:
        validate_with_help(self, module)

    def native_code(self, binary: bytes, is_metered: bool) -> "NativeCode | None":
        from fusee.native.host import native_code

        return native_code(binary, None, is_metered)

    def exported_code(self, binary: bytes, is_metered: bool) -> bytes:
        from fusee.native.host import exported_code

        return exported_code(binary, is_metered)

    def imported_code(self, binary: bytes, exported: bytes, is_metered: bool) -> "NativeCode | None":
        from fusee.api.errors import WasmtimeError
        from fusee.native.host import imported_code

        try:
            code = imported_code(binary, exported, is_metered)
        except ValueError as error:
            raise WasmtimeError(f"this serialized module is damaged: {error}") from error
        if code is None:
            raise WasmtimeError(
                "this module was compiled for another processor, or by another version of Fusee, or for engines that"
                " count fuel where this one does not, or the other way round"
            )
        return code

    def new_tier(self, engine: int, gate: EngineGate) -> "Tier | None":
        if not hasattr(os, "fork"):  # nobody can wait for pipes there
            return None
        from fusee.tier.tier import Tier

        return Tier(self, engine, gate)

    def new_embedder(self, store: "Store") -> Embedding:
        return HostEmbedding(self, store)

    def stay(self) -> Stay:
        return Stay()


def _with_public_errors(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except KernelError as error:
            from fusee.api.failures import failure_of

            raise failure_of(error.status) from None

    return call
