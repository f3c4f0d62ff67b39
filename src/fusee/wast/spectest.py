"""The host module `spectest` that scripts import from (the specification's `interpreter/host/spectest.ml`)."""

from typing import Final

from fusee import (
    Func,
    FuncType,
    Global,
    GlobalType,
    Limits,
    Linker,
    Memory,
    MemoryType,
    SharedMemory,
    Store,
    Table,
    TableType,
)
from fusee import ValType as V

_PRINTS: Final = {
    "print": (),
    "print_i32": (V.i32(),),
    "print_i64": (V.i64(),),
    "print_f32": (V.f32(),),
    "print_f64": (V.f64(),),
    "print_i32_f32": (V.i32(), V.f32()),
    "print_f64_f64": (V.f64(), V.f64()),
}
_GLOBALS: Final = {
    "global_i32": (V.i32(), 666),
    "global_i64": (V.i64(), 666),
    "global_f32": (V.f32(), 666.6),
    "global_f64": (V.f64(), 666.6),
}


def define_spectest(linker: Linker, store: Store) -> None:
    """Makes `spectest` importable; its functions print nothing, since nobody looks."""
    for name, params in _PRINTS.items():
        linker.define(store, "spectest", name, Func(store, FuncType(params, []), _print))
    for name, (content, value) in _GLOBALS.items():
        linker.define(store, "spectest", name, Global(store, GlobalType(content, False), value))
    for name, is_64 in (("table", False), ("table64", True)):
        table = Table(store, TableType(V.funcref(), Limits(10, 20), is_64), None)
        linker.define(store, "spectest", name, table)
    linker.define(store, "spectest", "memory", Memory(store, MemoryType(Limits(1, 2))))
    shared = SharedMemory(store.engine, MemoryType(Limits(1, 2), shared=True))
    linker.define(store, "spectest", "shared_memory", shared)


def _print(*values: object) -> None:
    """What the scripts' `print` functions do here."""
