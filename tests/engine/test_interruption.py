"""What works long for a guest looks whether that shall stop: un-compiled, to the byte."""

from collections.abc import Iterator

import pytest

from fusee.engine.errors import Trap
from fusee.engine.runtime import bulk, memory, metering, table
from fusee.engine.state.runtime import Instance, Memory, Table
from fusee.kernel.arena import simulate
from fusee.kernel.lang import Ptr, address, cast, null, u8, u32, u64
from fusee.kernel.memory import read_bytes
from fusee.kernel.target import ILP32, LP64, Target
from fusee.spec.traps import TrapCode
from tests.engine.simulated_world import World, live

CHUNK_BYTES, CHUNK_ELEMENTS = int(metering.CHUNK_BYTES), int(metering.CHUNK_ELEMENTS)
PAGES = 6  # a chunk has four
SIZES = [1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1]


@pytest.fixture(params=[ILP32, LP64], ids=["ilp32", "lp64"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    target: Target = request.param
    with simulate(target):
        yield World()


def memory_of(instance: Instance) -> Memory:
    return cast(Memory, instance.memories[0])


def bytes_of(instance: Instance) -> bytes:
    m = memory_of(instance)
    return read_bytes(m.base, int(m.length_bytes))


def some_bytes(instance: Instance) -> bytes:
    """Fill the memory with something that has no pattern of the length of a chunk."""
    pattern = bytes(i * 7 % 251 for i in range(251)) * (PAGES * 0x10000 // 251 + 1)
    pattern = pattern[: PAGES * 0x10000]
    m = memory_of(instance)
    for at in range(0, len(pattern), 251):
        for i, byte in enumerate(pattern[at : at + 1]):
            m.base[at + i] = u8(byte)
    for i in range(0, len(pattern), 4099):
        m.base[i] = u8(i % 253 + 1)
    return bytes_of(instance)


def stop(world: World) -> None:
    world.store.interrupt = u32(1)


def check_interrupted(error: pytest.ExceptionInfo[Trap]) -> None:
    assert TrapCode(error.value.code) is TrapCode.INTERRUPT


@pytest.mark.parametrize("count", SIZES)
@pytest.mark.parametrize(("to", "start"), [(0, 3), (3, 0), (5, 70_000), (70_000, 5)])
def test_copies_in_parts_are_copies(world: World, count: int, to: int, start: int) -> None:
    instance = world.instantiate(world.module(f"(module (memory {PAGES}))"))
    before = some_bytes(instance)
    bulk.memory_copy(instance, u64(0), u64(0), u64(to), u64(start), u64(count))
    after = bytearray(before)
    after[to : to + count] = before[start : start + count]
    assert bytes_of(instance) == after


def test_a_fill_stops_after_a_part(world: World) -> None:
    instance = world.instantiate(world.module(f"(module (memory {PAGES}))"))
    stop(world)
    with pytest.raises(Trap) as error:
        bulk.memory_fill(instance, u64(0), u64(10), u64(7), u64(CHUNK_BYTES + 1))
    check_interrupted(error)
    assert bytes_of(instance) == bytes(10) + b"\7" * CHUNK_BYTES + bytes(PAGES * 0x10000 - CHUNK_BYTES - 10)


def test_what_is_short_is_not_stopped(world: World) -> None:
    instance = world.instantiate(world.module(f"(module (memory {PAGES}))"))
    stop(world)
    bulk.memory_fill(instance, u64(0), u64(0), u64(1), u64(CHUNK_BYTES))
    assert bytes_of(instance)[CHUNK_BYTES - 1 : CHUNK_BYTES + 1] == b"\1\0"


@pytest.mark.parametrize("is_backward", [False, True])
def test_a_copy_stops_after_a_part_from_the_right_end(world: World, is_backward: bool) -> None:
    instance = world.instantiate(world.module(f"(module (memory {PAGES}))"))
    before = some_bytes(instance)
    to, start = (100, 0) if is_backward else (0, 100)
    stop(world)
    with pytest.raises(Trap) as error:
        bulk.memory_copy(instance, u64(0), u64(0), u64(to), u64(start), u64(CHUNK_BYTES + 50))
    check_interrupted(error)
    after = bytearray(before)
    skipped = 50 if is_backward else 0
    after[to + skipped : to + skipped + CHUNK_BYTES] = before[start + skipped : start + skipped + CHUNK_BYTES]
    assert bytes_of(instance) == after


def test_segments_stop_after_a_part(world: World) -> None:
    m = world.module(f'(module (memory {PAGES}) (data "{"x" * (CHUNK_BYTES + 1)}"))')
    instance = world.instantiate(m)
    stop(world)
    with pytest.raises(Trap) as error:
        bulk.memory_init(instance, u64(0), u64(0), u64(0), u64(0), u64(CHUNK_BYTES + 1))
    check_interrupted(error)
    assert bytes_of(instance)[CHUNK_BYTES - 1 : CHUNK_BYTES + 1] == b"x\0"


def test_instantiation_stops_in_a_segment(world: World) -> None:
    m = world.module(f'(module (memory {PAGES}) (data (i32.const 0) "{"x" * (CHUNK_BYTES + 1)}"))')
    stop(world)
    with pytest.raises(Trap) as error:
        world.instantiate(m)
    check_interrupted(error)


def test_tables_stop_after_a_part(world: World) -> None:
    length = CHUNK_ELEMENTS + 100
    instance = world.instantiate(world.module(f"(module (table {length} externref))"))
    t = cast(Table, instance.tables[0])
    stop(world)
    with pytest.raises(Trap) as error:
        table.table_fill(instance, u64(0), u64(0), u64(5), u64(length))
    check_interrupted(error)
    assert [int(t.elements[i]) for i in (0, CHUNK_ELEMENTS - 1, CHUNK_ELEMENTS, length - 1)] == [5, 5, 0, 0]
    with pytest.raises(Trap) as error:
        table.table_copy(instance, u64(0), u64(0), u64(1), u64(0), u64(CHUNK_ELEMENTS + 1))
    check_interrupted(error)
    assert [int(t.elements[i]) for i in (CHUNK_ELEMENTS, CHUNK_ELEMENTS + 1)] == [5, 0]
    assert int(t.elements[2]) == 5


def table_grow(instance: Instance, index: u64, delta: u64) -> u64:
    return table.table_grow(instance, index, u64(0), delta)


@pytest.mark.parametrize("what", ["memory", "table"])
def test_growth_of_a_guests_memory_is_given_up(world: World, what: str) -> None:
    """What it had stays where it is, and the new place is returned."""
    text = f"(module (memory {PAGES}))" if what == "memory" else f"(module (table {CHUNK_ELEMENTS + 1} externref))"
    instance = world.instantiate(world.module(text))
    frame = cast(Ptr[u64], world.store.stack_base)
    world.store.place_fp = frame  # a guest asks for it, not the embedder
    stop(world)
    before = set(live)
    grow = memory.memory_grow if what == "memory" else table_grow
    with pytest.raises(Trap) as error:
        grow(instance, u64(0), u64(1))
    check_interrupted(error)
    assert live == before
    world.store.interrupt = u32(0)
    length = PAGES if what == "memory" else CHUNK_ELEMENTS + 1
    assert grow(instance, u64(0), u64(0)) == length
    assert grow(instance, u64(0), u64(1)) == length
    world.store.place_fp = null(Ptr[u64])
    assert address(frame) != 0
