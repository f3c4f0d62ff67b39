"""A module whose functions get native code while they run."""

import ctypes
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from fusee.engine.state.code import CODE_START, MOST_PINS
from fusee.engine.state.module import Module as ModuleState
from fusee.engine.state.native import NativeCell, Resume
from fusee.kernel.memory import view
from fusee.kernel.process import make_struct
from fusee.kernel.scalars import u32
from fusee.native.code import NativeCode, Place
from fusee.native.shelf import Shelf
from fusee.tier.kept import in_use, own_functions
from fusee.tier.loops import Loop, find_loops, loop_cells

if TYPE_CHECKING:
    import weakref
    from collections.abc import Iterable, Sequence

    from fusee.api._decoded import Lifetime
    from fusee.api._native import HostNative

_OVERHEAD_BYTES: Final = 256  # in whose place a batch might have been begun
_MOST_FOUND: Final = 4  # loops before it is known which are chosen
_MOST_LOOPS: Final = 64  # of a module, that native code goes on in: who comes to one looks through them


class TieredModule:
    """What is known of a module, and what it has got. It does not keep the module alive, whose lifetime it is given.

    `kept` lives as long as the module: what its code leads to is put there.
    """

    def __init__(
        self, native: "HostNative", address: int, binary: bytes, lifetime: "weakref.ref[Lifetime]", kept: list[object],
        interpreted: frozenset[int], shelf: Shelf,
    ) -> None:  # fmt: skip
        self.address = address
        self.binary = binary
        self.lifetime = lifetime
        self.kept = kept
        self.counts: Counter[int] = Counter()  # by function: how often a guest was seen where it begins
        self.heads: Counter[tuple[int, int]] = Counter()  # by function and offset in its code: at a loop
        self.loose: dict[int, None] = {}  # functions whose native code is to be made once more, with what they call
        self._resumed: set[int] = set()  # those that have it for loops only
        self._hasty: dict[Place, Loop] = {}  # loops that have it in haste, which guests leave when there is better code
        self._resumes: dict[Place, Any] = {}  # the newest `Resume` of each
        self.is_loose = False  # whether that is worth while
        self.is_old = True  # whether all native code is from earlier runs
        self.done = set(interpreted)  # functions that have native code, or cannot have it
        self.refused = set(interpreted)  # those that cannot
        self.is_metered = shelf.is_metered
        self.shelf = shelf
        self.has_code = False  # whether there is native code, or is going to be
        self._native = native
        self._interpreted = interpreted
        self.own = own_functions(address)
        self._cells: dict[int, int] = {}  # by function: the `NativeCell`, if it may have been translated before
        self._seen_heads: set[tuple[int, int]] = set()
        self._known_loops: dict[tuple[int, int], list[Loop]] = {}
        self._kept_loops: dict[int, dict[Place, tuple[int, bool]]] = {}  # by function: what earlier runs have left
        self._awaited: set[int] = set()  # functions that are being compiled, or loops of them

    def know_kept(self, found: "Sequence[NativeCode]") -> None:
        """That its functions have this, what was there first coming first (`tier/kept.py`)."""
        quick: set[int] = set()
        for code in reversed(found):
            self.has_code = True
            quick |= code.functions.keys() - self.done if code.is_quick else set()
            self.done |= code.functions.keys() | code.reasons.keys()
            self.refused |= code.reasons.keys()
            for place, entry in code.loops.items():
                self._kept_loops.setdefault(place.function, {}).setdefault(place, (entry, code.is_quick))
        for index in self._kept_loops.keys() & self.done:
            del self._kept_loops[index]
        # What was hottest was compiled first.
        self.loose = dict.fromkeys(index for code in found for index in code.functions if index in quick)
        self.is_loose = bool(quick)

    def note(self, engine: int, function: int, offset: int, weight: int = 1) -> bool:
        """A guest was seen at a cell, which counts so much; whether there is something to be done about it.

        Guests note their module and their place one after the other. If two of them do so at once, the place may be
        another module's.
        """
        if function not in self.own or function in self._interpreted:
            return False
        if function in self._kept_loops and self._resume_kept(engine, function):
            return False
        is_new = function not in self.done
        head = function, offset
        if not is_new and offset == CODE_START and function in self._cells:
            # Perhaps its first cell was replaced by somebody else when this was done.
            self._native.install_tiered(engine, self.address, function, self._cells[function])
        if offset != CODE_START and function in self._awaited:
            return False  # guests are going to leave it
        if offset == CODE_START or head in self._seen_heads or len(self._seen_heads) >= _MOST_LOOPS:
            if is_new:
                self.counts[function] += weight
            return is_new
        self.heads[head] += weight
        return True

    def heat(self) -> int:
        """How often guests were seen where something is to be done."""
        return sum(self.counts.values()) + sum(self.heads.values())

    def called(self) -> list[int]:
        """The functions that have been called."""
        state = view(ModuleState, self.address)
        if not state.code_table.address:
            return []
        table = (ctypes.c_size_t * int(state.func_count)).from_address(int(state.code_table.address))
        return [function for function, code in enumerate(table) if code]

    def choose(self, room: int) -> tuple[list[int], list[Loop]]:
        """What is compiled next of what guests were seen in: functions, and loops. There is room for so many bytes.

        That which is hottest for its size comes first, since others wait for it. What was seen where it begins is
        compiled whole; else one loop, where guests were seen most: who goes on natively there comes to the others
        natively. What there is no room for waits for the next time.
        """
        self._forget_done()
        seen = self.counts + Counter[int]()
        for (function, _), count in self.heads.items():
            seen[function] += count
        sizes = {function: self._size_of(function) for function in seen}
        chosen: list[int] = []
        for function in sorted(seen, key=lambda one: -seen[one] / (sizes[one] + _OVERHEAD_BYTES)):
            if not chosen or sizes[function] <= room:
                chosen.append(function)
                room -= sizes[function]
        hot = [function for function in chosen if self.counts.pop(function, 0)]
        heads = self._take_heads(chosen, hot)
        loops = self.loops_of(heads)
        self.done.update(hot)
        self._awaited.update(hot, (loop.function for loop in loops))
        return hot, loops

    def prepare(self) -> None:
        """Find out what is known of those that are going to be chosen."""
        if not self._known_loops:
            self.loops_of([head for head, _ in self.heads.most_common(_MOST_FOUND)])

    def _forget_done(self) -> None:
        """What was seen where nothing is to be done any more."""
        for function in self.counts.keys() & self.done:
            del self.counts[function]
        if len(self._seen_heads) >= _MOST_LOOPS:
            self.heads.clear()

    def _size_of(self, function: int) -> int:
        code = view(ModuleState, self.address).bodies[function - self.own.start].code
        return int(code.end) - int(code.start)

    def _take_heads(self, chosen: list[int], hot: list[int]) -> list[tuple[int, int]]:
        """Of each chosen function that is not compiled whole the loop where guests were seen most."""
        hottest = {head[0]: head for head, _ in reversed(self.heads.most_common())}
        for head in [head for head in self.heads if head[0] in chosen]:
            del self.heads[head]
        heads = [hottest[function] for function in chosen if function in hottest and function not in hot]
        heads = heads[: _MOST_LOOPS - len(self._seen_heads)]
        self._seen_heads.update(heads)
        return heads

    def loops_of(self, heads: list[tuple[int, int]]) -> list[Loop]:
        """What is known of these loops of translated functions; it is found out once, while the module lives."""
        unknown = [head for head in heads if head not in self._known_loops]
        if unknown:
            found = find_loops(self._native, self.address, unknown, self.is_metered)
            for head in unknown:
                self._known_loops[head] = [loop for loop in found if (loop.function, loop.cell) == head]
        return [loop for head in heads for loop in self._known_loops[head]]

    def received(self, code: NativeCode, hot: list[int], loops: list[Loop]) -> None:
        """What was chosen has been compiled, but for what was left out."""
        self.done -= set(hot).difference(code.functions, code.reasons, self._interpreted)
        self._awaited.difference_update(hot, (loop.function for loop in loops))

    def install(self, engine: int, code: NativeCode, loops: list[Loop], is_last: bool = False) -> None:
        """Have guests execute this code from now on. `is_last`: it takes the place of what was made in pieces."""
        self.is_old = False
        self.kept.append(code)
        self.done |= code.functions.keys() | code.reasons.keys()
        self.refused |= code.reasons.keys()
        self._install_functions(engine, code, code.functions)
        for loop in loops:
            entry = code.loops.get(loop.place, 0)
            if entry:
                self._resume(engine, loop, entry, code.is_quick)
        # Who was in a loop of what is called often has left it by now.
        self._hasty = {place: loop for place, loop in self._hasty.items() if place.function not in self._cells}
        if is_last:
            for index in code.functions:
                self.loose.pop(index, None)
        else:
            resumed = {loop.function for loop in loops}
            self._resumed = (self._resumed | resumed).difference(code.functions)
            self.is_loose |= code.is_quick or bool(self.loose) or not resumed <= code.functions.keys()
            self.loose.update(dict.fromkeys((*code.functions, *resumed)))

    def _install_functions(self, engine: int, code: NativeCode, indices: "Iterable[int]") -> None:
        for index in indices:
            entry, place = code.functions[index]
            cell = make_struct(NativeCell, {"entry": entry, "code": place})
            self.kept.append(cell)
            self._cells[index] = ctypes.addressof(cell)
            self._native.install_tiered(engine, self.address, index, self._cells[index])

    def take_kept(self, engine: int, found: "Sequence[NativeCode]") -> None:
        """Have guests execute what earlier runs have left, the oldest first, though they may run by now.

        It is what `kept.take_kept` does before anything is called; `know_kept` comes after it.
        """
        for code, indices in in_use(found, self._interpreted):
            self.kept.append(code)
            self._install_functions(engine, code, indices)

    def _resume_kept(self, engine: int, function: int) -> bool:
        """Have guests go on in the loops of a function that earlier runs have left code for; whether there are some."""
        kept = self._kept_loops.pop(function)
        heads = [(function, offset) for offset in loop_cells(self.address, function)]
        found = [loop for loop in self.loops_of(heads) if loop.place in kept][: _MOST_LOOPS - len(self._seen_heads)]
        for loop in found:
            self._resume(engine, loop, *kept[loop.place])
            self._seen_heads.add((function, loop.cell))
        if found:
            self.loose[function] = None  # the next run can have it from where it begins
            self.is_loose = True
        return bool(found)

    def last(self, room: int) -> tuple[list[int], list[Loop]]:
        """Functions or loops that are to be compiled once more, for so many bytes; none if that is of no use.

        The hottest were compiled first. They are given once: first loops that guests may be in, since code calls that
        of its own batch, and last functions that have code of a loop only, which are wanted when they are called again.
        After all of these come those that there is no room for, since everything else waits meanwhile.
        """
        waiting: list[int | Loop] = [*self._hasty.values(), *self.loose] if self.is_loose else []
        waiting.sort(key=lambda one: (self._bytes_of(one) > room, self._lateness(one)))
        found: list[int | Loop] = []
        while waiting and (not found or type(waiting[0]) is type(found[0])):
            room -= self._bytes_of(waiting[0])
            if found and room < 0:
                break
            found.append(waiting.pop(0))
        for one in found:
            self._forget_loose(one)
        self.is_loose = bool(waiting)
        return [one for one in found if isinstance(one, int)], [one for one in found if isinstance(one, Loop)]

    def has_short(self, room: int) -> bool:
        """Whether there is something for `last` that there is room for."""
        waiting: list[int | Loop] = [*self._hasty.values(), *self.loose]
        return any(self._bytes_of(one) <= room for one in waiting)

    def _lateness(self, one: int | Loop) -> int:
        return 0 if isinstance(one, Loop) else 2 if one in self._resumed else 1

    def _bytes_of(self, one: int | Loop) -> int:
        return self._size_of(one.function if isinstance(one, Loop) else one)

    def _forget_loose(self, one: int | Loop) -> None:
        if isinstance(one, Loop):
            del self._hasty[one.place]
        else:
            del self.loose[one]

    def _resume(self, engine: int, loop: Loop, entry: int, is_quick: bool) -> None:
        """Have guests go on in a loop by this code, and leave for it what they go on in by now."""
        if loop.cell not in loop_cells(self.address, loop.function):
            return  # nobody has been there: the place was another module's
        start = int(view(ModuleState, self.address).code_table[loop.function])
        made = make_struct(Resume, {"cell": start - CODE_START + loop.cell, "entry": entry})
        record: Any = view(Resume, ctypes.addressof(made))
        record.slots = u32(loop.slots)
        record.int_pins, record.float_pins = u32(len(loop.integers)), u32(len(loop.floats))
        record.wide_pins = u32(loop.wide_pins)
        for first, slots in ((0, loop.integers), (MOST_PINS, loop.floats)):
            for pin, slot in enumerate(slots, first):
                record.pins[pin] = u32(slot)
        self.kept.append(made)
        self._native.install_resume(engine, self.address, ctypes.addressof(made))
        if loop.place in self._resumes:
            self._resumes[loop.place].is_old = u32(1)
        self._resumes[loop.place] = record
        if is_quick:
            self._hasty[loop.place] = loop
