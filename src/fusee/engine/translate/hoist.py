"""Constants of loops for which cells have no field: each has a local of its own, which is written before the loop.

Hashes, generators of random numbers and sets of bits have such constants of 64 bits in their loops, and compilers do
not take them out, because a machine's instruction costs the same as a local there. Here it is a dispatch more, each
time. Nobody writes the local but who begins the outermost loop around the constant. It gets no pin: a slot is read
at no cost that one waits for, and most trees take their operands from slots.
"""

from typing import Final

from fusee.engine.decode.reader import Reader, behind_number
from fusee.engine.isa.forms import SLOT
from fusee.engine.translate.comparison import fits_bits
from fusee.engine.translate.encode import add_immediate, new_ins
from fusee.engine.translate.immediate import next_s64
from fusee.engine.translate.operands import MOV64
from fusee.engine.translate.state import I64, MOST_HOISTED, Translator
from fusee.engine.translate.values import use_local
from fusee.kernel.lang import kernel, span, u16, u32, u64, unlikely

LEAST_LARGE_BYTES: Final = u32(5)  # of a constant in the source


@kernel
def begin_hoisting(t: Translator) -> None:
    """No constant is known yet; behind the locals so far there is room for them."""
    t.hoisted_count = u32(0)
    t.hoisted_first = u32(0)
    t.hoisted_slots = t.local_slots


@kernel(inline=True)
def behind_constant(t: Translator, start: u32, depth: u32) -> u32:
    """The first pass meets a constant of 64 bits in so many blocks; gives the position behind it.

    It counts if the innermost block is a loop: what is in a block of its own there may seldom be executed, and would
    be written each time.
    """
    behind = behind_number(t.reader.source, start)
    if unlikely(behind - start >= LEAST_LARGE_BYTES) and depth != 0 and t.frames_buffer.data[depth - 1] != 0:
        note_large(t, start)
    return behind


@kernel(cold=True)
def note_large(t: Translator, start: u32) -> None:
    """It is a long one, and in a loop."""
    bits = constant_at(t.reader, start)
    if fits_bits(bits):
        return
    number = t.hoisted_first
    while number < t.hoisted_count and t.hoisted_bits[number] != bits:
        number += 1
    if number == MOST_HOISTED:
        return
    if number == t.hoisted_count:
        t.hoisted_bits[number] = bits
        t.hoisted_count += 1
        use_local(t, t.hoisted_slots + number, I64)


@kernel
def constant_at(r: Reader, start: u32) -> u64:
    """The integer at `start`; the reader stays where it is."""
    position = r.position
    r.position = start
    bits = next_s64(r)
    r.position = position
    return bits


@kernel(cold=True)
def end_hoisting(t: Translator, start: u32, end: u32) -> None:
    """The first pass has met an outermost loop, from `start` to `end` in the source."""
    for number in span(t.hoisted_first, t.hoisted_count):
        t.hoisted_starts[number] = start
        t.hoisted_ends[number] = end
    t.hoisted_first = t.hoisted_count


@kernel
def load_hoisted(t: Translator) -> None:
    """Before a loop: write its constants, if it is outermost."""
    for number in span(t.hoisted_count):
        if t.hoisted_starts[number] == t.source_offset:
            i = new_ins(t, MOV64)
            i.destination = SLOT
            i.slot = u16(t.hoisted_slots + number)
            add_immediate(i, t.hoisted_bits[number])


@kernel
def find_hoisted(t: Translator, bits: u64) -> u32:
    """The local that holds a constant here, or `local_slots` if none does."""
    for number in span(t.hoisted_count):
        if (
            t.hoisted_bits[number] == bits
            and t.hoisted_starts[number] <= t.source_offset
            and t.source_offset < t.hoisted_ends[number]
        ):
            return t.hoisted_slots + number
    return t.local_slots
