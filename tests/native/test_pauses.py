"""Native code stops where a deadline or the handler of a signal says so."""

import signal
import threading

import pytest

from fusee import Config, Engine, Store, Trap, TrapCode
from tests.native.parts import instance_of, natively

ENDLESS = """(module (memory (export "memory") 1)
  (func (export "loop") (loop (i32.store (i32.const 0) (i32.const 1)) (br 0))))"""


def test_a_deadline_stops_a_loop() -> None:
    with natively("all"):
        config = Config()
        config.epoch_interruption = True
        engine = Engine(config)
        store = Store(engine)
        store.set_epoch_deadline(1)
        _, exports = instance_of(ENDLESS, store=store)
    timer = threading.Timer(0.2, engine.increment_epoch)
    timer.start()
    with pytest.raises(Trap) as caught:
        exports["loop"](store)
    timer.join()
    assert caught.value.trap_code is TrapCode.INTERRUPT


def test_a_signal_handler_runs_in_a_loop() -> None:
    """What it raises ends the guest, as it ends interpreted code."""

    def handler(number: int, frame: object) -> None:
        raise KeyError(number)

    with natively("all"):
        store, exports = instance_of(ENDLESS)
    before = signal.signal(signal.SIGALRM, handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with pytest.raises(KeyError):
            exports["loop"](store)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert exports["memory"].read(store, 0, 1) == b"\x01"
