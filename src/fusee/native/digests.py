"""Digests of modules, which a thread makes beside what else a program begins with: of 20 MB they take 0.015 s."""

import _thread
from typing import Final

from fusee.kernel.cache import digest

_WAIT_SECONDS: Final = 1.0  # there is no such thread in a process that was divided meanwhile


class _Begun:
    """One that is being made."""

    def __init__(self, binary: bytes) -> None:
        self.binary = binary
        self.found = ""
        self.making = _thread.allocate_lock()
        self.making.acquire()

    def make(self) -> None:
        """In the thread."""
        try:
            self.found = digest(self.binary)
        finally:
            self.making.release()


_begun: Final[list[_Begun]] = []


def begin_digest(binary: bytes) -> None:
    """Begin to make it, for a module that is going to be asked for it."""
    one = _Begun(binary)
    _thread.start_new_thread(one.make, ())
    _begun.append(one)


def module_digest(binary: bytes) -> str:
    """The digest of a module: the one that was begun for this very object, if there is one."""
    for one in list(_begun):
        if one.binary is binary and one.making.acquire(timeout=_WAIT_SECONDS):
            _begun.remove(one)
            return one.found or digest(binary)
    return digest(binary)
