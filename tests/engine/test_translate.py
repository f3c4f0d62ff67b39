"""The translator, un-compiled: with 32-bit and 64-bit pointers it makes what the native one makes."""

import operator
from collections.abc import Callable
from pathlib import Path

import pytest

from fusee import Engine, Func, Instance, Module, Store
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
        m, numbers = world.decode(module._binary), handler_numbers()
        found = []
        for index in own_functions(module):
            t = cast(Translator, translate_for_listing(world.engine, m, u32(index), numbers))
            found.append(read_listing(m, module._binary, index, t, target))
        return found


@pytest.mark.parametrize("target", [ILP32, LP64], ids=["ilp32", "lp64"])
@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_uncompiled_translation_is_the_native_one(source: Path, target: Target) -> None:
    module = Module(Engine(), source.read_text())
    native = [list_function(module, index) for index in own_functions(module)]
    for expected, listing in zip(native, listed_uncompiled(module, target), strict=True):
        assert listing.names == expected.names
        assert list(listing.lines()) == list(expected.lines())


WAITING_TREES = 40


def waiting_trees(outer: str, inner: str) -> str:
    """A function whose stack holds many computations of three operands before the first of them is consumed."""
    tree = f"local.get 0 local.get 1 i32.const 7 {inner} {outer} "
    operands = "local.get 0 " * 2 + "i32.const 3 " + tree * WAITING_TREES
    return f'(module (func (export "f") (param i32 i32) (result i32) {operands} {"i32.add " * (WAITING_TREES + 2)}))'


@pytest.mark.parametrize("target", [ILP32, LP64], ids=["ilp32", "lp64"])
def test_many_trees_wait(target: Target) -> None:
    """Simulated memory refuses what does not fit the translator's buffers."""
    for outer, inner in (("i32.add", "i32.and"), ("i32.xor", "i32.shl"), ("i32.add", "i32.mul")):
        module = Module(Engine(), waiting_trees(outer, inner))
        (listing,) = listed_uncompiled(module, target)
        assert list(listing.lines()) == list(list_function(module, 0).lines())


MEANINGS: dict[str, Callable[[int, int], int]] = {
    "i32.add": operator.add,
    "i32.and": operator.and_,
    "i32.xor": operator.xor,
    "i32.mul": operator.mul,
}


@pytest.mark.parametrize("outer", MEANINGS)
@pytest.mark.parametrize("inner", MEANINGS)
def test_many_trees_wait_for_their_values(outer: str, inner: str) -> None:
    store = Store(Engine())
    function = Instance(store, Module(store.engine, waiting_trees(outer, inner)), []).exports(store)["f"]
    assert isinstance(function, Func)
    tree = MEANINGS[outer](100, MEANINGS[inner](13, 7))
    assert function(store, 100, 13) == 100 * 2 + 3 + tree * WAITING_TREES
