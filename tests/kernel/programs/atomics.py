"""Atomic accesses of every width, with every ordering that each can have."""

from typing import Any, Final, TypeVar

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
    i32,
    instance,
    kernel,
    u8,
    u16,
    u32,
    u64,
    unroll,
)

N = TypeVar("N", u8, u16, u64, i32)

POINTERS: Final[dict[Any, Any]] = {u8: Ptr[u8], u16: Ptr[u16], u64: Ptr[u64], i32: Ptr[i32]}
CHANGES: Final = (atomic_add, atomic_sub, atomic_and, atomic_or, atomic_xor, atomic_exchange)
ORDERS: Final = tuple(Order)
LOADING: Final = (Order.RELAXED, Order.ACQUIRE, Order.SEQ_CST)
STORING: Final = (Order.RELAXED, Order.RELEASE, Order.SEQ_CST)
FENCING: Final = ORDERS[1:]


@kernel
def change(p: Ptr[u8], value: N, t: Static[type[N]]) -> N:
    """Every change of the first word; what they have found goes to the words behind it."""
    word: Ptr[N] = cast(POINTERS[t], p)
    place = u32(1)
    for operation in unroll(CHANGES):
        for order in unroll(ORDERS):
            word[place] = operation(word, value + t(place), order)
            place += 1
    return word[0]


@kernel
def pass_on(p: Ptr[u8], t: Static[type[N]]) -> N:
    """Loads and stores from each word to the next but one."""
    word: Ptr[N] = cast(POINTERS[t], p)
    place = u32(0)
    for loading in unroll(LOADING):
        for storing in unroll(STORING):
            atomic_store(word + place + 2, atomic_load(word + place, loading), storing)
            place += 1
    for order in unroll(FENCING):
        atomic_fence(order)
    return word[place]


@kernel
def exchange_if(p: Ptr[u8], expected: N, value: N, t: Static[type[N]]) -> N:
    """The word is what is expected once, and then not."""
    word: Ptr[N] = cast(POINTERS[t], p)
    atomic_store(word, expected, Order.RELEASE)
    place = u32(1)
    for order in unroll(ORDERS):
        word[place] = atomic_compare_exchange(word, expected, value, order)
        word[place + 1] = atomic_compare_exchange(word, expected, expected ^ 1, order)
        place += 2
    return word[0]


ENTRIES = [instance(body, t=t) for body in (change, pass_on, exchange_if) for t in (u8, u16, u64, i32)]
