"""Writing down where cells come from (`engine.runtime.positions` says how)."""

from typing import Final

from fusee.engine.runtime.positions import (
    CHUNK_BYTES,
    CODE_BITS,
    MARK_BYTES,
    MOST_ONES,
    NUMBER_BITS,
    SOURCE_BITS,
    before_code,
)
from fusee.engine.state.code import Code
from fusee.engine.translate.pausing import copy_looking, grow_large
from fusee.engine.translate.state import Translator
from fusee.kernel.lang import Ptr, Static, cast, fill_bytes, kernel, size_of, store, u8, u32, u64, unlikely, usize
from fusee.spec.limits import MAX_FUNCTION_BYTES

NONE_LEFT_OUT: Final = u32(0xFFFF_FFFF)
CHUNK_BITS: Final = 8 * CHUNK_BYTES
MOST_STEP_BITS: Final = 2 * int(MOST_ONES + NUMBER_BITS)
assert 2 * MAX_FUNCTION_BYTES * MOST_STEP_BITS < 1 << 32
"""An instruction has one step at most, and what chunks need beside steps is less than these: `step_bits` is enough."""

STEP_ROOM_BYTES: Final = 2 * MOST_STEP_BITS // 8 + MARK_BYTES + 8
"""What a step may need: the rest of a chunk, a mark, itself; and bits are written eight bytes at a time."""


@kernel
def begin_positions(t: Translator) -> None:
    """The function's first instruction is where the reader is. In listings all cells are shown where they come from."""
    t.step_bits = u32(0)
    t.stepped_code = before_code()
    t.stepped_source = t.source_offset
    t.noted_until = u32(0) if t.first_call != 0 else NONE_LEFT_OUT


@kernel(inline=True)
def code_bits(number: u32, bits: Static[int]) -> tuple[u64, u32]:
    """A number as Rice's code, and how many bits that is."""
    ones = number >> bits
    if unlikely(ones >= MOST_ONES):
        return u64(number) << MOST_ONES | ((1 << MOST_ONES) - 1), MOST_ONES + NUMBER_BITS
    rest = number & ((1 << bits) - 1)
    return u64(rest) << u64(ones + 1) | ((u64(1) << u64(ones)) - 1), ones + 1 + bits


@kernel
def note_position(t: Translator, source: u32) -> None:
    """The next cell is made at this offset in the module, which is beyond that of the last cell that was noted."""
    assert source > t.stepped_source and t.code_bytes > t.stepped_code
    words, words_bits = code_bits((t.code_bytes - t.stepped_code) // u32(size_of(usize)) - 1, CODE_BITS)
    ahead, ahead_bits = code_bits(source - t.stepped_source - 1, SOURCE_BITS)
    make_room(t, words_bits + ahead_bits)
    add_bits(t, words, words_bits)
    add_bits(t, ahead, ahead_bits)
    t.stepped_code = t.code_bytes
    t.stepped_source = source


@kernel(inline=True)
def make_room(t: Translator, bits: u32) -> None:
    """Have so many bits follow: in the next chunk, if they do not fit in this one."""
    wanted = u64(table_bytes(t)) + STEP_ROOM_BYTES
    if unlikely(wanted > t.steps_buffer.capacity_bytes):
        grow_large(t, t.steps_buffer, wanted)
        t.steps = t.steps_buffer.data
    if unlikely(t.step_bits != 0 and (t.step_bits - 1) % CHUNK_BITS + 1 + bits > CHUNK_BITS):
        begin_chunk(t)


@kernel
def begin_chunk(t: Translator) -> None:
    written = table_bytes(t)
    end = (written + (CHUNK_BYTES - 1)) // CHUNK_BYTES * CHUNK_BYTES
    fill_bytes(t.steps + written, u8(0xFF), usize(end - written))
    store(t.steps + end, t.stepped_code)
    store(t.steps + end + 4, t.stepped_source)
    t.step_bits = (end + MARK_BYTES) << 3


@kernel(inline=True)
def add_bits(t: Translator, bits: u64, count: u32) -> None:
    """What is left of the last byte is filled with ones."""
    place = t.steps + (t.step_bits >> 3)
    begun = u64(t.step_bits & 7)
    before = u64(place[0]) & ((u64(1) << begun) - 1)
    store(place, before | bits << begun | ~u64(0) << (begun + count))
    t.step_bits += count


@kernel(inline=True)
def table_bytes(t: Translator) -> u32:
    """What the table takes behind the code."""
    return (t.step_bits + 7) >> 3


@kernel
def write_positions(t: Translator, home: Ptr[u8], at: u32) -> None:
    """Put the table behind the finished code at `home`, so many bytes from there."""
    size = table_bytes(t)
    cast(Code, home).positions = size
    copy_looking(t, home + at, t.steps, size)
