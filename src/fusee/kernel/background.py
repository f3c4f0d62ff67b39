"""Work that goes on after this process: in another one, detached from it and of low priority."""

from __future__ import annotations

import contextlib
import os
import signal
import struct
import sys
from collections.abc import Collection, Mapping
from importlib import import_module
from types import ModuleType
from typing import BinaryIO

fcntl: ModuleType | None
try:
    import fcntl
except ImportError:  # not a POSIX system, where nothing is done in the background
    fcntl = None

_PROGRAM = "from fusee.kernel.background import main; main()"
_NICE = 10  # behind everything else, but not so that it never ends on a machine with much to do

_is_here = False


def is_here() -> bool:
    """Whether this is a process that does such work."""
    return _is_here


def sign(file: BinaryIO) -> None:
    """Let others find this process by a file, as long as that is open here, and it does work in the background.

    Nothing is written there. A number could by then be another process's, or mean one of another machine or container
    that has the same folder; so the file is locked, and the system says by whom. Children do not inherit that.
    """
    if fcntl is not None and is_here():
        with contextlib.suppress(OSError):  # a folder without such locks: nobody finds it
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def signer(file: BinaryIO) -> int:
    """The group of processes of who has signed a file; 0 if nobody has, or none that this system knows by a number."""
    with contextlib.suppress(OSError):
        process = _locker(file)
        found = os.getpgid(process) if process > 0 else 0
        if found > 1 and found != os.getpgrp():
            return found
    return 0


def _locker(file: BinaryIO) -> int:
    """Who keeps this process from locking a file as `sign` does. OSError where there are no such locks."""
    assert fcntl is not None
    process: int
    if sys.platform == "linux":
        query = struct.pack("hhqqi0q", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        kind, _, _, _, process = struct.unpack("hhqqi0q", fcntl.fcntl(file, fcntl.F_GETLK, query))
    elif sys.platform == "darwin":
        query = struct.pack("qqihh", 0, 0, 0, fcntl.F_WRLCK, os.SEEK_SET)
        _, _, process, kind, _ = struct.unpack("qqihh", fcntl.fcntl(file, fcntl.F_GETLK, query))
    else:
        return 0
    return 0 if kind == fcntl.F_UNLCK else process


def end(group: int) -> bool:
    """End what works in the background, even if it was stopped. False if it has ended, or is another user's."""
    with contextlib.suppress(OSError):
        os.killpg(group, signal.SIGKILL)
        return True
    return False


def is_known() -> bool:
    """Whether a program can be given to another Python. What an application was frozen to would start that again."""
    return bool(sys.executable) and not getattr(sys, "frozen", False)


def is_possible() -> bool:
    """Whether this system has what is needed, and it is known how Python is started."""
    return is_known() and hasattr(os, "fork")


def run_in_background(
    function: str, *arguments: str, environment: Mapping[str, str], inherited: Collection[int] = ()
) -> None:
    """Call `module:function` with texts in another process, which outlives this one. OSError if it cannot be started.

    It has a session of its own and of this process's files those that are `inherited`, and keeps no folder busy.
    """
    import subprocess

    from fusee.kernel import another  # not before it is needed: every process loads this module

    with contextlib.ExitStack() as stack:
        numbers = [stack.enter_context(another.passed(file)) for file in inherited]
        subprocess.run(
            another.command(_PROGRAM, function, *arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=os.sep,
            env={**another.environment(), **environment},
            start_new_session=True,
            pass_fds=numbers,
            check=True,
        )


def main() -> None:
    """What the other process does."""
    global _is_here
    if os.fork():  # whoever started this goes on, and has no child to wait for
        os._exit(0)
    from fusee.kernel.apart import step_back

    _is_here = True
    step_back(_NICE)
    module, _, name = sys.argv[1].partition(":")
    getattr(import_module(module), name)(*sys.argv[2:])
