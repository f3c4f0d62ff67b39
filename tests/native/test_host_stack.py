"""The host's stack: guests trap before they come to its end, whoever calls them, on whichever thread."""

import ctypes
import subprocess
import sys
import threading
from typing import Any, Final

import pytest

from fusee import Config, Engine, Func, Instance, Module, Store, Trap, TrapCode
from fusee.api import _stack
from fusee.engine.python.state import KNOWN_STACKS, Python, ThreadStack
from fusee.kernel.lang import u64, usize
from fusee.kernel.memory import view
from tests.native.deep_guests import GUEST, Guest, told
from tests.native.parts import natively

EXPECTED: Final = {
    "premade": "exhausted 9000 4500",
    "children": "exhausted 4500",
    "lowered": "exhausted 3\nexhausted 3",
    "again": "exhausted exhausted\nexhausted",
    "many": "4 2",
    "foreign": "exhausted 3\nexhausted 3",
    "ending": "exhausted\n9000",
    "signals": "exhausted\n36000",
    "loops": "exhausted",
}
SMALL: Final = 256 << 10


@pytest.mark.parametrize("strategy", ["interpreter", "native", "tiered"])
@pytest.mark.parametrize("case", EXPECTED)
def test_no_guest_ends_the_process(case: str, strategy: str) -> None:
    """And a store in which a guest had no more room goes on."""
    expected = EXPECTED[case]
    if case == "premade" and strategy == "interpreter":
        expected = "40500 9000 4500"  # these use the guests' stacks alone
    command = [sys.executable, "-m", "tests.native.deep_guests", case, strategy]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=100)
    assert done.stdout == f"{expected}\nend\n"


def native_engine() -> Engine:
    config = Config()
    config.strategy = "native"
    return Engine(config)


def stack_here(engine: Engine) -> ThreadStack:
    """What the engine knows of this thread's stack, which has called a guest."""
    api = ctypes.pythonapi
    api.PyThreadState_Get.restype = ctypes.c_void_p
    api.PyThreadState_GetID.restype = ctypes.c_uint64
    number = api.PyThreadState_GetID(ctypes.c_void_p(api.PyThreadState_Get())) + 1
    native: Any = engine._native
    stack = view(Python, ctypes.addressof(native.python)).stacks[number % KNOWN_STACKS]
    assert stack.thread == number
    return stack


def test_the_edge_of_the_host_stack() -> None:
    """Wherever it is, interpreted and native functions that call each other trap there."""
    with natively("second") as chosen:
        store = Store(native_engine())
        module = Module(store.engine, '(module (func $interpreted (export "run") call $native) (func $native call 0))')
        run = Instance(store, module, []).exports(store)["run"]
        assert isinstance(run, Func)

        def exhaust() -> None:
            with pytest.raises(Trap) as caught:
                run(store)
            assert caught.value.trap_code is TrapCode.STACK_OVERFLOW

        exhaust()
        stack = stack_here(store.engine)
        usual = stack.share
        try:
            for share in range(100_000, 101_024, 16):
                stack.share = usize(share)
                exhaust()
        finally:
            stack.share = usual
    assert chosen.native == 1


def test_a_call_with_no_room_at_all_traps_without_frames() -> None:
    module = Module(native_engine(), GUEST)
    guest = Guest(module)
    assert guest.deep(3) == 3
    assert told(guest.endless) == "exhausted"
    stack = stack_here(module._engine)
    low = stack.low
    stack.low = stack.end
    try:
        with pytest.raises(Trap) as caught:
            guest.deep(3)
    finally:
        stack.low = low
    assert caught.value.trap_code is TrapCode.STACK_OVERFLOW
    assert caught.value.frames == []
    assert guest.deep(3) == 3


def test_on_another_stack_than_the_threads_own_there_is_a_share() -> None:
    """Nobody knows how large that is."""
    module = Module(native_engine(), GUEST)
    guest = Guest(module)
    assert guest.deep(3) == 3
    stack = stack_here(module._engine)
    base, end, elsewhere = stack.base, stack.end, stack.share_elsewhere
    stack.base, stack.end, stack.share_elsewhere = end, end, usize(100_000)
    try:
        assert guest.deep(1000) == 1000
        assert told(guest.deep, 10_000) == "exhausted"
    finally:
        stack.base, stack.end, stack.share_elsewhere = base, end, elsewhere


def test_a_call_on_another_stack_leaves_the_limit_of_the_one_that_waits() -> None:
    """`host_limit` is as it was when the inner call has returned; it is made one that cannot be of this stack."""
    limits: list[int] = []

    def call() -> int:
        if not limits:
            limits.append(0)
            state, mine = guest.store._state, guest.store._state.host_limit
            state.host_limit = usize(0)
            guest.deep(0)
            limits.append(int(state.host_limit))
            state.host_limit = mine
        return 0

    guest = Guest(Module(native_engine(), GUEST), call)
    assert guest.deep(5) == 5
    assert limits == [0, 0]


def test_what_is_raised_while_a_stack_is_looked_up_comes_back() -> None:
    """By a signal's handler, say; and the next call looks again."""
    module = Module(native_engine(), GUEST)
    guest = Guest(module)
    assert guest.deep(3) == 3
    stack_here(module._engine).thread = u64(0)

    def trace(frame: Any, event: str, argument: object) -> None:
        if frame.f_code is _stack.measure.__code__:
            raise KeyError("while it is looked up")

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        with pytest.raises(KeyError):
            guest.deep(3)
    finally:
        sys.settrace(before)
    assert guest.deep(3) == 3


def test_the_bounds_of_a_threads_stack() -> None:
    bounds: list[tuple[int, int]] = []
    before = threading.stack_size(SMALL)
    try:
        thread = threading.Thread(target=lambda: bounds.append(_stack._bounds()))
        thread.start()
        thread.join()
    finally:
        threading.stack_size(before)
    assert bounds[0][1] - bounds[0][0] == SMALL


@pytest.mark.skipif(sys.platform != "linux", reason="there is no /proc")
def test_the_bounds_of_the_main_threads_stack() -> None:
    """Two ways to find them: the C library leaves out the pages of the program's arguments."""
    base, end = _stack._bounds()
    found = _stack._main_bounds(end)
    assert found is not None
    assert found[0] - base == 0
    assert end <= found[1]
    assert _stack._main_bounds(0) is None
