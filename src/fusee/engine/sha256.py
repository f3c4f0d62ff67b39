"""SHA-256 (FIPS 180-4)."""

from typing import Final

from fusee.kernel.lang import Ptr, kernel, rotr, span, stack_array, table, u8, u32, u64

HASH_WORDS: Final = u32(8)
_BLOCK_BYTES: Final = 64
_ROUNDS: Final = u32(64)


def _primes() -> list[int]:
    """As many as there are rounds."""
    found: list[int] = []
    candidate = 2
    while len(found) < _ROUNDS:
        if all(candidate % prime for prime in found):
            found.append(candidate)
        candidate += 1
    return found


def _root_fraction(number: int, degree: int) -> int:
    """The first 32 bits of the fractional part of a number's square or cube root (FIPS 180-4, 4.2.2 and 5.3.3)."""
    shifted = number << 32 * degree
    low, high = 0, 1 << 40
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**degree <= shifted else (low, middle)
    return low & 0xFFFF_FFFF


INITIAL: Final = table(u32, [_root_fraction(prime, 2) for prime in _primes()[:HASH_WORDS]])
ROUND_CONSTANTS: Final = table(u32, [_root_fraction(prime, 3) for prime in _primes()])


@kernel
def sha256(data: Ptr[u8], size: u32, result: Ptr[u32]) -> None:
    """The hash of bytes, as eight words, the most significant first."""
    for i in span(HASH_WORDS):
        result[i] = INITIAL[i]
    words = stack_array(u32, 16)
    bits = u64(size) << 3
    end = ((u64(size) + 8) // _BLOCK_BYTES + 1) * _BLOCK_BYTES
    place = u64(0)
    while place < end:
        for i in span(u32(16)):
            word = u32(0)
            for k in span(u32(4)):
                at = place + u64(i * 4 + k)
                byte = u32(0x80) if at == size else u32(0)
                if at < size:
                    byte = u32(data[at])
                word = (word << 8) | byte
            words[i] = word
        place += _BLOCK_BYTES
        if place == end:
            words[14] = u32(bits >> 32)
            words[15] = u32(bits)
        add_block(words, result)


@kernel
def add_block(words: Ptr[u32], result: Ptr[u32]) -> None:
    """The hash of one block more (6.2.2). The words of the message schedule come in place of those that are used."""
    a, b, c, d = result[0], result[1], result[2], result[3]
    e, f, g, h = result[4], result[5], result[6], result[7]
    for t in span(_ROUNDS):
        i = t & 15
        if t >= 16:
            before, after = words[(t + 14) & 15], words[(t + 1) & 15]
            words[i] += (rotr(before, 17) ^ rotr(before, 19) ^ (before >> 10)) + words[(t + 9) & 15]
            words[i] += rotr(after, 7) ^ rotr(after, 18) ^ (after >> 3)
        first = h + (rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)) + ((e & f) ^ (~e & g)) + ROUND_CONSTANTS[t] + words[i]
        second = (rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))
        h = g
        g = f
        f = e
        e = d + first
        d = c
        c = b
        b = a
        a = first + second
    result[0] += a
    result[1] += b
    result[2] += c
    result[3] += d
    result[4] += e
    result[5] += f
    result[6] += g
    result[7] += h
