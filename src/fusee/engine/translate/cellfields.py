"""The fields of a cell: in the orders of `isa.row.cell`, which says where they are."""

from typing import Final

from fusee.engine.isa.facts import EIGHT, FOURS, IMMEDIATES, LABEL, NARROW, POINTER, VECTOR_SOURCES, WIDE_SOURCES, fact
from fusee.engine.isa.forms import MOST_LEAVES, SLOT
from fusee.engine.isa.row import SLOT_FIELD, SLOT_FIELD_BYTES
from fusee.engine.isa.table import PLACE_BITS, PLACE_CODE
from fusee.engine.present import HAS_VECTORS
from fusee.engine.translate.pausing import grow_large
from fusee.engine.translate.records import Fixup, Ins, Label
from fusee.engine.translate.state import Translator
from fusee.kernel.lang import (
    Ptr,
    Static,
    cast,
    copy_bytes,
    diff,
    kernel,
    size_of,
    span,
    store,
    u8,
    u32,
    u64,
    unlikely,
    unroll,
    usize,
)  # fmt: skip

SLOT_CODE: Final = int(PLACE_CODE[SLOT])
PLACE_MASK: Final = (1 << PLACE_BITS) - 1
SOURCE_PLACES: Final = [PLACE_BITS * place for place in range(MOST_LEAVES)]
LAST_SOURCE_FIRST: Final = SOURCE_PLACES[::-1]


@kernel(inline=True)
def write_by_size(t: Translator, i: Ins, start: Ptr[u8], facts: u64, key: u32, constants: u32) -> Ptr[u8]:
    """Write all fields, the larger ones first; gives the position behind them."""
    at = start
    immediates = fact(facts, IMMEDIATES)
    if immediates > FOURS.mask or constants & fact(facts, WIDE_SOURCES) != 0:
        at = write_wide(t, i, at, facts, constants)
    else:
        at = write_fours(i, at, u32(0), immediates)
        if constants != 0:
            at = write_constants(i, at, constants, 4)
    for place in unroll(SOURCE_PLACES):
        if key >> place & PLACE_MASK == SLOT_CODE:
            store(at, SLOT_FIELD(i.operands[place // PLACE_BITS]))
            at = at + SLOT_FIELD_BYTES
    if i.destination == SLOT:
        store(at, SLOT_FIELD(i.slot))
        at = at + SLOT_FIELD_BYTES
    return at


@kernel(inline=True)
def write_by_use(t: Translator, i: Ins, start: Ptr[u8], facts: u64, key: u32, constants: u32) -> Ptr[u8]:
    """The same where the first field is read ahead."""
    at = start
    if i.destination == SLOT:
        store(at, SLOT_FIELD(i.slot))
        at = at + SLOT_FIELD_BYTES
    for place in unroll(LAST_SOURCE_FIRST):
        if key >> place & PLACE_MASK == SLOT_CODE:
            store(at, SLOT_FIELD(i.operands[place // PLACE_BITS]))
            at = at + SLOT_FIELD_BYTES
    immediates = fact(facts, IMMEDIATES)
    if immediates > FOURS.mask or constants & fact(facts, WIDE_SOURCES) != 0:
        return write_wide_last(t, i, at, facts, constants)
    at = write_fours(i, at, u32(0), immediates)
    if constants != 0:
        at = write_constants(i, at, constants, 4)
    return at


@kernel(inline=True)
def write_wide(t: Translator, i: Ins, start: Ptr[u8], facts: u64, constants: u32) -> Ptr[u8]:
    """Write immediates and constants, the larger ones first; gives the position behind them."""
    vectors = constants & fact(facts, VECTOR_SOURCES) if HAS_VECTORS else u32(0)
    at = write_vectors(t, i, start, vectors)
    wide = constants & fact(facts, WIDE_SOURCES) & ~vectors
    number = fact(facts, EIGHT) | fact(facts, POINTER)
    if size_of(usize) == 8 and fact(facts, POINTER) != 0:
        at = write_pointer(t, i, at, facts)
    if fact(facts, EIGHT) != 0:
        store(at, i.immediates[0])
        at = at + 8
    if wide != 0:
        at = write_constants(i, at, wide, 8)
    if size_of(usize) == 4 and fact(facts, POINTER) != 0:
        at = write_pointer(t, i, at, facts)
    at = write_fours(i, at, number, fact(facts, FOURS))
    if constants != wide | vectors:
        at = write_constants(i, at, constants & ~(wide | vectors), 4)
    return write_narrow(i, at, number + fact(facts, FOURS), fact(facts, NARROW))


@kernel(inline=True)
def write_wide_last(t: Translator, i: Ins, start: Ptr[u8], facts: u64, constants: u32) -> Ptr[u8]:
    """The same with the larger ones last, and behind them an address."""
    vectors = constants & fact(facts, VECTOR_SOURCES) if HAS_VECTORS else u32(0)
    wide = constants & fact(facts, WIDE_SOURCES) & ~vectors
    number = fact(facts, EIGHT) | fact(facts, POINTER)
    at = write_fours(i, start, number, fact(facts, FOURS))
    at = write_narrow(i, at, number + fact(facts, FOURS), fact(facts, NARROW))
    if constants != wide | vectors:
        at = write_constants(i, at, constants & ~(wide | vectors), 4)
    if fact(facts, EIGHT) != 0:
        store(at, i.immediates[0])
        at = at + 8
    if wide != 0:
        at = write_constants(i, at, wide, 8)
    at = write_vectors(t, i, at, vectors)
    if fact(facts, POINTER) != 0:
        at = write_pointer(t, i, at, facts)
    return at


@kernel(inline=True)
def write_fours(i: Ins, start: Ptr[u8], first: u32, count: u32) -> Ptr[u8]:
    """Write immediates of four bytes; gives the position behind them."""
    at = start
    for number in span(first, first + count):
        store(at, u32(i.immediates[number]))
        at = at + 4
    return at


@kernel(inline=True)
def write_narrow(i: Ins, start: Ptr[u8], first: u32, count: u32) -> Ptr[u8]:
    """The same of those that are as wide as slots' numbers."""
    at = start
    for number in span(first, first + count):
        store(at, SLOT_FIELD(i.immediates[number]))
        at = at + SLOT_FIELD_BYTES
    return at


@kernel
def write_vectors(t: Translator, i: Ins, start: Ptr[u8], places: u32) -> Ptr[u8]:
    """Write the operands that are constants of sixteen bytes, from the source; gives the position behind them."""
    at = start
    for place in unroll(SOURCE_PLACES):
        if places >> place & 1 != 0:
            copy_bytes(at, t.reader.source + u32(i.operands[place // PLACE_BITS]), usize(16))
            at = at + 16
    return at


@kernel(inline=True)
def write_pointer(t: Translator, i: Ins, at: Ptr[u8], facts: u64) -> Ptr[u8]:
    """Write the immediate that is as wide as pointers; gives the position behind it."""
    if fact(facts, LABEL) != 0:
        refer(t, cast(Label, i.label), u32(diff(at, t.code)), u32(0))
        store(at, usize(t.fixup_count - 1))  # until the label is resolved: `thread_jumps`
    else:
        store(at, usize(i.immediates[0]))
    return at + size_of(usize)


@kernel(inline=True)
def write_constants(i: Ins, start: Ptr[u8], places: u32, width: Static[int]) -> Ptr[u8]:
    """Write the operands that are constants of a width; gives the position behind them."""
    at = start
    for place in unroll(SOURCE_PLACES):
        if places >> place & 1 != 0:
            if width == 8:
                store(at, i.operands[place // PLACE_BITS])
            else:
                store(at, u32(i.operands[place // PLACE_BITS]))
            at = at + width
    return at


@kernel
def refer(t: Translator, label: Label, at: u32, base: u32) -> None:
    """The field at `at` shall hold the label's address, or with a `base` its distance from there."""
    needed = (u64(t.fixup_count) + 1) * size_of(Fixup)
    if unlikely(needed > t.fixups_buffer.capacity_bytes):
        grow_large(t, t.fixups_buffer, needed)
        t.fixups = cast(Ptr[Fixup], t.fixups_buffer.data)
    fixup = t.fixups[t.fixup_count]
    t.fixup_count += 1
    fixup.at = at
    fixup.base = base
    fixup.target = label.offset
    fixup.next = u32(0)
    if label.offset == 0:
        fixup.next = label.fixups
        label.fixups = t.fixup_count
