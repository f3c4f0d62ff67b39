"""Blocks of memory (C17 7.24). Words at a time where both addresses allow it, and nowhere a misaligned access."""

from fusee.kernel.lang import Ptr, address, cast, i32, kernel, size_of, u8, u32, usize


@kernel(inline=True)
def _misalignment(place: usize) -> usize:
    return place & usize(size_of(usize) - 1)


@kernel
def _copy_up(target: Ptr[u8], source: Ptr[u8], size: usize) -> None:
    to, start, left = target, source, size
    if _misalignment(address(to) ^ address(start)) == 0:
        while left != 0 and _misalignment(address(to)) != 0:
            to[0] = start[0]
            to, start, left = to + 1, start + 1, left - 1
        while left >= size_of(usize):
            cast(Ptr[usize], to)[0] = cast(Ptr[usize], start)[0]
            to, start, left = to + size_of(usize), start + size_of(usize), left - size_of(usize)
    while left != 0:
        to[0] = start[0]
        to, start, left = to + 1, start + 1, left - 1


@kernel
def _copy_down(target: Ptr[u8], source: Ptr[u8], size: usize) -> None:
    left = size
    if _misalignment(address(target) ^ address(source)) == 0:
        while left != 0 and _misalignment(address(target) + left) != 0:
            left -= 1
            target[left] = source[left]
        while left >= size_of(usize):
            left -= size_of(usize)
            cast(Ptr[usize], target + left)[0] = cast(Ptr[usize], source + left)[0]
    while left != 0:
        left -= 1
        target[left] = source[left]


@kernel(libcall=("memmove", "__aeabi_memmove", "__aeabi_memmove4", "__aeabi_memmove8"))
def memmove(target: Ptr[u8], source: Ptr[u8], size: usize) -> Ptr[u8]:
    """Copy bytes; the ranges may overlap."""
    if address(target) - address(source) >= size:  # also where the target is below: the difference wraps
        _copy_up(target, source, size)
    else:
        _copy_down(target, source, size)
    return target


@kernel(libcall=("memcpy", "__aeabi_memcpy", "__aeabi_memcpy4", "__aeabi_memcpy8"))
def memcpy(target: Ptr[u8], source: Ptr[u8], size: usize) -> Ptr[u8]:
    """Copy bytes between ranges that do not overlap."""
    _copy_up(target, source, size)
    return target


@kernel(libcall=("memset",))
def memset(target: Ptr[u8], byte: u32, size: usize) -> Ptr[u8]:
    """Set bytes."""
    _fill(target, byte, size)
    return target


@kernel(libcall=("__aeabi_memset", "__aeabi_memset4", "__aeabi_memset8"))
def aeabi_memset(target: Ptr[u8], size: usize, byte: u32) -> None:
    """Set bytes; the order of the parameters is ARM's."""
    _fill(target, byte, size)


@kernel(libcall=("__aeabi_memclr", "__aeabi_memclr4", "__aeabi_memclr8"))
def aeabi_memclr(target: Ptr[u8], size: usize) -> None:
    """Set bytes to zero."""
    _fill(target, u32(0), size)


@kernel
def _fill(target: Ptr[u8], byte: u32, size: usize) -> None:
    to, left = target, size
    while left != 0 and _misalignment(address(to)) != 0:
        to[0] = u8(byte)
        to, left = to + 1, left - 1
    word = usize(byte & 0xFF) * usize((1 << 8 * size_of(usize)) // 0xFF)
    while left >= size_of(usize):
        cast(Ptr[usize], to)[0] = word
        to, left = to + size_of(usize), left - size_of(usize)
    while left != 0:
        to[0] = u8(byte)
        to, left = to + 1, left - 1


@kernel(libcall=("memcmp",))
def memcmp(first: Ptr[u8], second: Ptr[u8], size: usize) -> i32:
    """The order of two ranges of bytes: negative, zero or positive."""
    at = usize(0)
    while at < size:
        if first[at] != second[at]:
            return i32(u32(first[at])) - i32(u32(second[at]))
        at += 1
    return i32(0)


@kernel(libcall=("bcmp",))
def bcmp(first: Ptr[u8], second: Ptr[u8], size: usize) -> i32:
    """Zero if two ranges of bytes are equal."""
    return memcmp(first, second, size)


@kernel(libcall=("strlen",))
def strlen(text: Ptr[u8]) -> usize:
    """How many bytes come before the first zero."""
    size = usize(0)
    while text[size] != 0:
        size += 1
    return size
