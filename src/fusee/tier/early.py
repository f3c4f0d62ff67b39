"""A process that compiles, begun before there is an engine: it takes twice as long to be ready as a program."""

import contextlib
import os
import sys
from typing import TYPE_CHECKING, Final

from fusee.kernel import background
from fusee.kernel.runs import LONG_BYTES, NATIVE, native_mark, note_run

if TYPE_CHECKING:
    from fusee.kernel.orphan import Orphan
    from fusee.native.batches import Worker

_TRIED: Final = ("Linux", "x86_64")  # the system and the processor on which programs have run tiered
_LEAST_STACK_BYTES: Final = 128 << 10  # of the host's stack for guests: with less recursions would end too soon
_SWITCH_SECONDS: Final = 0.0003  # between threads
_begun: "Final[list[Orphan]]" = []
_usual: Final[list[float]] = []  # what `_SWITCH_SECONDS` has taken the place of


def is_usual() -> bool:
    """Whether programs are tiered unless something else is asked for.

    That is where a process can be started that compiles, there is another processor for it than the guest's, threads
    have room for what interpreted code needs none for, and it has been tried: elsewhere who wants it says so.
    """
    if not background.is_possible() or (os.uname().sysname, os.uname().machine) != _TRIED:
        return False
    from fusee.api._stack import stack_share
    from fusee.kernel.processors import processor_count

    return processor_count() > 1 and stack_share() >= _LEAST_STACK_BYTES


def begin(binary: bytes, *, has_room: bool = False) -> None:
    """Start it for a module that this process is going to run, without fuel, unless there have been runs of it.

    `has_room`: it is known that there is another processor for it (`is_usual`), which takes 0.2 ms to find out.
    A run that was too short for native code leaves none, and the next one may be as short: that one is watched first.
    What has left some is looked for by the module's digest, which is begun.
    """
    _usual.append(sys.getswitchinterval())
    sys.setswitchinterval(_SWITCH_SECONDS)  # a guest that ends does not wait for a thread that loads what watches it
    with contextlib.suppress(OSError, RuntimeError):  # there may be no other process, or no other thread
        if hasattr(os, "posix_spawn") and note_run(binary):
            _begin_process(has_room)
        elif len(binary) >= LONG_BYTES and native_mark(binary) == NATIVE:
            from fusee.native.digests import begin_digest

            begin_digest(binary)


def _begin_process(has_room: bool) -> None:
    if not has_room:
        from fusee.kernel.processors import processor_count

        has_room = processor_count() > 1
    if has_room:
        from fusee.kernel import orphan

        _begun.append(orphan.begin())


def take() -> "Worker | None":
    """The one that was begun, for an engine that has something to compile."""
    from fusee.native.batches import Worker  # which no program waits for that is over before

    return Worker(_begun.pop()) if _begun else None


def end() -> None:
    """The program has ended: nothing is to be compiled any more, and other threads do not interrupt this one."""
    while _usual:
        sys.setswitchinterval(_usual.pop())
    while _begun:
        _begun.pop().end(is_waited_for=False)
