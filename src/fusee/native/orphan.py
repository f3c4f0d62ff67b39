"""A process that is nobody's child: an application that waits for whichever of its children ends does not meet it.

`os.wait()` would give such an application a number that it does not know, or wait for a process that only ends when
it goes on itself. So the process that is started divides itself and ends at once; what is left belongs to the system's
first process, and is told by the group of processes that the first one has made (`kernel.another.stand_alone`).
"""

import os
import signal
from contextlib import suppress
from typing import Final

from fusee.kernel.another import Child, is_readable

_DIVIDED: Final = "import os; os.fork() and os._exit(0)"
_SECONDS: Final = 1.0  # that who has killed a process waits until it is gone

_left: Final[set[int]] = set()
"""Groups of processes that were killed. Theirs are this process's children where it is the system's first one itself,
as in a container, or has asked for orphans (prctl(2), PR_SET_CHILD_SUBREAPER)."""


class Orphan(Child):
    """A process that executes a program, and has one of this one's files. Raises `OSError` if there cannot be one."""

    def __init__(self, program: str, *arguments: str, file: int) -> None:
        self._is_settled = False  # whether the one that was started has ended
        _take_away()
        super().__init__(f"{_DIVIDED}; {program}", *arguments, file=file)

    def settle(self) -> None:
        """Take away what is left of the one that was started, if it has ended."""
        self._is_settled = self._is_settled or _is_gone(self.process)

    def end(self, is_waited_for: bool = True) -> None:
        """End it, if it has not ended. Who is in a hurry does not wait until it has."""
        if not self._is_left:
            self.settle()
            if not self._is_settled:  # nobody has waited for it: it has its number
                with suppress(OSError):
                    os.kill(self.process, signal.SIGKILL)
            if not self._has_ended(0):  # so there is such a group
                with suppress(OSError):
                    os.killpg(self.process, signal.SIGKILL)
                if is_waited_for:
                    self._has_ended(_SECONDS)
            _left.add(self.process)
        super().end(is_waited_for)
        _take_away()

    def _has_ended(self, seconds: float) -> bool:
        """Whether nobody has the other end of the pipe for answers any more; those that are there are lost."""
        with suppress(OSError):
            while is_readable(self.answers.fileno(), seconds):
                if not os.read(self.answers.fileno(), 1 << 20):
                    return True
        return False


def _is_gone(child: int) -> bool:
    """Whether a child has ended, or the children in a group, whose number is negative; or there is none."""
    try:
        return os.waitpid(child, os.WNOHANG) != (0, 0)
    except ChildProcessError:
        return True


def _take_away() -> None:
    """What is left of those that were killed."""
    _left.difference_update([group for group in list(_left) if _is_gone(-group)])
