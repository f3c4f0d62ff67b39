"""A hash for tables that hostile input fills: seeded, so that collisions cannot be prepared."""

from typing import Final

from fusee.kernel.lang import Ptr, kernel, load, mul_high, u8, u32, u64

FIRST_PRIME: Final = u64(0x9E37_79B9_7F4A_7C15)
SECOND_PRIME: Final = u64(0xD6E8_FEB8_6659_FD93)


@kernel(inline=True)
def mixed(a: u64, b: u64) -> u64:
    """Both halves of a 64-by-64-bit product, folded."""
    return (a * b) ^ mul_high(a, b)


@kernel
def hash_bytes(bytes: Ptr[u8], size: u32, seed: u64) -> u64:  # noqa: A002
    state = seed ^ FIRST_PRIME
    position = u32(0)
    while size - position >= 8:
        state = mixed(state ^ load(u64, bytes + position), SECOND_PRIME)
        position += 8
    last = u64(size)
    while position < size:
        last = (last << 8) | bytes[position]
        position += 1
    return mixed(mixed(state ^ last, FIRST_PRIME) ^ seed, SECOND_PRIME)
