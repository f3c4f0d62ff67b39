"""Fuel and deadlines, and the stack's limit."""

import threading
from itertools import pairwise

import pytest

from fusee import (
    Config,
    Engine,
    Func,
    FuncType,
    FuseeError,
    Module,
    Store,
    StoreError,
    Trap,
    TrapCode,
    ValType,
)
from fusee.disasm.listing import list_function, own_functions
from fusee.engine.isa.control import pays
from fusee.engine.state.runtime import Engine as EngineState
from fusee.kernel.memory import view
from tests.api.guest import Guest, engine

LOOP = """(module
  (func (export "forever") (loop $again (br $again)))
  (func (export "count") (param $n i32) (result i32)
    (loop $again (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))) (local.get $n))
  (func $deep (export "deep") (param $n i32) (result i32)
    (if (result i32) (local.get $n)
      (then (i32.add (i32.const 1) (call $deep (i32.sub (local.get $n) (i32.const 1)))))
      (else (i32.const 0)))))"""


def test_fuel() -> None:
    config = Config()
    config.consume_fuel = True
    store = Store(Engine(config))
    g = Guest(LOOP, store=store)
    assert store.get_fuel() == 0
    with pytest.raises(Trap) as caught:
        g.count(1000)
    assert caught.value.trap_code is TrapCode.OUT_OF_FUEL
    store.set_fuel(1_000_000)
    assert g.count(1000) == 0
    left = store.get_fuel()
    assert 0 < left < 1_000_000
    with pytest.raises(Trap, match="all fuel consumed"):
        g.forever()
    assert store.get_fuel() == 0


def test_fuel_must_be_configured() -> None:
    store = Store(engine())
    with pytest.raises(FuseeError):
        store.set_fuel(1)
    with pytest.raises(FuseeError):
        store.get_fuel()


def test_deadlines() -> None:
    config = Config()
    config.epoch_interruption = True
    e = Engine(config)
    g = Guest(LOOP, store=Store(e))
    assert g.count(10) == 0
    g.store.set_epoch_deadline(1)
    timer = threading.Timer(0.05, e.increment_epoch)
    timer.start()
    with pytest.raises(Trap) as caught:
        g.forever()
    timer.join()
    assert caught.value.trap_code is TrapCode.INTERRUPT
    g.store.set_epoch_deadline(1)
    assert g.count(10) == 0


LOOPS = """(module
  (func (export "later") (param $n i32)
    (loop $first (br_if $first (i32.const 0)))
    (loop $again
      (block $leave (br_if $leave (i32.eqz (local.get $n))) (br $again))
      (br_if $again (local.get $n))))
  (func (export "around") (param $n i32)
    (loop $outer
      (if (i32.eqz (local.get $n)) (then (loop $inner (br_if $inner (i32.const 0)))))
      (br $outer)))
  (func $down (param $n i32) (if (local.get $n) (then (call $down (i32.sub (local.get $n) (i32.const 1))))))
  (func (export "calls") (param i32) (loop $again (call $down (i32.const 9)) (br $again)))
  (func (export "branches") (param $n i32) (result i32)
    (if (i32.and (local.get $n) (i32.const 1)) (then (local.set $n (i32.const 5))) (else (local.set $n (i32.const 6))))
    (loop $again
      (block $out
        (br_if $out (i32.eqz (local.get $n)))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br $again)))
    (if (local.get $n) (then (unreachable)))
    (local.get $n)))"""


@pytest.mark.parametrize("name", ["later", "around", "calls"])
def test_deadlines_in_metered_code(name: str) -> None:
    """A branch back may pay for its loop's first stretch, and goes past what is first in the loop."""
    config = Config()
    config.epoch_interruption = config.consume_fuel = True
    e = Engine(config)
    g = Guest(LOOPS, store=Store(e))
    g.store.set_fuel(1 << 32)
    g.store.set_epoch_deadline(1)
    timer = threading.Timer(0.05, e.increment_epoch)
    timer.start()
    with pytest.raises(Trap) as caught:
        g[name](g.store, 1)
    timer.join()
    assert caught.value.trap_code is TrapCode.INTERRUPT


def test_timed_code_looks_where_functions_and_loops_begin() -> None:
    """As devices have it, where nobody asks for fuel."""
    config = Config()
    config.consume_fuel = True
    e = Engine(config)
    counted = ticks_of(Module(e, LOOPS))
    view(EngineState, e._address).is_timed = True
    timed = ticks_of(Module(e, LOOPS))
    assert timed == [3, 3, 1, 2, 2]
    assert counted == [5, 3, 2, 2, 4]  # the arms of the `if` cost the same


TURNS = """(module
  (func (export "count") (param $n i32) (result i32) (local $sum i32)
    (block $out
      (loop $again
        (br_if $out (i32.eqz (local.get $n)))
        (local.set $sum (i32.add (local.get $sum) (local.get $n)))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br $again)))
    (local.get $sum)))"""


def test_what_goes_back_to_a_loop_is_the_same_in_metered_code() -> None:
    """It pays for the loop's first stretch and goes past its `tick`, by the loop pointer, paired as without fuel."""
    config = Config()
    config.consume_fuel = True
    metered = Engine(config)
    plain, paying = ([c.cell for c in list_function(Module(e, TURNS), 0).cells] for e in (Engine(), metered))
    assert [c.name.replace("brl_paid", "brl") for c in paying if c.row.family != "tick"] == [c.name for c in plain]
    for cells, name in ((plain, "brl"), (paying, "brl_paid")):
        assert [a.is_paired for a, b in pairwise(cells) if b.name == name] == [True]
    leading = {a.row.family: a.is_paired for a, b in pairwise(paying) if b.row.family == "tick"}
    assert leading == {"enter": True, "set_loop": True, "branch_test": False}
    g = Guest(TURNS, store=Store(metered))
    g.store.set_fuel(1000)
    assert g.count(10) == 55
    assert 1000 - g.store.get_fuel() == 1 + 10 * (3 + 8 + 1) + 3 + 1


TAKEN = """(module
  (func (export "step") (param $n i32) (result i32) (local $turns i32)
    (loop $again
      (local.set $turns (i32.add (local.get $turns) (i32.const 1)))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $turns))
  (func (export "compare") (param $n i32) (param $m i32) (result i32)
    (loop $again
      (local.set $n (i32.add (i32.mul (local.get $n) (i32.const 3)) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $n) (local.get $m))))
    (local.get $n))
  (func (export "tree") (param $n i32) (result i32)
    (loop $again
      (local.set $n (i32.shr_u (local.get $n) (i32.const 1)))
      (br_if $again (i32.and (local.get $n) (i32.const 0xf0))))
    (local.get $n)))"""


@pytest.mark.parametrize(("name", "arguments", "result", "cost"), [
    ("step", (10,), 10, 1 + 10 * 9 + 1),
    ("compare", (1, 1000), 1093, 1 + 6 * 10 + 1),
    ("tree", (0xFFF,), 0xF, 1 + 8 * 8 + 1),
])  # fmt: skip
def test_a_branch_back_to_a_loop_pays_for_the_next_turn(
    name: str, arguments: tuple[int, ...], result: int, cost: int
) -> None:
    """What the `tick` there would cost, and goes past it; with one less the guest stops, and has nothing left."""
    config = Config()
    config.consume_fuel = True
    metered = Engine(config)
    number = ("step", "compare", "tree").index(name)
    plain, paying = ([c.cell for c in list_function(Module(e, TAKEN), number).cells] for e in (Engine(), metered))
    assert [c.name.replace("brl_pay_", "brl_") for c in paying if c.row.family != "tick"] == [c.name for c in plain]
    assert [pays(c.row) for c in paying].count(True) == 1
    g = Guest(TAKEN, store=Store(metered))
    g.store.set_fuel(cost)
    assert getattr(g, name)(*arguments) == result
    assert g.store.get_fuel() == 0
    for less in range(1, cost):
        g.store.set_fuel(cost - less)
        with pytest.raises(Trap, match="all fuel consumed"):
            getattr(g, name)(*arguments)
        assert g.store.get_fuel() == 0


def ticks_of(module: Module) -> list[int]:
    """How many there are in each function that something is paid at."""
    listings = [list_function(module, index) for index in own_functions(module)]
    rows = [[cell.cell.row for cell in listing.cells] for listing in listings]
    return [sum(row.family == "tick" and row.detail != 0 for row in each) for each in rows]


def test_size_of_the_stack() -> None:
    config = Config()
    config.max_wasm_stack = 1 << 16
    small, large = Guest(LOOP, store=Store(Engine(config))), Guest(LOOP)
    assert large.deep(20_000) == 20_000
    assert small.deep(100) == 100
    with pytest.raises(Trap, match="call stack exhausted"):
        small.deep(20_000)
    assert small.deep(100) == 100
    with pytest.raises(Trap) as caught:
        large.deep(-1)
    assert len(caught.value.frames) == 64


def test_guests_of_two_threads() -> None:
    failures: list[object] = []

    def work(number: int) -> None:
        try:
            store = Store(engine())
            given = Func(store, FuncType([ValType.i32()], [ValType.i32()]), lambda x: x + number)
            for _ in range(20):
                g = Guest(
                    """(module (import "" "f" (func $f (param i32) (result i32)))
                      (func (export "run") (param $n i32) (result i32) (local $sum i32)
                        (loop $again
                          (local.set $sum (call $f (local.get $sum)))
                          (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
                        (local.get $sum)))""",
                    [given],
                    store,
                )
                assert g.run(100) == 100 * number
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_one_store_in_two_threads() -> None:
    store = Store(engine())
    errors: list[Exception] = []

    def elsewhere() -> None:
        try:
            g.inner()
        except StoreError as error:
            errors.append(error)

    def host() -> None:
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()

    g = Guest(
        """(module (import "" "f" (func $f)) (func (export "run") (call $f)) (func (export "inner")))""",
        [Func(store, FuncType([], []), host)],
        store,
    )
    g.run()
    assert len(errors) == 1
    g.inner()
