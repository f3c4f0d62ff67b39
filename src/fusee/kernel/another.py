"""How another process of this Python begins."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_FIRST_FILE = 4  # behind the standard streams, and the one more that `child.Child` has


def is_known() -> bool:
    """Whether a program can be given to another Python. What an application was frozen to would start that again."""
    return bool(sys.executable) and not getattr(sys, "frozen", False)


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
    """What it is given, so that it imports what this one imports."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(_places())}


def move_apart(process: int) -> None:
    """Have a process that was just started run on another processor than this one's, for a start.

    Linux finds the processor idle on which it is started, since this process waits meanwhile, and may leave both there
    for some ten milliseconds although others are idle.
    """
    with suppress(AttributeError, OSError, ValueError, IndexError):
        allowed = os.sched_getaffinity(0)
        if others := allowed - {_processor()}:
            os.sched_setaffinity(process, others)
            os.sched_setaffinity(process, allowed)


def _processor() -> int:
    """The number of the one that this process's first thread runs on (proc_pid_stat(5), field 39)."""
    with open("/proc/self/stat", "rb") as file:
        return int(file.read().rpartition(b")")[2].split()[36])


def step_back(nice: int) -> None:
    """Let all others go before this process by so much. Linux may weigh sessions first, of which it has its own."""
    now = os.nice(nice)
    with suppress(OSError), open("/proc/self/autogroup", "w") as file:
        file.write(str(now))


def _places() -> Iterator[str]:
    """The folders of `sys.path`, of which imports leave out what is no text, and what is in a folder that is gone."""
    for place in sys.path:
        if isinstance(place, str) and "\0" not in place:
            try:
                yield os.path.abspath(place)
            except OSError:  # relative to the current folder, which is gone
                continue
