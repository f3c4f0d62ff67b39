"""What atomic instructions do with a word whose place is known. All are sequentially consistent (threads proposal)."""

from typing import Any, Final, TypeVar

from fusee.engine.errors import Trap
from fusee.kernel.lang import (
    Order,
    Ptr,
    Static,
    atomic_add,
    atomic_and,
    atomic_compare_exchange,
    atomic_exchange,
    atomic_fence,
    atomic_load,
    atomic_or,
    atomic_store,
    atomic_sub,
    atomic_xor,
    cast,
    kernel,
    u8,
    u16,
    u32,
    u64,
    unlikely,
)  # fmt: skip
from fusee.spec.traps import TrapCode

U = TypeVar("U", u32, u64)

WORDS: Final[tuple[Any, ...]] = ((0, u8), (1, u16), (2, u32), (3, u64))
"""What is accessed, by the binary logarithm of its size."""

OPERATIONS: Final[dict[str, Any]] = {
    "add": atomic_add, "sub": atomic_sub, "and": atomic_and, "or": atomic_or, "xor": atomic_xor,
    "xchg": atomic_exchange,
}  # fmt: skip
"""The operations of those that read, change and write."""


@kernel(inline=True)
def check_alignment(start: u64, offset: u64, size: u64) -> None:
    """An access must be aligned to its size; that is looked at before the memory's length, as in wasmtime."""
    if unlikely((start + offset) & (size - 1) != 0):
        raise Trap(TrapCode.HEAP_MISALIGNED, 0)


@kernel(inline=True)
def read_word(place: Ptr[u8], stored: Static[Any], t: Static[type[U]]) -> U:
    """Zero-extended, as what the others give."""
    return t(atomic_load(cast(Ptr[stored], place), Order.SEQ_CST))


@kernel(inline=True)
def write_word(place: Ptr[u8], value: U, stored: Static[Any], t: Static[type[U]]) -> None:
    """The low bytes of a value."""
    atomic_store(cast(Ptr[stored], place), stored(value), Order.SEQ_CST)


@kernel(inline=True)
def change_word(
    place: Ptr[u8], value: U, operation: Static[Any], stored: Static[Any], t: Static[type[U]]
) -> U:  # fmt: skip
    """A read-modify-write by an operand's low bytes; gives what was there before."""
    return t(operation(cast(Ptr[stored], place), stored(value), Order.SEQ_CST))


@kernel(inline=True)
def exchange_word(
    place: Ptr[u8], expected: U, value: U, stored: Static[Any], t: Static[type[U]]
) -> U:  # fmt: skip
    """Write a value if there is what is expected, of which only the low bytes count, too."""
    return t(atomic_compare_exchange(cast(Ptr[stored], place), stored(expected), stored(value), Order.SEQ_CST))


@kernel(inline=True)
def fence_words() -> None:
    """`atomic.fence`"""
    atomic_fence(Order.SEQ_CST)
