"""`Engine`: what stores and modules share."""

import ctypes
import weakref
from typing import Any

from fusee.api import _native
from fusee.api.config import Config
from fusee.api.types import FuncType


class Engine:
    """Holds the settings and the registry of types; stores and modules of one engine work together."""

    def __init__(self, config: Config | None = None) -> None:
        if config is None:
            config = Config()
        elif not isinstance(config, Config):
            raise TypeError("expected Config")
        self.features = config.features
        self.consume_fuel = config.consume_fuel
        self.epoch_interruption = config.epoch_interruption
        self.max_wasm_stack = config.max_wasm_stack
        self.native = _native.load(config.checked)
        self.address: int = self.native.open_engine(ctypes.addressof(_native.platform()))
        self.epoch = 0
        self._canonical: dict[object, int] = {}
        finalizer = weakref.finalize(self, self.native.close_engine, self.address)
        finalizer.atexit = False  # the process's end frees everything at once

    def increment_epoch(self) -> None:
        """Advance the clock that `Store.set_epoch_deadline` counts in. May be called from any thread."""
        self.epoch += 1
        for store in list(_native.stores.values()):
            if store.engine is self:
                store.check_deadline()

    def is_pulley(self) -> bool:
        """Whether this is wasmtime's interpreter: it is not."""
        return False

    def canonical(self, type: FuncType) -> int:  # noqa: A002
        """The engine's number for a function type (spec 3.1.2): equal types have equal numbers."""
        found = self._canonical.get(type.key)
        if found is None:
            codes = [t.code for t in (*type.params, *type.results)]
            array: Any = (ctypes.c_uint32 * max(len(codes), 1))(*codes)
            found = self.native.intern_func_type(
                self.address, ctypes.addressof(array), len(type.params), len(type.results)
            )
            self._canonical[type.key] = found
        return found
