"""Fuel: where native code pays for what it is going to execute, which is where the interpreter pays for the same.

The rules are those of `engine/translate/metering.py`, and so are the names: a *stretch* is what is paid for at one
place, which is known when the function has been read. So a cost is a name that the function's beginning defines.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from fusee.engine.runtime.metering import ENTRY_COST, FREE, MANY_VALUES
from fusee.kernel.lower.function import UNLIKELY

if TYPE_CHECKING:
    from fusee.native.function import FunctionCompiler, Label
    from fusee.native.reader import Instruction

_FREE: Final = frozenset(op.index for op in FREE)
_LEAVING: Final = frozenset({
    "return", "throw", "throw_ref", "rethrow", "return_call", "return_call_indirect", "return_call_ref",
})  # fmt: skip
"""Instructions that leave the function."""


@dataclass(eq=False)
class Stretch:
    """What is paid for at one place."""

    number: int
    cost: int = 0
    offset: int = 0  # of the first instruction that it pays for


@dataclass
class Charge:
    """What is known of an open block."""

    at: Stretch | None  # in which it begins; None if that has not begun
    lowest: int  # the number of the outermost block that something in it may leave for; 0: or for the function's end
    reserved: Stretch | None = None  # of a loop: the place for what is paid for where all come past
    head: Stretch | None = None  # the same, if it is used
    behind: str = ""  # of a loop: the block behind that


class Meter:
    """What is paid for in a function that is being compiled. Open blocks are known by their numbers, from outside."""

    def __init__(self, compiler: FunctionCompiler) -> None:
        self._c = compiler
        self._stretches: list[Stretch] = []
        self._newest: Stretch | None = None
        self._is_due = False  # what comes next is paid for in a stretch of its own
        self._fresh: Charge | None = None  # of a loop that has just begun

    def begin(self) -> None:
        """The function begins. What is executed first pays for the call's arrival, too."""
        self._begin_stretch()
        self._current.cost = ENTRY_COST

    @property
    def _current(self) -> Stretch:
        assert self._newest is not None
        return self._newest

    def charge_for(self, instruction: Instruction) -> None:
        """Before an instruction is compiled."""
        if instruction.op.index not in _FREE:
            if self._is_due:
                self._begin_stretch()
            self._current.cost += 1
        if instruction.op.mnemonic in _LEAVING:
            self.note_leaving(self._c.labels[-1], 0)

    def open(self, label: Label, number: int, is_loop: bool) -> None:
        """A block with a number begins."""
        if self._is_due and not is_loop:
            self._begin_stretch()
        label.charge = Charge(None if self._is_due else self._current, number)

    def begin_loop(self, charge: Charge) -> None:
        """At a loop's label. Whether anything is paid for here is known only when an instruction comes."""
        charge.reserved, charge.behind = self._new_place(), self._c.label()
        self._c.begin(charge.behind)
        self._fresh = charge
        self._is_due = True

    def target(self, label: Label) -> str:
        """The block to which a `br` to a loop goes; the stretch at hand pays for the loop's first one, if it can."""
        charge = label.charge
        assert charge is not None
        if charge.head in (None, self._newest) or self._is_due or len(label.types) > MANY_VALUES:
            return label.name
        assert charge.head is not None
        self._current.cost += charge.head.cost
        return charge.behind

    def note_leaving(self, label: Label, number: int) -> None:
        """Something in a block may leave all blocks that are inside of the one with this number."""
        assert label.charge is not None
        label.charge.lowest = min(label.charge.lowest, number)

    def note_branch(self) -> None:
        """A stretch ends here: it is not certain that what follows is executed."""
        self._is_due = True

    def note_arm(self) -> None:
        """The same where another part of a block begins."""
        self._is_due, self._fresh = True, None

    def note_end(self, label: Label, number: int, can_be_reached: bool, is_joined: bool) -> None:
        """The end of the block with a number, which is not open any more."""
        charge = label.charge
        assert charge is not None
        if number:
            self.note_leaving(self._c.labels[number - 1], charge.lowest)
        if is_joined:
            self._fresh = None
        if not can_be_reached:
            return
        if charge.at is not None and charge.lowest >= number:
            self._newest, self._is_due = charge.at, False
        elif is_joined:
            self._is_due = True

    def definitions(self) -> list[str]:
        """What the costs are."""
        lines = []
        for stretch in self._stretches:
            name = f"{stretch.number}"
            lines += [f"  %cost{name} = add i32 0, {stretch.cost}", f"  %paid{name} = add i32 0, {stretch.offset}"]
        return lines

    def _begin_stretch(self) -> None:
        if self._fresh is not None:
            self._newest = self._fresh.head = self._fresh.reserved
        else:
            self._newest = self._new_place()
        self._current.offset = self._c.offset
        self._fresh, self._is_due = None, False

    def _new_place(self) -> Stretch:
        """Pay here for what turns out to be in a stretch."""
        c = self._c
        stretch = Stretch(len(self._stretches))
        self._stretches.append(stretch)
        fuel = c.value(f"load i64, ptr %fuel, align 8{c.unit.tag('engine')}")
        cost = c.value(f"zext i32 %cost{stretch.number} to i64")
        short, enough, going = c.label(), c.label(), c.label()
        c.branch(c.value(f"icmp ult i64 {fuel}, {cost}"), short, enough, UNLIKELY)
        c.begin(short)
        status = c.value(f"call i64 {c.helper('pay')}(ptr %ctx, ptr %top, i32 %cost{stretch.number}, i32 0)")
        failed = c.value(f"icmp ne i64 {status}, 0")
        c.branch(failed, c.raises_to(status, c.raised, f"%paid{stretch.number}"), going, UNLIKELY)
        c.begin(enough)
        c.emit(f"store i64 {c.value(f'sub i64 {fuel}, {cost}')}, ptr %fuel, align 8{c.unit.tag('engine')}")
        c.begin(going)
        return stretch
