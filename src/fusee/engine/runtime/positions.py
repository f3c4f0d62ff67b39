"""Which WebAssembly instruction a cell was made at: a table behind a function's cells, for those at which guests stop.

Both offsets grow along the code, so the table is made of steps: by how many words one goes on in the code, and by how
many bytes in the WebAssembly. Each number, less one, is written as Rice's code has it: its quotient by a power of two
as so many ones before a zero, then the remainder. `MOST_ONES` of them mean that the number itself follows instead, in
32 bits. The first bit of a byte is its lowest, and what is left of a chunk is filled with ones.

Every `CHUNK_BYTES` stands where the steps have led to so far, so that nobody reads all of them. No step is divided.
"""

from typing import Final

from fusee.engine.state.code import CODE_START
from fusee.kernel.lang import Ptr, Static, kernel, load, minimum, size_of, span, u8, u32, usize

CHUNK_BYTES: Final = 256
MARK_BYTES: Final = 8  # at the beginning of each chunk but the first: the offset in the code, and that in the module
CODE_BITS: Final = 2  # of the remainder of a number of words
SOURCE_BITS: Final = 3  # of a number of bytes
MOST_ONES: Final = 15
NUMBER_BITS: Final = u32(32)
THE_END: Final = u32(0xFFFF_FFFF)  # in place of a number: there is no step any more


@kernel(inline=True)
def before_code() -> u32:
    """Where the first step begins: it, too, goes on in the code."""
    return u32(CODE_START - size_of(usize))


@kernel(inline=True)
def bit_at(steps: Ptr[u8], at: u32) -> u32:
    return u32(steps[at >> 3]) >> (at & 7) & 1


@kernel
def read_bits(steps: Ptr[u8], at: u32, count: u32) -> u32:
    found = u32(0)
    for number in span(count):
        found |= bit_at(steps, at + number) << number
    return found


@kernel(inline=True)
def read_number(steps: Ptr[u8], start: u32, end: u32, bits: Static[int]) -> tuple[u32, u32]:
    """A number, less one, from bit `start` of a chunk that ends before bit `end`, or `THE_END`; and where it ends."""
    at = start
    ones = u32(0)
    while ones < MOST_ONES and at < end and bit_at(steps, at) != 0:
        ones += 1
        at += 1
    if ones < MOST_ONES and at < end:
        return ones << bits | read_bits(steps, at + 1, u32(bits)), at + 1 + bits
    if at + NUMBER_BITS > end:
        return THE_END, end
    return read_bits(steps, at, NUMBER_BITS), at + NUMBER_BITS


@kernel
def source_offset(steps: Ptr[u8], count: u32, start: u32, code_offset: u32) -> u32:
    """The offset in the module of the instruction to which the cell at or before a code offset belongs.

    `steps` are `count` bytes; the function's instructions begin at `start`.
    """
    if count == 0:
        return start
    low = u32(0)
    high = (count - 1) // CHUNK_BYTES
    while low < high:
        middle = (low + high + 1) // 2
        if load(u32, steps + middle * CHUNK_BYTES) <= code_offset:
            low = middle
        else:
            high = middle - 1
    at = low * CHUNK_BYTES
    end = minimum(count, at + CHUNK_BYTES) << 3
    code = before_code()
    source = start
    if low != 0:
        code = load(u32, steps + at)
        source = load(u32, steps + at + 4)
        at += MARK_BYTES
    at = at << 3
    while True:
        words, at = read_number(steps, at, end, CODE_BITS)
        if words == THE_END:
            break
        code += (words + 1) * u32(size_of(usize))
        if code > code_offset:
            break
        ahead, at = read_number(steps, at, end, SOURCE_BITS)
        source += ahead + 1
    return source
