"""What host functions raise, and what interrupts them."""

import signal
import sys

import pytest

from fusee import Func, FuncType, Store, Trap, ValType
from tests.api.guest import Guest, engine

I32 = ValType.i32()


class Particular(Exception):
    """Raised by host functions here."""


def test_exceptions_pass_through_guest_frames() -> None:
    store = Store(engine())
    raised = Particular("this very one")

    def fail() -> None:
        raise raised

    g = Guest(
        '(module (import "" "f" (func $f)) (func (export "run") (call $f)))',
        [Func(store, FuncType([], []), fail)],
        store,
    )
    for _ in range(3):
        with pytest.raises(Particular) as caught:
            g.run()
        assert caught.value is raised
    assert store._failure is None


def test_exceptions_pass_through_nested_calls() -> None:
    store = Store(engine())
    functions: dict[str, Func] = {}

    def host(depth: int) -> int:
        if depth == 0:
            raise Particular("innermost")
        try:
            result = functions["run"](store, depth - 1)
        except Particular as error:
            if depth == 5:
                return 55
            raise Particular(f"{error} {depth}") from error
        assert isinstance(result, int)
        return result

    f = Func(store, FuncType([I32], [I32]), host)
    g = Guest(
        """(module (import "" "f" (func $f (param i32) (result i32)))
          (func (export "run") (param i32) (result i32) (i32.add (call $f (local.get 0)) (i32.const 1))))""",
        [f],
        store,
    )
    functions["run"] = g["run"]
    with pytest.raises(Particular, match="innermost 1 2 3"):
        g.run(3)
    assert g.run(7) == 55 + 3


def test_interrupts_and_traps_of_the_host() -> None:
    store = Store(engine())
    what: list[BaseException] = []

    def host() -> None:
        raise what[0]

    g = Guest(
        '(module (import "" "f" (func $f)) (func (export "run") (call $f)))',
        [Func(store, FuncType([], []), host)],
        store,
    )
    for raised in (KeyboardInterrupt(), SystemExit(3), Trap("by hand")):
        what[:] = [raised]
        with pytest.raises(type(raised)) as caught:
            g.run()
        assert caught.value is raised


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs interval timers")
def test_interrupts_between_host_calls() -> None:
    store = Store(engine())
    waiting = [True]

    def host() -> None:
        if waiting:
            waiting.pop()
            signal.setitimer(signal.ITIMER_REAL, 0.005)

    g = Guest(
        '(module (import "" "f" (func $f)) (func (export "run") (loop $again (call $f) (br $again))))',
        [Func(store, FuncType([], []), host)],
        store,
    )
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    hook, sys.unraisablehook = sys.unraisablehook, lambda unraisable: None  # ctypes reports what it swallows
    try:
        for _ in range(20):
            waiting.append(True)
            with pytest.raises(KeyboardInterrupt):
                g.run()
    finally:
        sys.unraisablehook = hook
        signal.signal(signal.SIGALRM, before)
