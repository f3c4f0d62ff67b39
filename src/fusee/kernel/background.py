"""Work that goes on after this process: in another one, detached from it and of low priority."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Collection, Mapping
from importlib import import_module

_PROGRAM = "from fusee.kernel.background import main; main()"
_NICE = 10  # behind everything else, but not so that it never ends on a machine with much to do

_group = 0


def group() -> int:
    """The group of processes that does this work, if this is such a process; else 0."""
    return _group


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
    global _group
    if os.fork():  # whoever started this goes on, and has no child to wait for
        os._exit(0)
    from fusee.kernel import another

    _group = os.getpgrp()
    another.step_back(_NICE)
    module, _, name = sys.argv[1].partition(":")
    getattr(import_module(module), name)(*sys.argv[2:])
