"""Deadlines of guests that look at no clock: the platform calls back when time is over (`fusee_platform_t.after`).

What it has been asked for cannot be taken back. So a timer refers to the store's *alarm*, which lives until the store
has ended and all timers have gone off. One that goes off looks what the deadline is by then: it has passed, or it is
later, and the timer goes on, or there is none any more. None is started if another goes off in time: calls that have
a deadline each, one after the other, do not take a timer each.

The alarm's lock is taken before the store's. The platform, when it is asked for a timer, may call back at once.
"""

from typing import Annotated

from fusee.engine.capi.blocks import delete_block, new_block
from fusee.engine.capi.interrupt import OVERDUE, change_reason
from fusee.engine.capi.state import StoreObject, System
from fusee.engine.capi.waiting import give_lock, take_lock
from fusee.engine.runtime.metering import MONOTONIC
from fusee.engine.state.runtime import NO_LIMIT
from fusee.kernel.lang import (
    Count,
    Fn,
    Inline,
    Ptr,
    address,
    cast,
    copy_bytes,
    is_null,
    kernel,
    minimum,
    null,
    size_of,
    struct,
    table,
    u8,
    u32,
    u64,
    usize,
)  # fmt: skip


@struct
class Alarm:
    """Of a store: `StoreObject.alarm`."""

    lock: Annotated[Ptr[u32], Count(1)]
    store: usize  # StoreObject; 0: it has ended
    deadline: u64  # on the platform's clock; 0: none
    timers: usize  # a `Timer`
    system: Inline[System]


@struct
class Timer:
    """What the platform calls back with."""

    next: usize  # of its alarm
    alarm: Alarm
    due: u64


@kernel
def set_alarm(s: StoreObject, nanoseconds: u64) -> bool:
    """Stop the store's guests that long from now; 0: never. False if there is no memory, or the platform refuses."""
    if s.alarm == 0:
        if nanoseconds == 0:
            return True
        if s.count == 0:  # it is ending: a finalizer calls
            return False
        s.alarm = address(new_alarm(s))
        if s.alarm == 0:
            return False
    alarm = cast(Alarm, s.alarm)
    take_lock(alarm.system, alarm.lock)
    change_reason(s, OVERDUE, False)
    alarm.deadline = deadline_in(alarm.system.clock(MONOTONIC), nanoseconds) if nanoseconds != 0 else u64(0)
    if nanoseconds != 0 and not is_timed(alarm, null(Timer)):
        return start_timer(alarm, nanoseconds)
    give_lock(alarm.system, alarm.lock)
    return True


@kernel(inline=True)
def deadline_in(now: u64, nanoseconds: u64) -> u64:
    """That long from now, or as late as can be."""
    return now + minimum(nanoseconds, NO_LIMIT - now)


@kernel
def new_alarm(s: StoreObject) -> Alarm:
    made = cast(Alarm, new_block(usize(size_of(Alarm))))
    if not is_null(made):
        made.store = address(s)
        copy_bytes(cast(Ptr[u8], made.system), cast(Ptr[u8], s.engine.system), usize(size_of(System)))
    return made


@kernel
def is_timed(alarm: Alarm, timer: Timer) -> bool:
    """Whether another timer than this one goes off at the deadline, or before."""
    at = alarm.timers
    while at != 0:
        other = cast(Timer, at)
        at = other.next
        if other != timer and other.due <= alarm.deadline:
            return True
    return False


@kernel
def start_timer(alarm: Alarm, nanoseconds: u64) -> bool:
    """A new one for the deadline, which is that far away. Gives the alarm's lock back."""
    timer = cast(Timer, new_block(usize(size_of(Timer))))
    if not is_null(timer):
        timer.alarm = alarm
        timer.next = alarm.timers
        alarm.timers = address(timer)
        if wait_on(timer, nanoseconds):
            return True
        end_timer(timer)
    alarm.deadline = u64(0)  # other timers do not keep it either
    let_go(alarm)
    return False


@kernel
def wait_on(timer: Timer, nanoseconds: u64) -> bool:
    """Have a timer go off at the deadline. Gives the alarm's lock back, but if that cannot be: then takes it again."""
    alarm = timer.alarm
    timer.due = alarm.deadline
    give_lock(alarm.system, alarm.lock)
    if alarm.system.after(nanoseconds, address(GO_OFF[0]), address(timer)) == 0:
        return True
    take_lock(alarm.system, alarm.lock)
    return False


@kernel
def go_off(argument: usize) -> None:
    """Called by the platform, in whatever thread: stop the guests, or go on waiting."""
    timer = cast(Timer, argument)
    alarm = timer.alarm
    take_lock(alarm.system, alarm.lock)
    if alarm.deadline != 0:
        now = alarm.system.clock(MONOTONIC)
        if now >= alarm.deadline:
            stop_guests(alarm)
        elif not is_timed(alarm, timer):
            if wait_on(timer, alarm.deadline - now):
                return
            stop_guests(alarm)  # rather too early than never
    end_timer(timer)
    let_go(alarm)


@kernel
def stop_guests(alarm: Alarm) -> None:
    if alarm.deadline != 0:
        alarm.deadline = u64(0)
        change_reason(cast(StoreObject, alarm.store), OVERDUE, True)


@kernel
def end_timer(timer: Timer) -> None:
    """Take one out of its alarm's list, and free it."""
    alarm = timer.alarm
    if alarm.timers == address(timer):
        alarm.timers = timer.next
    else:
        before = cast(Timer, alarm.timers)
        while before.next != address(timer):
            before = cast(Timer, before.next)
        before.next = timer.next
    delete_block(cast(Ptr[u8], timer))


@kernel
def end_alarm(s: StoreObject) -> None:
    """The store ends. Whoever goes off now does nothing, or has done it when this returns."""
    if s.alarm != 0:
        alarm = cast(Alarm, s.alarm)
        s.alarm = usize(0)
        take_lock(alarm.system, alarm.lock)
        alarm.deadline = u64(0)
        alarm.store = usize(0)
        let_go(alarm)


@kernel
def let_go(alarm: Alarm) -> None:
    """Give the lock back. The alarm ends with its store and the last timer."""
    is_over = alarm.store == 0 and alarm.timers == 0
    give_lock(alarm.system, alarm.lock)
    if is_over:
        delete_block(cast(Ptr[u8], alarm))


GO_OFF = table(Fn[[usize], None], [go_off])
