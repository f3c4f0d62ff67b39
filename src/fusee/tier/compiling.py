"""What hot functions are compiled by: a process, one batch after the other."""

import contextlib
import marshal
import time
from functools import cached_property
from typing import Final, NamedTuple
from weakref import WeakSet

from fusee.kernel.processors import processor_count
from fusee.native.batches import Worker
from fusee.native.code import Kept, unpacked
from fusee.tier import early
from fusee.tier.loops import Loop
from fusee.tier.module import TieredModule

ROOM: Final = 2 << 10  # for WebAssembly in a batch, for which LLVM takes 0.05 s: smaller ones are there sooner
LAST_HOT_ROOM: Final = 1536  # for what takes the place of others: a run of half a second makes one of these
LAST_ROOM: Final = 3 << 10  # and for that with what it calls, which may have been compiled before
_MOST_TRIES: Final = 100  # to have a process: with a look at most every 0.2 s, twenty seconds of guests' time
_MOST_DEAD: Final = 3  # processes that have ended before they could do anything
_KEEP_SECONDS: Final = 5.0  # for a process that has nothing to do
_PER_PROCESSOR: Final = 2  # processes that all engines have together
_MOST_WORKERS: Final = 8  # and on any machine

_workers: Final[WeakSet[Worker]] = WeakSet()
"""Those that engines here have. Who ends one, or is divided from whose it is, drops it."""
_lacking: "Final[WeakSet[Compiling]]" = WeakSet()
"""Who would have one if others had fewer."""


class Work(NamedTuple):
    """What a batch shall have."""

    module: TieredModule
    hot: list[int]
    loops: list[Loop]
    room: int  # for WebAssembly
    is_last: bool = False  # whether it takes the place of what was compiled in haste, or in loops only

    def wish(self) -> bytes:
        """A `native.batch.Wish`."""
        module = self.module
        done = sorted((module.refused if self.is_last else module.done).difference(self.hot))
        loops = [tuple(loop.place) for loop in self.loops]
        return marshal.dumps((self.hot, loops, done, self.room, module.is_metered, self.is_last, module.called()))

    def halves(self) -> "list[Work]":
        """The same as two of them, if it can be divided."""
        wanted = [*self.hot, *self.loops]
        middle = len(wanted) // 2
        parts = [wanted[:middle], wanted[middle:]] if middle else []
        return [
            self._replace(
                hot=[one for one in part if isinstance(one, int)], loops=[one for one in part if isinstance(one, Loop)]
            )
            for part in parts
        ]


class Compiling:
    """The process of an engine, if there is one, and what it is to do."""

    def __init__(self) -> None:
        self.waiting: list[Work] = []  # what was begun, and shall be tried again
        self._worker: Worker | None = None
        self._work: Work | None = None  # what it does
        self._asked = 0.0  # when it was last asked for something, or started
        self._failures = self._dead = 0
        self._has_begun = False  # whether it was started before there was anything to do

    @property
    def is_busy(self) -> bool:
        return self._work is not None

    @property
    def is_waited_for(self) -> bool:
        """Whether it has something to do, or will when it is ready."""
        return self.is_busy or (self._worker is not None and not self._worker.is_ready)

    def begin_early(self) -> None:
        """Start it for what is going to be hot, since that takes a while; once, and not where the guest runs.

        Where engines have as many as there are processors, it is started when there is something to do.
        """
        if not self._has_begun and processor_count() > max(1, len(_workers)):
            self._has_begun = True
            with contextlib.suppress(OSError):
                self._start()

    @cached_property
    def _most(self) -> int:
        """How many processes all engines may have: each takes 0.1 GB, and those begun early may have nothing to do."""
        return min(_MOST_WORKERS, _PER_PROCESSOR * processor_count())

    def _start(self) -> None:
        """Have a process, unless there cannot be one that works, or others have them all."""
        if self._worker is None and self._dead < _MOST_DEAD and self._failures < _MOST_TRIES:
            if len(_workers) >= self._most:
                _lacking.add(self)
                return
            _lacking.discard(self)
            self._failures += 1  # until it has done something: there may be room for one later
            self._worker = early.take() or Worker()
            _workers.add(self._worker)
            self._asked = time.monotonic()

    def go_on(self) -> bool:
        """Whether it is free for something else: it is started, if need be, and does what is waiting first."""
        if self._worker is None:
            self._start()
        if self._worker is None or not self._worker.is_ready or self._work is not None:
            return False
        if not self.waiting:
            return True
        self.begin(self.waiting.pop())
        return False

    def begin(self, work: Work) -> None:
        """Have this compiled, by a process that is free. Raises `OSError`; then it is tried again."""
        assert self._worker is not None
        lifetime = work.module.lifetime()  # it does not end meanwhile
        if lifetime is None:
            return
        self._work = work
        self._asked = time.monotonic()
        try:
            self._worker.ask(work.module.binary, work.wish())
        except OSError:
            self.end()
            raise

    def listen(self, seconds: float) -> bool:
        """Wait until the process says something, or that cannot be waited for; whether it is so."""
        if self._worker is None:
            return True
        try:
            return self._worker.listen(seconds)
        except OSError:
            return True

    def hear(self) -> tuple[Work, Kept] | None:
        """What it has compiled, if it has. A process whose answer is nothing of the kind is ended."""
        if self._worker is None:
            return None
        try:
            made = self._worker.poll()
        except OSError:
            self._bury(self._worker)
            return None
        work = self._work
        if not made or work is None:  # nothing, or that it is ready
            return None
        kept = None
        with contextlib.suppress(Exception):  # of whatever kind decoders raise for what they do not expect
            kept = unpacked(made)
        if kept is None or not kept.is_of(work.module.own):
            self._bury(self._worker)
            return None
        self._work, self._failures = None, 0
        return work, kept

    def _bury(self, worker: Worker) -> None:
        """It has died: what it did was too much for it, perhaps with what it had done before."""
        work, self._work = self._work, None
        self.end()
        self._dead += not worker.is_ready
        if work is not None:
            self.waiting += [work] if worker.batches > 1 else work.halves()

    def rest(self) -> None:
        """There is nothing to do: a process is kept for a while, unless others lack it."""
        is_wanted = bool(_lacking) and not self.is_waited_for
        if not self.is_busy and (is_wanted or time.monotonic() > self._asked + _KEEP_SECONDS):
            self.end()

    def end(self) -> None:
        """What it does is to be tried again."""
        if self._worker is not None:
            self._worker.end()
        self._drop()

    def forget(self) -> None:
        """The same in a process that was divided from the one that it belongs to."""
        if self._worker is not None:
            self._worker.forget()
        self._drop()

    def _drop(self) -> None:
        _lacking.discard(self)
        self._worker = None
        if self._work is not None:
            self.waiting.append(self._work)
            self._work = None
