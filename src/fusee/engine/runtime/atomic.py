"""Where atomic instructions go, and waiting for each other (threads proposal)."""

from typing import Final

from fusee.engine.errors import Trap
from fusee.engine.isa.atomic import SIZE_MASK
from fusee.engine.runtime.memory import memory_at
from fusee.engine.runtime.metering import is_late, step_aside
from fusee.engine.runtime.words import check_alignment
from fusee.engine.state.platform import REQUEST_NOTIFY, REQUEST_WAIT
from fusee.engine.state.runtime import Instance, Memory, Store
from fusee.kernel.lang import (
    Order,
    Ptr,
    address,
    atomic_add,
    atomic_fence,
    atomic_load,
    atomic_sub,
    cast,
    i64,
    kernel,
    stack_array,
    u8,
    u16,
    u32,
    u64,
    unlikely,
    usize,
)
from fusee.spec.traps import TrapCode

# What `memory.atomic.wait` gives; `OK` is 0
NOT_EQUAL: Final = u64(1)
TIMED_OUT: Final = u64(2)


@kernel
def atomic_place(ctx: Instance, index: u32, start: u64, offset: u64, flags: u16) -> Ptr[u8]:
    """Where an access goes."""
    memory = memory_at(ctx, index)
    length = memory.length_bytes
    if not memory.is_64:
        start &= 0xFFFF_FFFF
    size = u64(1) << (flags & SIZE_MASK)
    check_alignment(start, offset, size)
    if unlikely(start > length or offset > length or start + offset + size > length):
        raise Trap(TrapCode.MEMORY_OUT_OF_BOUNDS, 0)
    return memory.base + usize(start + offset)


@kernel
def word_at(place: Ptr[u8], size: u64) -> u64:
    """A word of 4 or 8 bytes."""
    if size == 8:
        return atomic_load(cast(Ptr[u64], place), Order.SEQ_CST)
    return atomic_load(cast(Ptr[u32], place), Order.SEQ_CST)


@kernel
def begin_waiting(memory: Memory, place: Ptr[u8], expected: u64, size: u64) -> bool:
    """For the embedder, which has its queues' lock: count a thread that waits, unless the word is another.

    It is counted first. So whoever writes the word, and then finds nobody counted, has written before it is read here.
    """
    atomic_add(memory.waiters, 1, Order.SEQ_CST)
    atomic_fence(Order.SEQ_CST)
    if word_at(place, size) == expected:
        return True
    end_waiting(memory, u32(1))
    return False


@kernel
def end_waiting(memory: Memory, count: u32) -> None:
    """So many threads wait no longer."""
    atomic_sub(memory.waiters, count, Order.SEQ_CST)


@kernel
def wait_for_word(world: Store, memory: Memory, place: Ptr[u8], expected: u64, size: u64, timeout: u64) -> u64:
    """Wait until another thread notifies, for so many nanoseconds, or as long as it takes (`memory.atomic.wait`).

    Who waits and who is woken is the embedder's business, which looks once more whether the word is what is expected.
    Where it knows of no threads nobody is ever woken: time is over at once, and what has no end traps.
    """
    if word_at(place, size) != expected:
        return NOT_EQUAL
    if not world.engine.has_threads:
        if i64(timeout) < 0:
            raise Trap(TrapCode.ATOMIC_WAIT_NON_SHARED_MEMORY, 0)
        return TIMED_OUT
    words = stack_array(u64, 5)
    words[0] = address(memory)
    words[1] = address(place)
    words[2] = timeout
    words[3] = expected
    words[4] = size
    step_aside(world, REQUEST_WAIT, words)
    if is_late(world):
        raise Trap(TrapCode.INTERRUPT, 0)
    return words[0]


@kernel
def notify_word(world: Store, memory: Memory, place: Ptr[u8], count: u64) -> u64:
    """Wake at most so many threads that wait for a word; how many it were (`memory.atomic.notify`)."""
    atomic_fence(Order.SEQ_CST)  # the guest has written a word before; `begin_waiting` does both the other way round
    if atomic_load(memory.waiters, Order.RELAXED) == 0:
        return u64(0)
    words = stack_array(u64, 3)
    words[0] = address(memory)
    words[1] = address(place)
    words[2] = count
    step_aside(world, REQUEST_NOTIFY, words)
    return words[0]
