"""Stores of an emulated device that others close: while they are waited for, and while another's guest runs."""

from typing import Any

import pytest

from fusee import Config, Engine, Func, FuncType, Instance, Module, Store
from tests.api.closing import close_before
from tests.device.conftest import WATCH

TEXT = '(module (memory (export "m") 1 2) (func (export "f") (result i32) (i32.const 5)))'


@pytest.fixture(scope="module")
def engine() -> Engine:
    config = Config()
    config.target = WATCH
    return Engine(config)


def made(engine: Engine) -> tuple[Store, Any]:
    """A store whose guest was called already, and the guest's exports."""
    store = Store(engine)
    exports: Any = Instance(store, Module(engine, TEXT), []).exports(store)
    assert exports["f"](store) == 5
    return store, exports


def test_a_call_that_has_waited(engine: Engine) -> None:
    store, exports = made(engine)
    close_before(store, store._embedding, "lock")
    with pytest.raises(ValueError, match="already closed"):
        exports["f"](store)


def test_another_use_that_has_waited(engine: Engine) -> None:
    store, exports = made(engine)
    memory = exports["m"]
    close_before(store, store, "_lock")
    with pytest.raises(ValueError, match="already closed"):
        memory.grow(store, 1)


def test_a_host_function_closes_another_store(engine: Engine) -> None:
    """The device is one, and so is its lock."""
    store, exports = made(engine)
    caller = Store(engine)
    host = Func(caller, FuncType([], []), store.close)
    text = '(module (import "" "" (func $close)) (func (export "run") (call $close)))'
    run: Any = Instance(caller, Module(engine, text), [host]).exports(caller)["run"]
    run(caller)
    with pytest.raises(ValueError, match="already closed"):
        exports["f"](store)
