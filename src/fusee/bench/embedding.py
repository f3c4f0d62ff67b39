"""Engines with an interface in Python, which is the same in all: that of the wasmtime package."""

from types import ModuleType
from typing import Any


def open_engine(name: str) -> tuple[ModuleType, Any]:
    """A package, and an engine of it: `fusee`, its interpreter alone, or a target of the wasmtime package.

    Nothing is imported before it is asked for: what a process does not use must not count.
    """
    if name == "fusee":
        import fusee

        config = fusee.Config()
        config.strategy = "interpreter"
        return fusee, fusee.Engine(config)
    import wasmtime

    from fusee.bench.wasmtime_guest import make_engine

    return wasmtime, make_engine(name)
