"""The heap of objects: un-compiled with 32-bit and 64-bit pointers."""

from collections.abc import Iterator
from itertools import pairwise
from random import Random

import pytest

from fusee.engine.errors import Trap
from fusee.engine.runtime.heap.allocate import class_of, new_array, new_struct
from fusee.engine.runtime.heap.blocks import is_object
from fusee.engine.runtime.store import release_engine, release_store
from fusee.engine.state.cells import CELL_BYTES
from fusee.engine.state.heap import BLOCK_BYTES, CHUNK_BLOCKS, LARGEST_CELL, Object
from fusee.kernel.arena import simulate
from fusee.kernel.lang import Ptr, address, cast, kernel, null, u8, u32, u64, usize
from fusee.kernel.memory import read_bytes, write_bytes
from fusee.kernel.target import ILP32, LP64, Target
from fusee.spec.traps import TrapCode
from tests.engine import simulated_world
from tests.engine.native_heap import NativeHeap
from tests.engine.simulated_world import World, live


@pytest.fixture(params=[ILP32, LP64], ids=["ilp32", "lp64"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    target: Target = request.param
    with simulate(target):
        made = World()
        made.store.heap.held = u32(1)  # nothing refers to the objects that are made here
        yield made


def contents(at: usize, size: int) -> bytes:
    return read_bytes(cast(Ptr[u8], at), size)


def scribble(at: usize, size: int) -> None:
    write_bytes(cast(Ptr[u8], at), b"\xee" * size)


def test_every_size_has_the_smallest_class_that_holds_it(world: World) -> None:
    sizes = [int(CELL_BYTES[u32(number)]) for number in range(int(class_of(u32(LARGEST_CELL))) + 1)]
    assert sizes == sorted(set(sizes))
    for size in [*range(8, 2100), *range(2100, LARGEST_CELL + 1, 97), LARGEST_CELL]:
        assert sizes[int(class_of(u32(size)))] == min(cell for cell in sizes if cell >= size)


@pytest.mark.parametrize("size", [8, 16, 24, 40, 136, 1000, 3000, LARGEST_CELL, LARGEST_CELL + 1, 20_000, 300_000])
def test_objects_are_zeroed_and_apart(world: World, size: int) -> None:
    """And an address is known to be an object's, while those beside it are not."""
    made: list[tuple[int, int]] = []
    for number in range(max(3, min(60, 100_000 // size))):
        at = new_struct(world.store, u32(number), u32(size))
        assert contents(at, size) == number.to_bytes(4, "little") + bytes(size - 4)
        assert int(at) % 8 == 0
        scribble(at, size)
        made.append((int(at), int(at) + size))
        assert is_object(world.store, at)
        assert not any(is_object(world.store, usize(int(at) + d)) for d in (-8, 4, size) if d >= 0 or size > 8)
    made.sort()
    assert all(end <= start for (_, end), (start, _) in pairwise(made))
    assert all(is_object(world.store, usize(start)) for start, _ in made)


def test_what_is_no_object(world: World) -> None:
    """Words of frames may be anything."""
    assert not is_object(world.store, usize(0))
    assert not is_object(world.store, usize(64))
    small = new_struct(world.store, u32(0), u32(16))
    large = new_array(world.store, u32(0), u64(1 << 21), u32(100))
    for at in (small, large):
        start = int(at) & -BLOCK_BYTES
        words = [*range(start - BLOCK_BYTES, start + 2 * BLOCK_BYTES, 64), start + (1 << 20), start + (1 << 21), 0, 8]
        assert [word for word in words if is_object(world.store, usize(word))] == [int(at)]
    assert not is_object(world.store, usize(-8))


def test_arrays_have_their_length(world: World) -> None:
    array = cast(Object, new_array(world.store, u32(9), u64(8 + 12), u32(3)))
    assert (int(array.type), int(array.length)) == (9, 3)


def test_the_heap_has_a_limit(world: World) -> None:
    world.store.heap.maximum_bytes = u64(3 * BLOCK_BYTES)
    for _ in range(3 * 15):
        new_struct(world.store, u32(0), u32(1000))
    with pytest.raises(Trap) as trap:
        new_struct(world.store, u32(0), u32(1000))
    assert trap.value.code == TrapCode.OUT_OF_MEMORY
    with pytest.raises(Trap):
        new_array(world.store, u32(0), u64(1 << 40), u32(1))
    world.store.heap.maximum_bytes = u64(6 * BLOCK_BYTES)
    new_array(world.store, u32(0), u64(2 * BLOCK_BYTES), u32(1))


@pytest.mark.parametrize("size", [1 << 31, 1 << 32, 1 << 35, (1 << 35) + 8])
def test_what_no_system_has(world: World, size: int) -> None:
    with pytest.raises(Trap) as trap:
        new_array(world.store, u32(0), u64(size), u32(0xFFFF_FFFF))
    assert trap.value.code == TrapCode.OUT_OF_MEMORY


def test_an_empty_heap_has_no_memory_and_a_full_one_gives_all_of_it_back(world: World) -> None:
    before = set(live)
    for size in (16, 5000, 40_000, (CHUNK_BLOCKS + 1) * BLOCK_BYTES):
        for _ in range(12):
            new_struct(world.store, u32(0), u32(size))
    assert len(live - before) >= 12
    release_store(world.store)
    release_engine(world.engine)
    assert live == set()


def test_allocation_may_fail_at_any_place(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store is as it was, and goes on once there is memory."""
    allowed = 0

    @kernel
    def allocate(count: usize, size: usize) -> Ptr[u8]:
        nonlocal allowed
        allowed -= 1
        return null(Ptr[u8]) if allowed < 0 else simulated_world.allocate(count, size)

    world.engine.platform.allocate = allocate
    failures = 0
    for count in range(8):
        allowed = count
        for _ in range(9):
            try:
                at = new_struct(world.store, u32(1), u32(60_000))
            except Trap:
                failures += 1
                break
            assert is_object(world.store, at)
    assert 3 <= failures < 8
    allowed = 100
    assert address(cast(Object, new_struct(world.store, u32(1), u32(24)))) != 0
    release_store(world.store)
    release_engine(world.engine)
    assert live == set()


@pytest.mark.parametrize("checked", [False, True])
def test_many_objects_native(checked: bool) -> None:
    """All classes in turn: zeroed, apart, and found again."""
    heap = NativeHeap(checked)
    heap.store.heap.held = u32(1)
    generator = Random(5)
    made = {}
    for number in range(6_000):
        size = generator.choice((8, 16, 24, 64, 200, 1000, 6000, 9000)) + 8 * generator.randrange(3)
        at = heap.struct(number, size)
        words = heap.words(at, size // 8)
        assert list(words) == [number] + [0] * (size // 8 - 1)
        for place in range(1, size // 8):
            words[place] = number << 20 | place
        made[at] = size
    known = [at for start in made for at in (start, start + 8) if heap.is_object(heap.address, at)]
    assert set(known) == set(made)
    ends = [(at, at + size) for at, size in sorted(made.items())]
    assert all(end <= start for (_, end), (start, _) in pairwise(ends))
    assert sum(made.values()) < int(heap.store.heap.used_bytes) < 1.7 * sum(made.values())
    heap.close()
