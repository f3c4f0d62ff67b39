"""Inline kernels called where LLVM is left to inline them: with errors, several results, and errors that end there."""

from fusee.kernel.errors import KernelError
from fusee.kernel.lang import caught, kernel, u32, u64


class Odd(KernelError, tag=207):
    """The number has no half."""


@kernel(inline=True)
def half(n: u32) -> u32:
    if n & 1 != 0:
        raise Odd(1, n)
    return n >> 1


@kernel(inline=True)
def parted(n: u32) -> tuple[u32, u32]:
    """Both digits of the last byte's halves, of even numbers."""
    even = half(n)
    return even & 0xF, even >> 4 & 0xF


@kernel(inline=True)
def checked_twice(n: u32) -> None:
    half(half(n))


@kernel
def eighth(n: u32) -> u32:
    return half(half(half(n)))


@kernel
def product(n: u32) -> u32:
    low, high = parted(n)
    return low * high


@kernel
def status_of(n: u32) -> u64:
    return caught(checked_twice, n)


ENTRIES = [eighth, product, status_of]
