"""The process that compiles is started without `subprocess`: what it has of this one's, and how it ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from fusee.kernel import orphan
from fusee.kernel.another import FILE
from fusee.kernel.orphan import Orphan

pytestmark = pytest.mark.skipif(not hasattr(os, "posix_spawn"), reason="there is nothing like it")

LONGEST_SECONDS = 60.0
FOR_EVER = "import time; time.sleep(1000)"


def said(process: Orphan) -> str:
    """All that it says, and then it has ended."""
    with open(os.dup(process.answers.fileno()), encoding="ascii") as answers:
        found = answers.read()
    process.end()
    return found


def wait_until(condition: Callable[[], bool]) -> None:
    limit = time.monotonic() + LONGEST_SECONDS
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.01)


def is_left(process: int) -> bool:
    """Whether there is a process, if only its number because nobody has waited for it."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_it_is_asked_and_answers() -> None:
    """Where the file is at is common to both."""
    process = Orphan(f"said = input(); print(os.read({FILE}, 4), sys.argv[1:], said)", "an argument")
    process.file.write(b"in the file")
    process.file.seek(3)
    process.requests.write(b"a request\n")
    assert process.answers.readall() == b"b'the ' ['an argument'] a request\n"
    assert process.file.tell() == 7
    process.end()


def test_it_has_no_other_file() -> None:
    """Though there are some here that processes inherit, as those are that a shell has opened."""
    first, second = os.pipe()
    os.set_inheritable(second, True)
    process = Orphan(f"print(*(one for one in os.listdir('/dev/fd') if int(one) > {FILE}))")
    assert os.get_inheritable(process.file.fileno()) is False
    os.close(second)
    assert os.read(first, 1) == b""  # nobody has the other end
    os.close(first)
    number = said(process).split()
    assert len(number) <= 1  # the folder's own


def test_it_has_a_session_of_its_own() -> None:
    """What the terminal sends to this one's does not come to it."""
    process = Orphan("import os; print(os.getsid(0))")
    assert int(said(process)) == process.number != os.getsid(0)


def test_who_does_not_wait_leaves_nothing_for_long() -> None:
    """The next one that is started or ended takes it away."""
    first, second = (Orphan(FOR_EVER) for _ in range(2))
    first.end(is_waited_for=False)

    def is_gone() -> bool:
        Orphan("").end()
        return not is_left(first.number)

    wait_until(is_gone)
    assert not {first.number, -first.number} & orphan._left
    second.end()
    assert not is_left(second.number)
    second.end()  # a second time


def test_a_number_that_may_be_another_ones_by_now_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The application has waited for all of its children."""
    process = Orphan("")
    os.waitpid(process.number, 0)
    killed: list[int] = []
    monkeypatch.setattr(os, "kill", lambda number, sent: killed.append(number))
    process.end()
    assert killed == []


def test_where_it_cannot_be_started_no_file_stays_open(monkeypatch: pytest.MonkeyPatch) -> None:
    before = os.listdir("/dev/fd")
    monkeypatch.setattr(sys, "executable", "/there/is/no/such/file")
    with pytest.raises(FileNotFoundError):
        Orphan("")
    assert os.listdir("/dev/fd") == before


def test_without_what_starts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows."""
    monkeypatch.delattr(os, "posix_spawn")
    with pytest.raises(OSError, match="cannot be inherited"):
        Orphan("")


NAMELESS = """
import ctypes, os, sys
from fusee.kernel.another import environment
if "" not in os.environ:
    variables = [f"{name}={value}".encode() for name, value in os.environ.items()] + [b"=of nobody"]
    command = [sys.executable.encode(), b"-c", sys.argv[1].encode(), b""]
    texts = [(ctypes.c_char_p * (len(given) + 1))(*given, None) for given in (command, variables)]
    ctypes.CDLL(None).execve(command[0], *texts)
assert "" in os.environ
from fusee.kernel.orphan import Orphan
process = Orphan("print(input())")
process.requests.write(b"it is there\\n")
assert process.answers.readall() == b"it is there\\n"
process.end()
"""


def test_a_variable_without_a_name_does_not_get_in_its_way() -> None:
    """Whoever starts a process may give it one; Python gives it to none."""
    assert subprocess.run([sys.executable, "-c", NAMELESS, NAMELESS]).returncode == 0


def test_whoever_forbids_it_may_raise_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a hook does that an application has given to `sys.addaudithook`."""

    def forbid(*arguments: object, **named: object) -> int:
        raise RuntimeError("no processes here")

    monkeypatch.setattr(os, "posix_spawn", forbid)
    with pytest.raises(OSError, match="no processes here"):
        Orphan("")


def test_what_ends_it_in_time_does_so_whatever_the_application_ignores() -> None:
    bounds = {signal.SIGALRM, signal.SIGXCPU}
    told = f"signal.pthread_sigmask(0, ()), [signal.getsignal(one).name for one in {[*map(int, bounds)]}]"
    before = {number: signal.signal(number, signal.SIG_IGN) for number in bounds}
    signal.pthread_sigmask(signal.SIG_BLOCK, bounds)
    try:
        found = said(Orphan(f"import signal; print({told})"))
        assert found.strip() == "set() ['SIG_DFL', 'SIG_DFL']"
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, bounds)


@pytest.mark.skipif(not os.path.exists("/proc/self/oom_score_adj"), reason="memory is given out in another way")
def test_where_memory_runs_out_it_ends_first() -> None:
    program = "from fusee.kernel.apart import step_back; step_back(0); print(open('/proc/self/oom_score_adj').read())"
    assert said(Orphan(program)).strip() == "1000"


ALONE = """
import os
from fusee.kernel.orphan import Orphan
for number in range(3):
    os.close(number)
process = Orphan("said = input(); print(os.pread(3, 99, 0), said)")
assert process.file.fileno() == 0
process.file.write(b"of the file")
process.requests.write(b"and of the pipe\\n")
answer = process.answers.readall()
process.end()
os._exit(0 if answer == b"b'of the file' and of the pipe\\n" else 1)
"""


def test_streams_that_are_closed_do_not_get_in_its_way() -> None:
    """Pipes and files have their numbers then."""
    assert subprocess.run([sys.executable, "-c", ALONE]).returncode == 0
