"""WASI preview 1: the system interface that programs built for `wasm32-wasi` import."""

from fusee.wasi.config import WasiConfig
from fusee.wasi.context import WasiContext

__all__ = ["WasiConfig", "WasiContext"]
