"""Fuel and deadlines on devices: the same numbers as here, whatever the machine; guests look by themselves."""

import threading
from functools import cache

import pytest

import fusee
from fusee import Config, Engine, Store, Trap, TrapCode
from tests.api.fuelcosts import EXACT, PLENTY
from tests.api.guest import Guest
from tests.api.test_metering import LOOPS
from tests.fuzz.fuel import costs, metered
from tests.fuzz.programs import make_program

SEEDS = range(3)


@cache
def engine_with_fuel(triple: str | None) -> Engine:
    config: Config = metered(fusee)
    config.target = triple
    return Engine(config)


def test_exact_costs(target: str) -> None:
    engine = engine_with_fuel(target)
    for name, (text, params, expected) in EXACT.items():
        g = Guest(text, store=Store(engine))
        g.store.set_fuel(PLENTY)
        g.f(*params)
        assert PLENTY - g.store.get_fuel() == expected, name


def test_random_programs_cost_what_they_cost_here(target: str) -> None:
    """Also where they trap."""
    for seed in SEEDS:
        wasm = make_program(seed)
        assert costs(fusee, engine_with_fuel(target), wasm) == costs(fusee, engine_with_fuel(None), wasm)


def test_registers_keep_their_values_while_fuel_is_fetched(target: str) -> None:
    """Fuel comes in slices; a value is in the accumulator where it is paid for."""
    g = Guest(
        """(module (func (export "f") (param $n i32) (result i32) (local $sum i32)
          (loop $again
            (i32.mul (local.get $n) (i32.const 3))
            (if (param i32) (result i32) (i32.and (local.get $n) (i32.const 1))
              (then (i32.add (i32.const 1))))
            (local.set $sum (i32.add (local.get $sum)))
            (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
          (local.get $sum)))""",
        store=Store(engine_with_fuel(target)),
    )
    g.store.set_fuel(PLENTY)
    assert g.f(10_000) == 3 * (10_000 * 10_001 // 2) + 5_000
    g.store.set_fuel(100_000)
    with pytest.raises(Trap) as caught:
        g.f(10_000)
    assert caught.value.trap_code is TrapCode.OUT_OF_FUEL
    assert g.store.get_fuel() == 0


def engine_with_deadlines(triple: str) -> Engine:
    config = Config()
    config.target = triple
    config.epoch_interruption = True
    return Engine(config)


def test_a_deadline_is_noticed(target: str) -> None:
    engine = engine_with_deadlines(target)
    g = Guest(
        """(module (memory (export "m") 8) (func (export "loop") (loop $l (br $l)))
          (func (export "fill") (memory.fill (i32.const 0) (i32.const 1) (i32.const 500000))))""",
        store=Store(engine),
    )
    g.store.set_epoch_deadline(1)
    timer = threading.Timer(0.05, engine.increment_epoch)
    timer.start()
    with pytest.raises(Trap) as caught:
        g.loop()
    timer.join()
    assert caught.value.trap_code is TrapCode.INTERRUPT
    with pytest.raises(Trap) as caught:
        g.fill()
    assert caught.value.trap_code is TrapCode.INTERRUPT
    g.store.set_epoch_deadline(1)
    g.fill()
    assert g["m"].read(g.store, 499_999, 500_001) == b"\1\0"


@pytest.mark.parametrize("name", ["later", "around", "calls"])
def test_every_loop_and_every_function_looks(target: str, name: str) -> None:
    """Without fuel they are the only ones that do. What the first call has left over is used up first."""
    store = Store(engine_with_deadlines(target))
    g = Guest(LOOPS, store=store)
    g.later(0)
    store.set_epoch_deadline(0)
    with pytest.raises(Trap) as caught:
        g[name](store, 1)
    assert caught.value.trap_code is TrapCode.INTERRUPT
