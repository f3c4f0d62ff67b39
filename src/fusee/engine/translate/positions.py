"""Writing down where cells come from (`engine.runtime.positions` says how)."""

from typing import Final

from fusee.engine.runtime.positions import (
    CHUNK_BYTES,
    FAR_BYTES,
    MARK_BYTES,
    MOST_AHEAD,
    MOST_FAR,
    POSITIONS_HEADER_BYTES,
    before_code,
    code_step,
    source_step,
)
from fusee.engine.state.code import Code
from fusee.engine.translate.pausing import copy_looking, grow_large
from fusee.engine.translate.state import Translator
from fusee.kernel.lang import Ptr, cast, kernel, minimum, size_of, store, u8, u32, u64, unlikely, usize

NONE_LEFT_OUT: Final = u32(0xFFFF_FFFF)


@kernel
def begin_positions(t: Translator) -> None:
    """The function's first instruction is where the reader is. In listings all cells are shown where they come from."""
    t.step_count = u32(0)
    t.stepped_code = before_code()
    t.stepped_source = t.source_offset
    t.noted_until = u32(0) if t.first_call != 0 else NONE_LEFT_OUT


@kernel
def note_position(t: Translator, source: u32) -> None:
    """The next cell is made at this offset in the module, which is not that of the last cell that was noted."""
    assert source >= t.stepped_source and t.code_bytes > t.stepped_code
    words = (t.code_bytes - t.stepped_code) // u32(size_of(usize))
    ahead = source - t.stepped_source
    while words > MOST_AHEAD:
        add_step(t, (MOST_AHEAD << 4))
        words -= MOST_AHEAD
    add_step(t, words << 4 | ahead % FAR_BYTES)
    far = ahead // FAR_BYTES
    while far != 0:
        part = minimum(far, MOST_FAR)
        add_step(t, part - 1)
        far -= part


@kernel(inline=True)
def add_step(t: Translator, step: u32) -> None:
    if unlikely(u64(t.step_count) + (MARK_BYTES + 1) > t.steps_buffer.capacity_bytes):
        grow_large(t, t.steps_buffer, u64(t.step_count) + (MARK_BYTES + 1))
        t.steps = t.steps_buffer.data
    if unlikely(t.step_count % CHUNK_BYTES == 0 and t.step_count != 0):
        store(t.steps + t.step_count, t.stepped_code)
        store(t.steps + t.step_count + 4, t.stepped_source)
        t.step_count += MARK_BYTES
    t.steps[t.step_count] = u8(step)
    t.step_count += 1
    t.stepped_code += code_step(step)
    t.stepped_source += source_step(step)


@kernel
def positions_bytes(t: Translator) -> u32:
    """What the table takes behind the code."""
    return t.step_count + POSITIONS_HEADER_BYTES


@kernel
def write_positions(t: Translator, home: Ptr[u8], at: u32) -> None:
    """Put the table behind the finished code at `home`, so many bytes from there."""
    cast(Code, home).positions = at
    store(home + at, t.step_count)
    copy_looking(t, home + at + POSITIONS_HEADER_BYTES, t.steps, t.step_count)
