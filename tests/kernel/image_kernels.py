"""What an image must get right: tables of functions, words that point into the image, calls, functions of C."""

from typing import Any

from fusee.kernel.lang import Fn, Kernel, Ptr, fill_bytes, kernel, table, u8, u32, u64, usize


@kernel
def doubled(n: u64) -> u64:
    return n * 2


@kernel
def squared(n: u64) -> u64:
    return n * n


CHANGES: Ptr[Fn[[u64], u64]] = table(Fn[[u64], u64], [doubled, squared])


@kernel
def change(which: u32, n: u64) -> u64:
    return CHANGES[which](n)


@kernel
def set_bytes(place: Ptr[u8], value: u8, count: usize) -> usize:
    fill_bytes(place, value, count)
    return count


ENTRIES: list[Kernel[..., Any]] = [change, set_bytes]
