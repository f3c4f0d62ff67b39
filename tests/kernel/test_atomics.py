"""Words that several threads change, native and un-compiled, and machines that cannot do it."""

import ctypes
import threading
from collections.abc import Callable

import pytest

from fusee.kernel.arena import allocate_simulated, simulate
from fusee.kernel.build import Program, emit_objects, load
from fusee.kernel.lang import (
    Order,
    Ptr,
    atomic_add,
    atomic_compare_exchange,
    atomic_exchange,
    atomic_fence,
    atomic_load,
    atomic_store,
    cast,
    kernel,
    span,
    u8,
    u16,
    u32,
    u64,
)
from fusee.kernel.target import ILP32, Target
from fusee.kernel.triple import SPELLINGS
from fusee.package.objects import read_object

BARE = ("thumbv6m-none-eabi", "thumbv8m.base-none-eabi", "riscv32gc-unknown-linux-gnu", "riscv32im-unknown-none-elf")


@kernel
def count(counters: Ptr[u64], rounds: u32) -> None:
    """Counters that are added to, exchanged if nobody was faster, and kept by a lock."""
    lock = cast(Ptr[u16], counters + 3)
    for _ in span(rounds):
        atomic_add(counters, 1, Order.RELAXED)
        found = atomic_load(counters + 1, Order.RELAXED)
        while True:
            before = atomic_compare_exchange(counters + 1, found, found + 1, Order.RELAXED)
            if before == found:
                break
            found = before
        while atomic_exchange(lock, 1, Order.ACQUIRE) != 0:
            pass
        counters[2] = counters[2] + 1
        atomic_store(lock, 0, Order.RELEASE)


@kernel
def use_all_widths(p: Ptr[u8]) -> u64:
    atomic_fence(Order.SEQ_CST)
    total = u64(atomic_add(p, 3, Order.SEQ_CST)) + u64(atomic_load(cast(Ptr[u16], p), Order.ACQUIRE))
    total += u64(atomic_compare_exchange(cast(Ptr[u32], p), 7, 9, Order.ACQ_REL))
    atomic_store(cast(Ptr[u64], p), total, Order.RELEASE)
    return total + atomic_exchange(cast(Ptr[u64], p), 1, Order.SEQ_CST)


def in_threads(work: Callable[[], object], count: int) -> None:
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("checked", [False, True])
def test_threads_that_count_together(checked: bool) -> None:
    """Compiled code runs without the interpreter lock; the checked build allows one thread at a time."""
    words = (ctypes.c_uint64 * 4)()
    library = load(Program("count", [count]), checked=checked)
    native = library.function(count)
    in_threads(lambda: native(ctypes.addressof(words), 50_000), 1 if checked else 4)
    assert list(words) == [50_000 if checked else 200_000] * 3 + [0]


def test_threads_that_count_together_uncompiled() -> None:
    with simulate(ILP32):
        words = cast(Ptr[u64], allocate_simulated(32))
        in_threads(lambda: count(words, u32(100)), 3)
        assert [int(words[place]) for place in range(4)] == [300, 300, 300, 0]


@pytest.mark.parametrize("name", [*SPELLINGS, *BARE])
def test_machines_do_it_by_themselves(name: str) -> None:
    """No machine that a library can be built for calls a function for an atomic access."""
    for data in emit_objects(Program("widths", [use_all_widths]), Target.parse(name)).values():
        undefined = read_object(data).undefined if Target.parse(name).object_format in ("elf", "macho") else set()
        assert not [symbol for symbol in undefined if "atomic" in symbol or "sync" in symbol]
