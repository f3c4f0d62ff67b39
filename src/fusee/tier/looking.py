"""Whether guests run for long: seen before what watches them (`tier/watcher.py`) is loaded, which takes 3 ms."""

import signal
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Final

from fusee.kernel.scalars import u32, u64

if TYPE_CHECKING:
    from fusee.tier.tier import Tier

_FIRST_LOOKS: Final = 5  # that find some, before they are watched: what runs no longer is left alone
_LONG_LOOKS: Final = 2  # that find some, after which native code would have been of use
_SLOWER: Final = 1.5  # while there are none
_IDLE_SECONDS: Final = 0.1  # without a guest, after which nobody looks any more: there may be many engines
_PAUSE_SECONDS: Final = 0.0001  # in which a guest that has ended gets the interpreter lock

_PARTS: Final = (
    "fusee.native.code", "fusee.native.key", "fusee.native.shelf", "fusee.tier.kept",
    "fusee.tier.loops", "fusee.tier.module", "fusee.kernel.another", "fusee.kernel.orphan",
    "fusee.native.batches", "fusee.tier.early", "fusee.tier.compiling", "fusee.tier.watcher",
)  # fmt: skip
"""What watches guests, in such an order that each takes a moment to be loaded."""


class Looking:
    """At the guests of an engine, by its tier's thread."""

    def __init__(self, tier: "Tier") -> None:
        self._tier = tier
        self._looks = 0  # that have found a guest

    def is_worth_while(self, least: float) -> bool:
        """Wait until guests have run for a moment; whether they do. There may be somebody who watches them already.

        `least`: seconds between looks whether guests run at all.
        """
        tier = self._tier
        idle, seconds = 0.0, least
        _ask_for_errors()
        while not tier.is_ending:
            if tier.is_watched:
                return True
            is_seen, tier.state.sampled = tier.state.sampled != 0, u64(0)
            if is_seen or tier.stores.running() is not None:
                idle, seconds = 0.0, least
                self._looks += 1
                if self._looks == _LONG_LOOKS:
                    tier.note_long()
                if self._looks >= _FIRST_LOOKS and self._load():
                    return True
            else:
                idle, seconds = idle + seconds, seconds * _SLOWER
            tier.state.is_due = u32(1)  # guests may run for moments only: the next one says so
            if tier.may_end(idle, _IDLE_SECONDS):
                return False
            tier.sleep(seconds)
        return False

    def _load(self) -> bool:
        """Load what watches guests, as long as one runs: who has ended waits for no more than one part of it.

        Whether all of it is there.
        """
        missing = [name for name in _PARTS if name not in sys.modules]
        for name in missing:
            import_module(name)
            self._tier.sleep(_PAUSE_SECONDS)
            if self._tier.is_ending or self._tier.stores.running() is None:
                return name == missing[-1]
        return True


def _ask_for_errors() -> None:
    """Have system calls of this thread fail that may end the process otherwise, if the application wants that of them.

    What compiles may be gone when it is asked for something, and a file may not become as large as a module is.
    """
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGPIPE, signal.SIGXFSZ))
