"""Functions get native code while their module runs: what is hot is found, compiled elsewhere, and put in place.

Every few milliseconds the tier's thread has the guest pause, which costs some microseconds, and sees from that in which
function or loop it was: who comes past a cell that is waited for says so (`engine/python/interrupt.py`). If none runs
at such a moment, the next one that begins to run, or goes on after a call of the embedder, does so. What is seen is
compiled by another process.
"""

import contextlib
import time
import weakref
from functools import partial
from typing import TYPE_CHECKING, Final

from fusee.engine.state.tiering import SAMPLED_NATIVE
from fusee.kernel.scalars import u32, u64
from fusee.native.code import Kept, NativeCode
from fusee.native.shelf import Shelf
from fusee.tier.compiling import LAST_HOT_ROOM, LAST_ROOM, ROOM, Compiling, Work
from fusee.tier.kept import find_kept
from fusee.tier.module import TieredModule

if TYPE_CHECKING:
    from fusee.api._decoded import Lifetime
    from fusee.tier.tier import NewModule, Tier

_LEAST_SECONDS: Final = 0.01  # between two looks
_BUSY_SECONDS: Final = 0.02  # the most, while something is compiled
_MOST_SECONDS: Final = 0.2  # when nothing new is found
_SLOWER: Final = 1.1
_SHARE: Final = 0.01  # of the time that looking may take
_AT_ONCE: Final = 8  # what it counts that a guest comes past a cell at once; half if it was native; else 1
_FIRST_SAMPLES: Final = 3 * _AT_ONCE  # before something is compiled
_SAMPLES: Final = 1.5 * _AT_ONCE  # before something more is
_FADING: Final = 0.8  # of what was seen, with each look that finds native code only, or what is rare
_QUIET_SECONDS: Final = 0.1  # without anything new, after which that is compiled
_LONG_SECONDS: Final = 0.15  # the same for what an earlier run has left, which may have been as short
_LISTEN_SECONDS: Final = 0.005  # without looking whether this shall end


class Watcher:
    """What watches the guests of an engine, and has their functions compiled."""

    def __init__(self, tier: "Tier") -> None:
        self._tier = tier
        self._native, self._engine, self._state, self._stores = tier.native, tier.engine, tier.state, tier.stores
        self._modules: dict[int, TieredModule] = {}
        self._compiling = Compiling()
        self._samples = 0.0
        self._has_begun = False  # whether anything was chosen
        self._was_native = False  # where the guest was that was seen last
        self._is_often = True  # whether it was met at once
        self._news = 0.0  # when something was seen last that was new

    def forget(self) -> None:
        """In a process that was divided from the one that looked."""
        self._compiling.forget()

    def add(self, new: "NewModule") -> None:
        """A module. It is forgotten when its lifetime ends."""
        own = new.lifetime()
        if own is None:
            return
        lifetime = weakref.ref(own, partial(self._remove, new.address))
        shelf = new.shelf or Shelf(new.binary, self._tier.is_metered)
        if new.is_put_off:
            new.found = find_kept(new.address, shelf)
        module = TieredModule(self._native, new.address, new.binary, lifetime, new.kept, new.interpreted, shelf)
        if new.is_put_off:
            module.take_kept(self._engine, new.found)
            self._stores.tell(module)
        module.know_kept(new.found)
        self._modules[new.address] = module

    def _remove(self, address: int, lifetime: "weakref.ref[Lifetime]") -> None:
        """It has ended; perhaps there is a newer module at its address."""
        found = self._modules.get(address)
        if found is not None and found.lifetime is lifetime:
            del self._modules[address]

    def _living(self) -> list[TieredModule]:
        """The modules that have not ended, though Python may not have had room to say so (`api/ending.py`)."""
        return [module for module in list(self._modules.values()) if module.lifetime() is not None]

    def end(self) -> None:
        """What is being compiled is given up."""
        self._compiling.end()

    def watch(self) -> None:
        """Do so until no guest has run for a while, or the tier shall end."""
        tier = self._tier
        seconds, idle, has_asked = _LEAST_SECONDS, 0.0, False
        self._news = time.monotonic()
        while True:
            is_new = self._look()
            if self._stores.running() is not None and any(not one.has_code for one in self._living()):
                self._compiling.begin_early()  # a guest that has been asked to pause would wait for this thread
            started = time.thread_time()
            is_running = self._ask()
            least = max(_LEAST_SECONDS, (time.thread_time() - started) / _SHARE if has_asked else 0.0)
            has_asked = has_asked or is_running  # which takes longer once
            idle = 0.0 if is_running or self._compiling.is_busy or self._stores.are_waiting else idle + seconds
            if tier.may_end(idle):
                return
            most = _BUSY_SECONDS if self._compiling.is_waited_for else _MOST_SECONDS
            seconds = least if is_new else min(max(seconds * _SLOWER, least), max(most, least))
            self._rest(seconds)
            if tier.is_ending:
                return

    def _rest(self, seconds: float) -> None:
        """Until it is time to look, somebody wakes this thread, or something has been compiled."""
        if not self._compiling.is_waited_for:
            self._tier.sleep(seconds)
            return
        limit = time.monotonic() + seconds
        while not self._tier.is_ending and (left := limit - time.monotonic()) > 0:
            if self._compiling.listen(min(left, _LISTEN_SECONDS)):
                return

    def _look(self) -> bool:
        """See what there is to see and to be done; whether that is news."""
        with contextlib.suppress(OSError):  # no file can be opened, perhaps: what it was for stays interpreted
            return self._take_sample() | self._compile()
        return False

    def _ask(self) -> bool:
        """Have the guest that runs pause, if there is one; whether there is."""
        store = self._stores.running()
        held = None if store is None else store._tenure.hold  # another thread may close it meanwhile
        if store is None or held is None:
            return False
        # What is met later is a small part of what is executed, however often looks find it.
        if self._was_native:
            self._is_often = self._native.interrupt_interpreted(store._embedding.address)
        elif store._state.is_wanted == 0:
            self._is_often = self._native.interrupt_soon(store._embedding.address)
        else:
            self._is_often = False
        return True

    def _take_sample(self) -> bool:
        """See where the guest was that has paused; whether that is news."""
        sampled, place = int(self._state.sampled), int(self._state.sampled_module)
        self._state.sampled = u64(0)
        if sampled == 0 and not self._was_native:
            self._state.is_due = u32(1)  # guests run for moments only, of which none is met: the next one shall pause
            self._is_often = True
        is_interpreted, self._was_native = self._was_native, sampled == int(SAMPLED_NATIVE)
        if self._was_native or sampled == 0:
            self._samples *= _FADING if self._was_native or is_interpreted else 1
            return False
        module = self._modules.get(place)
        lifetime = module.lifetime() if module is not None else None  # it does not end meanwhile
        if module is None or lifetime is None:
            return False
        weight = (_AT_ONCE >> is_interpreted) if self._is_often or not self._has_begun else 1
        is_new = module.note(self._engine, sampled >> 32, sampled & 0xFFFF_FFFF, weight)
        # Where native code begins, perhaps. Who is to be seen where it interprets only, will be, as long as it does.
        self._was_native = is_interpreted or not is_new
        if weight == 1:
            self._samples *= _FADING
        if not is_new:
            return False
        self._samples += weight
        if self._samples >= _SAMPLES:
            self._news = time.monotonic()
        return weight > 1

    def _compile(self) -> bool:
        """See whether something is compiled by now, put it in place, go on with what is hot; whether that is news.

        At last it is kept: nobody waits for that.
        """
        heard = self._compiling.hear()
        code = self._receive(*heard) if heard is not None else None
        try:
            self._go_on()
        finally:
            if heard is not None and code is not None:
                work, made = heard
                work.module.shelf.add(made.contents, code.functions, code.loops)
        return heard is not None

    def _go_on(self) -> None:
        """With what is hot."""
        self._stores.give()
        if self._samples >= (_SAMPLES if self._has_begun else _FIRST_SAMPLES) or self._compiling.waiting:
            if self._compiling.go_on():
                self._choose()
            elif not self._has_begun and (module := self._hottest()) is not None:
                lifetime = module.lifetime()  # it does not end meanwhile
                if lifetime is not None:
                    module.prepare()
        else:
            self._go_back(time.monotonic() - self._news)

    def _receive(self, work: Work, made: Kept) -> NativeCode | None:
        """A batch; None if the system lets nothing more be executed."""
        with contextlib.suppress(OSError):
            code = made.mapped()
            lifetime = work.module.lifetime()
            if not work.is_last:
                self._news = time.monotonic()
                work.module.received(code, work.hot, work.loops)
            if lifetime is not None:
                work.module.install(self._engine, code, work.loops, work.is_last)
                self._stores.tell(work.module)
                self._was_native &= not work.loops  # a guest leaves such a loop where it looks whether it shall pause
            return code
        return None

    def _choose(self) -> None:
        """Have the hottest compiled of the module in which guests were seen most."""
        module = self._hottest()
        lifetime = module.lifetime() if module is not None else None  # it does not end meanwhile
        if module is not None and lifetime is not None:
            self._has_begun, self._samples = True, 0
            hot, loops = module.choose(ROOM)
            self._samples = self._heat()
            if hot or loops:
                module.has_code = True
                self._compiling.begin(Work(module, hot, loops, ROOM))

    def _heat(self) -> int:
        """How often guests were seen where something is to be done."""
        return sum(module.heat() for module in self._living())

    def _hottest(self) -> TieredModule | None:
        """The module in which guests were seen most, where something is to be done."""
        return max(self._living(), key=TieredModule.heat, default=None)

    def _go_back(self, seconds: float) -> None:
        """For so long nothing was hot that has no native code: what was made in pieces, and in haste, is made again.

        And then what is seldom executed, before what is so long that everything would wait for it.
        """
        modules = list(self._modules.values())
        lifetimes = [module.lifetime() for module in modules]  # they do not end meanwhile
        loose = [one for one, held in zip(modules, lifetimes, strict=True) if one.is_loose and held is not None]
        short = [module for module in loose if module.has_short(LAST_HOT_ROOM)]
        if not short and seconds > _QUIET_SECONDS and self._heat() >= _SAMPLES:
            if self._compiling.go_on():
                self._choose()
            return
        for module in short or loose:
            if seconds > (_LONG_SECONDS if module.is_old else _QUIET_SECONDS):
                if self._compiling.go_on():
                    work = Work(module, *module.last(LAST_HOT_ROOM), LAST_ROOM, is_last=True)
                    if work.hot or work.loops:
                        self._compiling.begin(work)
                return
        self._compiling.rest()
