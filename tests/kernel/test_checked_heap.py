"""The checked build's heap: what is given out, what is refused, and that no Python code runs for it."""

from __future__ import annotations

import ctypes
import random
import threading
from functools import cache
from itertools import pairwise

import pytest

from fusee.kernel.build import Library, Program, load
from fusee.kernel.checkedheap import QUARANTINE_BYTES, class_bytes, class_of
from fusee.kernel.checking import CheckFailure, checked_heap
from fusee.kernel.lang import Fn, Ptr, kernel, u8, u32, usize


@kernel
def first_byte(p: Ptr[u8]) -> u8:
    return p[0]


@kernel
def allocated(allocate: Fn[[usize, usize], Ptr[u8]], count: usize, size: usize) -> Ptr[u8]:
    return allocate(count, size)


@kernel
def released(release: Fn[[Ptr[u8]], None], block: Ptr[u8]) -> None:
    release(block)


@cache
def library() -> Library:
    return load(Program("checked-heap-tests", [first_byte, allocated, released]), checked=True)


def allocate(count: int, size: int) -> int:
    """As checked code does."""
    address: int = library().function(allocated)(checked_heap().allocate_address, count, size)
    return address


def release(block: int) -> None:
    library().function(released)(checked_heap().release_address, block)


def test_classes_hold_what_they_are_for_and_little_more() -> None:
    before = 0
    powers = [(1 << shift) + more for shift in range(13, 40) for more in (-1, 0, 1)]
    for size in (*range(1, 5000), *powers):
        number = int(class_of(usize(size)))
        room = int(class_bytes(u32(number)))
        assert size <= room <= max(16, size * 9 // 8 + 16)
        assert room % 16 == 0
        assert number >= before
        before = number


def test_random_blocks() -> None:
    """Zeroed, aligned, apart from each other, and as long as they live as they were written."""
    choice = random.Random(1)
    live: dict[int, bytes] = {}
    for _ in range(4000):
        if live and choice.random() < 0.48:
            block = choice.choice(list(live))
            assert ctypes.string_at(block, len(live[block])) == live.pop(block)
            release(block)
            continue
        size = choice.choice([0, 1, 7, 16, 17, 100, 1000, 40_000, choice.randrange(1 << choice.randrange(1, 18))])
        block = allocate(1, size) if choice.random() < 0.5 else allocate(size, 1)
        assert block % 16 == 0
        assert ctypes.string_at(block, size) == bytes(size)
        content = choice.randbytes(size)
        ctypes.memmove(block, content, size)
        live[block] = content
    ranges = sorted((block, block + len(content)) for block, content in live.items())
    assert all(end + 32 <= start for (_, end), (start, _) in pairwise(ranges))
    assert set(live) <= set(checked_heap().live_blocks())
    for block in live:
        release(block)
    assert not set(live) & set(checked_heap().live_blocks())


def test_sizes_that_no_heap_has() -> None:
    most = (1 << 64) - 1
    for count, size in ((1, most), (most, 1), (1 << 32, 1 << 32), (3, most // 3), (1, checked_heap().size)):
        assert allocate(count, size) == 0


def test_a_block_is_released_once() -> None:
    block = allocate(1, 20)
    release(block)
    release(0)
    with pytest.raises(CheckFailure, match="offset 0 of a released block of 20 bytes, which is no live block"):
        release(block)
    with pytest.raises(CheckFailure, match="which is no live block"):
        checked_heap().release(block)


def test_what_is_no_block_is_not_released() -> None:
    block = allocate(1, 100)
    for wrong in (block + 16, block - 32, 16, ctypes.addressof(ctypes.create_string_buffer(8))):
        with pytest.raises(CheckFailure, match=r"release of .*, which is no live block"):
            release(wrong)
    assert library().function(first_byte)(block) == 0


@pytest.mark.parametrize("size", [40, 5 << 20])
def test_a_block_that_is_held_stays_as_it_is(size: int) -> None:
    """Released or not; though checked code may not access it any more."""
    heap = checked_heap()
    block = allocate(1, size)
    ctypes.memset(block, 7, size)
    heap.hold(block)
    heap.hold(block + 8)  # is none
    release(block)
    with pytest.raises(CheckFailure, match="released block"):
        library().function(first_byte)(block)
    for _ in range(3):
        release(allocate(1, QUARANTINE_BYTES))
    assert ctypes.string_at(block, size) == b"\7" * size
    heap.let_go(block)
    for _ in range(3):
        release(allocate(1, QUARANTINE_BYTES))
    assert ctypes.string_at(block, size) == bytes(size)
    assert allocate(1, size) == block


def test_threads() -> None:
    wrong: list[int] = []

    def work(byte: int) -> None:
        for _ in range(2000):
            block = checked_heap().allocate(64)
            ctypes.memset(block, byte, 64)
            if ctypes.string_at(block, 64) != bytes([byte]) * 64:
                wrong.append(block)
            checked_heap().release(block)

    threads = [threading.Thread(target=work, args=(byte,)) for byte in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
