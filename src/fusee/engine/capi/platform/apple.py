"""The default platform on Apple's systems."""

from typing import Final

from fusee.engine.capi.platform.posix import (
    NANOSECONDS,
    WASI_TIMEDOUT,
    nanoseconds,
    put_memory,
    read_some,
    to_wasi,
    write_all,
)
from fusee.engine.capi.state import System
from fusee.kernel.lang import (
    Fn,
    Order,
    Ptr,
    atomic_compare_exchange,
    atomic_load,
    atomic_store,
    cast,
    cells,
    i32,
    kernel,
    minimum,
    null,
    stack_array,
    table,
    u8,
    u32,
    u64,
    usize,
)  # fmt: skip

EAGAIN: Final = u32(35)
CLOCKS = table(u8, [0, 6, 12, 16])
"""CLOCK_REALTIME, CLOCK_MONOTONIC, and those of the process and the thread, in WASI's order (<time.h>)."""
CLOCK_COUNT: Final = 4
ETIMEDOUT: Final = 60
MOST_SECONDS: Final = u64(86400)  # of one sleep


@kernel(external="__error")
def errno_location() -> Ptr[u32]:
    return null(Ptr[u32])


@kernel(external="arc4random_buf")
def arc4random_buf(into: Ptr[u8], size: usize) -> None:
    return


@kernel
def last_error() -> u32:
    return to_wasi(errno_location()[0], EAGAIN)


@kernel
def read_stream(descriptor: u32, into: Ptr[u8], size: usize, count: Ptr[usize]) -> u32:
    return read_some(descriptor, into, size, count, last_error)


@kernel
def write_stream(descriptor: u32, data: Ptr[u8], size: usize) -> u32:
    return write_all(descriptor, data, size, last_error)


@kernel
def clock(which: u32) -> u64:
    return nanoseconds(i32(CLOCKS[which])) if which < CLOCK_COUNT else u64(0)


@kernel
def fill_random(into: Ptr[u8], size: usize) -> u32:
    arc4random_buf(into, size)
    return u32(0)


# Waiting: all sleep at one condition, by a mutex. What the system has for words of memory is either not for apps
# (`__ulock_wait`), or not in all systems that they run on (`os_sync_wait_on_address`, watchOS 10.4).

LOCK = cells(u64, 16)  # a `pthread_mutex_t` has 64 bytes, a `pthread_cond_t` 48; both are less with 32 bits
WOKEN = cells(u64, 16)
STATE = cells(u32, 1)  # of both: not made yet, somebody makes them, made
MAKING: Final = 1
MADE: Final = 2


@kernel(external="pthread_mutex_init")
def pthread_mutex_init(mutex: Ptr[u64], attributes: Ptr[u8]) -> i32:
    return i32(0)


@kernel(external="pthread_cond_init")
def pthread_cond_init(condition: Ptr[u64], attributes: Ptr[u8]) -> i32:
    return i32(0)


@kernel(external="pthread_mutex_lock")
def pthread_mutex_lock(mutex: Ptr[u64]) -> i32:
    return i32(0)


@kernel(external="pthread_mutex_unlock")
def pthread_mutex_unlock(mutex: Ptr[u64]) -> i32:
    return i32(0)


@kernel(external="pthread_cond_timedwait_relative_np")
def pthread_cond_timedwait_relative_np(condition: Ptr[u64], mutex: Ptr[u64], time: Ptr[usize]) -> i32:
    return i32(0)


@kernel(external="pthread_cond_broadcast")
def pthread_cond_broadcast(condition: Ptr[u64]) -> i32:
    return i32(0)


@kernel
def lock_all() -> None:
    """Take the mutex, which the first one makes: it cannot be data that is zero."""
    while atomic_load(STATE, Order.ACQUIRE) != MADE:
        if atomic_compare_exchange(STATE, 0, MAKING, Order.ACQUIRE) == 0:
            pthread_mutex_init(LOCK, null(Ptr[u8]))
            pthread_cond_init(WOKEN, null(Ptr[u8]))
            atomic_store(STATE, MADE, Order.RELEASE)
    pthread_mutex_lock(LOCK)


@kernel
def sleep_at(word: Ptr[u32], expected: u32, nanoseconds: u64) -> u32:
    """`fusee_platform_t.wait`. Times are looked at once a day."""
    time = stack_array(usize, 2)
    seconds = minimum(nanoseconds // NANOSECONDS, MOST_SECONDS)
    time[0] = usize(seconds)
    time[1] = usize(nanoseconds % NANOSECONDS)
    outcome = i32(0)
    lock_all()
    if atomic_load(word, Order.RELAXED) == expected:
        outcome = pthread_cond_timedwait_relative_np(WOKEN, LOCK, time)
    pthread_mutex_unlock(LOCK)
    return WASI_TIMEDOUT if outcome == ETIMEDOUT and seconds < MOST_SECONDS else u32(0)


@kernel
def wake_at(word: Ptr[u32]) -> None:
    """`fusee_platform_t.wake`: everybody looks around. Who is about to sleep does so under the mutex."""
    lock_all()
    pthread_cond_broadcast(WOKEN)
    pthread_mutex_unlock(LOCK)


# Timers: of libdispatch, whose queues have threads.

QOS_CLASS_USER_INITIATED: Final = usize(0x19)
MOST_NANOSECONDS: Final = u64(1 << 62)  # what is longer has no end


@kernel(external="dispatch_time")
def dispatch_time(when: u64, delta: u64) -> u64:
    return when + delta


@kernel(external="dispatch_get_global_queue")
def dispatch_get_global_queue(identifier: usize, flags: usize) -> usize:
    return usize(0)


@kernel(external="dispatch_after_f")
def dispatch_after_f(when: u64, queue: usize, context: usize, work: usize) -> None:
    return


@kernel
def call_after(nanoseconds: u64, call: usize, argument: usize) -> u32:
    """`fusee_platform_t.after`"""
    when = dispatch_time(u64(0), minimum(nanoseconds, MOST_NANOSECONDS))
    dispatch_after_f(when, dispatch_get_global_queue(QOS_CLASS_USER_INITIATED, usize(0)), argument, call)
    return u32(0)


@kernel(export="fusee_default_platform", weak=True)
def default_platform(out: System) -> bool:
    put_memory(out)
    out.wait = cast(Fn[[Ptr[u32], u32, u64], u32], sleep_at)
    out.wake = cast(Fn[[Ptr[u32]], None], wake_at)
    out.after = cast(Fn[[u64, usize, usize], u32], call_after)
    out.clock = cast(Fn[[u32], u64], clock)
    out.random = cast(Fn[[Ptr[u8], usize], u32], fill_random)
    out.read = cast(Fn[[u32, Ptr[u8], usize, Ptr[usize]], u32], read_stream)
    out.write = cast(Fn[[u32, Ptr[u8], usize], u32], write_stream)
    return True
