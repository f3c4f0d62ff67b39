"""What is paid for with fuel: stretches, branches that pay for what is behind them, and what is known of blocks."""

from __future__ import annotations

from typing import Final

from fusee.kernel.plain import Plain, field

UNPAID: Final = "false"
PAID: Final = "true"


class Stretch(Plain):
    """What is paid for at one place."""

    number: int
    cost: int = 0
    offset: int = 0  # of the first instruction that it pays for
    is_paid_back: bool = False  # jumps back pay for the loop that it begins


class Payment(Plain):
    """A branch forward, and who may pay for what is behind it."""

    number: int
    payer: Stretch
    is_choice: bool  # it may go on instead, else it is a jump
    paid: Stretch | None = None  # that begins where it leads
    other: Stretch | None = None  # that begins if it is not taken, and that only this leads to
    is_sole: bool = False  # nobody else comes to where it leads
    is_past: bool = False  # who goes there has paid

    @property
    def flag(self) -> str:
        """Whether who goes there has paid."""
        return f"%past{self.number}" if self.is_choice else PAID

    def settle(self) -> None:
        """Everything later is settled."""
        if self.paid is None:
            return
        if not self.is_choice:
            self.payer.cost += self.paid.cost
        elif self.other is not None and not self.payer.is_paid_back:
            least = min(self.paid.cost, self.other.cost)
            self.is_past = self.paid.cost == least
            if self.is_past or self.is_sole:
                self.payer.cost += least
                self.other.cost -= least
            if not self.is_past and self.is_sole:
                self.paid.cost -= least


class Charge(Plain):
    """What is known of an open block."""

    at: Stretch | None  # in which it begins; None if that has not begun
    lowest: int  # the number of the outermost block that something in it may leave for; 0: or for the function's end
    reserved: Stretch | None = None  # of a loop: the place for what is paid for where all come past
    head: Stretch | None = None  # the same, if it is used
    behind: str = ""  # of a loop: the block behind that
    is_unnamed: bool = False  # it has been opened where a stretch is going to begin
    payments: list[Payment] = field(default_factory=list)  # of branches to its end
    otherwise: Payment | None = None  # of an `if`, until its second arm
    users: int = 0  # how many branches go to its label
