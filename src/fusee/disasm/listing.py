"""Listings of a module's functions."""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Final

from fusee.api.module import Module
from fusee.disasm.function import Listing, read_listing
from fusee.engine.isa.pairs import ALL_HANDLERS
from fusee.engine.state.module import EXTERN_FUNC
from fusee.engine.translate.state import Translator
from fusee.kernel.memory import view
from fusee.kernel.target import Target

_MOST_DIGITS: Final = 10  # of an index


@cache
def handler_numbers() -> "ctypes.Array[ctypes.c_size_t]":
    """What stands for the handlers' addresses: their numbers."""
    return (ctypes.c_size_t * ALL_HANDLERS)(*range(ALL_HANDLERS))


@contextmanager
def translate_function(module: Module, index: int) -> Iterator[Translator]:
    """Translate a function that a module defines; its code has handlers' numbers for their addresses.

    The translator has it until the end of the `with`. Raises `IndexError` for all other functions.
    """
    if index not in own_functions(module):
        raise IndexError(f"the module defines no function {index}")
    engine = module._engine
    numbers = ctypes.addressof(handler_numbers())
    translator: int = engine._native.translate_for_listing(engine._address, module._address, index, numbers)
    try:
        yield view(Translator, translator)
    finally:
        engine._native.keep_translator(engine._address, translator)


def list_function(module: Module, index: int) -> Listing:
    """The listing of a function that a module defines. Raises `IndexError` for all others."""
    with translate_function(module, index) as translator:
        return read_listing(module._state, module._binary, index, translator, Target.host())


def find_function(module: Module, text: str) -> int | None:
    """The index of the function that an index, an exported name, or a name of the name section names."""
    if text.isdecimal():
        index = int(text) if len(text) <= _MOST_DIGITS else -1
        return index if index in own_functions(module) else None
    kind, exported = module._export_places.get(text, (None, 0))
    if kind == EXTERN_FUNC:
        return exported
    return next((index for index, name in module._names.functions.items() if name == text), None)


def own_functions(module: Module) -> range:
    """The indices of the functions that are not imported."""
    return range(int(module._state.imported_func_count), int(module._state.func_count))


def show_function(module: Module, index: int) -> Iterator[str]:
    """The lines of a function's listing: a heading, then WebAssembly and bytecode. Raises what `list_function` does."""
    listing = list_function(module, index)
    kind = module._signature(index).type
    names = [name for name, place in module._export_places.items() if place == (EXTERN_FUNC, index)]
    names = names or [name] if (name := module._names.functions.get(index)) else names
    types = f"({' '.join(map(str, kind.params))}) -> ({' '.join(map(str, kind.results))})"
    yield f"func {index} {' '.join(map(repr, names))} {types}".replace("  ", " ")
    yield f"{len(listing.cells)} cells, {listing.frame_slots} slots"
    yield from listing.lines()
