"""The collector: what is reachable stays, what is not goes; un-compiled in both widths."""

import pytest

from fusee.engine.errors import Exhausted, Trap
from fusee.engine.runtime.heap.allocate import new_struct
from fusee.engine.runtime.heap.blocks import is_object
from fusee.engine.runtime.heap.chunks import blocks_of
from fusee.engine.runtime.heap.collect import (
    MOST_FRUITLESS,
    collect_all,
    collect_all_for,
    collect_for,
    collect_slice,
    end_objects,
)
from fusee.engine.runtime.heap.roots import keep, new_root
from fusee.engine.runtime.heap.stack import AT_ONCE
from fusee.engine.runtime.metering import leave_registers
from fusee.engine.runtime.objects import new_table
from fusee.engine.runtime.store import release_store
from fusee.engine.state.heap import BLOCK_BYTES, LARGEST_CELL, SMALL_STACK, SWEEPING
from fusee.engine.state.module import ABSTRACT, NULLABLE, REF, Limits
from fusee.engine.state.runtime import RESERVED_STACK_SLOTS, SAVED_REGISTERS
from fusee.kernel.arena import new, simulate
from fusee.kernel.lang import Ptr, cast, is_null, kernel, null, u8, u32, u64, usize
from fusee.kernel.target import ILP32, LP64, Target
from fusee.spec.traps import TrapCode
from tests.engine import simulated_heap, simulated_world
from tests.engine.native_heap import NODE
from tests.engine.simulated_heap import Simulated, fill
from tests.engine.simulated_world import live

simulated = simulated_heap.simulated


def test_what_nothing_refers_to_is_freed(simulated: Simulated) -> None:
    s = simulated
    leaf, other = s.node(), s.node()
    kept = s.node(leaf, s.array(other, usize(7), usize(6)))
    dead = s.node(leaf, kept)
    place = new_root(s.store, u64(kept))
    collect_all_for(s.store)
    assert s.live(leaf, other, kept, dead) == [True, True, True, False]
    place[0] = u64(0)
    collect_all_for(s.store)
    assert s.live(leaf, other, kept) == [False] * 3


def test_cycles_are_freed(simulated: Simulated) -> None:
    s = simulated
    a, b = s.node(), s.node()
    s.write(a, 16, b)
    s.write(b, 16, a)
    s.write(b, 16 + s.width, b)
    place = new_root(s.store, u64(b))
    collect_all_for(s.store)
    assert s.live(a, b) == [True, True]
    place[0] = u64(0)
    collect_all_for(s.store)
    assert s.live(a, b) == [False, False]


def test_frames_keep_what_looks_like_an_object(simulated: Simulated) -> None:
    """With 32-bit pointers the upper half of a slot may hold anything; what is above the newest frame is nothing."""
    s = simulated
    objects = [s.node() for _ in range(4)]
    garbage = 0xABCD << 32 if s.width == 4 else 0
    for place, at in enumerate(objects[:3]):
        s.store.stack_base[place] = u64(int(at) | garbage)
    s.store.stack_base[1] = u64(int(objects[1]) + 8)
    s.store.stack_top = s.store.stack_base + 2
    s.store.saved[3] = u64(objects[3])
    collect_all(s.store)
    assert s.live(*objects) == [True, False, False, True]


@pytest.mark.parametrize("target", [ILP32, LP64], ids=["ilp32", "lp64"])
@pytest.mark.parametrize("has_memory", [True, False])
def test_a_deep_stack_is_searched_as_it_was(target: Target, has_memory: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guests return from its frames and write over them before it has been searched."""

    @kernel
    def refuse(count: usize, size: usize) -> Ptr[u8]:
        return null(Ptr[u8])

    with simulate(target):
        s = Simulated(target, 1 << 15)
        words = AT_ONCE + 7
        for place in range(words):
            s.store.stack_base[place] = u64(0)
        places = (0, 1, 2, 7, 1500, words - 2, words - 1)
        upper_half = u64(0) if target == LP64 else u64(0x1234_5678 << 32)  # arbitrary, with pointers of 32 bits
        objects = [s.node(s.node()) for _ in places]
        inner = [cast(Ptr[usize], at + 16)[0] for at in objects]
        dead = s.node()
        for place, at in zip(places, objects, strict=True):
            s.store.stack_base[place] = u64(at) | upper_half
        s.store.stack_base[words] = u64(dead)
        s.store.stack_top = s.store.stack_base + words
        if not has_memory:
            s.store.engine.platform.allocate = refuse
        assert not collect_slice(s.store, u64(0))
        assert (blocks_of(s.store).marker.copy_left != 0) == has_memory
        s.store.engine.platform.allocate = simulated_world.allocate
        s.store.stack_top = s.store.stack_base
        while not collect_slice(s.store, u64(100)):
            pass
        assert s.live(*objects, *inner, dead) == [True] * (2 * len(places)) + [False]
        assert is_null(blocks_of(s.store).marker.copy)
        collect_all_for(s.store)
        assert s.live(*objects, *inner) == [False] * (2 * len(places))
        s.store.stack_top = s.store.stack_base + words
        collect_slice(s.store, u64(0))
        release_store(s.store)


def test_an_end_in_steps(simulated: Simulated) -> None:
    """Whatever refers to objects; what has been begun is completed first."""
    s = simulated
    objects = [s.node() for _ in range(60)]
    kept = s.array(*objects)
    s.write(objects[0], 16, kept)
    new_root(s.store, u64(kept))
    collect_slice(s.store, u64(1))
    steps = 0
    while not end_objects(s.store, u64(20)):
        steps += 1
    assert steps > 2
    assert not any(s.live(kept, *objects))
    assert int(s.store.heap.used_bytes) == 0


def test_a_heap_that_is_nearly_full_is_full(simulated: Simulated) -> None:
    """It is not looked through for every few objects, and used again when there is room."""
    s = simulated
    limit = 8 * BLOCK_BYTES
    s.store.heap.maximum_bytes = u64(limit)
    place = new_root(s.store, u64(0))
    assert fill(s, place) > 1000
    last = usize(place[0])
    second = cast(Ptr[usize], last + 16)[0]
    cast(Ptr[usize], last + 16)[0] = cast(Ptr[usize], second + 16)[0]  # one object makes room for one
    before = int(s.store.heap.epoch)
    assert fill(s, new_root(s.store, u64(0))) < 20
    assert int(s.store.heap.epoch) - before <= 2 * MOST_FRUITLESS + 2
    place[0] = u64(0)
    collect_all_for(s.store)
    s.store.heap.room_bytes = u64(limit)  # as much has been made in between
    for _ in range(2 * limit // s.node_bytes):
        s.node()


def test_everything_is_given_back(simulated: Simulated) -> None:
    s = simulated
    before = set(live)
    for size in (LARGEST_CELL + 8, 3 * BLOCK_BYTES, 70 * BLOCK_BYTES):
        new_struct(s.store, s.module.types[NODE].canonical, u32(size))
    for _ in range(40):
        s.node()
    kept = new_root(s.store, u64(s.node()))
    collect_all_for(s.store)
    assert int(s.store.heap.used_bytes) == BLOCK_BYTES
    kept[0] = u64(0)
    collect_all_for(s.store)
    assert int(s.store.heap.used_bytes) == 0
    assert len(live - before) <= 5  # the collector's own, a chunk, and a page of roots
    release_store(s.store)
    assert live < before


def test_without_memory_for_the_stack_nothing_is_lost(simulated: Simulated, monkeypatch: pytest.MonkeyPatch) -> None:
    s = simulated
    wide = [s.node(s.node(), s.node()) for _ in range(3 * SMALL_STACK)]
    deep = s.array(*[s.node(s.array(*wide[place::7])) for place in range(7)])
    place = new_root(s.store, u64(deep))
    lost = s.node(deep)

    @kernel
    def refuse(count: usize, size: usize) -> Ptr[u8]:
        return null(Ptr[u8])

    s.store.engine.platform.allocate = refuse
    collect_all_for(s.store)
    assert int(blocks_of(s.store).marker.capacity) == SMALL_STACK
    assert all(s.live(deep, *wide))
    assert s.live(lost) == [False]
    s.store.engine.platform.allocate = simulated_world.allocate
    place[0] = u64(0)
    collect_all_for(s.store)
    assert not any(s.live(deep, *wide))


def test_what_is_overwritten_while_marking_goes_on_stays(simulated: Simulated) -> None:
    """Until the next cycle: all is found that was reachable at the beginning, and what was made since."""
    s = simulated
    hidden = s.node()
    chain = s.node(hidden)
    for _ in range(50):
        chain = s.node(chain)
    keeper = s.node()
    new_root(s.store, u64(chain))
    new_root(s.store, u64(keeper))
    first = cast(Ptr[usize], chain + 16)[0]
    assert not collect_for(s.store, u64(4))
    assert s.store.heap.is_marking
    fresh = s.node()
    s.write(keeper, 16, hidden)
    s.write(chain, 16, usize(0))
    while not collect_for(s.store, u64(4)):
        pass
    assert s.live(hidden, fresh, first) == [True] * 3
    assert bool(collect_for(s.store, u64(1 << 30)))
    assert s.live(hidden, fresh, first) == [True, False, False]


def test_an_active_segment_overwrites_what_a_snapshot_has(simulated: Simulated) -> None:
    """Instances may be made while a cycle is under way."""
    s = simulated
    limits = new(Limits)
    limits.minimum = u64(1)
    table = new_table(s.store, limits, u32(0x6E | REF | NULLABLE | ABSTRACT), u64(0))
    hidden = s.node()
    table.elements[0] = u64(hidden)
    chain = s.node()
    for _ in range(50):
        chain = s.node(chain)
    new_root(s.store, u64(chain))
    assert not collect_for(s.store, u64(1))
    assert s.store.heap.is_marking
    text = '(module (import "" "t" (table 1 anyref)) (elem (i32.const 0) anyref (ref.null any)))'
    s.world.instantiate(s.world.module(text), [table])
    assert int(table.elements[0]) == 0
    while not collect_for(s.store, u64(4)):
        pass
    assert s.live(hidden) == [True]


def test_what_a_sweep_is_going_to_free_cannot_be_kept(simulated: Simulated) -> None:
    s = simulated
    nodes = [s.node() for _ in range(3 * BLOCK_BYTES // s.node_bytes)]
    for alive in nodes[::40]:
        new_root(s.store, u64(alive))
    while int(blocks_of(s.store).marker.phase) != SWEEPING:
        assert not collect_for(s.store, u64(1))
    unswept = [at for number, at in enumerate(nodes) if number % 40 and is_object(s.store, at)]
    assert unswept and all(is_null(keep(s.store, u64(at))) for at in unswept)
    assert not any(is_null(keep(s.store, u64(at))) for at in nodes[::40])
    while not collect_for(s.store, u64(1)):
        pass
    assert not any(s.live(*unswept)) and all(s.live(*nodes[::40]))
    assert not is_null(keep(s.store, u64(s.node())))


def test_an_instance_that_could_not_be_made_is_none(simulated: Simulated, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever allocation has failed: the next cycle looks at what there is."""
    s = simulated
    text = "(module (memory 1) (table 900 anyref) (elem anyref (ref.null any) (ref.null any)))"
    for failing in range(12):
        m = s.world.module(text)
        count = 0

        @kernel
        def allocate(number: usize, size: usize) -> Ptr[u8]:
            nonlocal count
            count += 1
            return null(Ptr[u8]) if count == failing + 1 else simulated_world.allocate(number, size)  # noqa: B023

        s.store.engine.platform.allocate = allocate
        failed = False
        try:
            s.world.instantiate(m)
        except Exhausted:
            failed = True
        s.store.engine.platform.allocate = simulated_world.allocate
        collect_all_for(s.store)
        if not failed:
            break
    assert failing > 2 and not failed


def test_a_paused_function_has_room_for_its_registers_or_traps(simulated: Simulated) -> None:
    store = simulated.store
    store.saved[1] = u64(77)
    last = store.stack_limit + (RESERVED_STACK_SLOTS - SAVED_REGISTERS)
    leave_registers(store, last)
    assert int(last[1]) == 77
    with pytest.raises(Trap) as caught:
        leave_registers(store, last + 1)
    assert caught.value.code == TrapCode.STACK_OVERFLOW
