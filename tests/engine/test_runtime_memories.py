"""The runtime's kernels for memories and tables, un-compiled, with 32-bit and 64-bit pointers."""

import pytest

from fusee.engine.errors import Exhausted, Trap
from fusee.engine.runtime import bulk, memory, table
from fusee.engine.runtime.objects import new_memory, new_table
from fusee.engine.runtime.store import set_limits, set_total_limits
from fusee.kernel.faults import Fault
from fusee.kernel.lang import address, u64
from fusee.spec.limits import MAX_TABLE_ELEMENTS
from fusee.spec.traps import TrapCode
from tests.engine import simulated_runtime
from tests.engine.simulated_runtime import FUNCREF, NONE, contents, limits, memory_at, trap_code
from tests.engine.simulated_world import MOST_BYTES, World

world = simulated_runtime.world


def test_memory_bulk_operations_at_the_edges(world: World) -> None:
    instance = world.instantiate(world.module('(module (memory i64 1) (memory 0) (data (i64.const 0) "0123456789"))'))
    bulk.memory_copy(instance, u64(0), u64(0), u64(2), u64(0), u64(8))
    assert contents(memory_at(instance), 0, 10) == b"0101234567"
    bulk.memory_fill(instance, u64(0), u64(65535), u64(0x1FF), u64(1))
    assert contents(memory_at(instance), 65534, 65536) == b"\0\xff"
    bulk.memory_fill(instance, u64(0), u64(65536), u64(0), u64(0))
    bulk.memory_copy(instance, u64(1), u64(0), u64(0), u64(5), u64(0))
    for start, count in ((65536, 1), (1, 65536), (NONE, 1), (1, NONE), (1 << 32, 1), (1 << 32, 0), (0, 1 << 32)):
        with pytest.raises(Trap):
            bulk.memory_fill(instance, u64(0), u64(start), u64(0), u64(count))
        with pytest.raises(Trap):
            bulk.memory_copy(instance, u64(0), u64(0), u64(start), u64(0), u64(count))
        with pytest.raises(Trap):
            bulk.memory_copy(instance, u64(0), u64(0), u64(0), u64(start), u64(count))


def test_memory_growth(world: World) -> None:
    m = new_memory(world.store, limits(1, 4))
    m.base[5] = type(m.base[5])(7)
    assert memory.grow_memory(m, u64(0)) == 1
    assert memory.grow_memory(m, u64(2)) == 1
    assert (int(m.length_bytes), int(m.base[5]), int(m.base[3 * 65536 - 1])) == (3 << 16, 7, 0)
    for delta in (2, 65536, 1 << 48, NONE):
        assert memory.grow_memory(m, u64(delta)) == NONE
    assert memory.grow_memory(m, u64(1)) == 3


def test_memory_growth_without_memory(world: World) -> None:
    m = new_memory(world.store, limits(1, None, is_64=True))
    too_many = MOST_BYTES // 65536
    assert memory.grow_memory(m, u64(too_many)) == NONE
    assert memory.grow_memory(m, u64(1 << 47)) == NONE
    assert memory.grow_memory(m, u64(1)) == 1


def test_bytes_as_pages(world: World) -> None:
    m = new_memory(world.store, limits(5, 7, log2=0))
    assert m.length_bytes == 5
    assert [int(memory.grow_memory(m, u64(d))) for d in (1, 2, 1)] == [5, NONE, 6]


@pytest.mark.parametrize("minimum", [0, 1, 0xFFFF_FFFE])
def test_a_memory_of_bytes_never_has_more_than_its_size_can_say(world: World, minimum: int) -> None:
    """A 32-bit `memory.size` has no word for 2³² pages."""
    m = new_memory(world.store, limits(0, log2=0))
    m.length_bytes = u64(minimum)  # as if the system had so much
    assert memory.greatest_bytes(m) == 0xFFFF_FFFF
    assert memory.grow_memory(m, u64(0x1_0000_0000 - minimum)) == NONE
    assert m.length_bytes == minimum
    assert memory.greatest_bytes(new_memory(world.store, limits(0))) == 1 << 32
    assert memory.greatest_bytes(new_memory(world.store, limits(0, is_64=True, log2=0))) == 1 << 36


def test_growing_by_nothing_is_always_possible(world: World) -> None:
    m, t = new_memory(world.store, limits(2)), new_table(world.store, limits(2), FUNCREF, u64(0))
    none = u64(NONE)
    set_limits(world.store, u64(65536), u64(1), none, none, none, none)
    set_total_limits(world.store, u64(0), u64(0))
    assert memory.grow_memory(m, u64(0)) == table.grow_table(t, u64(0), u64(0)) == 2
    assert memory.grow_memory(m, u64(1)) == table.grow_table(t, u64(1), u64(0)) == NONE


def test_growing_page_by_page_copies_each_byte_a_few_times(world: World) -> None:
    m = new_memory(world.store, limits(1))
    bases = set()
    for page in range(1, 100):
        bases.add(int(address(m.base)))
        m.base[page * 65536 - 1] = type(m.base[0])(page)
        assert memory.grow_memory(m, u64(1)) == page
        assert m.length_bytes <= m.capacity_bytes <= m.length_bytes * 3 // 2
    assert len(bases) <= 12
    assert [int(m.base[page * 65536 - 1]) for page in range(1, 101)] == [*range(1, 100), 0]


def test_growth_where_only_what_is_needed_can_be_had(world: World) -> None:
    pages = MOST_BYTES // 65536
    m = new_memory(world.store, limits(pages - 2))
    assert [int(memory.grow_memory(m, u64(1))) for _ in range(3)] == [pages - 2, pages - 1, NONE]
    assert m.capacity_bytes == m.length_bytes == MOST_BYTES


@pytest.mark.parametrize("is_many", [False, True])
def test_memories_and_tables_together_are_limited(world: World, is_many: bool) -> None:
    """However a module divides what it asks for."""
    set_total_limits(world.store, u64(4 << 16), u64(100))
    memories = [new_memory(world.store, limits(size)) for size in ([1, 2, 0] if is_many else [3])]
    assert [int(memory.grow_memory(memories[0], u64(d))) for d in (2, 1, 1)][::2] == [NONE, NONE]
    with pytest.raises(Exhausted):
        new_memory(world.store, limits(1))
    tables = [new_table(world.store, limits(size), FUNCREF, u64(0)) for size in ([40, 50] if is_many else [90])]
    assert [int(table.grow_table(tables[0], u64(d), u64(0))) for d in (11, 10, 1)][::2] == [NONE, NONE]
    with pytest.raises(Exhausted):
        new_table(world.store, limits(1), FUNCREF, u64(0))


def test_null_elements_are_not_touched(world: World) -> None:
    """A table of nine million elements in room for sixteen: writing them would be a fault."""
    t = new_table(world.store, limits(5), FUNCREF, u64(0))
    t.capacity = u64(MAX_TABLE_ELEMENTS)
    assert table.grow_table(t, u64(9_000_000), u64(0)) == 5
    with pytest.raises(Fault):
        table.grow_table(t, u64(1), u64(1))


@pytest.mark.parametrize("size", [MOST_BYTES // 65536 + 1, 65537, 1 << 40])
def test_memories_that_are_too_large(world: World, size: int) -> None:
    with pytest.raises(Exhausted):
        new_memory(world.store, limits(size, is_64=True))


def test_tables(world: World) -> None:
    instance = world.instantiate(world.module("(module (table 2 6 funcref) (table 3 funcref) (func $f))"))
    f = instance.functions[0]
    table.table_set(instance, u64(0), u64(1), u64(f))
    assert table.table_get(instance, u64(0), u64(1)) == u64(f)
    assert [int(table.table_grow(instance, u64(0), u64(f), u64(d))) for d in (1, 4, 3, NONE, 0)] == [
        2,
        NONE,
        3,
        NONE,
        6,
    ]
    assert [int(table.table_get(instance, u64(0), u64(i)) != 0) for i in range(6)] == [0, 1, 1, 1, 1, 1]
    table.table_copy(instance, u64(1), u64(0), u64(1), u64(0), u64(2))
    assert [int(table.table_get(instance, u64(1), u64(i)) != 0) for i in range(3)] == [0, 0, 1]
    table.table_fill(instance, u64(0), u64(4), u64(0), u64(2))
    assert table.table_get(instance, u64(0), u64(5)) == 0
    for start, count in ((6, 1), (0, 7), (NONE, 2), (2, NONE)):
        with pytest.raises(Trap) as trap:
            table.table_fill(instance, u64(0), u64(start), u64(0), u64(count))
        assert trap_code(trap) is TrapCode.TABLE_OUT_OF_BOUNDS
    with pytest.raises(Trap):
        table.table_get(instance, u64(0), u64(1 << 32))


def test_table_initializer(world: World) -> None:
    instance = world.instantiate(world.module("(module (table 3 (ref func) (ref.func $f)) (func $f))"))
    assert [table.table_get(instance, u64(0), u64(i)) == u64(instance.functions[0]) for i in range(3)] == [True] * 3
