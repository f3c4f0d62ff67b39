"""A process that is started without `subprocess`: what it has of this one's, and how it ends."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import IO

import pytest

from fusee.kernel import another
from fusee.kernel.another import FILE, Child

pytestmark = pytest.mark.skipif(not hasattr(os, "posix_spawn"), reason="there is nothing like it")

LONGEST_SECONDS = 60.0
FOR_EVER = "import time; time.sleep(1000)"


@pytest.fixture
def file() -> Iterator[IO[bytes]]:
    with tempfile.TemporaryFile() as made:
        yield made


def said(process: Child) -> str:
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


def test_it_is_asked_and_answers(file: IO[bytes]) -> None:
    """Where the file is at is common to both."""
    file.write(b"in the file")
    file.seek(3)
    program = f"import os, sys; print(os.read({FILE}, 4), sys.argv[1:], input())"
    process = Child(program, "an argument", file=file.fileno())
    process.requests.write(b"a request\n")
    assert said(process) == "b'the ' ['an argument'] a request\n"
    assert file.tell() == 7


def test_it_has_no_other_file(file: IO[bytes]) -> None:
    """Though there are some here that processes inherit, as those are that a shell has opened."""
    first, second = os.pipe()
    os.set_inheritable(second, True)
    process = Child(
        f"import os; print(*(one for one in os.listdir('/dev/fd') if int(one) > {FILE}))", file=file.fileno()
    )
    os.close(second)
    assert os.read(first, 1) == b""  # nobody has the other end
    os.close(first)
    number = said(process).split()
    assert len(number) <= 1  # the folder's own
    assert os.get_inheritable(file.fileno()) is False


def test_it_has_a_session_of_its_own(file: IO[bytes]) -> None:
    """What the terminal sends to this one's does not come to it."""
    process = Child("import os; print(os.getsid(0))", file=file.fileno())
    assert int(said(process)) == process.process != os.getsid(0)


def test_who_does_not_wait_leaves_nothing_for_long(file: IO[bytes]) -> None:
    """The next one that is started or ended takes it away."""
    first, second = (Child(FOR_EVER, file=file.fileno()) for _ in range(2))
    first.end(is_waited_for=False)
    assert first.process in another._ended

    def is_gone() -> bool:
        Child("", file=file.fileno()).end()
        return not is_left(first.process)

    wait_until(is_gone)
    assert first.process not in another._ended
    second.end()
    assert not is_left(second.process)
    second.end()  # a second time


def test_a_number_that_may_be_another_ones_by_now_is_left_alone(
    file: IO[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """The application has waited for all of its children."""
    process = Child("", file=file.fileno())
    os.waitpid(process.process, 0)
    killed: list[int] = []
    monkeypatch.setattr(os, "kill", lambda number, sent: killed.append(number))
    process.end()
    assert killed == []


def test_where_it_cannot_be_started_no_file_stays_open(file: IO[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    before = os.listdir("/dev/fd")
    monkeypatch.setattr(sys, "executable", "/there/is/no/such/file")
    with pytest.raises(FileNotFoundError):
        Child("", file=file.fileno())
    assert os.listdir("/dev/fd") == before


def test_without_what_starts_it(file: IO[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows."""
    monkeypatch.delattr(os, "posix_spawn")
    with pytest.raises(OSError, match="cannot be inherited"):
        Child("", file=file.fileno())


NAMELESS = """
import ctypes, os, sys
from fusee.kernel.another import environment
if "" not in os.environ:
    variables = [f"{name}={value}".encode() for name, value in os.environ.items()] + [b"=of nobody"]
    command = [sys.executable.encode(), b"-c", sys.argv[1].encode(), b""]
    texts = [(ctypes.c_char_p * (len(given) + 1))(*given, None) for given in (command, variables)]
    ctypes.CDLL(None).execve(command[0], *texts)
assert "" in os.environ
from fusee.kernel.another import Child
with open(os.devnull, "rb") as file:
    process = Child("print(input())", file=file.fileno())
    process.requests.write(b"it is there\\n")
    assert process.answers.readall() == b"it is there\\n"
    process.end()
"""


def test_a_variable_without_a_name_does_not_get_in_its_way() -> None:
    """Whoever starts a process may give it one; Python gives it to none."""
    assert subprocess.run([sys.executable, "-c", NAMELESS, NAMELESS]).returncode == 0


def test_whoever_forbids_it_may_raise_anything(file: IO[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """As a hook does that an application has given to `sys.addaudithook`."""

    def forbid(*arguments: object, **named: object) -> int:
        raise RuntimeError("no processes here")

    monkeypatch.setattr(os, "posix_spawn", forbid)
    with pytest.raises(OSError, match="no processes here"):
        Child("", file=file.fileno())


def test_what_ends_it_in_time_does_so_whatever_the_application_ignores(file: IO[bytes]) -> None:
    bounds = {signal.SIGALRM, signal.SIGXCPU}
    told = f"signal.pthread_sigmask(0, ()), [signal.getsignal(one).name for one in {[*map(int, bounds)]}]"
    before = {number: signal.signal(number, signal.SIG_IGN) for number in bounds}
    signal.pthread_sigmask(signal.SIG_BLOCK, bounds)
    try:
        found = said(Child(f"import signal; print({told})", file=file.fileno()))
        assert found.strip() == "set() ['SIG_DFL', 'SIG_DFL']"
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, bounds)


@pytest.mark.skipif(not os.path.exists("/proc/self/oom_score_adj"), reason="memory is given out in another way")
def test_where_memory_runs_out_it_ends_first(file: IO[bytes]) -> None:
    program = "from fusee.kernel.another import step_back; step_back(0); print(open('/proc/self/oom_score_adj').read())"
    assert said(Child(program, file=file.fileno())).strip() == "1000"


ALONE = """
import os, sys, tempfile
from fusee.kernel.another import Child
for number in range(3):
    os.close(number)
file = os.memfd_create("") if hasattr(os, "memfd_create") else tempfile.TemporaryFile().fileno()
assert file == 0
os.write(file, b"of the file")
process = Child("import os, sys; os.lseek(3, 0, 0); print(os.read(3, 99), input())", file=file)
process.requests.write(b"and of the pipe\\n")
answer = process.answers.readall()
process.end()
os._exit(0 if answer == b"b'of the file' and of the pipe\\n" else 1)
"""


def test_streams_that_are_closed_do_not_get_in_its_way() -> None:
    """Pipes and files have their numbers then."""
    assert subprocess.run([sys.executable, "-c", ALONE]).returncode == 0
