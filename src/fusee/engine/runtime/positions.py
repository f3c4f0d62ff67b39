"""Which WebAssembly instruction a cell was made at: a table behind a function's cells, for those at which guests stop.

Both offsets only grow along the code, so the table is made of steps, one byte each. A step's high four bits say by how
many words it goes on in the code, its low four bits by how many bytes in the WebAssembly. If the high ones are 0, it
stays where it is in the code, and goes on by sixteen bytes times the low ones plus one. Every `CHUNK_BYTES` stands
where the steps have led to so far, so that nobody reads all of them.
"""

from typing import Final

from fusee.engine.state.code import CODE_START
from fusee.kernel.lang import Ptr, kernel, load, minimum, size_of, u8, u32, usize

POSITIONS_HEADER_BYTES: Final = 4  # the number of steps and marks, in bytes
CHUNK_BYTES: Final = 256
MARK_BYTES: Final = 8  # at the beginning of each chunk but the first: the offset in the code, and that in the module
MOST_AHEAD: Final = u32(15)  # words or bytes of one step
FAR_BYTES: Final = 16
MOST_FAR: Final = 16  # times `FAR_BYTES`


@kernel(inline=True)
def before_code() -> u32:
    """Where the first step begins: it, too, goes on in the code."""
    return u32(CODE_START - size_of(usize))


@kernel(inline=True)
def code_step(step: u32) -> u32:
    """By how many bytes a step goes on in the code."""
    return (step >> 4) * u32(size_of(usize))


@kernel(inline=True)
def source_step(step: u32) -> u32:
    """By how many bytes a step goes on in the WebAssembly."""
    return step & MOST_AHEAD if step > MOST_AHEAD else (step + 1) * FAR_BYTES


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
    end = minimum(count, at + CHUNK_BYTES)
    code = before_code()
    source = start
    if low != 0:
        code = load(u32, steps + at)
        source = load(u32, steps + at + 4)
        at += MARK_BYTES
    while at < end:
        code += code_step(steps[at])
        if code > code_offset:
            break
        source += source_step(steps[at])
        at += 1
    return source
