"""How another process of this Python begins; and one that is started without `subprocess`, which takes long to load."""

import os
import select
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from io import FileIO
from typing import Final

from fusee.kernel.background import is_known

FILE: Final = 3  # the number that the file which a `Child` is given has there: behind those of the standard streams
_FIRST_FILE: Final = FILE + 1
_MOST_FILES: Final = 1 << 16  # that are looked at where the system does not tell which there are
_FIRST_TO_END: Final = 1000  # the most that can be said of a process
LAST: Final = 19  # the lowest priority (setpriority(2)): behind everything else
_MILLISECONDS: Final = 1000

_BOUNDS: Final = (signal.SIGALRM, signal.SIGXCPU) if hasattr(signal, "SIGALRM") else ()
"""Signals that end a process which takes too long, whatever the application does with its own."""

_ended: Final[set[int]] = set()  # children that were ended and not waited for


def command(program: str, *arguments: str) -> list[str]:
    """One that executes a program, which is given as text.

    Raises `FileNotFoundError` where nobody knows how Python is started, as in an application that it is a part of.
    """
    if not is_known():
        raise FileNotFoundError("it is not known how Python is started")
    return [sys.executable, "-P", "-c", program, *arguments]


@contextmanager
def passed(file: int) -> Iterator[int]:
    """The number that a file has here for as long, and in a process that is started meanwhile and inherits it.

    Where somebody has closed the standard streams, its own may be one of theirs, which such a process has of its own.
    Raises `OSError`.
    """
    try:
        import fcntl
    except ImportError:
        raise OSError("files cannot be inherited on this system") from None
    number = fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, _FIRST_FILE)
    try:
        yield number
    finally:
        os.close(number)


def environment() -> dict[str, str]:
    """What it is given, so that it imports what this one imports.

    Whoever has started this process may have given it a variable without a name, which no function of Python's takes.
    """
    named = {name: value for name, value in os.environ.items() if name}
    return {**named, "PYTHONPATH": os.pathsep.join(_places())}


def move_apart(process: int) -> None:
    """Have a process that was just started run on other processors than this one's, until it is `at_large`.

    Linux finds the processor idle on which it is started, since this process waits meanwhile, and may leave both there
    for some ten milliseconds although others are idle. It is no better where a new process divides itself.
    """
    with suppress(AttributeError, OSError, ValueError, IndexError):
        if others := os.sched_getaffinity(0) - {_processor()}:
            os.sched_setaffinity(process, others)


def processors() -> str:
    """Those on which this thread may run, for a process that it starts; empty where nobody knows."""
    return ",".join(map(str, os.sched_getaffinity(0))) if hasattr(os, "sched_getaffinity") else ""


def at_large(allowed: str) -> None:
    """In such a process: run on any of those."""
    with suppress(OSError):
        if allowed:
            os.sched_setaffinity(0, map(int, allowed.split(",")))


def _processor() -> int:
    """The number of the one that this process's first thread runs on (proc_pid_stat(5), field 39)."""
    with open("/proc/self/stat", "rb") as file:
        return int(file.read().rpartition(b")")[2].split()[36])


def leave_folder() -> None:
    """In such a process: keep none busy that the application works in, and may take away.

    The cache may be named by its place there.
    """
    from fusee.kernel.cache import default_folder

    with suppress(OSError):  # it may be gone: then there is none to keep busy
        os.environ["FUSEE_CACHE"] = os.path.abspath(default_folder())
        os.chdir(os.sep)


def step_back(nice: int) -> None:
    """Let all others go before this process by so much. Linux may weigh sessions first, of which it has its own.

    Where memory runs out, Linux shall end this process and not the one that it works for (proc_pid_oom_score_adj(5)).
    """
    process = os.getpid()  # `os.nice` is about the thread that calls it, on Linux, and this about the first one
    now = min(LAST, os.getpriority(os.PRIO_PROCESS, process) + nice)
    os.setpriority(os.PRIO_PROCESS, process, now)
    for name, value in (("autogroup", now), ("oom_score_adj", _FIRST_TO_END)):
        with suppress(OSError), open(f"/proc/self/{name}", "w") as file:
            file.write(str(value))


def _places() -> Iterator[str]:
    """The folders of `sys.path`, of which imports leave out what is no text, and what is in a folder that is gone."""
    for place in sys.path:
        if isinstance(place, str) and "\0" not in place:
            try:
                yield os.path.abspath(place)
            except OSError:  # relative to the current folder, which is gone
                continue


def is_readable(file: int, seconds: float) -> bool:
    """Whether something comes from a pipe in time, its end included.

    Raises `OSError` where pipes cannot be waited for, as on Windows.
    """
    if not hasattr(select, "poll"):
        return bool(select.select([file], [], [], seconds)[0])
    waiting = select.poll()  # without bound on the numbers of files, which `select.select` has
    waiting.register(file, select.POLLIN)
    return bool(waiting.poll(-(-seconds * _MILLISECONDS // 1)))


class Child:
    """A process that executes a program, and has one of this one's files. What it writes to standard error is lost."""

    def __init__(self, program: str, *arguments: str, file: int) -> None:
        """Start it. Raises `OSError` if there cannot be one."""
        if not hasattr(os, "posix_spawn"):
            raise OSError("files cannot be inherited on this system")
        started = command(f"from {__name__} import stand_alone; stand_alone(); {program}", *arguments)
        _wait_for_ended()
        with ExitStack() as theirs, ExitStack() as ours:
            given, self.requests = _pipe(theirs, ours)
            self.answers, taken = _pipe(ours, theirs)
            numbers = given.fileno(), taken.fileno(), file
            self.process = _spawn(started, *(theirs.enter_context(passed(number)) for number in numbers))
            ours.pop_all()  # stays open
        self._is_left = False

    def end(self, is_waited_for: bool = True) -> None:
        """End it, if it has not ended. If it is not waited for, who starts or ends another one does that."""
        if not self._is_left and not _has_ended(self.process):
            with suppress(OSError):
                os.kill(self.process, signal.SIGKILL)
            if is_waited_for:
                _has_ended(self.process, 0)
            else:
                _ended.add(self.process)
        self.forget()
        _wait_for_ended()

    def forget(self) -> None:
        """Leave it alone: it is the child of another process, from which this one was divided; or has ended."""
        self._is_left = True
        for file in (self.requests, self.answers):
            file.close()


def _pipe(reader: ExitStack, writer: ExitStack) -> tuple[FileIO, FileIO]:
    """What is read from, and what is written to, which are closed with these."""
    reading, writing = os.pipe()
    return reader.enter_context(FileIO(reading, "rb")), writer.enter_context(FileIO(writing, "wb"))


def _spawn(command: list[str], given: int, taken: int, file: int) -> int:
    """Start a process with these files as its standard input and output, and as `FILE`; its number.

    Raises `OSError`, also if that is forbidden by a hook of the application for audits, which may raise anything.
    """
    actions = [
        (os.POSIX_SPAWN_DUP2, given, 0), (os.POSIX_SPAWN_DUP2, taken, 1),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0), (os.POSIX_SPAWN_DUP2, file, FILE),
    ]  # fmt: skip
    try:
        return os.posix_spawn(
            command[0], command, environment(), file_actions=actions, setsigmask=(), setsigdef=_BOUNDS
        )  # fmt: skip
    except OSError:
        raise
    except Exception as error:
        raise OSError(str(error)) from error


def _has_ended(process: int, options: int = os.WNOHANG) -> bool:
    """Whether it has, or somebody else has waited for its end, so that its number may be another one's by now."""
    try:
        return os.waitpid(process, options) != (0, 0)
    except ChildProcessError:
        return True


def _wait_for_ended() -> None:
    """Those that were ended and have, so that nothing is left of them."""
    _ended.difference_update([process for process in list(_ended) if _has_ended(process)])


def stand_alone() -> None:
    """In such a process, before all else: be no part of the other one's session, and have none of its other files.

    What Python itself opens is not inherited, so what is here without being so was meant for others.
    """
    with suppress(OSError):
        os.setsid()  # Ctrl-C lets it end what it does. Not every Python can have a process begin with a session.
    try:
        numbers = [int(name) for name in os.listdir("/dev/fd")]
    except (OSError, ValueError):
        numbers = list(range(min(os.sysconf("SC_OPEN_MAX"), _MOST_FILES)))
    for number in numbers:
        with suppress(OSError):
            if number > FILE and os.get_inheritable(number):
                os.close(number)
