"""Who pays for the stretches that branches lead to: the one before the branch, as far as that is certain.

A stretch that ends with a jump pays for the one where that leads, too. One that comes to a choice between two pays what
both cost at least, and only one of the two has still to pay something: the costlier one. Whoever has been paid for is
entered behind its `tick`. How much all that is can only be known when the function is complete.

A jump back to a loop pays for the loop's first stretch as it stands; that one pays for no choice then, so that
nothing goes round. From a function's first `try` on nobody pays for what is further on, behind a branch
forward: only where no exceptions are caught a stretch that ends with a jump is over for good.
"""

from typing import Final

from fusee.engine.isa.control import FIXED_COSTS, TICK
from fusee.engine.isa.forms import NOWHERE
from fusee.engine.isa.row import cell
from fusee.engine.isa.table import BASE, NUMBER
from fusee.engine.translate.pausing import grow_large, look_around
from fusee.engine.translate.records import Payment
from fusee.engine.translate.state import Translator
from fusee.kernel.lang import Ptr, cast, kernel, size_of, span, store, u32, u64, usize
from fusee.spec import opcodes

IF: Final = opcodes.IF.index

# Kinds
JUMP: Final = u32(0)  # to the end of a block
JUMP_BACK: Final = u32(1)  # to a loop: the payer's own cost has the loop's in it
CHOICE: Final = u32(2)  # to the end of a block, or on from here
SOLE_CHOICE: Final = u32(3)  # nobody else comes to where it leads
ITSELF: Final = u32(4)  # no branch: the payer begins here

IS_PAID_BACK: Final = u32(1 << 31)  # beside a cost: jumps back pay for the loop that begins here
FIRST_FIXED: Final = u32(NUMBER["tick_0"])
EACH: Final = 0x1000  # payments or stretches between two looks at whether the guest shall stop


@kernel
def begin_payments(t: Translator) -> None:
    """The function begins."""
    t.payment_count = u32(0)
    t.has_tries = False
    leave_place(t)


@kernel
def leave_place(t: Translator) -> None:
    """What comes next is not where branches lead to that have been met."""
    t.arriving = u32(0)
    t.users = u32(0)
    t.choice = u32(0)


@kernel(cold=True)
def add_payment(t: Translator, kind: u32, paid: u32) -> u32:
    """The stretch at hand may pay for what is behind the branch that was emitted last; gives the number plus one."""
    needed = (u64(t.payment_count) + 1) * size_of(Payment)
    if needed > t.payments_buffer.capacity_bytes:
        grow_large(t, t.payments_buffer, needed)
        t.payments = cast(Ptr[Payment], t.payments_buffer.data)
    made = t.payments[t.payment_count]
    t.payment_count += 1
    made.kind = kind
    made.payer = t.charge_at
    made.paid = paid
    made.other = u32(0)
    made.fixup = t.fixup_count - 1
    made.next = u32(0)
    return t.payment_count


@kernel
def can_pay(t: Translator) -> bool:
    """Whether the stretch at hand may pay for others."""
    return not (t.is_timed or t.is_due or t.has_tries)


@kernel(cold=True)
def note_jump(t: Translator, number: u32) -> None:
    """The cell before is a jump to the end of the block with a number."""
    if can_pay(t):
        lead_to_end(t, number, add_payment(t, JUMP, u32(0)))


@kernel(cold=True)
def note_arm_end(t: Translator) -> None:
    """It is a jump from the end of the first arm of an `if`, which is the newest block."""
    t.charges[t.depth - 1].users += 1
    note_jump(t, t.depth - 1)


@kernel(cold=True)
def note_choice(t: Translator, number: u32) -> None:
    """The cell before is a branch on a condition to there, without values."""
    if can_pay(t):
        t.choice = add_payment(t, CHOICE, u32(0))
        lead_to_end(t, number, t.choice)


@kernel(cold=True)
def note_if(t: Translator) -> None:
    """It is the branch around the first arm of an `if`, which is the newest block."""
    if can_pay(t):
        t.choice = add_payment(t, CHOICE, u32(0))
        t.charges[t.depth - 1].head = t.choice


@kernel
def lead_to_end(t: Translator, number: u32, payment: u32) -> None:
    t.payments[payment - 1].next = t.charges[number].payments
    t.charges[number].payments = payment


@kernel(cold=True)
def await_stretch(t: Translator, number: u32, reachable: bool) -> None:
    """The end of a block to which branches lead, and where perhaps a stretch begins."""
    charge = t.charges[number]
    t.choice = u32(0)
    t.users += charge.users + u32(reachable)
    take_payments(t, charge.payments)
    if t.frames[number].opcode == IF:  # without an `else`
        t.users += 1
        take_payments(t, charge.head)


@kernel(cold=True)
def take_payments(t: Translator, first: u32) -> None:
    """They lead here, like those that have arrived already."""
    waiting = first
    while waiting != 0:
        payment = t.payments[waiting - 1]
        following = payment.next
        payment.next = t.arriving
        t.arriving = waiting
        waiting = following


@kernel(cold=True)
def await_arm(t: Translator) -> None:
    """The second arm of an `if` begins, the newest block."""
    leave_place(t)
    charge = t.charges[t.depth - 1]
    t.arriving = charge.head
    t.users = u32(1)
    charge.head = u32(0)


@kernel(cold=True)
def note_stretch(t: Translator) -> None:
    """A stretch has begun."""
    add_payment(t, ITSELF, u32(0))
    is_sole = t.users == 1 and t.arriving != 0 and t.payments[t.arriving - 1].next == 0
    waiting = t.arriving
    while waiting != 0:
        payment = t.payments[waiting - 1]
        assert t.is_profiled or t.fixups[payment.fixup].target + size_of(usize) == t.charge_at
        payment.paid = t.charge_at
        if is_sole and payment.kind == CHOICE:
            payment.kind = SOLE_CHOICE
        waiting = payment.next
    if t.choice != 0:
        t.payments[t.choice - 1].other = t.charge_at
    leave_place(t)


@kernel(cold=True)
def settle_payments(t: Translator) -> None:
    """The function is complete. What is paid for later comes first: payers of one may be paid for by others."""
    number = t.payment_count
    while number != 0:
        number -= 1
        if number % EACH == EACH - 1:
            look_around(t)
        payment = t.payments[number]
        if payment.paid != 0:
            settle_payment(t, payment, cast(Ptr[u32], t.code + payment.payer), cast(Ptr[u32], t.code + payment.paid))
    for place in span(t.payment_count):
        if place % EACH == EACH - 1:
            look_around(t)
        if t.payments[place].kind == ITSELF:
            name_tick(t, t.payments[place].payer)


@kernel
def settle_payment(t: Translator, payment: Payment, payer: Ptr[u32], paid: Ptr[u32]) -> None:
    """Only a loop's first stretch is ever marked, and no branch but those back leads there."""
    cost = paid[0]
    if payment.kind == JUMP_BACK:
        paid[0] = cost | IS_PAID_BACK
    elif payment.kind == JUMP:
        payer[0] += cost
        enter_behind(t, payment)
    elif payment.other != 0 and payer[0] & IS_PAID_BACK == 0:
        other = cast(Ptr[u32], t.code + payment.other)
        if cost <= other[0]:
            payer[0] += cost
            other[0] -= cost
            enter_behind(t, payment)
        elif payment.kind == SOLE_CHOICE:
            payer[0] += other[0]
            paid[0] -= other[0]
            other[0] = u32(0)


@kernel
def enter_behind(t: Translator, payment: Payment) -> None:
    """The branch goes past the `tick` where it leads."""
    behind = payment.paid + (cell(TICK, NOWHERE, (), size_of(usize)).size - size_of(usize))
    t.fixups[payment.fixup].target = u32(behind)


@kernel
def name_tick(t: Translator, at: u32) -> None:
    """Name the handler of a `tick`, which costs so much; there are some for small costs."""
    place = cast(Ptr[u32], t.code + at)
    place[0] &= ~IS_PAID_BACK
    if place[0] < FIXED_COSTS:
        store(t.code + (at - size_of(usize)), t.handlers[BASE[FIRST_FIXED] + place[0]])
