"""What guests pay in fuel, to the last instruction, and what happens where they cannot."""

from typing import Any

import pytest

from fusee import Config, Engine, Func, FuncType, Store, Trap, TrapCode
from tests.api.fuelcosts import COUNTING, EXACT, PLENTY, function
from tests.api.guest import Guest

_engines: list[Engine] = []


def metered() -> Engine:
    """One engine with fuel for all these tests."""
    if not _engines:
        config = Config()
        config.consume_fuel = True
        _engines.append(Engine(config))
    return _engines[0]


def cost(text: str, *params: Any, times: int = 1) -> int:
    """What the last of some calls of `f` takes."""
    g = Guest(text, store=Store(metered()))
    for _ in range(times):
        g.store.set_fuel(PLENTY)
        g.f(*params)
    return PLENTY - g.store.get_fuel()


@pytest.mark.parametrize("name", EXACT)
def test_exact_costs(name: str) -> None:
    text, params, expected = EXACT[name]
    assert cost(text, *params) == expected


@pytest.mark.parametrize("name", EXACT)
def test_just_enough_is_enough_and_one_less_is_not(name: str) -> None:
    text, params, expected = EXACT[name]
    g = Guest(text, store=Store(metered()))
    g.store.set_fuel(expected)
    g.f(*params)
    assert g.store.get_fuel() == 0
    g = Guest(text, store=Store(metered()))
    g.store.set_fuel(expected - 1)
    with pytest.raises(Trap) as caught:
        g.f(*params)
    assert caught.value.trap_code is TrapCode.OUT_OF_FUEL
    assert g.store.get_fuel() == 0


def test_a_line_that_cannot_be_paid_for_has_no_effect() -> None:
    stores = "".join(f"(i32.store8 (i32.const {at}) (i32.const 1))" for at in range(1000))
    g = Guest(f'(module (memory (export "m") 1) (func (export "f") {stores}))', store=Store(metered()))
    g.store.set_fuel(2999)
    with pytest.raises(Trap, match="all fuel consumed"):
        g.f()
    assert not any(g["m"].read(g.store, 0, 1000))
    g.store.set_fuel(3001)
    g.f()
    assert all(g["m"].read(g.store, 0, 1000))


@pytest.mark.parametrize(
    "instruction",
    [
        "memory.fill (i32.const 0) (i32.const 1) (i32.const 60000)",
        "memory.copy (i32.const 0) (i32.const 65536) (i32.const 60000)",
        "memory.init $passive (i32.const 0) (i32.const 0) (i32.const 4)",
    ],
)
def test_a_bulk_instruction_that_cannot_be_paid_for_has_no_effect(instruction: str) -> None:
    g = Guest(
        f"""(module (memory (export "m") 2) (data (i32.const 65536) "wxyz") (data $passive "abcd")
          (func (export "f") ({instruction})))""",
        store=Store(metered()),
    )
    g.store.set_fuel(8)
    with pytest.raises(Trap, match="all fuel consumed"):
        g.f()
    assert g["m"].read(g.store, 0, 4) == b"\0\0\0\0"


def test_what_a_trap_leaves_is_the_same_each_time() -> None:
    """The line in which something traps is paid for whole."""
    text = function("(drop (i32.div_u (i32.const 1) (local.get 0))) (drop (i32.const 1))", "", "(param i32)")
    g = Guest(text, store=Store(metered()))
    for _ in range(2):
        g.store.set_fuel(100)
        with pytest.raises(Trap, match="divide by zero"):
            g.f(0)
        assert g.store.get_fuel() == 100 - (1 + 3 + 1)


def test_fuel_that_a_host_function_sees_and_changes() -> None:
    store = Store(metered())
    seen: list[int] = []

    def look() -> None:
        seen.append(store.get_fuel())
        store.set_fuel(50)

    g = Guest(
        f"""(module (import "" "look" (func $look)) (func (export "f") (param $n i32)
          {COUNTING} (call $look) (local.set $n (i32.const 5)) {COUNTING}))""",
        [Func(store, FuncType([], []), look)],
        store,
    )
    store.set_fuel(1000)
    g.f(10)
    assert seen == [1000 - (1 + 5 * 10 + 1 + 2)]  # what stands in line with the call is paid for already
    assert store.get_fuel() == 50 - 5 * 5


def test_fuel_across_instances() -> None:
    """A store has one tank, whatever instances the guest calls."""
    store = Store(metered())
    inner = Guest(f'(module (func (export "run") (param $n i32) {COUNTING}))', store=store)
    outer = Guest(
        """(module (import "" "run" (func $run (param i32)))
          (func (export "f") (call $run (i32.const 100)) (call $run (i32.const 10))))""",
        [inner["run"]],
        store,
    )
    store.set_fuel(PLENTY)
    outer.f()
    assert PLENTY - store.get_fuel() == 1 + 4 + (1 + 5 * 100) + (1 + 5 * 10)


def test_the_last_of_the_fuel_across_instances() -> None:
    """Whichever instance has paid last has what is left; the other one, and a bulk instruction, get all of it."""
    store = Store(metered())
    seen: list[int] = []
    look = Func(store, FuncType([], []), lambda: seen.append(store.get_fuel()))
    inner = Guest('(module (import "" "look" (func $look)) (func (export "run") (call $look)))', [look], store)
    outer = Guest(
        """(module (import "" "run" (func $run)) (memory 1)
          (func (export "f") (call $run) (memory.fill (i32.const 0) (i32.const 1) (i32.const 300)) (call $run)))""",
        [inner["run"]],
        store,
    )
    exact = 1 + 6 + 300 + 2 * 2
    store.set_fuel(exact)
    outer.f()
    assert store.get_fuel() == 0
    assert seen == [300 + 2, 0]
    for fuel in (exact - 1, 7 + 2 + 300, 7 + 2 + 299, 8, 6):
        store.set_fuel(fuel)
        with pytest.raises(Trap) as caught:
            outer.f()
        assert caught.value.trap_code is TrapCode.OUT_OF_FUEL
        assert store.get_fuel() == 0
    store.set_fuel(exact)
    outer.f()
    assert store.get_fuel() == 0


PART = "(drop (i32.add (i32.const 1) (i32.const 2)))"  # costs 3


@pytest.mark.parametrize("is_thrown", [False, True])
def test_fuel_where_instances_come_for_it(is_thrown: bool) -> None:
    """One that a host function calls, or that catches what another throws, is handed none: it takes all there is."""
    store = Store(metered())
    thrower = f'(tag $e (export "e")) (func (export "work") {PART} {"(throw $e)" if is_thrown else ""})'
    inner = Guest(f"(module {thrower})", store=store)
    work = inner["work"] if is_thrown else Func(store, FuncType([], []), lambda: inner.work())
    outer = Guest(
        f"""(module (import "" "work" (func $work)) (import "" "e" (tag $e))
          (func $rest {PART})
          (func (export "f") (block $caught (try_table (catch $e $caught) (call $work))) (call $rest)))""",
        [work, inner["e"]],
        store,
    )
    store.set_fuel(PLENTY)
    outer.f()
    exact = PLENTY - store.get_fuel()
    assert exact == (1 + 3) + is_thrown + (1 + 3) + (1 + 3)  # `try_table`, both calls, and what is called
    for turn in (exact, exact - 1, exact, exact - 4, exact):
        store.set_fuel(turn)
        if turn == exact:
            outer.f()
        else:
            with pytest.raises(Trap, match="all fuel consumed"):
                outer.f()
        assert store.get_fuel() == 0


def test_fuel_that_is_set_while_another_instance_has_it() -> None:
    """Whatever had been left of the old does not come back."""
    store = Store(metered())
    refill = Func(store, FuncType([], []), lambda: store.set_fuel(5))
    inner = Guest(
        f'(module (import "" "" (func $refill)) (func (export "work") {PART} (call $refill)))', [refill], store
    )
    work = Func(store, FuncType([], []), lambda: inner.work())
    outer = Guest(
        f"""(module (import "" "" (func $work)) (func $rest {PART})
          (func (export "f") (call $work) (call $rest)) (func (export "g") (call $work) (call $rest) (call $rest)))""",
        [work],
        store,
    )
    store.set_fuel(PLENTY)
    outer.f()
    assert store.get_fuel() == 1
    store.set_fuel(PLENTY)
    with pytest.raises(Trap, match="all fuel consumed"):
        outer.g()
    assert store.get_fuel() == 0
