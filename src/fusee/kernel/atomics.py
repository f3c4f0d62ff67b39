"""Memory that several threads use at once: accesses that are whole, and what they say about all others.

The orderings are those of C11 (7.17.3) and mean the same. Compiled, each is one access of the machine. Where that has
none of the width (`Triple.atomic_bits`) it is a plain one: such machines have one core and start no threads.
Un-compiled, a lock stands for the machine; it knows nothing of native code that uses the same memory.
"""

from collections.abc import Callable
from enum import Enum
from threading import Lock
from typing import TypeVar

from fusee.kernel.pointer import Ptr
from fusee.kernel.scalars import i8, i16, i32, i64, u8, u16, u32, u64, usize

I = TypeVar("I", i8, i16, i32, i64, u8, u16, u32, usize, u64)  # noqa: E741  # constrained: operands do not mix

_machine = Lock()


class Order(Enum):
    """What an atomic access orders, by LLVM's names."""

    RELAXED = "monotonic"  # nothing but accesses of the same word
    ACQUIRE = "acquire"  # what follows happens after it
    RELEASE = "release"  # what precedes happens before it
    ACQ_REL = "acq_rel"  # both
    SEQ_CST = "seq_cst"  # both, and all of them are seen in one order by everybody


def _changed(p: Ptr[I], change: Callable[[I], I]) -> I:
    with _machine:
        before = p[0]
        p[0] = change(before)
    return before


def atomic_load(p: Ptr[I], order: Order) -> I:
    """What the word at `p` holds. Not with `RELEASE` or `ACQ_REL`."""
    with _machine:
        return p[0]


def atomic_store(p: Ptr[I], value: I | int, order: Order) -> None:
    """Write the word at `p`. Not with `ACQUIRE` or `ACQ_REL`."""
    _changed(p, lambda before: before.literal(value))


def atomic_exchange(p: Ptr[I], value: I | int, order: Order) -> I:
    """Write the word at `p`; what it held before."""
    return _changed(p, lambda before: before.literal(value))


def atomic_compare_exchange(p: Ptr[I], expected: I | int, value: I | int, order: Order) -> I:
    """Write the word at `p` if it holds `expected`; what it held before. If it is another, that was a load."""
    return _changed(p, lambda before: before.literal(value) if before == before.literal(expected) else before)


def atomic_add(p: Ptr[I], amount: I | int, order: Order) -> I:
    """Add to the word at `p`; what it held before."""
    return _changed(p, lambda before: before + amount)


def atomic_sub(p: Ptr[I], amount: I | int, order: Order) -> I:
    """Subtract from the word at `p`; what it held before."""
    return _changed(p, lambda before: before - amount)


def atomic_and(p: Ptr[I], mask: I | int, order: Order) -> I:
    """Keep those bits of the word at `p` that `mask` has; what it held before."""
    return _changed(p, lambda before: before & mask)


def atomic_or(p: Ptr[I], mask: I | int, order: Order) -> I:
    """Set bits of the word at `p`; what it held before."""
    return _changed(p, lambda before: before | mask)


def atomic_xor(p: Ptr[I], mask: I | int, order: Order) -> I:
    """Turn over bits of the word at `p`; what it held before."""
    return _changed(p, lambda before: before ^ mask)


def atomic_fence(order: Order) -> None:
    """Order accesses of this thread, atomic or not, as an access with this ordering would. Not with `RELAXED`."""
