"""From instructions to cells, and the labels between them (`docs/bytecode.md` describes cells)."""

from typing import Final

from fusee.engine.arena import grow_buffer
from fusee.engine.isa.forms import CONST, NOWHERE, SLOT
from fusee.engine.isa.pairs import NO_PAIR
from fusee.engine.isa.row import IMMEDIATE_KINDS
from fusee.engine.isa.table import (
    CLASS,
    IMMEDIATE_COUNT,
    IMMEDIATE_KIND,
    IMMEDIATE_START,
    NUMBER,
    SOURCES,
    WIDE_SOURCES,
)  # fmt: skip
from fusee.engine.translate.lookup import NO_SIGNATURE, find_pair, handler_number, signature_of
from fusee.engine.translate.state import Fixup, Ins, Label, Translator
from fusee.kernel.lang import (
    Ptr,
    Static,
    address,
    cast,
    kernel,
    size_of,
    span,
    store,
    u8,
    u16,
    u32,
    u64,
    unlikely,
    unreachable,
    unroll,
    usize,
)  # fmt: skip

U16: Final = IMMEDIATE_KINDS.index("u16")
U32: Final = IMMEDIATE_KINDS.index("u32")
U64: Final = IMMEDIATE_KINDS.index("u64")
LABEL: Final = IMMEDIATE_KINDS.index("label")
LARGEST_CELL_BYTES: Final = 64
COUNT: Final = NUMBER["count"]


@kernel(inline=True)
def reserve_code(t: Translator, size: u32) -> None:
    """Make room for `size` more bytes of code."""
    if unlikely(u64(t.code_bytes) + u64(size) > t.code_buffer.capacity_bytes):
        grow_buffer(t.code_buffer, u64(t.code_bytes) + u64(size))
        t.code = t.code_buffer.data


@kernel
def flush(t: Translator) -> None:
    """Encode the instructions that wait: from now on nothing about them can change."""
    for number in span(t.ins_count):
        encode(t, t.ins[number])
    t.first_ins += t.ins_count
    t.ins_count = u32(0)


@kernel
def encode(t: Translator, i: Ins) -> None:
    """Append one cell."""
    reserve_code(t, u32(LARGEST_CELL_BYTES))
    row = u32(i.row)
    kind = CLASS[row]
    sources = u32(SOURCES[kind])
    signature = signature_of(i, u32(i.destination))
    if signature == NO_SIGNATURE:
        unreachable()  # `emit` has moved the operands until there was a handler
    if t.is_mapping:
        note_position(t, i)
    start = t.code_bytes
    put_handler(t, start, handler_number(i, signature))
    at = start + size_of(usize)
    for width in unroll((8, 4, 2)):
        at = write_immediates(t, i, row, at, width)
        for place in span(sources):
            if i.forms[place] == SLOT:
                if width == 2:
                    store(t.code + at, u16(i.operands[place]))
                    at += 2
            elif i.forms[place] == CONST:
                if width == 4 and u32(WIDE_SOURCES[kind]) >> place & 1 == 0:
                    store(t.code + at, u32(i.operands[place]))
                    at += 4
                elif width == 8 and u32(WIDE_SOURCES[kind]) >> place & 1 != 0:
                    store(t.code + at, i.operands[place])
                    at += 8
    if i.destination == SLOT:
        store(t.code + at, i.slot)
        at += 2
    t.code_bytes = (at + (size_of(usize) - 1)) & ~u32(size_of(usize) - 1)


@kernel(inline=True)
def put_handler(t: Translator, start: u32, number: u32) -> None:
    """Name the handler of the cell at `start`; if there is one for it and the cell before, name that one there."""
    store(t.code + start, t.handlers[number])
    if t.last_cell != 0:
        both = find_pair(t.last_handler, number)
        if both != NO_PAIR:
            store(t.code + t.last_cell, t.handlers[both])
    t.last_cell = start
    t.last_handler = number


@kernel(inline=True)
def write_immediates(t: Translator, i: Ins, row: u32, start: u32, width: Static[int]) -> u32:
    """Write the immediates that take `width` bytes; gives the position behind them."""
    at = start
    first = u32(IMMEDIATE_START[CLASS[row]])
    for place in span(u32(IMMEDIATE_COUNT[CLASS[row]])):
        kind = u32(IMMEDIATE_KIND[first + place])
        if width == 2 and kind == U16:
            store(t.code + at, u16(i.immediates[place]))
            at += 2
        elif width == 4 and kind == U32:
            store(t.code + at, u32(i.immediates[place]))
            at += 4
        elif width == 8 and kind == U64:
            store(t.code + at, i.immediates[place])
            at += 8
        elif width == size_of(usize) and kind > U64:
            if kind == LABEL:
                refer(t, cast(Label, i.label), at, u32(0))
            else:
                store(t.code + at, usize(i.immediates[place]))
            at += size_of(usize)
    return at


@kernel
def note_position(t: Translator, i: Ins) -> None:
    """Add to the map from code to Wasm."""
    needed = (u64(t.map_count) + 1) * 8
    if needed > t.map_buffer.capacity_bytes:
        grow_buffer(t.map_buffer, needed)
        t.map = cast(Ptr[u32], t.map_buffer.data)
    t.map[t.map_count * 2] = t.code_bytes
    t.map[t.map_count * 2 + 1] = i.source_offset
    t.map_count += 1


@kernel
def refer(t: Translator, label: Label, at: u32, base: u32) -> None:
    """The field at `at` shall hold the label's address, or with a `base` its distance from there."""
    needed = (u64(t.fixup_count) + 1) * size_of(Fixup)
    if unlikely(needed > t.fixups_buffer.capacity_bytes):
        grow_buffer(t.fixups_buffer, needed)
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


@kernel
def bind(t: Translator, label: Label) -> None:
    """The label is here."""
    flush(t)
    label.offset = t.code_bytes
    waiting = label.fixups
    while waiting != 0:
        fixup = t.fixups[waiting - 1]
        fixup.target = t.code_bytes
        waiting = fixup.next
    label.fixups = u32(0)
    count_block(t)


@kernel
def count_block(t: Translator) -> None:
    """If a profile is wanted: here a basic block starts whose executions are counted."""
    if t.is_profiled:
        flush(t)
        i = t.ins[0]
        t.ins_count = u32(1)
        i.row = u16(COUNT)
        i.destination = u8(NOWHERE)
        i.immediate_count = u16(1)
        i.immediates[0] = u64(0)
        i.source_offset = t.source_offset
        flush(t)


@kernel(inline=True)
def clear_label(label: Label) -> None:
    label.offset = u32(0)
    label.fixups = u32(0)
    label.is_loop_pointer = False


@kernel
def resolve_fixups(t: Translator, home: Ptr[u8]) -> None:
    """Write all label fields of the finished code, which is at `home`."""
    for number in span(t.fixup_count):
        fixup = t.fixups[number]
        if fixup.base == 0:
            store(home + fixup.at, address(home + fixup.target))
        else:
            store(home + fixup.at, fixup.target - fixup.base)
