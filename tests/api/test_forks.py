"""A process may be divided at any time: the new one can use the engine, and in the old one everything goes on."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from fusee import Config, Engine, Store
from fusee.kernel import another
from tests.api.guest import Guest, engine

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not divide processes")

TEXT = """(module
  (func (export "one") (result i32) (i32.const 1))
  (func (export "spin") (param $n i64) (result i64)
    (loop $l (br_if $l (i64.ne (i64.const 0) (local.tee $n (i64.sub (local.get $n) (i64.const 1))))))
    (local.get $n)))"""

SECONDS = 60  # after which a child that hangs is ended


def child(work: Callable[[], int]) -> int:
    """What `work` gives in a new process."""
    number = os.fork()
    if number == 0:
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(SECONDS)
            os._exit(work())
        finally:
            os._exit(99)
    return os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])


@contextmanager
def running(g: Guest) -> Iterator[None]:
    """Another thread runs a guest meanwhile, and it comes to its end as if nothing had been."""
    results: list[int] = []
    entered = threading.Event()

    def work() -> None:
        entered.set()
        results.append(g.spin(300_000_000))

    thread = threading.Thread(target=work)
    thread.start()
    entered.wait()
    yield
    thread.join()
    assert results == [0]


def test_a_child_uses_the_engine_that_another_thread_is_in() -> None:
    with running(Guest(TEXT)):
        assert child(lambda: Guest(TEXT).one() + 40) == 41


def test_a_child_uses_the_stores_that_it_was_given() -> None:
    g = Guest(TEXT)
    with running(Guest(TEXT)):
        assert child(lambda: g.one() + 40) == 41
    assert g.one() == 1


def test_a_child_is_watched() -> None:
    def work() -> int:
        def ring(*_: object) -> None:
            raise TimeoutError

        g = Guest(TEXT)
        signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        try:
            g.spin(1 << 62)
        except TimeoutError:
            return int(g.one()) + 40
        return 0

    g = Guest(TEXT)
    assert g.spin(20_000_000) == 0  # long enough for somebody to watch here
    assert child(work) == 41
    assert g.one() == 1


def test_another_thread_divides_the_process_while_the_main_thread_is_in_a_guest() -> None:
    answers: list[int] = []
    e = engine()
    thread = threading.Timer(0.05, lambda: answers.append(child(lambda: Guest(TEXT, store=Store(e)).one() + 40)))
    g = Guest(TEXT)
    thread.start()
    assert g.spin(300_000_000) == 0
    thread.join()
    assert answers == [41]


def test_a_fork_of_a_fork() -> None:
    g = Guest(TEXT)
    assert child(lambda: child(lambda: g.one() + 20) + g.one() + 20) == 42


def test_epochs_and_stores_of_many_threads() -> None:
    """`increment_epoch` looks at all stores, while they come and go."""
    config = Config()
    config.epoch_interruption = True
    e = Engine(config)
    failures: list[BaseException] = []
    ended = threading.Event()

    def work(step: Callable[[], object]) -> None:
        try:
            while not ended.is_set():
                step()
        except BaseException as error:
            failures.append(error)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    steps: list[Callable[[], object]] = [
        lambda: Store(e).set_epoch_deadline(10),
        lambda: Store(e).close(),
        e.increment_epoch,
        e.increment_epoch,
    ]
    threads = [threading.Thread(target=work, args=(step,)) for step in steps]
    for thread in threads:
        thread.start()
    ended.wait(1)
    ended.set()
    for thread in threads:
        thread.join()
    sys.setswitchinterval(before)
    assert failures == []
    late = Store(e)
    late.set_epoch_deadline(1)
    assert late._state.interrupt == 0
    e.increment_epoch()
    assert late._state.interrupt != 0


BEGINNING = """
import os, sys
from fusee import Config, Engine
from fusee.api import _watch
config = Config()
config.strategy = "tiered"
tier = Engine(config)._tier
watcher = _watch._forks.watcher
there = len(os.listdir("/proc/self/task"))
sys.setswitchinterval(10)  # who is started meanwhile waits
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="this system does not tell its threads")
@pytest.mark.parametrize(("state", "one"), [("_watch._watch", "watcher"), ("tier.state", "tier")])
def test_threads_that_have_not_begun_end_before_a_fork(state: str, one: str) -> None:
    """Python warns where there are some."""
    text = f"{state}.is_asleep = {state}.is_asleep - {state}.is_asleep\n{one}._wake()\n{one}.end()\n"
    told = f"assert {state}.is_asleep != 0\nprint(len(os.listdir('/proc/self/task')) - there)"
    command = [sys.executable, "-c", BEGINNING + text + told]
    done = subprocess.run(command, env=another.environment(), capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("0\n", "")
