"""The runtime's kernels, un-compiled, with 32-bit and 64-bit pointers."""

from collections.abc import Iterator
from typing import Any

import pytest

from fusee.engine.decode.module import release_module
from fusee.engine.errors import Exhausted, LinkError, Trap
from fusee.engine.runtime import memory, table
from fusee.engine.runtime.objects import new_global, new_host_func, new_memory, new_table
from fusee.engine.runtime.store import new_store, release_engine, release_store, set_limits, set_total_limits
from fusee.engine.state.module import Limits
from fusee.engine.state.runtime import Func, Global, Instance, Memory, Table
from fusee.kernel.arena import allocate_simulated, new, simulate
from fusee.kernel.faults import Fault
from fusee.kernel.lang import Ptr, address, cast, kernel, u8, u32, u64, usize
from fusee.kernel.memory import read_bytes
from fusee.kernel.target import ILP32, LP64, Target
from fusee.spec.limits import MAX_TABLE_ELEMENTS
from fusee.spec.traps import TrapCode
from tests.engine.simulated_world import MOST_BYTES, World, live

I32 = u32(0x7F)
FUNCREF = u32(0xE000_0070)
NONE = (1 << 64) - 1


@pytest.fixture(params=[ILP32, LP64], ids=["ilp32", "lp64"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    target: Target = request.param
    with simulate(target):
        yield World()


def limits(minimum: int, maximum: int | None = None, is_64: bool = False, log2: int = 16) -> Limits:
    made = new(Limits)
    made.minimum, made.is_64, made.page_size_log2 = u64(minimum), is_64, u32(log2)
    made.has_maximum, made.maximum = maximum is not None, u64(maximum or 0)
    return made


def global_at(instance: Instance, index: int) -> Global:
    return cast(Global, instance.globals[index])


def memory_at(instance: Instance, index: int = 0) -> Memory:
    return cast(Memory, instance.memories[index])


def contents(m: Memory, start: int, stop: int) -> bytes:
    return read_bytes(m.base + start, stop - start)


def trap_code(error: pytest.ExceptionInfo[Trap]) -> TrapCode:
    return TrapCode(error.value.code)


def test_constant_expressions(world: World) -> None:
    instance = world.instantiate(
        world.module("""(module
          (global i32 (i32.const -1)) (global i64 (i64.const -9223372036854775808))
          (global f32 (f32.const -0)) (global f64 (f64.const 1))
          (global funcref (ref.func $f)) (global externref (ref.null extern))
          (global i32 (i32.add (global.get 0) (i32.mul (i32.const 1000) (i32.sub (i32.const 5) (i32.const 7)))))
          (global i64 (i64.sub (global.get 1) (i64.const 1)))
          (func $f))""")
    )
    values = [int(global_at(instance, i).value) for i in range(8)]
    assert values[:4] == [0xFFFF_FFFF, 1 << 63, 0x8000_0000, 0x3FF0_0000_0000_0000]
    assert values[4] == int(instance.functions[0])
    assert values[5] == 0
    assert values[6] == (-1 - 2000) & 0xFFFF_FFFF
    assert values[7] == (1 << 63) - 1


def test_long_constant_expression(world: World) -> None:
    text = "(i32.const 1)" * 40 + "(i32.add)" * 39
    instance = world.instantiate(world.module(f"(module (global i32 {text}))"))
    assert global_at(instance, 0).value == 40


def test_segments(world: World) -> None:
    instance = world.instantiate(
        world.module("""(module
          (memory 1) (data (i32.const 3) "abc") (data "passive")
          (table 4 funcref) (elem (i32.const 1) $f) (elem func $f $f) (elem declare func $f)
          (elem (i32.const 2) funcref (ref.func $f) (ref.null func))
          (func $f))""")
    )
    assert contents(memory_at(instance), 2, 7) == b"\0abc\0"
    f = int(instance.functions[0])
    elements = cast(Table, instance.tables[0]).elements
    assert [int(elements[i]) for i in range(4)] == [0, f, f, 0]
    assert [int(instance.elements[i].length) for i in range(4)] == [0, 2, 0, 0]
    assert [int(instance.datas[i].length) for i in range(2)] == [0, 7]
    memory.memory_init(instance, u64(0), u64(1), u64(10), u64(4), u64(3))
    assert contents(memory_at(instance), 10, 14) == b"ive\0"
    memory.data_drop(instance, u64(1))
    with pytest.raises(Trap) as trap:
        memory.memory_init(instance, u64(0), u64(1), u64(0), u64(0), u64(1))
    assert trap_code(trap) is TrapCode.MEMORY_OUT_OF_BOUNDS
    table.table_init(instance, u64(0), u64(1), u64(2), u64(0), u64(2))
    assert [int(elements[i]) for i in range(4)] == [0, f, f, f]


def test_earlier_segments_stay_written(world: World) -> None:
    kept = new_memory(world.store, limits(1))
    m = world.module("""(module (memory (import "" "m") 1)
      (data (i32.const 0) "one") (data (i32.const 65535) "two") (data (i32.const 5) "three"))""")
    with pytest.raises(Trap) as trap:
        world.instantiate(m, [kept])
    assert trap_code(trap) is TrapCode.MEMORY_OUT_OF_BOUNDS
    assert contents(kept, 0, 8) == b"one\0\0\0\0\0"


def test_memory_bulk_operations_at_the_edges(world: World) -> None:
    instance = world.instantiate(world.module('(module (memory i64 1) (memory 0) (data (i64.const 0) "0123456789"))'))
    memory.memory_copy(instance, u64(0), u64(0), u64(2), u64(0), u64(8))
    assert contents(memory_at(instance), 0, 10) == b"0101234567"
    memory.memory_fill(instance, u64(0), u64(65535), u64(0x1FF), u64(1))
    assert contents(memory_at(instance), 65534, 65536) == b"\0\xff"
    memory.memory_fill(instance, u64(0), u64(65536), u64(0), u64(0))
    memory.memory_copy(instance, u64(1), u64(0), u64(0), u64(5), u64(0))
    for start, count in ((65536, 1), (1, 65536), (NONE, 1), (1, NONE), (1 << 32, 1), (1 << 32, 0), (0, 1 << 32)):
        with pytest.raises(Trap):
            memory.memory_fill(instance, u64(0), u64(start), u64(0), u64(count))
        with pytest.raises(Trap):
            memory.memory_copy(instance, u64(0), u64(0), u64(start), u64(0), u64(count))
        with pytest.raises(Trap):
            memory.memory_copy(instance, u64(0), u64(0), u64(0), u64(start), u64(count))


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


@pytest.mark.parametrize("text", ["(table 60 funcref) (table 41 funcref)", "(memory 1) (memory 4)", "(memory i64 5)"])
def test_what_is_too_much_together_is_refused_before_any_of_it_is_made(world: World, text: str) -> None:
    set_total_limits(world.store, u64(4 << 16), u64(100))
    before = set(live)
    with pytest.raises(Exhausted):
        world.instantiate(world.module(f"(module {text})"))
    assert len(live - before) <= 3  # the module
    world.instantiate(world.module("(module (table 60 funcref) (table 40 funcref) (memory 1) (memory 3))"))


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


MATCHES = [
    ("(memory (import '' '') 1)", "memory", (2, None), True),
    ("(memory (import '' '') 3)", "memory", (2, None), False),
    ("(memory (import '' '') 1 5)", "memory", (2, None), False),
    ("(memory (import '' '') 1 5)", "memory", (2, 4), True),
    ("(memory (import '' '') 1 5)", "memory", (2, 6), False),
    ("(memory (import '' '') i64 1)", "memory", (2, None), False),
    ("(table (import '' '') 1 funcref)", "table", (2, None), True),
    ("(table (import '' '') 1 (ref func))", "table", (2, None), False),
    ("(table (import '' '') 1 externref)", "table", (2, None), False),
    ("(global (import '' '') i32)", "global", (False,), True),
    ("(global (import '' '') (mut i32))", "global", (False,), False),
    ("(global (import '' '') (mut i32))", "global", (True,), True),
    ("(global (import '' '') i64)", "global", (False,), False),
]


@pytest.mark.parametrize(("wanted", "kind", "given", "matches"), MATCHES)
def test_import_matching(world: World, wanted: str, kind: str, given: tuple[Any, ...], matches: bool) -> None:
    m = world.module(f"(module {wanted})".replace("'", '"'))
    item: object
    if kind == "memory":
        item = new_memory(world.store, limits(*given))
    elif kind == "table":
        item = new_table(world.store, limits(*given), FUNCREF, u64(0))
    else:
        item = new_global(world.store, I32, bool(given[0]), u64(1), u64(0))
    if matches:
        world.instantiate(m, [item])
        return
    with pytest.raises(LinkError) as error:
        world.instantiate(m, [item])
    assert error.value.detail == 0


def test_functions_across_modules(world: World) -> None:
    giver = world.instantiate(
        world.module("""(module
          (rec (type $a (sub (func))) (type $b (sub $a (func))))
          (func (type $a)) (func (type $b)) (func))""")
    )
    wanted = world.module(
        '(module (rec (type $a (sub (func))) (type (sub $a (func)))) (import "" "" (func (type $a))))'
    )
    given = [cast(Func, giver.functions[i]) for i in range(3)]
    taker = world.instantiate(wanted, [given[0]])
    assert taker.functions[0] == giver.functions[0]
    world.instantiate(wanted, [given[1]])  # a subtype
    with pytest.raises(LinkError):
        world.instantiate(wanted, [given[2]])


def test_host_functions(world: World) -> None:
    m = world.module('(module (import "" "" (func (param i32))) (func (param i32)))')
    canonical = m.types[0].canonical
    host = new_host_func(world.store, u32(7), canonical, u32(1), u32(0), u32(1), u32(0))
    instance = world.instantiate(m, [host])
    assert cast(Func, instance.functions[0]).index == 7
    assert cast(Func, instance.functions[1]).instance != 0


def test_limits_of_the_store(world: World) -> None:
    none = u64(NONE)
    set_limits(world.store, u64(2 << 16), u64(3), u64(1), u64(2), u64(2), none)
    m = new_memory(world.store, limits(1))
    assert [int(memory.grow_memory(m, u64(1))) for _ in range(2)] == [1, NONE]
    t = new_table(world.store, limits(2), FUNCREF, u64(0))
    assert [int(table.grow_table(t, u64(1), u64(0))) for _ in range(2)] == [2, NONE]
    with pytest.raises(Exhausted):
        new_memory(world.store, limits(3))
    with pytest.raises(Exhausted):
        new_table(world.store, limits(4), FUNCREF, u64(0))
    empty = world.module("(module)")
    world.instantiate(empty)
    with pytest.raises(Exhausted):
        world.instantiate(empty)
    set_limits(world.store, none, none, none, none, none, none)
    world.instantiate(empty)


def test_nothing_is_left_behind(world: World) -> None:
    m = world.module("""(module (memory 1) (table 3 funcref) (global i32 (i32.const 1)) (func $f)
      (elem func $f $f) (data "abc"))""")
    world.instantiate(m)
    memory.grow_memory(new_memory(world.store, limits(1)), u64(1))
    table.grow_table(new_table(world.store, limits(1), FUNCREF, u64(0)), u64(100), u64(0))
    new_global(world.store, I32, True, u64(0), u64(0))
    trapping = world.module('(module (data (i32.const 65536) "x") (memory 1))')
    with pytest.raises(Trap):
        world.instantiate(trapping)
    release_store(world.store)
    release_module(trapping)
    release_module(m)
    release_engine(world.engine)
    assert live == set()


def test_the_stack_takes_memory_that_nobody_clears(world: World) -> None:
    """Where the platform has a function for that; it is given back like all other memory."""
    asked: list[int] = []

    @kernel
    def allocate_unset(size: usize) -> Ptr[u8]:
        asked.append(int(size))
        p = allocate_simulated(b"\xa5" * int(size))
        live.add(int(address(p)))
        return p

    world.engine.platform.allocate_unset = allocate_unset
    before = set(live)
    store = new_store(world.engine, u64(1 << 13), usize(0))
    assert asked == [1 << 13]
    release_store(store)
    assert live == before
