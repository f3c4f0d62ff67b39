"""Kernels that do what the checked build reports."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any

import pytest

from fusee.kernel.build import Library, Program, load
from fusee.kernel.checking import checked_heap
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
from fusee.kernel.lang import load as load_value


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
