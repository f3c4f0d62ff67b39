"""The process that compiles batches, as it begins and ends: nobody's child.

An application that waits for whichever of its children ends does not meet it: `os.wait()` would give a number that it
does not know, or wait for a process that only ends when it goes on itself. So the process that is started divides
itself and ends at once; what is left belongs to the system's first process, and is told by the group of processes that
the first one has made (`kernel.apart.stand_alone`).

Each program's first run waits until this is loaded and such a process is started, by `posix_spawn`: `subprocess` takes
long to load.
"""

import os
import signal
from contextlib import ExitStack, suppress
from io import FileIO
from typing import Final

from fusee.kernel import another
from fusee.kernel.another import FILE

_NICE: Final = 10  # behind everything else, but not so that it never ends on a machine with much to do
_DIVIDED: Final = (
    f"from fusee.kernel.apart import at_large, leave_folder, stand_alone, step_back; stand_alone({FILE})"
    "; import os, sys; os.fork() and os._exit(0)"
)
_PROGRAM: Final = (  # it takes nobody's time while it loads what it needs, through which nothing is gained by looking
    f"step_back({_NICE}); at_large(sys.argv[1]); leave_folder()"
    "; import gc; gc.disable(); from fusee.native.serving import main; gc.freeze(); gc.enable(); main()"
)
_SECONDS: Final = 1.0  # that who has killed a process waits until it is gone

_BOUNDS: Final = (signal.SIGALRM, signal.SIGXCPU) if hasattr(signal, "SIGALRM") else ()
"""Signals that end a process which takes too long, whatever the application does with its own."""

_left: Final[set[int]] = set()
"""Children that were ended and not waited for, and, below zero, groups of processes that were. Those are this process's
children where it is the system's first one itself, as in a container, or has asked for orphans (prctl(2),
PR_SET_CHILD_SUBREAPER)."""


def begin() -> "Orphan":
    """One that compiles what it is asked for (`native/serving.py`). Raises `OSError` if there cannot be one."""
    process = Orphan(_PROGRAM, another.processors())
    another.move_apart(process.number)
    return process


class Orphan:
    """A process that executes a program, and has a file without a name, `FILE` there, that this one has, too.

    What it writes to standard error is lost.
    """

    def __init__(self, program: str, *arguments: str) -> None:
        """Start it. Raises `OSError` if there cannot be one."""
        if not hasattr(os, "posix_spawn"):
            raise OSError("files cannot be inherited on this system")
        command = another.command(f"{_DIVIDED}; {program}", *arguments)
        _take_away()
        with ExitStack() as theirs, ExitStack() as ours:
            self.file = ours.enter_context(_nameless())
            given, self.requests = _pipe(theirs, ours)
            self.answers, taken = _pipe(ours, theirs)
            files = (file.fileno() for file in (given, taken, self.file))
            self.number = _spawn(command, *(theirs.enter_context(another.passed(file)) for file in files))
            ours.pop_all()  # stays open
        self._is_settled = False  # whether the one that was started has ended
        self._is_left = False

    def settle(self) -> None:
        """Take away what is left of the one that was started, if it has ended."""
        self._is_settled = self._is_settled or _is_gone(self.number)

    def end(self, is_waited_for: bool = True) -> None:
        """End it, if it has not ended. Who is in a hurry does not wait until it has; the next one that begins does."""
        if not self._is_left:
            self.settle()
            if not self._is_settled:  # nobody has waited for it: it has its number
                with suppress(OSError):
                    os.kill(self.number, signal.SIGKILL)
                if not is_waited_for or not _is_gone(self.number, 0):
                    _left.add(self.number)
            if not self._has_ended(0):  # so there is such a group
                with suppress(OSError):
                    os.killpg(self.number, signal.SIGKILL)
                if is_waited_for:
                    self._has_ended(_SECONDS)
            _left.add(-self.number)
        self.forget()
        _take_away()

    def forget(self) -> None:
        """Leave it alone: it belongs to another process, from which this one was divided; or has ended."""
        self._is_left = True
        for file in (self.requests, self.answers, self.file):
            with suppress(OSError):
                file.close()

    def _has_ended(self, seconds: float) -> bool:
        """Whether nobody has the other end of the pipe for answers any more; those that are there are lost."""
        with suppress(OSError):  # also that there is nothing to be read, if this does not wait: that takes less to load
            os.set_blocking(self.answers.fileno(), seconds > 0)
            while seconds <= 0 or another.is_readable(self.answers.fileno(), seconds):
                if not os.read(self.answers.fileno(), 1 << 20):
                    return True
        return False


def _nameless() -> FileIO:
    """A file without a name, in memory where the system has such."""
    with suppress(AttributeError, OSError):
        return FileIO(os.memfd_create("fusee"), "r+b")
    import tempfile  # which takes as long to load as all else

    return tempfile.TemporaryFile(buffering=0)


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
            command[0], command, another.environment(), file_actions=actions, setsigmask=(), setsigdef=_BOUNDS
        )  # fmt: skip
    except OSError:
        raise
    except Exception as error:
        raise OSError(str(error)) from error


def _is_gone(process: int, options: int = os.WNOHANG) -> bool:
    """Whether a child has ended, or one in a group, whose number is negative; or there is none: somebody has waited."""
    try:
        return os.waitpid(process, options) != (0, 0)
    except ChildProcessError:
        return True


def _take_away() -> None:
    """What is left of those that were killed."""
    _left.difference_update([process for process in list(_left) if _is_gone(process)])
