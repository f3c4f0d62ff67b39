"""The checked build reports what goes wrong, where, and comes back."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any

import pytest

from fusee.kernel.build import Library, Program, load
from fusee.kernel.checking import CheckFailure, checked_heap
from fusee.kernel.lang import (
    Count,
    Kernel,
    KernelError,
    Ptr,
    copy_bytes,
    div_trunc,
    fill_bytes,
    i32,
    kernel,
    null,
    stack_array,
    store,
    struct,
    u8,
    u32,
    u64,
    unreachable,
    usize,
)
from fusee.kernel.lang import (
    load as load_value,
)


class Refused(KernelError, tag=204):
    """An ordinary error."""


@struct
class Pair:
    first: u32
    second: u64


@kernel
def element(p: Ptr[u32], i: u32) -> u32:
    return p[i]


@kernel
def set_element(p: Ptr[u32], i: u32, value: u32) -> None:
    p[i] = value


@kernel
def unaligned(p: Ptr[u8]) -> u64:
    return load_value(u64, p)


@kernel
def second(pair: Pair) -> u64:
    return pair.second


@kernel
def of_null() -> u32:
    return null(Ptr[u32])[5]


@kernel
def copied(to: Ptr[u8], start: Ptr[u8], n: usize) -> None:
    copy_bytes(to, start, n)


@kernel
def filled(to: Ptr[u8], n: usize) -> None:
    fill_bytes(to, u8(7), n)


@struct
class Several:
    before: u32
    four: Annotated[Ptr[u32], Count(4)]
    behind: u32


@kernel
def one_of_four(several: Several, i: u32) -> u32:
    several.four[i] = i
    return several.four[i]


@kernel
def one_of_three(i: u32) -> u32:
    three = stack_array(u32, 3)
    three[0] = u32(0)
    three[i] = i
    return three[i]


@kernel
def asserted(a: u32, b: u32) -> u32:
    assert a < b and b != 100
    return b - a


@kernel
def shifted(x: u32, n: u32) -> u32:
    return x << n


@kernel
def divided(a: i32, b: i32) -> i32:
    return div_trunc(a, b)


@kernel
def ratio(a: u32, b: u32) -> u32:
    return a // b


@kernel
def reached(x: u32) -> u32:
    if x == 7:
        unreachable()
    if x == 8:
        raise Refused(1, 2)
    return x


@kernel
def stored(p: Ptr[u8]) -> None:
    store(p, u64(1))


ENTRIES: list[Kernel[..., Any]] = [
    element,
    set_element,
    unaligned,
    second,
    of_null,
    copied,
    filled,
    shifted,
    divided,
    ratio,
    reached,
    stored,
    one_of_four,
    one_of_three,
    asserted,
]


@cache
def library() -> Library:
    return load(Program("checks", ENTRIES), checked=True)


def line_of(kernel_: object, text: str) -> int:
    """The line of a kernel's source that contains `text`."""
    import inspect

    lines, start = inspect.getsourcelines(kernel_.function)  # type: ignore[attr-defined]
    return next(start + number for number, line in enumerate(lines) if text in line)


@pytest.fixture
def block() -> int:
    """20 bytes."""
    return checked_heap().allocate(20)


def test_accesses_inside(block: int) -> None:
    library().function(set_element)(block, 4, 99)
    assert library().function(element)(block, 4) == 99
    assert library().function(unaligned)(block + 12) == 99 << 32
    library().function(filled)(block, 20)
    assert library().function(element)(block, 0) == 0x07070707


@pytest.mark.parametrize("index", [5, 6, 9, 0xFFFF_FFFF])
def test_element_outside(block: int, index: int) -> None:
    with pytest.raises(
        CheckFailure, match=rf"test_checked.py:{line_of(element, 'return')}: access of 4 bytes in element"
    ):
        library().function(element)(block, index)


def test_write_outside(block: int) -> None:
    line = line_of(set_element, "p[i]")
    with pytest.raises(CheckFailure, match=f"test_checked.py:{line}: .*, at .*, offset 20 of a block of 20 bytes"):
        library().function(set_element)(block, 5, 1)


def test_partly_outside(block: int) -> None:
    for offset in (13, 19, -1, -8):
        with pytest.raises(CheckFailure, match="access of 8 bytes in unaligned"):
            library().function(unaligned)(block + offset)
        with pytest.raises(CheckFailure, match="access of 8 bytes in stored"):
            library().function(stored)(block + offset)


def test_field_outside(block: int) -> None:
    assert library().function(second)(block) == 0
    with pytest.raises(CheckFailure, match="access of 8 bytes in second"):
        library().function(second)(block + 8)


def test_element_of_an_embedded_array() -> None:
    block = checked_heap().allocate(24)
    assert library().function(one_of_four)(block, 3) == 3
    for index in (4, 5, 0xFFFF_FFFF):
        with pytest.raises(CheckFailure, match="index of an array of 4 in one_of_four"):
            library().function(one_of_four)(block, index)


def test_element_of_a_stack_array() -> None:
    assert library().function(one_of_three)(2) == 2
    with pytest.raises(CheckFailure, match="index of an array of 3 in one_of_three"):
        library().function(one_of_three)(3)


def test_assertions() -> None:
    assert library().function(asserted)(3, 5) == 2
    line = line_of(asserted, "assert a")
    for a, b in ((5, 5), (6, 5), (1, 100)):
        message = rf"test_checked.py:{line}: `a < b and b != 100` does not hold in asserted"
        with pytest.raises(CheckFailure, match=message):
            library().function(asserted)(a, b)


def test_other_builds_have_no_trace_of_assertions() -> None:
    unchecked = load(Program("unchecked", [asserted]))
    assert unchecked.function(asserted)(5, 3) == 0xFFFF_FFFE
    with pytest.raises(AssertionError):
        asserted(u32(5), u32(3))


def test_misaligned(block: int) -> None:
    with pytest.raises(CheckFailure, match="access of 4 bytes in element"):
        library().function(element)(block + 2, 0)


def test_released(block: int) -> None:
    heap = checked_heap()
    heap.release(block)
    with pytest.raises(CheckFailure, match="offset 0 of a released block"):
        library().function(element)(block, 0)


def test_null() -> None:
    with pytest.raises(CheckFailure, match="access of 4 bytes in of_null, at 0x14"):
        library().function(of_null)()


def test_ranges(block: int) -> None:
    other = checked_heap().allocate(100)
    library().function(copied)(other, block, 20)
    library().function(copied)(other + 1000, block + 1000, 0)
    for arguments in ((other, block, 21), (other + 90, block, 11), (block, other, 21)):
        with pytest.raises(CheckFailure, match="access of a range in copied"):
            library().function(copied)(*arguments)
    with pytest.raises(CheckFailure, match="access of a range in filled"):
        library().function(filled)(block, 1 << 40)


def test_arithmetic() -> None:
    assert library().function(shifted)(1, 31) == 1 << 31
    with pytest.raises(CheckFailure, match="shift count too large in shifted"):
        library().function(shifted)(1, 32)
    assert library().function(divided)(-7, 2) == -3
    with pytest.raises(CheckFailure, match="division by zero in divided"):
        library().function(divided)(1, 0)
    with pytest.raises(CheckFailure, match="division overflows in divided"):
        library().function(divided)(-(1 << 31), -1)
    with pytest.raises(CheckFailure, match="division by zero in ratio"):
        library().function(ratio)(1, 0)


def test_unreachable_and_ordinary_errors() -> None:
    assert library().function(reached)(1) == 1
    with pytest.raises(CheckFailure, match="was reached in reached"):
        library().function(reached)(7)
    with pytest.raises(Refused):
        library().function(reached)(8)


def test_heap_reuses_after_a_while() -> None:
    heap = checked_heap()
    size = 1 << 22
    addresses = set()
    for _ in range(60):
        address = heap.allocate(size)
        addresses.add(address)
        library().function(set_element)(address, (size >> 2) - 1, 5)
        assert library().function(element)(address, 0) == 0
        library().function(set_element)(address, 0, 5)
        heap.release(address)
    assert 10 < len(addresses) < 40


def test_heap_refuses_foreign_blocks(block: int) -> None:
    assert "outside of the heap" in checked_heap().describe(1)
    assert "offset 3 of a block of 20 bytes" in checked_heap().describe(block + 3)
