"""Runs a module under the wasmtime package: `python -m fusee.bench.wasmtime_guest TARGET EXPORT MODULE [ARGUMENT…]`.

`_start` is a WASI command, which is given the current directory as ".".
"""

import sys
from collections.abc import Sequence

from wasmtime import Config, Engine, ExitTrap, Func, Linker, Module, Store, WasiConfig, WasmtimeError


def make_engine(target: str) -> Engine:
    """An engine with everything on that workloads need; `host` is Cranelift."""
    config = Config()
    if target != "host":
        config.target = target
    for proposal in ("tail_call", "function_references", "memory64", "multi_memory", "gc", "exceptions"):
        setattr(config, f"wasm_{proposal}", True)
    return Engine(config)


def wasi(arguments: Sequence[str]) -> WasiConfig:
    """The system interface of a command."""
    config = WasiConfig()
    config.argv = list(arguments)
    config.inherit_stdin()
    config.inherit_stdout()
    config.inherit_stderr()
    config.preopen_dir(".", ".")
    return config


def main() -> int:
    """Print the results, as the other engines' programs do; the exit status."""
    target, export, path, *arguments = sys.argv[1:]
    engine = make_engine(target)
    store, linker = Store(engine), Linker(engine)
    linker.define_wasi()
    store.set_wasi(wasi([path, *arguments]))
    try:
        function = linker.instantiate(store, Module.from_file(engine, path)).exports(store)[export]
        assert isinstance(function, Func)
        if export == "_start":
            function(store)
        else:
            _show(function(store, *map(_number, arguments)))
    except ExitTrap as exited:
        return exited.code
    except WasmtimeError as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return 1
    return 0


def _number(text: str) -> int | float:
    try:
        return int(text, 0)
    except ValueError:
        return float(text)


def _show(results: object) -> None:
    for result in results if isinstance(results, list) else [results]:
        if result is not None:
            print(result)


if __name__ == "__main__":
    sys.exit(main())
