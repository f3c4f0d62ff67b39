"""A process of this Python that is started without loading much, and talks with this one through two pipes.

`subprocess` takes five times as long to be imported as a process to be started.
"""

import os
import signal
from contextlib import ExitStack, suppress
from io import FileIO
from typing import Final

from fusee.kernel import another

FILE: Final = 3  # the number that the file which it is given has there: behind those of the standard streams
_DEFAULT: Final = ("SIGPIPE", "SIGXFZ", "SIGXFSZ")  # signals that Python ignores, which what it starts expects
_MOST_FILES: Final = 1 << 16  # that are looked at where the system does not tell which there are

_ended: Final[set[int]] = set()  # that were ended and not waited for


class Child:
    """A process that executes a program, and has one of this one's files. What it writes to standard error is lost."""

    def __init__(self, program: str, *arguments: str, file: int) -> None:
        """Start it. Raises `OSError` if there cannot be one."""
        if not hasattr(os, "posix_spawn"):
            raise OSError("files cannot be inherited on this system")
        command = another.command(f"from {__name__} import stand_alone; stand_alone(); {program}", *arguments)
        _wait_for_ended()
        with ExitStack() as theirs, ExitStack() as ours:
            given, self.requests = _pipe(theirs, ours)
            self.answers, taken = _pipe(ours, theirs)
            numbers = given.fileno(), taken.fileno(), file
            self.process = _spawn(command, *(theirs.enter_context(another.passed(number)) for number in numbers))
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
    """Start a process with these files as its standard input and output, and as `FILE`; its number."""
    return os.posix_spawn(
        command[0], command, another.environment(),
        file_actions=[
            (os.POSIX_SPAWN_DUP2, given, 0), (os.POSIX_SPAWN_DUP2, taken, 1),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0), (os.POSIX_SPAWN_DUP2, file, FILE),
        ],
        setsigdef=[getattr(signal, name) for name in _DEFAULT if hasattr(signal, name)],
    )  # fmt: skip


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
