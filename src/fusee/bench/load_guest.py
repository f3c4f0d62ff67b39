"""Loads a module again and again: `python -m fusee.bench.load_guest ENGINE MODULE TIMES [EXPORT ARGUMENT…]`.

ENGINE is `fusee`, or a target of the wasmtime package. A load is decoding, validation, compilation where there is one,
and instantiation; imports of the module that are not WASI's are traps. An EXPORT is called after each load.
"""

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from fusee.bench.embedding import open_engine

USES_WASI = (
    b"\0asm\1\0\0\0\x01\x05\x01\x60\x01\x7f\x00\x02\x24\x01\x16wasi_snapshot_preview1\x09proc_exit\x00\x00"
)
"""A module that imports a function of WASI, and has nothing else."""


def main() -> None:
    """Load, and keep nothing. What Python imports for WASI is part of the start, of whatever is loaded."""
    name, path, times, *call = sys.argv[1:]
    package, engine = open_engine(name)
    content = Path(path).read_bytes()
    load(package, engine, USES_WASI, [])
    for _ in range(int(times)):
        load(package, engine, content, call)


def load(package: ModuleType, engine: Any, content: bytes, call: list[str]) -> None:
    """One load. Both packages have the same interface."""
    module = package.Module(engine, content)
    store, linker = package.Store(engine), package.Linker(engine)
    if any(item.module.startswith("wasi_") for item in module.imports):
        linker.define_wasi()
        store.set_wasi(package.WasiConfig())
    linker.define_unknown_imports_as_traps(module)
    instance = linker.instantiate(store, module)
    if call:
        export, *arguments = call
        instance.exports(store)[export](store, *map(int, arguments))


if __name__ == "__main__":
    main()
