"""What compiles is nobody's child, and no signal that it brings about ends the application."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "posix_spawn"), reason="there is nothing like it")

BEGIN = """
import ctypes, os, signal, sys, time
from fusee.native.batches import Worker

def until(condition):
    limit = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.01)

def is_there(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True

def has_no_child():
    try:
        return os.waitpid(-1, os.WNOHANG) != (0, 0) and has_no_child()
    except ChildProcessError:
        return True
"""


def run(program: str) -> None:
    subprocess.run([sys.executable, "-c", BEGIN + program], check=True)


def test_an_application_that_waits_for_its_children_does_not_meet_it() -> None:
    run("""
worker = Worker()
until(lambda: worker.poll() is not None)
try:
    raise AssertionError(os.waitpid(-1, os.WNOHANG))
except ChildProcessError:
    pass
child = os.fork()
if child == 0:
    os._exit(7)
assert os.wait() == (child, 7 << 8)
worker.end()
""")


@pytest.mark.parametrize("is_waited_for", [True, False])
@pytest.mark.parametrize("when", ["at once", "when it is ready"])
def test_it_ends_with_all_that_was_started(is_waited_for: bool, when: str) -> None:
    run(f"""
worker = Worker()
group = worker._process.number
until(lambda: {when == "at once"} or worker.poll() is not None)
worker.end({is_waited_for})
until(has_no_child)
until(lambda: not is_there(group))
""")


def test_the_application_may_have_waited_for_the_one_that_was_started() -> None:
    """Or have the system do so, for all children."""
    for wait in ("os.wait()", "signal.signal(signal.SIGCHLD, signal.SIG_IGN)"):
        run(f"""
worker = Worker()
group = worker._process.number
{wait}
until(lambda: worker.poll() is not None)
assert is_there(group)
worker.end()
until(lambda: not is_there(group))
""")


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for orphans")
def test_orphans_that_come_to_the_application_are_taken_away() -> None:
    """As to the first process of a container."""
    run("""
PR_SET_CHILD_SUBREAPER = 36
assert ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
worker = Worker()
group = worker._process.number
until(lambda: worker.poll() is not None)
worker.end()
other = Worker()
until(lambda: not is_there(group) or other.end() or Worker().end())
other.end()
""")


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="Linux alone is told where a process runs")
def test_it_is_behind_all_others_before_it_loads_anything() -> None:
    """And anywhere: just what was started is not where the application is, or Linux lets both have one processor.

    But in no folder that others may take away.
    """
    run("""
from fusee.kernel import orphan
from fusee.native import batches
begin, _, end = orphan._PROGRAM.partition("from fusee.native.serving")
assert end
tell = "print(os.getcwd(), os.nice(0), *sorted(os.sched_getaffinity(0)), flush=True)"
orphan._PROGRAM = begin + f"import os; {tell}; input()"
worker = Worker()
folder, *numbers = worker._process.answers.readline().split()
nice, *places = map(int, numbers)
assert folder == b"/"
assert nice == min(19, os.nice(0) + 10)
assert places == sorted(os.sched_getaffinity(0))
worker.end()
""")


def test_a_stopped_one_ends() -> None:
    run("""
worker = Worker()
group = worker._process.number
until(lambda: worker.poll() is not None)
os.killpg(group, signal.SIGSTOP)
worker.end()
until(lambda: not is_there(group))
""")


def test_who_is_ended_by_broken_pipes_is_not_by_this_one() -> None:
    """Programs that write to a pager let SIGPIPE end them."""
    run("""
from fusee import Config, Engine, Func, FuncType, Instance, Module, Store, ValType
from fusee.kernel import orphan
from fusee.native import batches
from fusee.tier import compiling
from tests.native.tiering import CALLING

orphan._PROGRAM = "import os, time; os.close(0); os.write(1, bytes(8)); time.sleep(60)"
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
asked = []

class Broken(batches.Worker):
    def ask(self, binary, wish):
        asked.append(wish)
        super().ask(binary, wish)

compiling.Worker = Broken
config = Config()
config.strategy = "tiered"
store = Store(Engine(config))
limit = time.monotonic() + 60
enough = lambda number: int(len(asked) > 1 or time.monotonic() > limit)
host = Func(store, FuncType([ValType.i32()], [ValType.i32()]), enough)
assert Instance(store, Module(store.engine, CALLING), [host]).exports(store)["main"](store) == 1111
assert len(asked) > 1
""")
