"""The runtime's kernels for instances, un-compiled, with 32-bit and 64-bit pointers."""

from typing import Any

import pytest

from fusee.engine.decode.module import release_module
from fusee.engine.errors import Exhausted, LinkError, Trap
from fusee.engine.runtime import bulk, memory, table
from fusee.engine.runtime.objects import new_global, new_host_func, new_memory, new_table
from fusee.engine.runtime.store import new_store, release_engine, release_store, set_limits, set_total_limits
from fusee.engine.state.runtime import Func, Table
from fusee.kernel.arena import allocate_simulated
from fusee.kernel.lang import Ptr, address, cast, kernel, u8, u32, u64, usize
from fusee.spec.traps import TrapCode
from tests.engine import simulated_runtime
from tests.engine.simulated_runtime import FUNCREF, I32, NONE, contents, global_at, limits, memory_at, trap_code
from tests.engine.simulated_world import World, live

world = simulated_runtime.world


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
    bulk.memory_init(instance, u64(0), u64(1), u64(10), u64(4), u64(3))
    assert contents(memory_at(instance), 10, 14) == b"ive\0"
    bulk.data_drop(instance, u64(1))
    with pytest.raises(Trap) as trap:
        bulk.memory_init(instance, u64(0), u64(1), u64(0), u64(0), u64(1))
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


@pytest.mark.parametrize("text", ["(table 60 funcref) (table 41 funcref)", "(memory 1) (memory 4)", "(memory i64 5)"])
def test_what_is_too_much_together_is_refused_before_any_of_it_is_made(world: World, text: str) -> None:
    set_total_limits(world.store, u64(4 << 16), u64(100))
    before = set(live)
    with pytest.raises(Exhausted):
        world.instantiate(world.module(f"(module {text})"))
    assert len(live - before) <= 3  # the module
    world.instantiate(world.module("(module (table 60 funcref) (table 40 funcref) (memory 1) (memory 3))"))


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
