"""Threads that wait for words of shared memories, and who wakes them (`memory.atomic.wait` and `notify`), in C.

A `SharedMemory` has a queue of those who wait in it, under a lock of its own. Each sleeps at `Store.token` of its
store, by the platform's `wait`: whoever wants it to look around changes the token, and then calls `wake`. Somebody
who has read the token, looks around, and then sleeps while it is the same misses nothing.
"""

from typing import Annotated, Final

from fusee.engine.capi.state import StoreObject, System
from fusee.engine.present import HAS_THREADS
from fusee.engine.runtime.atomic import NOT_EQUAL, TIMED_OUT, begin_waiting, end_waiting
from fusee.engine.runtime.memory import grow_for
from fusee.engine.runtime.metering import MONOTONIC, is_late
from fusee.engine.state.platform import REQUEST_NOTIFY, REQUEST_WAIT
from fusee.engine.state.runtime import NO_LIMIT, Memory, SharedMemory, Store
from fusee.kernel.lang import (
    Count,
    Order,
    Ptr,
    address,
    atomic_add,
    atomic_compare_exchange,
    atomic_exchange,
    atomic_load,
    atomic_store,
    cast,
    i64,
    kernel,
    minimum,
    stack_array,
    struct,
    u8,
    u32,
    u64,
    usize,
)  # fmt: skip

FREE: Final = 0  # of a lock
TAKEN: Final = 1
CONTENDED: Final = u32(2)  # taken, and somebody may sleep until it is free
FOREVER: Final = NO_LIMIT


@struct
class Waiter:
    """A thread that waits, on its own stack."""

    next: usize
    place: usize  # the word
    store: Store
    is_notified: Annotated[Ptr[u32], Count(1)]


@kernel
def can_wait(system: System) -> bool:
    """Whether threads can sleep."""
    return HAS_THREADS and address(system.wait) != 0 and address(system.wake) != 0


@kernel
def answer(s: StoreObject, request: u32, words: Ptr[u64]) -> None:
    """Do what a guest asks of who embeds it, with words that get the answer."""
    memory = cast(Memory, usize(words[0]))
    if request == REQUEST_WAIT:
        words[0] = wait(s, memory, usize(words[1]), words[2], words[3], words[4])
    elif request == REQUEST_NOTIFY:
        words[0] = notify(s, memory, usize(words[1]), u32(words[2]))
    else:
        words[0] = grow_for(s.store, memory, words[1])


# Locks of queues and stores. Their words mean what they do in Drepper's "Futexes Are Tricky".


@kernel
def take_lock(system: System, lock: Ptr[u32]) -> None:
    """Where threads cannot sleep, whoever wants it looks until it is free."""
    if atomic_compare_exchange(lock, FREE, TAKEN, Order.ACQUIRE) != FREE:
        while atomic_exchange(lock, CONTENDED, Order.ACQUIRE) != FREE:
            if can_wait(system):
                system.wait(lock, CONTENDED, FOREVER)


@kernel
def give_lock(system: System, lock: Ptr[u32]) -> None:
    """What it belongs to may end as soon as it is free: `wake` gets an address, and looks at nothing there.

    Nor does this look at `system` then.
    """
    wake = system.wake
    is_woken = can_wait(system)
    if atomic_exchange(lock, FREE, Order.RELEASE) == CONTENDED and is_woken:
        wake(lock)


# Waiting.


@kernel
def wait(s: StoreObject, memory: Memory, place: usize, timeout: u64, expected: u64, size: u64) -> u64:
    """Until another thread notifies, time is over or the guest shall stop: what `memory.atomic.wait` gives."""
    shared = cast(SharedMemory, memory)
    system = s.engine.system
    waiter = stack_array(Waiter, 1)[0]
    waiter.place = place
    waiter.store = s.store
    waiter.is_notified[0] = u32(0)
    take_lock(system, shared.lock)
    if not begin_waiting(memory, cast(Ptr[u8], place), expected, size):
        give_lock(system, shared.lock)
        return NOT_EQUAL
    append(shared, waiter)
    give_lock(system, shared.lock)
    sleep(system, s.store, waiter, timeout)
    take_lock(system, shared.lock)  # who has notified it has let go of it by then
    if waiter.is_notified[0] == 0:
        remove(shared, waiter)
        end_waiting(memory, u32(1))
    give_lock(system, shared.lock)
    return u64(0) if waiter.is_notified[0] != 0 else TIMED_OUT


@kernel
def append(shared: SharedMemory, waiter: Waiter) -> None:
    """As the last of the queue."""
    waiter.next = usize(0)
    if shared.first_waiter == 0:
        shared.first_waiter = address(waiter)
        return
    last = cast(Waiter, shared.first_waiter)
    while last.next != 0:
        last = cast(Waiter, last.next)
    last.next = address(waiter)


@kernel
def remove(shared: SharedMemory, waiter: Waiter) -> None:
    """One that is in the queue."""
    if shared.first_waiter == address(waiter):
        shared.first_waiter = waiter.next
        return
    before = cast(Waiter, shared.first_waiter)
    while before.next != address(waiter):
        before = cast(Waiter, before.next)
    before.next = waiter.next


@kernel
def sleep(system: System, world: Store, waiter: Waiter, timeout: u64) -> None:
    """Until the waiter is notified, its time is over, or the guest shall stop."""
    has_clock = address(world.clock) != 0
    end = FOREVER
    if i64(timeout) >= 0:
        end = timeout
        if has_clock:
            end += world.clock(MONOTONIC)
    is_over = False
    while not is_over:
        atomic_store(world.is_asleep, 1, Order.SEQ_CST)  # each time: the platform may have called a guest that slept
        token = atomic_load(world.token, Order.SEQ_CST)
        left = left_until(world, end)
        is_over = left == 0 or atomic_load(waiter.is_notified, Order.ACQUIRE) != 0 or is_late(world)
        if not is_over and system.wait(world.token, token, left) != 0:
            is_over = not has_clock and end != FOREVER
    atomic_store(world.is_asleep, 0, Order.RELAXED)


@kernel
def left_until(world: Store, end: u64) -> u64:
    """How long to sleep at most, in nanoseconds. Without a clock `end` is that itself, and there are no deadlines."""
    if address(world.clock) == 0:
        return end
    now = world.clock(MONOTONIC)
    if world.deadline != 0:
        end = minimum(end, world.deadline)
    if end == FOREVER:
        return end
    return end - now if end > now else u64(0)


@kernel
def token_of(s: StoreObject) -> u32:
    """For `sleep_until`: it is to be read before whoever waits looks around."""
    return atomic_load(s.store.token, Order.SEQ_CST)


@kernel
def sleep_until(s: StoreObject, time: u64, token: u32) -> None:
    """Until then, by the monotonic clock, until the guest shall stop or somebody wants it to look around, or for less.

    Without the platform's `wait` nobody can sleep: whoever calls this looks again and again.
    """
    if not can_wait(s.engine.system):
        return
    atomic_store(s.store.is_asleep, 1, Order.SEQ_CST)
    left = left_until(s.store, time)
    if left != 0 and not is_late(s.store):
        s.engine.system.wait(s.store.token, token, left)
    atomic_store(s.store.is_asleep, 0, Order.RELAXED)


# Waking.


@kernel
def notify(s: StoreObject, memory: Memory, place: usize, most: u32) -> u32:
    """Wake those that have waited longest for a word; how many they are.

    All of it is under the lock, which they take before they go: until then they, and their stores, are there.
    """
    shared = cast(SharedMemory, memory)
    woken = u32(0)
    take_lock(s.engine.system, shared.lock)
    at = shared.first_waiter
    while at != 0 and woken < most:
        waiter = cast(Waiter, at)
        at = waiter.next
        if waiter.place == place:
            remove(shared, waiter)
            atomic_store(waiter.is_notified, 1, Order.RELEASE)
            change_token(s.engine.system, waiter.store)
            woken += 1
    end_waiting(memory, woken)
    give_lock(s.engine.system, shared.lock)
    return woken


@kernel
def rouse(s: StoreObject) -> None:
    """Have the store's guest look around, if it waits. In any thread."""
    if can_wait(s.engine.system):
        change_token(s.engine.system, s.store)


@kernel
def change_token(system: System, world: Store) -> None:
    """What has changed has been written before. Who begins to wait says so, and then reads the token: not both miss."""
    atomic_add(world.token, 1, Order.SEQ_CST)
    if atomic_load(world.is_asleep, Order.SEQ_CST) != 0:
        system.wake(world.token)
