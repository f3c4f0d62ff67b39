"""Shared memories, un-compiled: where they get their place, who pays for them, and how long they live."""

from collections.abc import Iterator

import pytest

from fusee.engine.capi.state import EngineObject, StoreObject
from fusee.engine.capi.waiting import answer
from fusee.engine.errors import Exhausted
from fusee.engine.runtime.memory import extend, grow_for
from fusee.engine.runtime.objects import new_memory
from fusee.engine.runtime.shared import borrow_shared, drop_shared, new_shared
from fusee.engine.runtime.store import new_store, release_store, set_limits, set_total_limits
from fusee.engine.state.module import Limits
from fusee.engine.state.platform import REQUEST_WAIT
from fusee.engine.state.runtime import NO_LIMIT, NOT_GROWN, SharedMemory, Store
from fusee.kernel.arena import new, new_array, simulate
from fusee.kernel.lang import Ptr, address, cast, is_null, kernel, u32, u64, usize
from fusee.kernel.target import ILP32, LP64
from tests.engine.simulated_world import MOST_BYTES, World, live

PAGE = 65536
MOST_PAGES = MOST_BYTES // PAGE


@pytest.fixture(params=[ILP32, LP64], ids=["ilp32", "lp64"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    with simulate(request.param):
        yield World()


def shared(minimum: int, maximum: int) -> Limits:
    made = new(Limits)
    made.minimum, made.maximum, made.has_maximum, made.is_shared = u64(minimum), u64(maximum), True, True
    made.page_size_log2 = u32(16)
    return made


def allow(store: Store, memory_bytes: int) -> None:
    none = NO_LIMIT
    set_limits(store, u64(memory_bytes), none, none, none, none, none)


def test_a_place_for_good(world: World) -> None:
    """Of the maximum, or what the store's limit leaves of it; else of what it has at first, and it never grows."""
    memory = new_memory(world.store, shared(1, 4))
    base = int(address(memory.base))
    assert [int(grow_for(world.store, memory, u64(delta))) for delta in (3, 1, 0)] == [1, NOT_GROWN, 4]
    assert int(address(memory.base)) == base and int(memory.capacity_bytes) == 4 * PAGE
    large = new_memory(world.store, shared(2, MOST_PAGES + 1))
    assert grow_for(world.store, large, u64(1)) == NOT_GROWN and large.length_bytes == 2 * PAGE
    none = new_memory(world.store, shared(0, MOST_PAGES + 1))
    assert grow_for(world.store, none, u64(1)) == NOT_GROWN and is_null(none.base)
    allow(world.store, 3 * PAGE)
    limited = new_memory(world.store, shared(1, MOST_PAGES + 1))
    assert limited.capacity_bytes == 3 * PAGE
    allow(world.store, 9 * PAGE)
    assert [int(grow_for(world.store, limited, u64(delta))) for delta in (3, 2)] == [NOT_GROWN, 1]


def test_who_makes_or_grows_it_pays(world: World) -> None:
    other = new_store(world.engine, u64(1 << 13), usize(0))
    set_total_limits(world.store, u64(3 * PAGE), u64(0))
    memory = new_memory(world.store, shared(2, 9))
    with pytest.raises(Exhausted):
        new_memory(world.store, shared(2, 9))
    assert grow_for(world.store, memory, u64(2)) == NOT_GROWN
    assert grow_for(other, memory, u64(2)) == 2
    assert grow_for(world.store, memory, u64(1)) == 4
    allow(other, 5 * PAGE)
    assert grow_for(other, memory, u64(1)) == NOT_GROWN
    assert extend(memory, u64(4), NO_LIMIT) == 5
    assert extend(memory, u64(1), NO_LIMIT) == NOT_GROWN


def test_the_last_one_ends_it(world: World) -> None:
    """Whichever that is: who made it, who has imported it (twice, but it counts once), or a handle."""
    before = set(live)
    handle = new_shared(world.engine.platform, shared(1, 2), NO_LIMIT)
    stores = [new_store(world.engine, u64(1 << 13), usize(0)) for _ in range(2)]
    made = cast(SharedMemory, new_memory(stores[0], shared(1, 2)))
    for memory in (handle, made, handle):
        borrow_shared(stores[1], memory)
    assert [int(memory.count[0]) for memory in (handle, made)] == [2, 2]
    release_store(stores[0])
    assert int(made.count[0]) == 1 and made.memory.base[PAGE - 1] == 0
    drop_shared(handle)
    release_store(stores[1])
    assert set(live) == before


def test_without_memory(world: World) -> None:
    """What is half made is given back."""
    before = set(live)
    store = new_store(world.engine, u64(1 << 13), usize(0))
    for limits in (shared(MOST_PAGES + 1, MOST_PAGES + 1), shared(3, 2)):
        assert is_null(new_shared(world.engine.platform, limits, NO_LIMIT))
        with pytest.raises(Exhausted):
            new_memory(store, limits)
    release_store(store)
    assert set(live) == before


def test_a_sleep_that_nobody_ends(world: World) -> None:
    """A platform without a clock says itself when time is over; before that it may wake for no reason."""
    asked: list[int] = []

    @kernel
    def sleep_at(word: Ptr[u32], expected: u32, nanoseconds: u64) -> u32:
        asked.append(int(nanoseconds))
        return u32(0 if len(asked) < 3 else 73)

    s = new(StoreObject)
    s.engine = new(EngineObject)
    s.engine.system.wait = sleep_at
    s.store = world.store
    memory = new_memory(world.store, shared(1, 2))
    for expected, outcome in ((0, 2), (7, 1)):
        words = new_array(u64, 5)
        for place, word in enumerate((int(address(memory)), int(address(memory.base)) + 8, 1000, expected, 4)):
            words[place] = u64(word)
        answer(s, u32(REQUEST_WAIT), words)
        assert (int(words[0]), asked) == (outcome, [1000] * 3)
    assert memory.waiters[0] == 0 and cast(SharedMemory, memory).first_waiter == 0
