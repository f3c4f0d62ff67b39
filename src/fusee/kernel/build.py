"""Compiling kernels: programs loaded into this process, and object files for other machines."""

from __future__ import annotations

import marshal
import sys
import warnings
from collections.abc import Callable, Iterable
from typing import Any, Literal

from fusee.kernel.cache import Cache, digest
from fusee.kernel.check.static import symbol_for
from fusee.kernel.compile import Code, Compilation, Options, Program, Progress
from fusee.kernel.declare import Instance
from fusee.kernel.image import Image
from fusee.kernel.library import CHECK_STATE, Built, Library, built_key, read_built
from fusee.kernel.linker import link
from fusee.kernel.objects import NotSupported
from fusee.kernel.sources import read_now, source_notes
from fusee.kernel.target import Target

__all__ = ["Library", "Program", "build", "emit_objects", "load", "symbol_of"]


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

    `progress` is told how much of how much is done.
    """
    cache, target = cache or Cache(), target or Target.host()
    key = _program_key(program, target, checked)
    return Library(read_built(cache, key) or build(program, target, checked, cache, key, progress))


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


def _program_key(program: Program, target: Target, checked: bool) -> str:
    files = {sys.modules[kernel.module].__file__ or "": 0 for kernel in program.entries}
    return built_key(target, checked, program.name, *map(symbol_of, program.entries), *program.shards, *files)


def build(
    program: Program, target: Target, checked: bool, cache: Cache, key: str, progress: Progress | None,
    taken_over: Callable[[], None] | None = None,
) -> Built:  # fmt: skip
    """Compile a program for this process, and keep it in the cache; or wait for who is just doing that.

    If that is done in the background, this goes on from there instead and calls `taken_over`.
    """
    with cache.building(key, progress, taken_over) as tell:
        return read_built(cache, key) or _compile(program, target, checked, cache, key, tell)


def _compile(
    program: Program, target: Target, checked: bool, cache: Cache, key: str, progress: Progress | None
) -> Built:
    read_now(kernel.module for kernel in program.entries)
    if progress:
        progress(0, 1)  # to show something until it is known how much there is
    compilation = Compilation(program, Options(target, for_this_process=True, checked=checked))
    objects = compilation.objects(cache, progress)
    entries = compilation.entry_table()
    contents = [contents for _, contents in objects.values()]
    image = _linked(contents, map(symbol_of, program.first))
    image_key = ""
    if image is not None:
        image = image.showing([CHECK_STATE, *entries, *(entry.symbol for entry in entries.values())])
        image_bytes = image.to_bytes()
        image_key = digest(image_bytes)
        cache.write("images", image_key, image_bytes)
    record = {
        "sources": source_notes(compilation.modules),
        "objects": [key for key, _ in objects.values()],
        "entries": {symbol: entry.fields for symbol, entry in entries.items()},
        "checked": checked,
        "image": image_key,
    }
    if not cache.write("programs", key, marshal.dumps(record)):
        warnings.warn(
            f"what was compiled of {program.name} cannot be kept, because {cache.folder} cannot be written: "
            "the next start compiles it again. FUSEE_CACHE names another place",
            RuntimeWarning,
            stacklevel=2,
        )
    cache.prune()
    return Built(image, contents, entries, checked)


def _linked(objects: list[bytes], first: Iterable[str]) -> Image | None:
    """The image of a program, where this system's object files can be linked here."""
    try:
        return link(objects, first)
    except NotSupported:
        return None
