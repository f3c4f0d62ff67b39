"""Signals while a device executes: Python's handlers run meanwhile, and what they raise ends the guest."""

import signal
import sys
import threading
from itertools import count
from types import FrameType
from typing import Any

import pytest

from fusee import Engine, Trap
from fusee.emulator import execution
from fusee.emulator.execution import Execution, Job
from fusee.emulator.passing import Passing
from fusee.emulator.stop import Stopper
from fusee.engine.state.runtime import Store as StoreState
from fusee.kernel.memory import view
from tests.device.interrupted import Guest, Stop, every, stopped_soon

if sys.platform == "win32":
    pytest.skip("there are no timers that send signals", allow_module_level=True)


def test_what_is_raised_ends_the_guest(engine: Engine) -> None:
    """Wherever it is; and its store goes on to work."""
    guest = Guest(engine)
    for name in ("spin", "recurse", "fill", "spin"):
        with stopped_soon():
            guest(name)
        guest.check()


def test_what_is_raised_in_a_guest_that_the_host_called(engine: Engine) -> None:
    """It passes the host function, which may catch it, and the guest that has called that."""
    guest = Guest(engine, lambda: guest("spin"))
    with stopped_soon():
        guest("through")
    guest.check()

    def catching() -> None:
        with stopped_soon():
            careful("spin")

    careful = Guest(engine, catching)
    assert careful("often", 3) == 3
    careful.check()


def test_what_is_raised_in_a_host_function(engine: Engine) -> None:
    def wait() -> None:
        threading.Event().wait()

    guest = Guest(engine, wait)
    with stopped_soon():
        guest("through")
    guest.check()


class SecondStop:
    """Raises once more at a line of what deals with an exception, counted from 1."""

    def __init__(self, place: int) -> None:
        self.left = place

    def __call__(self, frame: FrameType, event: str, argument: object) -> "SecondStop":
        if frame.f_code is Execution._go_on.__code__ and event == "line" and frame.f_locals["self"]._interruption:
            self.left -= 1
            if self.left == 0:
                raise Stop
        return self


def test_what_is_raised_while_a_guest_is_being_stopped(watch: Engine) -> None:
    """The guest ends no less, as if it had trapped."""
    guest = Guest(watch)
    native: Any = watch._native
    state = view(StoreState, guest.store._address, native.space)
    before = sys.gettrace()
    for place in count(1):
        second = SecondStop(place)
        sys.settrace(second)
        try:
            with stopped_soon():
                guest("spin")
        finally:
            sys.settrace(before)
        assert state.trap_instance != 0
        guest.check()
        if second.left > 0:
            break
    assert place > 10


def test_however_often_it_is_raised_the_device_has_stopped(watch: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call does not end while the device still executes it, whose registers the next one would set."""
    guest = Guest(watch)
    guest.check()
    waits, asks = Job.wait, Stopper.ask
    left = 20

    def wait(job: Job) -> None:
        nonlocal left
        left -= 1
        if left >= 0:
            raise Stop
        waits(job)
        assert job.is_done

    def ask(stopper: Stopper) -> None:
        if left <= 0:  # else it may have stopped before all of these
            asks(stopper)

    monkeypatch.setattr(execution, "_MOST_INTERRUPTIONS", 3)
    monkeypatch.setattr(Stopper, "ask", ask)
    monkeypatch.setattr(Job, "wait", wait)
    with pytest.raises(Stop):
        guest("spin")
    assert left < 0
    guest.check()


def test_what_is_raised_among_many_calls(watch: Engine) -> None:
    """At any place of what is done between the guest and its host, again and again; no call is lost or made twice."""
    calls = 0

    def call() -> None:
        nonlocal calls
        calls += 1

    guest = Guest(watch, call)
    for n in range(30):
        pause = 0.01 + n * 0.0007

        def stop() -> None:
            signal.setitimer(signal.ITIMER_REAL, 0)
            raise Stop

        with every(pause, stop), pytest.raises(Stop):
            guest("often", 1 << 31)
        calls = 0
        assert guest("often", 5) == 5
        assert calls == 5
    guest.check()


def test_handlers_that_raise_nothing(engine: Engine) -> None:
    """The guest goes on as if nothing had been, also between its calls of the host."""
    seen = calls = 0

    def note() -> None:
        nonlocal seen
        seen += 1

    def call() -> None:
        nonlocal calls
        calls += 1

    guest = Guest(engine, call)
    with every(0.001, note):
        while seen < 30:
            assert guest("count", 30_000) == 90_000
            assert guest("often", 50) == 50
    assert calls % 50 == 0
    guest.check()


def test_a_handler_may_call_guests(engine: Engine) -> None:
    """Not while the device executes, for there is one: then it is told so, and the guest goes on."""
    other = Guest(engine)
    answers: list[object] = []

    def ask() -> None:
        try:
            answers.append(other("count", 10))
        except Exception as error:
            answers.append(str(error))

    guest = Guest(engine)
    with every(0.002, ask):
        while len(answers) < 5:
            assert guest("count", 30_000) == 90_000
    assert set(answers) <= {30, "a guest is running on the device"}
    guest.check()


@pytest.mark.parametrize("step", ["prepare", "result"])
def test_a_call_has_its_own_arguments_and_results(engine: Engine, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A handler that comes before the device executes, or after it, finds it busy: calls have one place for them."""
    guest, other = Guest(engine), Guest(engine)
    assert other("count", 10) == 30
    plain = getattr(Passing, step)
    answers: list[object] = []

    def interrupted(passing: Passing, *given: Any) -> Any:
        with monkeypatch.context() as patch:
            patch.setattr(Passing, step, plain)
            made = plain(passing, *given) if step == "prepare" else None
            try:
                answers.append(other("count", 10))
            except Exception as error:
                answers.append(str(error))
            return made if step == "prepare" else plain(passing, *given)

    monkeypatch.setattr(Passing, step, interrupted)
    assert guest("count", 1000) == 3000
    monkeypatch.undo()
    assert set(answers) == {"a guest is running on the device"}
    guest.check()


def test_guests_of_other_threads_are_left_alone(watch: Engine) -> None:
    """Handlers run in the main thread, and end nothing that another one does."""
    guest = Guest(watch)
    results: list[object] = []
    done = threading.Event()

    def work() -> None:
        results.append(guest("count", 200_000))
        done.set()

    threading.Thread(target=work).start()
    with stopped_soon():
        threading.Event().wait()
    done.wait()
    assert results == [600_000]
    guest.check()


def test_types_that_are_kept(watch: Engine) -> None:
    """A handler raises what it likes: no trap is made of it, and no error of the host."""
    guest = Guest(watch)
    for kind in (KeyboardInterrupt, SystemExit, ValueError, Trap):

        def stop(kind: type[BaseException] = kind) -> None:
            signal.setitimer(signal.ITIMER_REAL, 0)
            raise kind("because")

        with every(0.01, stop), pytest.raises(kind, match="because") as caught:
            guest("spin")
        assert type(caught.value) is kind
    guest.check()
