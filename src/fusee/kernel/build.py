"""Compiling kernels: programs loaded into this process, and object files for other machines."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from fusee.kernel.cache import Cache, digest
from fusee.kernel.calling import Entry, make_callable
from fusee.kernel.check.static import symbol_for
from fusee.kernel.compile import Code, Compilation, Options, Program, Progress
from fusee.kernel.declare import Instance, Kernel
from fusee.kernel.machine import VERSION, Loaded, host_processor
from fusee.kernel.sources import source_digests, unchanged
from fusee.kernel.target import Target

__all__ = ["Library", "Program", "emit_objects", "load", "symbol_of"]

_FORMAT = "1"  # of what the cache holds


@dataclass(frozen=True)
class Built:
    """The outcome of a build for this process."""

    objects: list[bytes]
    entries: dict[str, Entry]  # by the kernel's own symbol


class Library:
    """A program in this process. Keep it as long as its code may run."""

    def __init__(self, built: Built) -> None:
        self._built = built
        self._loaded = Loaded(built.objects)
        self._functions: dict[str, Callable[..., Any]] = {}

    def function(self, kernel: Kernel[..., Any]) -> Callable[..., Any]:
        """The compiled form of an entry. It takes numbers, addresses and views; it raises what the kernel raises."""
        symbol = symbol_of(kernel)
        known = self._functions.get(symbol)
        if known is None:
            entry = self._built.entries.get(symbol)
            if entry is None:
                raise KeyError(f"{kernel!r} is not an entry of this program")
            address = self._loaded.address(entry.symbol)
            known = self._functions[symbol] = make_callable(entry, address, self._raise_check_failure)
        return known

    def address(self, code: Code) -> int:
        """The address of a kernel's or handler's code, as `Fn` pointers hold it."""
        found = self._loaded.address(symbol_of(code))
        if not found:
            raise KeyError(f"{code!r} is not in this program")
        return found

    def _raise_check_failure(self) -> None:
        raise AssertionError("no checks in this build")


def symbol_of(code: Code) -> str:
    """The linker's name of a kernel, handler or instance."""
    if isinstance(code, Instance):
        kernel: Any = code.kernel
        return symbol_for(kernel.module, kernel.function.__qualname__, tuple(value for _, value in code.static))
    function: Any = code.function
    return symbol_for(code.module, function.__qualname__, ())


def load(
    program: Program,
    target: Target | None = None,
    checked: bool = False,
    progress: Progress | None = None,
    *,
    cache: Cache | None = None,
) -> Library:
    """Compile a program for this process, or take it from the cache, where nothing is even checked again.

    `progress` is told how many of how many functions are done.
    """
    cache = cache or Cache()
    options = Options(target or Target.host(), for_this_process=True, checked=checked)
    key = _program_key(program, options)
    built = _from_cache(cache, key)
    if built is None:
        built = _compile(program, options, cache, key, progress)
    return Library(built)


def emit_objects(
    program: Program,
    target: Target,
    checked: bool = False,
    optimize: Literal["speed", "size"] = "speed",
    *,
    debug: bool = True,
    progress: Progress | None = None,
    cache: Cache | None = None,
) -> dict[str, bytes]:
    """Object files for a target, by the name of the part they hold."""
    options = Options(target, for_this_process=False, checked=checked, debug=debug, for_size=optimize == "size")
    made = Compilation(program, options).objects(cache or Cache(), progress)
    return {name: contents for name, (_, contents) in made.items()}


# --- the cache of whole programs ------------------------------------------------------------------


def _program_key(program: Program, options: Options) -> str:
    """What tells programs apart without looking into them; their sources are compared afterwards."""
    return digest(
        _FORMAT,
        program.name,
        *map(symbol_of, program.entries),
        *program.shards,
        *{sys.modules[kernel.module].__file__ or "": 0 for kernel in program.entries},
        options.target.triple,
        *host_processor(),
        VERSION,
        f"Python {sys.version_info.major}.{sys.version_info.minor}",
        "checked" if options.checked else "",
    )


def _from_cache(cache: Cache, key: str) -> Built | None:
    contents = cache.read("programs", key)
    if contents is None:
        return None
    record = json.loads(contents)
    if not unchanged(record["sources"]):
        return None
    objects = [cache.read("objects", part) for part in record["objects"]]
    found = [contents for contents in objects if contents is not None]
    if len(found) < len(objects):
        return None
    entries = {symbol: Entry(**fields) for symbol, fields in record["entries"].items()}
    return Built(found, entries)


def _compile(program: Program, options: Options, cache: Cache, key: str, progress: Progress | None) -> Built:
    compilation = Compilation(program, options)
    objects = compilation.objects(cache, progress)
    entries = compilation.entry_table()
    modules = {function.source.module for function in compilation.checker.functions.values()}
    record = {
        "sources": source_digests(modules),
        "objects": [key for key, _ in objects.values()],
        "entries": {symbol: asdict(entry) for symbol, entry in entries.items()},
    }
    cache.write("programs", key, json.dumps(record).encode())
    cache.prune()
    return Built([contents for _, contents in objects.values()], entries)
