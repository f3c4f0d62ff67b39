"""The translator, un-compiled: with 32-bit and 64-bit pointers it makes what the native one makes."""

from pathlib import Path

import pytest

from fusee import Engine, Module
from fusee.disasm.function import Listing, read_listing
from fusee.disasm.listing import list_function, own_functions
from fusee.engine.isa.pairs import ALL_HANDLERS
from fusee.engine.translate.function import translate_for_listing
from fusee.engine.translate.state import Translator
from fusee.kernel.arena import new_array, simulate
from fusee.kernel.lang import Ptr, cast, u32, usize
from fusee.kernel.target import ILP32, LP64, Target
from tests.engine.simulated_world import World
from tests.golden.listing import SOURCES


def handler_numbers() -> Ptr[usize]:
    """What stands for the handlers' addresses."""
    numbers = new_array(usize, ALL_HANDLERS)
    for number in range(ALL_HANDLERS):
        numbers[number] = usize(number)
    return numbers


def listed_uncompiled(module: Module, target: Target) -> list[Listing]:
    """All functions of a module, translated by CPython."""
    with simulate(target):
        world = World()
        m, numbers = world.decode(module.binary), handler_numbers()
        found = []
        for index in own_functions(module):
            t = cast(Translator, translate_for_listing(world.engine, m, u32(index), numbers))
            found.append(read_listing(m, module.binary, index, t, target))
        return found


@pytest.mark.parametrize("target", [ILP32, LP64], ids=["ilp32", "lp64"])
@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_uncompiled_translation_is_the_native_one(source: Path, target: Target) -> None:
    module = Module(Engine(), source.read_text())
    native = [list_function(module, index) for index in own_functions(module)]
    for expected, listing in zip(native, listed_uncompiled(module, target), strict=True):
        assert listing.names == expected.names
        assert list(listing.lines()) == list(expected.lines())
