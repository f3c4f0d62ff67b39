"""How another process of this Python begins, also without `subprocess`, which takes long to load."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from fusee.kernel.background import is_known

FILE: Final = 3  # the number that a file has there which both have: behind those of the standard streams
_FIRST_FILE: Final = FILE + 1
_MILLISECONDS: Final = 1000


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


def _places() -> Iterator[str]:
    """The folders of `sys.path`, of which imports leave out what is no text, and what is in a folder that is gone."""
    for place in sys.path:
        if isinstance(place, str) and "\0" not in place:
            try:
                yield os.path.abspath(place)
            except OSError:  # relative to the current folder, which is gone
                continue


def move_apart(process: int) -> None:
    """Have a process that was just started run on other processors than this one's, until it is `apart.at_large`.

    Linux finds the processor idle on which it is started, since this process waits meanwhile, and may leave both there
    for some ten milliseconds although others are idle. It is no better where a new process divides itself.
    """
    with suppress(AttributeError, OSError, ValueError, IndexError):
        if others := os.sched_getaffinity(0) - {_processor()}:
            os.sched_setaffinity(process, others)


def processors() -> str:
    """Those on which this thread may run, for a process that it starts; empty where nobody knows."""
    return ",".join(map(str, os.sched_getaffinity(0))) if hasattr(os, "sched_getaffinity") else ""


def _processor() -> int:
    """The number of the one that this process's first thread runs on (proc_pid_stat(5), field 39)."""
    with open("/proc/self/stat", "rb") as file:
        return int(file.read().rpartition(b")")[2].split()[36])


def is_readable(file: int, seconds: float) -> bool:
    """Whether something comes from a pipe in time, its end included.

    Raises `OSError` where pipes cannot be waited for, as on Windows.
    """
    import select  # which no program waits for that is over before

    if not hasattr(select, "poll"):
        return bool(select.select([file], [], [], seconds)[0])
    waiting = select.poll()  # without bound on the numbers of files, which `select.select` has
    waiting.register(file, select.POLLIN)
    return bool(waiting.poll(-(-seconds * _MILLISECONDS // 1)))
