"""What has functions of an engine's modules compiled while guests run: a thread, which exists only as long.

A guest that enters native code wakes it. What it does is loaded when a guest has run for a moment: short programs do
not wait for that.
"""

import _thread
import ctypes
import os
import time
import weakref
from functools import cached_property, partial
from typing import TYPE_CHECKING, Final

from fusee.api._python import EngineGate
from fusee.engine.state.module import Module as ModuleState
from fusee.engine.state.runtime import Engine as EngineState
from fusee.engine.state.tiering import Tiering
from fusee.kernel.memory import cast, view
from fusee.kernel.pointer import Ptr
from fusee.kernel.process import make_struct
from fusee.kernel.runs import BRIEF, native_mark, note_native
from fusee.kernel.scalars import u32, usize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fusee.api._decoded import Lifetime
    from fusee.api._native import HostNative
    from fusee.native.code import NativeCode
    from fusee.native.shelf import Shelf
    from fusee.tier.looking import Looking
    from fusee.tier.stores import Stores
    from fusee.tier.watcher import Watcher

_FIRST_SECONDS: Final = 0.005  # between looks whether guests run at all
_BRIEF_SECONDS: Final = 0.002  # since the first guest began: with native code less than it takes to find that
_BEGINNING_SECONDS: Final = 0.1  # since the first module, in which a thread begins if there is one to be had
_IDLE_SECONDS: Final = 0.5  # without a guest, after which nobody looks any more
_LACKING_SECONDS: Final = 1.0  # before it is tried again to have what the system did not give
_END_SECONDS: Final = 0.2  # that the thread may take to end
_LOOK_SECONDS: Final = 0.001


class NewModule:
    """A module that nothing has been called of."""

    shelf: "Shelf | None" = None  # where earlier runs have left native code, if they may have
    found: "Sequence[NativeCode]" = ()  # of it what is used, the oldest first
    is_put_off = False  # whether it is looked for only if guests run for a while

    def __init__(
        self, address: int, binary: bytes, lifetime: "weakref.ref[Lifetime]", kept: list[object],
        interpreted: frozenset[int],
    ) -> None:  # fmt: skip
        self.address = address
        self.binary = binary
        self.lifetime = lifetime  # it is forgotten when that ends
        self.kept = kept  # lives as long
        self.interpreted = interpreted  # functions that stay so


class Tier:
    """An engine's."""

    def __init__(self, native: "HostNative", engine: int, gate: EngineGate) -> None:
        self.native = native
        self.engine = engine
        self._memory = make_struct(Tiering, {})
        self.state = view(Tiering, ctypes.addressof(self._memory))
        view(EngineState, engine).tiering = usize(ctypes.addressof(self._memory))
        self.is_metered = bool(view(EngineState, engine).is_metered)
        self._new: dict[int, NewModule] = {}  # by address: what has not been given to the watcher
        self._watchers: list[Watcher] = []  # the first, if guests have run for a while; two threads may add one at once
        self._wake = partial(_thread.start_new_thread, self._run, ())
        self.state.wake = usize(id(self._wake))
        gate.background = self
        self._first_module = 0.0  # when that was added
        self._first = 0.0  # when the thread began that saw the first guest
        self._brief: list[bytes] = []  # modules with native code that were over at once: noted when the engine is
        self.begin_again()

    def begin_again(self) -> None:
        """In a process in which nobody looks yet."""
        self._running = _thread.allocate_lock()  # held by the thread that looks
        self._sleep = _thread.allocate_lock()  # held but while that shall wake up
        self._sleep.acquire()
        self._number = 0  # of that thread, as the system counts them
        self.is_ending = False
        self.state.is_asleep = u32(1)

    def forget(self) -> None:
        """In a process that was divided from the one that looked."""
        for watcher in self._watchers:
            watcher.forget()
        self.begin_again()

    def add(
        self, address: int, binary: bytes, lifetime: "Lifetime", kept: list[object], interpreted: frozenset[int]
    ) -> None:  # fmt: skip
        """A new module, which nothing has been called of. It is forgotten when its lifetime ends, as is `kept`.

        Functions that are `interpreted` stay so.
        """
        self._first_module = self._first_module or time.monotonic()
        state = view(ModuleState, address)
        for name in ("natives", "tiers"):
            array = (ctypes.c_size_t * int(state.func_count))()
            kept.append(array)
            setattr(state, name, cast(Ptr[usize], usize(ctypes.addressof(array))))
        new = NewModule(address, binary, weakref.ref(lifetime, partial(self._remove, address)), kept, interpreted)
        mark = native_mark(binary)
        new.is_put_off = mark == BRIEF and not self._watchers
        if mark and not new.is_put_off:
            self._take_kept(new)
        self._new[address] = new
        if self._watchers:
            self._give_new()

    def _take_kept(self, new: NewModule) -> None:
        """Have a module run what earlier runs have left."""
        from fusee.native.shelf import Shelf
        from fusee.tier.kept import take_kept

        new.shelf = Shelf(new.binary, self.is_metered)
        new.found = take_kept(self.native, self.engine, new.address, new.shelf, new.kept, new.interpreted)

    def _remove(self, address: int, lifetime: "weakref.ref[Lifetime]") -> None:
        """It has ended; perhaps there is a newer module at its address."""
        found = self._new.get(address)
        if found is not None and found.lifetime is lifetime:
            del self._new[address]
            if found.found and self._was_brief():
                self._brief.append(found.binary)

    def _was_brief(self) -> bool:
        """Whether guests were called, and what they did took less time than to find native code for it."""
        now = time.monotonic()
        if self._first:
            return now - self._first < _BRIEF_SECONDS
        # The thread has not even begun. Without one nobody would ever take what is put off.
        return self.state.is_asleep == 0 and now - self._first_module < _BEGINNING_SECONDS

    @property
    def watcher(self) -> "Watcher":
        """What watches the guests."""
        self._give_new()
        return self._watchers[0]

    @property
    def is_watched(self) -> bool:
        """Whether the watcher is there."""
        return bool(self._watchers)

    def _give_new(self) -> None:
        """Let the watcher have what it does not know. Other threads may do so, too, wherever Python code may pause."""
        if not self._watchers:
            from fusee.tier.watcher import Watcher

            self._watchers.append(Watcher(self))
        for address in list(self._new):
            new = self._new.pop(address, None)
            if new is not None:
                self._watchers[0].add(new)

    def end(self) -> None:
        """Have the thread end, and wait until it has; what is being compiled is given up."""
        if self._is_awake():
            self.is_ending = True
            limit = time.monotonic() + _END_SECONDS
            while (self._is_awake() or self._is_there()) and time.monotonic() < limit:
                if self._sleep.locked():
                    self._sleep.release()
                time.sleep(_LOOK_SECONDS)
            self.is_ending = False
            if not self._running.locked():
                self.state.is_asleep = u32(1)  # else there was no thread to be had: the next guest tries again

    def close(self) -> None:
        """The engine has ended. Who only waits whether guests run for long is not woken: it sleeps for a moment."""
        self.is_ending = True
        for binary in self._brief:
            note_native(binary, BRIEF)
        if self._watchers and self._sleep.locked():
            self._sleep.release()

    def go_on(self) -> None:
        """After that: let the next guest wake it, or the one that runs."""
        self.state.is_asleep = u32(1)
        if self.stores.running() is not None:
            self.state.is_asleep = u32(0)
            self._wake()

    def _is_awake(self) -> bool:
        """Whether the thread looks, or was woken a moment ago and has not begun."""
        return self._running.locked() or self.state.is_asleep == 0

    def _is_there(self) -> bool:
        return self._number != 0 and os.path.exists(f"/proc/self/task/{self._number}")

    # In the thread

    def _run(self) -> None:
        if not self._running.acquire(timeout=_END_SECONDS):  # who has said that nobody looks is there for a moment
            return
        self._number = _thread.get_native_id()
        self._first = self._first or time.monotonic()
        try:
            self.sleep(_FIRST_SECONDS)  # most programs that are short are over by then
            if not self.is_ending and self._looking.is_worth_while(_FIRST_SECONDS):
                self.watcher.watch()
            if self.is_ending:
                self.state.is_asleep = u32(1)
        except (OSError, ImportError, MemoryError):  # no file can be opened, say, and what is imported is in one
            self.sleep(_LACKING_SECONDS)
            self.state.is_asleep = u32(1)  # the next guest tries again
        finally:
            for watcher in self._watchers:
                watcher.end()
            self._running.release()

    def note_long(self) -> None:
        """This run is not over at once: the next one shall not put off what this one has."""
        for new in list(self._new.values()):
            if new.is_put_off:
                note_native(new.binary)

    @cached_property
    def _looking(self) -> "Looking":
        """What this thread does until guests are watched."""
        from fusee.tier.looking import Looking

        return Looking(self)

    @cached_property
    def stores(self) -> "Stores":
        """The engine's, known to the thread only: most runs end before it looks."""
        from fusee.tier.stores import Stores

        return Stores(self.native, self)

    def sleep(self, seconds: float) -> None:
        """Until somebody wakes this thread."""
        self._sleep.acquire(timeout=seconds)

    def may_end(self, idle: float, most: float = _IDLE_SECONDS) -> bool:
        """Whether nobody looks any more, since no guest has run for so many seconds, and none does."""
        if idle <= most:
            return False
        self.state.is_asleep = u32(1)
        if self.stores.running() is None:
            return True
        self.state.is_asleep = u32(0)
        return False
