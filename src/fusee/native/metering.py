"""Fuel: where native code pays for what it is going to execute, which is where the interpreter pays for the same.

The rules are those of `engine/translate/metering.py` and `payments.py`, and so are the names: a *stretch* is what is
paid for at one place, which is known when the function has been read. So a cost is a name that the function's beginning
defines. A branch that goes past a `tick` there says here that it has paid already, as one of the values that come
together at a label; whether it has is such a name, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from fusee.engine.runtime.metering import ENTRY_COST, FREE, MANY_VALUES, PLACELESS
from fusee.kernel.text import UNLIKELY
from fusee.native.stretches import PAID, UNPAID, Charge, Payment, Stretch

if TYPE_CHECKING:
    from fusee.native.function import FunctionCompiler
    from fusee.native.labels import Edge, Label
    from fusee.native.reader import Instruction

_FREE: Final = frozenset(op.index for op in FREE)
_PLACELESS: Final = frozenset(op.index for op in PLACELESS)
_LEAVING: Final = frozenset({
    "return", "throw", "throw_ref", "rethrow", "return_call", "return_call_indirect", "return_call_ref",
})  # fmt: skip
"""Instructions that leave the function."""


class Meter:
    """What is paid for in a function that is being compiled. Open blocks are known by their numbers, from outside."""

    def __init__(self, compiler: FunctionCompiler) -> None:
        self._c = compiler
        self._stretches: list[Stretch] = []
        self._newest: Stretch | None = None
        self._is_due = False  # what comes next is paid for in a stretch of its own
        self._fresh: Charge | None = None  # of a loop that has just begun
        self._unnamed: list[Charge] = []  # of blocks that were opened where a stretch is going to begin
        self._payments: list[Payment] = []
        self._arriving: list[Payment] = []  # of branches to this very place
        self._users = 0  # how many branches lead here, and one more if it is come to without
        self._choice: Payment | None = None  # of a branch on a condition, if this is where that is not taken
        self._joined: Charge | None = None  # of the block whose end this is
        self._is_paid = UNPAID  # whether who is here has paid for the stretch that begins here
        self.has_tries = False

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
        elif instruction.op.index not in _PLACELESS:
            self._leave_place()
        if instruction.op.mnemonic in _LEAVING:
            self.note_leaving(self._c.labels[-1], 0)

    def _leave_place(self) -> None:
        self._arriving, self._users, self._choice, self._joined, self._is_paid = [], 0, None, None, UNPAID

    def open(self, label: Label, number: int, is_loop: bool) -> None:
        """A block with a number begins."""
        label.charge = Charge(None if self._is_due else self._current, number)
        if self._is_due and is_loop:
            self._name_stretch(None)
        elif self._is_due:
            label.charge.is_unnamed = True
            self._unnamed.append(label.charge)

    def _name_stretch(self, at: Stretch | None) -> None:
        for charge in self._unnamed:
            charge.at, charge.is_unnamed = at, False
        self._unnamed = []

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
        charge.head.is_paid_back = True
        return charge.behind

    def jump(self, label: Label) -> str:
        """A jump to the end of a block: whether it pays for what is there."""
        if label.kind == "function" or len(label.types) > MANY_VALUES:
            return UNPAID
        return self._pay_at_end(label)

    def _pay_at_end(self, label: Label) -> str:
        if not self._can_pay:
            return UNPAID
        assert label.charge is not None
        label.charge.payments.append(self._add_payment(is_choice=False))
        return PAID

    def end_arm(self, label: Label) -> str:
        """The same of an `if`'s first arm that ends: its values are where they are expected, however many."""
        assert label.charge is not None
        label.charge.users += 1
        return self._pay_at_end(label)

    def choose(self, label: Label) -> str:
        """The same of a branch on a condition."""
        self._choice = None
        if not self._can_pay or label.kind == "function" or label.types:
            return UNPAID
        assert label.charge is not None
        self._choice = self._add_payment(is_choice=True)
        label.charge.payments.append(self._choice)
        return self._choice.flag

    def choose_arm(self, label: Label) -> None:
        """An `if`'s first arm begins."""
        assert label.charge is not None
        if self._can_pay:
            self._choice = label.charge.otherwise = self._add_payment(is_choice=True)
        self.note_branch()

    @property
    def _can_pay(self) -> bool:
        return not (self._is_due or self.has_tries)

    def _add_payment(self, is_choice: bool) -> Payment:
        payment = Payment(len(self._payments), self._current, is_choice)
        self._payments.append(payment)
        return payment

    def note_leaving(self, label: Label, number: int) -> None:
        """Something in a block may leave all blocks that are inside of the one with this number."""
        charge = self._c.labels[number].charge
        assert charge is not None
        charge.users += 1
        self._lower(label, number)

    def _lower(self, label: Label, number: int) -> None:
        assert label.charge is not None
        label.charge.lowest = min(label.charge.lowest, number)

    def note_branch(self) -> None:
        """A stretch ends here: it is not certain that what follows is executed."""
        self._is_due = True

    def note_arm(self, label: Label) -> None:
        """The same where another part of a block begins."""
        self._is_due, self._fresh = True, None
        self._leave_place()
        assert label.charge is not None
        if label.charge.otherwise is not None:
            self._arriving, self._users = [label.charge.otherwise], 1
            self._is_paid = label.charge.otherwise.flag
            label.charge.otherwise = None

    @property
    def going_on(self) -> str:
        """Whether who goes on here has paid for the stretch that begins next."""
        return self._is_paid if self._is_due else UNPAID

    def skipping(self, label: Label) -> str:
        """The same of who skips an `if` without a second arm."""
        assert label.charge is not None
        return UNPAID if label.charge.otherwise is None else label.charge.otherwise.flag

    def note_end(self, label: Label, number: int, is_reached: bool, is_joined: bool, is_skipped: bool) -> None:
        """The end of the block with a number, which is not open any more.

        Its code may reach it, branches may go there, and so may who skips an `if`.
        """
        charge = label.charge
        assert charge is not None
        if number:
            self._lower(self._c.labels[number - 1], charge.lowest)
        if is_joined:
            self._fresh = None
        if charge.is_unnamed:
            self._unnamed.pop()
        if charge.is_unnamed or not (is_reached or is_joined):
            return
        if charge.at is not None and charge.lowest >= number:
            self._newest, self._is_due, self._fresh = charge.at, False, None
            self._leave_place()
        elif is_joined:
            self._is_due, self._joined, self._choice = True, charge, None
            self._users += charge.users + is_reached + is_skipped
            self._arriving += charge.payments
            if charge.otherwise is not None:
                self._arriving.append(charge.otherwise)

    def join(self, label: Label) -> None:
        """At the beginning of the block behind one that has ended."""
        charge = label.charge
        if charge is None or charge is not self._joined:
            return
        self._joined = None
        self._is_paid = self.merge(label.edges)

    def merge(self, edges: Sequence[Edge]) -> str:
        """Whether who comes by one of these ways has paid for what is there."""
        flags = [(edge.is_paid, edge.block) for edge in edges]
        if len(flags) == 1 or all(flag == UNPAID for flag, _ in flags):
            return flags[0][0]
        return self._c.merge("i1", flags)

    def definitions(self) -> list[str]:
        """What the costs are, and which branches have paid."""
        for payment in reversed(self._payments):
            payment.settle()
        choices = [payment for payment in self._payments if payment.is_choice]
        lines = [f"  %past{payment.number} = add i1 0, {int(payment.is_past)}" for payment in choices]
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
        self._name_stretch(self._newest)
        for payment in self._arriving:
            payment.paid = self._newest
            payment.is_sole = len(self._arriving) == self._users == 1
        if self._choice is not None:
            self._choice.other = self._newest
        self._leave_place()

    def _new_place(self) -> Stretch:
        """Pay here for what turns out to be in a stretch."""
        c = self._c
        stretch = Stretch(len(self._stretches))
        self._stretches.append(stretch)
        owed = f"%cost{stretch.number}"
        if self._is_paid != UNPAID:
            owed = c.value(f"select i1 {self._is_paid}, i32 0, i32 {owed}")
        fuel = c.value(f"load i64, ptr %fuel, align 8{c.unit.tag('engine')}")
        cost = c.value(f"zext i32 {owed} to i64")
        short, enough, going = c.label(), c.label(), c.label()
        c.branch(c.value(f"icmp ult i64 {fuel}, {cost}"), short, enough, UNLIKELY)
        c.begin(short)
        status = c.value(f"call i64 {c.helper('pay')}(ptr %ctx, ptr %top, i32 {owed}, i32 0)")
        failed = c.value(f"icmp ne i64 {status}, 0")
        c.branch(failed, c.raises_to(status, c.raised, f"%paid{stretch.number}"), going, UNLIKELY)
        c.begin(enough)
        c.emit(f"store i64 {c.value(f'sub i64 {fuel}, {cost}')}, ptr %fuel, align 8{c.unit.tag('engine')}")
        c.begin(going)
        return stretch
