"""From instructions to cells, and the labels between them (`docs/bytecode.md` describes cells)."""

from typing import Final

from fusee.engine.errors import Exhausted
from fusee.engine.isa.control import HAS_ENTRY_HANDLERS
from fusee.engine.isa.facts import MAY_STOP, fact, facts_of
from fusee.engine.isa.forms import NOWHERE
from fusee.engine.isa.pairs import NO_PAIR, PAIR_COUNT
from fusee.engine.isa.row import has_field_ahead, most_bytes
from fusee.engine.isa.table import BASE, NUMBER, PLACE_BITS, PLACE_CODE, ROWS
from fusee.engine.runtime.holdings import Limit
from fusee.engine.translate.cellfields import write_by_size, write_by_use
from fusee.engine.translate.lookup import EACH_PLACE, find_pair, handler_number, has_signature, with_destination
from fusee.engine.translate.pausing import grow_large, look_around
from fusee.engine.translate.positions import note_position
from fusee.engine.translate.records import Ins, Label
from fusee.engine.translate.state import INS_CAPACITY, LOOP_POINTER, Translator
from fusee.kernel.lang import (
    Ptr,
    address,
    diff,
    kernel,
    load,
    size_of,
    span,
    store,
    u8,
    u16,
    u32,
    u64,
    unlikely,
    unreachable,
    usize,
)  # fmt: skip

LARGEST_CELL_BYTES: Final = 64
assert max(most_bytes(row) for row in ROWS) <= LARGEST_CELL_BYTES
NO_FIELD: Final = u32(1)  # the base of a fixup that is no field of the code: somebody asks where the label is
ENTRY: Final = u32(2)  # the base of a fixup that is an entry of a `br_table`: the handler and the address of a cell
FIXED: Final = u32(3)  # the base of a fixup that holds an address as with base 0, but of this very cell
FIXUPS_EACH: Final = 0x1000  # between two looks at whether the guest shall stop
COUNT: Final = u32(NUMBER["count"])
BR: Final = NUMBER["br"]
MOST_JUMPS: Final = u32(8)  # that a branch passes over


@kernel(inline=True)
def reserve_code(t: Translator, size: u32) -> None:
    """Make room for `size` more bytes of code."""
    if unlikely(u64(t.code_bytes) + size > t.code_buffer.capacity_bytes):
        grow_code(t, u64(t.code_bytes) + size)


@kernel(cold=True)
def grow_code(t: Translator, needed: u64) -> None:
    """Make room for code, but never for more than the function may have."""
    check_code(t)
    grow_large(t, t.code_buffer, needed)
    t.code = t.code_buffer.data


@kernel
def check_code(t: Translator) -> None:
    if t.code_bytes > t.code_limit:
        raise Exhausted(Limit.CODE, t.index)


@kernel
def new_ins(t: Translator, row: u32) -> Ins:
    """Append an instruction without operands and destination."""
    if t.ins_count == INS_CAPACITY:
        flush(t)
    assert t.ins_count < INS_CAPACITY
    i = t.ins[t.ins_count]
    t.ins_count += 1
    i.row = u16(row)
    i.destination = NOWHERE
    i.sources = u8(0)
    i.immediate_count = u16(0)
    store(i.forms, u32(0))
    i.source_offset = t.source_offset
    return i


@kernel(inline=True)
def add_immediate(i: Ins, value: u64) -> None:
    i.immediates[i.immediate_count] = value
    i.immediate_count += 1


@kernel(inline=True)
def add_source(i: Ins, place: u32, form: u32, operand: u64) -> None:
    """Give the instruction an operand: a slot's number or a constant."""
    i.forms[place] = u8(form)
    i.sources |= PLACE_CODE[form] << u8(place * PLACE_BITS)
    i.operands[place] = operand


@kernel
def flush(t: Translator) -> None:
    """Encode the instructions that wait: from now on nothing about them can change."""
    encode_first(t, t.ins_count)
    t.ins_count = u32(0)


@kernel
def encode_first(t: Translator, count: u32) -> None:
    """Encode so many of the instructions that wait."""
    if unlikely(t.code_bytes >= t.look_code):
        look_around(t)
    reserve_code(t, count * LARGEST_CELL_BYTES)
    assert count <= t.ins_count
    for number in span(count):
        encode(t, t.ins[number])
    t.first_ins += count


@kernel(inline=True)
def encode(t: Translator, i: Ins) -> None:
    """Append one cell. There is room for it."""
    facts = facts_of(i.row)
    key = with_destination(i.sources, i.destination)
    if not has_signature(facts, key):
        unreachable()  # `emit` has moved the operands until there was a handler
    if i.source_offset != t.stepped_source and (fact(facts, MAY_STOP) != 0 or t.code_bytes <= t.noted_until):
        note_position(t, i.source_offset)
    cell = t.code + t.code_bytes
    put_handler(t, cell, handler_number(i, facts, key))
    constants = key & (key >> 1) & EACH_PLACE
    if has_field_ahead(size_of(usize)):
        at = write_by_use(t, i, cell + size_of(usize), facts, key, constants)
    else:
        at = write_by_size(t, i, cell + size_of(usize), facts, key, constants)
    t.code_bytes = (u32(diff(at, t.code)) + (size_of(usize) - 1)) & ~u32(size_of(usize) - 1)
    assert t.code_bytes <= t.code_buffer.capacity_bytes


@kernel(inline=True)
def put_handler(t: Translator, cell: Ptr[u8], number: u32) -> None:
    """Name the handler of a new cell; if there is one for it and the cell before, name that one there."""
    store(cell, t.handlers[number])
    if PAIR_COUNT != 0 and t.last_cell != 0:
        both = find_pair(t.last_handler, number)
        if both != NO_PAIR:
            store(t.code + t.last_cell, t.handlers[both])
    t.last_cell = t.code_bytes
    t.last_handler = number


@kernel
def bind(t: Translator, label: Label) -> None:
    """The label is here, where a basic block begins."""
    bind_uncounted(t, label)
    count_block(t)


@kernel
def bind_uncounted(t: Translator, label: Label) -> None:
    """The label is here, in code that only some machines have: profiles hold for all."""
    flush(t)
    settle_label(t, label, t.code_bytes)
    t.bound = t.code_bytes


@kernel
def settle_label(t: Translator, label: Label, offset: u32) -> None:
    """The label is at an offset."""
    label.offset = offset
    waiting = label.fixups
    while waiting != 0:
        fixup = t.fixups[waiting - 1]
        fixup.target = offset
        waiting = fixup.next
    label.fixups = u32(0)


@kernel
def count_block(t: Translator) -> None:
    """If a profile is wanted: here a basic block starts whose executions are counted."""
    if t.is_profiled:
        flush(t)
        add_immediate(new_ins(t, COUNT), u64(0))
        flush(t)


@kernel(inline=True)
def clear_label(label: Label) -> None:
    label.offset = u32(0)
    label.fixups = u32(0)


@kernel(inline=True)
def is_loop_pointer(label: Label) -> bool:
    """Whether the label is where the loop pointer points to."""
    return label.fixups == LOOP_POINTER


@kernel
def thread_jumps(t: Translator) -> None:
    """Have branches forward that lead to a `br` lead to where that goes, and so on.

    Not those back to a loop: its first cell is where a guest is stopped. So the loop pointer is set to that, too.
    """
    br = t.handlers[u32(BASE[BR])]
    for number in span(t.fixup_count):
        if number % FIXUPS_EACH == FIXUPS_EACH - 1:
            look_around(t)
        fixup = t.fixups[number]
        if fixup.base == NO_FIELD or fixup.base == FIXED:
            continue
        at = fixup.at
        for _ in span(MOST_JUMPS):
            cell = t.code + fixup.target
            if fixup.target <= at or load(usize, cell) != br:
                break
            at = fixup.target
            leads_to = t.fixups[u32(load(usize, cell + size_of(usize)))].target
            if HAS_ENTRY_HANDLERS and fixup.base == ENTRY and leads_to <= fixup.at:
                break  # to a loop's first cell
            fixup.target = leads_to


@kernel
def resolve_fixups(t: Translator, home: Ptr[u8]) -> None:
    """Write all label fields of the finished code, which is at `home`."""
    for number in span(t.fixup_count):
        if number % FIXUPS_EACH == FIXUPS_EACH - 1:
            look_around(t)
        fixup = t.fixups[number]
        assert fixup.target != 0 and fixup.at < t.code_bytes and fixup.target < t.code_bytes
        if fixup.base == 0 or fixup.base == FIXED:
            store(home + fixup.at, address(home + fixup.target))
        elif HAS_ENTRY_HANDLERS and fixup.base == ENTRY:
            store(home + fixup.at, load(usize, home + fixup.target))
            store(home + fixup.at + size_of(usize), address(home + fixup.target))
        elif fixup.base != NO_FIELD:
            store(home + fixup.at, fixup.target - fixup.base)
