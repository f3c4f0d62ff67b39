"""The checked build reports what goes wrong, where, and comes back."""

from __future__ import annotations

import pytest

from fusee.kernel.build import Program, load
from fusee.kernel.checking import CheckFailure, checked_heap
from fusee.kernel.lang import u32
from tests.kernel import checked_kernels
from tests.kernel.checked_kernels import (
    Refused,
    asserted,
    copied,
    divided,
    element,
    filled,
    library,
    line_of,
    of_null,
    one_of_four,
    one_of_three,
    ratio,
    reached,
    second,
    set_element,
    shifted,
    stored,
    unaligned,
)

block = checked_kernels.block


def test_accesses_inside(block: int) -> None:
    library().function(set_element)(block, 4, 99)
    assert library().function(element)(block, 4) == 99
    assert library().function(unaligned)(block + 12) == 99 << 32
    library().function(filled)(block, 20)
    assert library().function(element)(block, 0) == 0x07070707


@pytest.mark.parametrize("index", [5, 6, 9, 0xFFFF_FFFF])
def test_element_outside(block: int, index: int) -> None:
    with pytest.raises(
        CheckFailure, match=rf"checked_kernels.py:{line_of(element, 'return')}: access of 4 bytes in element"
    ):
        library().function(element)(block, index)


def test_write_outside(block: int) -> None:
    line = line_of(set_element, "p[i]")
    with pytest.raises(CheckFailure, match=f"checked_kernels.py:{line}: .*, at .*, offset 20 of a block of 20 bytes"):
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
        message = rf"checked_kernels.py:{line}: `a < b and b != 100` does not hold in asserted"
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
