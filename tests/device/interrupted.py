"""Guests on a device that are interrupted."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from fusee import Engine, Func, FuncType, Instance, Module, Store, Trap

GUEST = """(module
  (import "" "call" (func $call))
  (memory 1)
  (func (export "spin") (loop $again (br $again)))
  (func $down (param i32) (loop $again (call $more (local.get 0)) (br $again)))
  (func $more (param i32) (if (local.get 0) (then (call $down (i32.sub (local.get 0) (i32.const 1))))))
  (func (export "recurse") (call $down (i32.const 50)))
  (func (export "fill") (loop $again (memory.fill (i32.const 0) (i32.const 7) (i32.const 65536)) (br $again)))
  (func (export "count") (param i32) (result i32) (local i32)
    (loop $again
      (i32.store (i32.const 8) (local.tee 1 (i32.add (local.get 1) (i32.const 3))))
      (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (i32.load (i32.const 8)))
  (func (export "through") (call $call))
  (func (export "often") (param i32) (result i32) (local i32)
    (loop $again
      (call $call)
      (local.set 1 (i32.add (local.get 1) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get 1) (local.get 0))))
    (local.get 1))
  (func (export "fail") (unreachable)))"""


class Stop(Exception):
    pass


@contextmanager
def every(seconds: float, handler: Callable[[], None]) -> Iterator[None]:
    before = signal.signal(signal.SIGALRM, lambda number, frame: handler())
    signal.setitimer(signal.ITIMER_REAL, seconds, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def stopped_soon() -> Iterator[None]:
    def stop() -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        raise Stop

    with every(0.03, stop), pytest.raises(Stop):
        yield


class Guest:
    """An instance in a store of its own, and the functions that it exports."""

    def __init__(self, engine: Engine, call: Callable[[], object] = lambda: None) -> None:
        self.store = Store(engine)
        instance = Instance(self.store, Module(engine, GUEST), [Func(self.store, FuncType([], []), call)])
        self.exports = instance.exports(self.store)

    def __call__(self, name: str, *arguments: int) -> object:
        function = self.exports[name]
        assert isinstance(function, Func)
        return function(self.store, *arguments)

    def check(self) -> None:
        """Everything works as if nothing had been."""
        assert self("count", 1000) == 3000
        with pytest.raises(Trap, match="unreachable") as caught:
            self("fail")
        assert len(caught.value.frames) == 1
