"""Replacing the handlers of first cells and giving them back, un-compiled, with 32-bit and 64-bit pointers."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from fusee.engine.runtime.codes import loop_heads, notes_bytes
from fusee.engine.runtime.heads import change_handler, replace_heads
from fusee.engine.runtime.holdings import BLOCK_INSTANCE, BLOCK_PLAIN, Block, Holdings, contents
from fusee.engine.state.code import CODE_START, Code
from fusee.engine.state.module import Module
from fusee.engine.state.runtime import Engine, Instance, Store
from fusee.engine.state.tiering import Tiering
from fusee.kernel.arena import allocate_simulated, new, new_array, simulate
from fusee.kernel.lang import Ptr, address, atomic_store, cast, load, size_of, store, u8, u32, usize
from fusee.kernel.target import ILP32, LP64

INTERRUPTED, TIERED, OWN = usize(0x4000), usize(0x5000), 0x1000
CELLS = CODE_START, CODE_START + 24, CODE_START + 40  # the function's first cell, and those of two loops
HEADS = CELLS[1], CELLS[2], CELLS[2]  # the last loop begins with the one around it


class World(NamedTuple):
    store: Store
    codes: list[Code]


def cell(code: Code, offset: int) -> Ptr[u8]:
    return cast(Ptr[u8], code) + usize(offset)


def handlers(code: Code) -> list[int]:
    return [int(load(usize, cell(code, offset))) for offset in CELLS]


def add_block(world: Store, kind: u32, size: int) -> Ptr[u8]:
    """As `holdings.own`."""
    block = cast(Block, allocate_simulated(16 + size))
    block.kind = kind
    block.next = cast(Holdings, world.objects).newest
    cast(Holdings, world.objects).newest = address(block)
    return contents(block)


def new_code(number: int) -> Code:
    """A translated function with a cell for each of its heads and one that is none."""
    size = CELLS[-1] + 16
    code = cast(Code, allocate_simulated(size + int(notes_bytes(u32(len(HEADS))))))
    code.size = u32(size)
    for place, offset in enumerate((*CELLS, CODE_START + 8)):
        store(cell(code, offset), usize(OWN + 0x100 * number + place))
    heads = loop_heads(code)
    heads[0] = u32(len(HEADS))
    for place, offset in enumerate(HEADS):
        heads[place + 1] = u32(offset)
    return code


@pytest.fixture(params=[ILP32, LP64], ids=["ilp32", "lp64"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """Two instances of one module, of whose three functions one is imported and one has not been called."""
    with simulate(request.param):
        engine, made, m = new(Engine), new(Store), new(Module)
        engine.cells.interrupted = INTERRUPTED
        made.engine = engine
        made.objects = address(new(Holdings))
        m.imported_func_count, m.func_count = u32(1), u32(4)
        m.code_table = new_array(usize, 4)
        codes = [new_code(1), new_code(3)]
        m.code_table[1], m.code_table[3] = (address(code) + CODE_START for code in codes)
        for _ in range(2):
            cast(Instance, add_block(made, BLOCK_INSTANCE, int(size_of(Instance)))).module = m
            add_block(made, BLOCK_PLAIN, 8)
        add_block(made, BLOCK_INSTANCE, int(size_of(Instance)))  # one that is being made
        yield World(made, codes)


def test_first_cells_are_replaced_and_restored(world: World) -> None:
    before = [handlers(code) for code in world.codes]
    for is_wanted in (True, True, False, False, True, False):
        replace_heads(world.store, is_wanted, False, False)
        expected = [[int(INTERRUPTED)] * len(CELLS)] * 2 if is_wanted else before
        assert [handlers(code) for code in world.codes] == expected
        assert all(load(usize, cell(code, CODE_START + 8)) < INTERRUPTED for code in world.codes)


def test_each_function_is_the_first_one_now_and_then(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two that a guest comes past all the time it meets the first; in the end all cells are replaced."""
    world.store.engine.tiering = address(new(Tiering))
    before = [handlers(code) for code in world.codes]
    stored: list[int] = []

    def noting(place: Ptr[usize], *others: Any) -> None:
        stored.append(int(address(place)))
        atomic_store(place, *others)

    starts = [int(address(cell(code, CODE_START))) for code in world.codes]
    firsts = []
    for _ in range(40):
        stored.clear()
        with monkeypatch.context() as patch:
            patch.setattr("fusee.engine.runtime.heads.atomic_store", noting)
            replace_heads(world.store, True, False, True)
        assert [handlers(code) for code in world.codes] == [[int(INTERRUPTED)] * len(CELLS)] * 2
        firsts.append(stored[0])
        replace_heads(world.store, False, False, False)
        assert [handlers(code) for code in world.codes] == before
    assert all(firsts.count(start) > 8 for start in starts)
    assert firsts.count(starts[0]) + firsts.count(starts[1]) == 40


@pytest.mark.parametrize("is_mixed", [False, True])
def test_where_native_code_begins_nothing_is_replaced(
    is_mixed: bool, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """Not for a moment, in which a guest could come by."""
    world.store.engine.tiering = address(new(Tiering))
    plain = cast(Block, cast(Block, cast(Holdings, world.store.objects).newest).next)
    m = cast(Instance, contents(cast(Block, plain.next))).module
    m.natives = new_array(usize, 4)
    m.natives[3] = usize(0x6000)
    stored: list[int] = []

    def noting(place: Ptr[usize], *others: Any) -> None:
        stored.append(int(address(place)))
        atomic_store(place, *others)

    monkeypatch.setattr("fusee.engine.runtime.heads.atomic_store", noting)
    replace_heads(world.store, True, True, is_mixed)
    first, native = world.codes
    assert handlers(first) == [int(INTERRUPTED)] * len(CELLS)
    assert handlers(native)[1:] == [int(INTERRUPTED)] * 2
    assert int(address(cell(native, CODE_START))) not in stored
    replace_heads(world.store, False, False, False)
    assert handlers(native)[0] == OWN + 0x300


@pytest.mark.parametrize("place", range(len(CELLS)))
def test_a_handler_changes_meanwhile(world: World, place: int) -> None:
    code = world.codes[0]
    expected = handlers(code)
    replace_heads(world.store, True, False, False)
    change_handler(code, address(cell(code, CELLS[place])), INTERRUPTED, TIERED)
    assert handlers(code) == [int(INTERRUPTED)] * len(CELLS)
    replace_heads(world.store, False, False, False)
    expected[place] = int(TIERED)
    assert handlers(code) == expected
    change_handler(code, address(cell(code, CELLS[place])), INTERRUPTED, usize(OWN))
    expected[place] = OWN
    assert handlers(code) == expected
