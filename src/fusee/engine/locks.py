"""Locks between threads, for what takes a moment: words that are 0 when they are free.

Whoever has one calls nothing that could run Python code, or wait for another thread otherwise. A machine with one core
and no threads (`Platform.give_way` is null) never finds one taken.
"""

from typing import Final

from fusee.engine.state.platform import Platform
from fusee.kernel.lang import Order, Ptr, address, atomic_exchange, atomic_load, atomic_store, kernel, u32

LOOKS: Final = u32(200)  # before somebody else gets the processor, who may have the lock


@kernel
def lock(word: Ptr[u32], platform: Platform) -> None:
    """Take a lock, which this thread has not."""
    while atomic_exchange(word, 1, Order.ACQUIRE) != 0:
        wait_while_locked(word, platform)


@kernel(cold=True)
def wait_while_locked(word: Ptr[u32], platform: Platform) -> None:
    """Until it looks as if the lock were free."""
    looks = u32(0)
    while atomic_load(word, Order.RELAXED) != 0:
        looks += 1
        if looks >= LOOKS and address(platform.give_way) != 0:
            platform.give_way()


@kernel
def try_lock(word: Ptr[u32]) -> bool:
    """Take a lock if it is free."""
    return atomic_exchange(word, 1, Order.ACQUIRE) == 0


@kernel(inline=True)
def unlock(word: Ptr[u32]) -> None:
    """Give it back. Who takes it next sees all that was done under it."""
    atomic_store(word, 0, Order.RELEASE)
