"""Threads in one engine: a little of what `python -m tests.threads` does for long."""

import threading
import time
from typing import Any

import pytest

from fusee import Config, Engine, Func, FuncType, Instance, Module, Store
from tests.threads.first_calls import call_for_the_first_time
from tests.threads.lifetimes import live_and_end
from tests.threads.speed import Product, right_sum
from tests.threads.together import together
from tests.threads.waves import run_waves


@pytest.mark.parametrize("checked", [False, True], ids=["unchecked", "checked"])
def test_first_calls_by_all_at_once(checked: bool) -> None:
    config = Config()
    config.checked = checked
    call_for_the_first_time(Engine(config), 500 if checked else 10_000)


def test_modules_types_and_stores_of_many_threads() -> None:
    assert live_and_end(1.0) >= 8  # each thread has come through


def test_some_stop_and_all_others_go_on() -> None:
    assert run_waves(1.0, forks=False) > 1


def test_two_stores_are_in_native_code_at_once() -> None:
    """Each goes on only when the other has been there: guests that take turns never meet."""
    product = Product(2, is_shared=True)
    assert product.compute() == [right_sum()] * 2
    engine = Engine()
    text = """(module (import "" "memory" (memory 1 1 shared)) (func (export "meet") (param $own i32) (param $other i32)
      (local $round i32)
      (loop $again
        (local.set $round (i32.add (local.get $round) (i32.const 1)))
        (i32.atomic.store (local.get $own) (local.get $round))
        (loop $wait (br_if $wait (i32.lt_u (i32.atomic.load (local.get $other)) (local.get $round))))
        (br_if $again (i32.lt_u (local.get $round) (i32.const 1000))))))"""
    from fusee import Limits, MemoryType, SharedMemory

    module, memory = Module(engine, text), SharedMemory(engine, MemoryType(Limits(1, 1), shared=True))

    def meet(number: int) -> None:
        store = Store(engine)
        exports: Any = Instance(store, module, [memory]).exports(store)
        exports["meet"](store, 8 * number, 8 * (1 - number))

    together(meet, 2)


def test_a_guest_that_runs_does_not_keep_others_waiting() -> None:
    """Not even one that never ends, whose engine compiles, instantiates and ends modules meanwhile."""
    config = Config()
    config.epoch_interruption = True
    engine = Engine(config)
    endless, begun = Store(engine), threading.Event()
    endless.set_epoch_deadline(1)
    run: Any = Instance(
        endless,
        Module(engine, '(module (import "" "" (func)) (func (export "f") (call 0) (loop (br 0))))'),
        [Func(endless, FuncType([], []), begun.set)],
    ).exports(endless)["f"]
    failures: list[BaseException] = []

    def work() -> None:
        try:
            run(endless)
        except Exception as error:
            failures.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert begun.wait(30)
    for number in range(5):
        store = Store(engine)
        f: Any = Instance(
            store, Module(engine, f'(module (func (export "f") (result i32) (i32.const {number})))'), []
        ).exports(store)["f"]
        assert f(store) == number
        store.close()
    assert thread.is_alive()
    time.sleep(0.01)
    engine.increment_epoch()
    thread.join(30)
    assert len(failures) == 1
