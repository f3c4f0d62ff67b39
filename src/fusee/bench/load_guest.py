"""Loads a module again and again: `python -m fusee.bench.load_guest ENGINE MODULE TIMES [EXPORT ARGUMENT…]`.

ENGINE is `fusee`, or a target of the wasmtime package. A load is decoding, validation, compilation where there is one,
and instantiation; imports of the module that are not WASI's are traps. An EXPORT is called after each load.
"""

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from fusee.bench.embedding import open_engine
from fusee.bench.wasm import unsigned

_FAMILIES = {
    "proc_exit": b"\x60\x01\x7f\x00",
    "fd_close": b"\x60\x01\x7f\x01\x7f",
    "args_get": b"\x60\x02\x7f\x7f\x01\x7f",
    "random_get": b"\x60\x02\x7f\x7f\x01\x7f",
    "sock_shutdown": b"\x60\x02\x7f\x7f\x01\x7f",
    "path_unlink_file": b"\x60\x03\x7f\x7f\x7f\x01\x7f",
    "clock_time_get": b"\x60\x03\x7f\x7e\x7f\x01\x7f",
    "poll_oneoff": b"\x60\x04\x7f\x7f\x7f\x7f\x01\x7f",
}
"""A function of each family of WASI's, and its type as the binary format has it."""


def main() -> None:
    """Load, and keep nothing. What Python imports for WASI is part of the start, of whatever is loaded."""
    name, path, times, *call = sys.argv[1:]
    package, engine = open_engine(name)
    content = Path(path).read_bytes()
    load(package, engine, uses_wasi(), [])
    for _ in range(int(times)):
        load(package, engine, content, call)


def uses_wasi() -> bytes:
    """A module that imports a function of each of WASI's families, and has nothing else."""
    imports = [
        _name("wasi_snapshot_preview1") + _name(name) + bytes([0, index]) for index, name in enumerate(_FAMILIES)
    ]
    return b"\0asm\1\0\0\0" + _section(1, [*_FAMILIES.values()]) + _section(2, imports)


def _name(text: str) -> bytes:
    return bytes([len(text)]) + text.encode()


def _section(number: int, entries: list[bytes]) -> bytes:
    content = bytes([len(entries)]) + b"".join(entries)
    return bytes([number]) + unsigned(len(content)) + content


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
