"""The table of a function's clauses: what is caught where, and where that goes on."""

from fusee.engine.arena import grow_buffer
from fusee.engine.isa.forms import PINS
from fusee.engine.state.code import DELEGATE, NO_SLOT, Clause, Clauses, Code
from fusee.engine.translate.cellfields import refer
from fusee.engine.translate.encode import NO_FIELD, flush
from fusee.engine.translate.frames import open_block
from fusee.engine.translate.locals import wide_pins
from fusee.engine.translate.records import Label, Try
from fusee.engine.translate.settle import settle_all
from fusee.engine.translate.state import Translator
from fusee.kernel.lang import Ptr, cast, kernel, size_of, span, u8, u32, u64


@kernel
def open_try(t: Translator, opcode: u32) -> Try:
    """Open the block whose type comes next; what is emitted from here on is covered."""
    settle_all(t)
    flush(t)
    open_block(t, opcode)
    t.has_tries = True
    needed = (u64(t.try_count) + 1) * size_of(Try)
    if needed > t.tries_buffer.capacity_bytes:
        grow_buffer(t.tries_buffer, needed)
        t.tries = cast(Ptr[Try], t.tries_buffer.data)
    made = t.tries[t.try_count]
    t.try_count += 1
    made.depth = t.depth - 1
    made.start = t.code_bytes
    made.clauses = u32(0)
    return made


@kernel(inline=True)
def innermost_try(t: Translator) -> Try:
    return t.tries[t.try_count - 1]


@kernel
def try_at(t: Translator, depth: u32) -> Try:
    """The one whose frame has this number; they are sorted by it."""
    low = u32(0)
    high = t.try_count
    while high - low > 1:
        middle = (low + high) >> 1
        if t.tries[middle].depth <= depth:
            low = middle
        else:
            high = middle
    assert t.tries[low].depth == depth
    return t.tries[low]


@kernel
def add_clause(t: Translator, block: Try, kind: u32, tag: u32) -> Clause:
    """A clause of the innermost block, for what was emitted since its start. Its target is still missing."""
    needed = (u64(t.clause_count) + 1) * size_of(Clause)
    if needed > t.clauses_buffer.capacity_bytes:
        grow_buffer(t.clauses_buffer, needed)
        t.clauses = cast(Ptr[Clause], t.clauses_buffer.data)
    clause = t.clauses[t.clause_count]
    t.clause_count += 1
    clause.start = block.start
    clause.end = t.code_bytes
    clause.depth = block.depth
    clause.kind = kind
    clause.tag = tag
    clause.target = u32(0)
    clause.slot = u32(0)
    clause.reference = NO_SLOT
    return clause


@kernel
def lead_to(t: Translator, clause: Clause, label: Label) -> None:
    """Where the clause's target is will be known when the code is complete."""
    clause.target = t.fixup_count
    refer(t, label, u32(0), NO_FIELD)


@kernel(inline=True)
def clauses_start(before: u32) -> u32:
    """Where the table may begin behind so many bytes: it is made of words."""
    return (before + 3) & ~u32(3)


@kernel
def clauses_bytes(t: Translator) -> u32:
    """What the table takes behind the code."""
    return u32(size_of(Clauses)) + t.clause_count * u32(size_of(Clause)) if t.clause_count != 0 else u32(0)


@kernel
def write_clauses(t: Translator, home: Ptr[u8], at: u32) -> None:
    """Put the table behind the finished code at `home`, so many bytes from there."""
    code = cast(Code, home)
    if t.clause_count == 0:
        code.clauses = u32(0)
        return
    code.clauses = at
    table = cast(Clauses, home + at)
    table.count = t.clause_count
    table.spread = t.spread
    table.wide_pins = wide_pins(t)
    for pin in span(PINS):
        table.pins[pin] = t.pins[pin] if pin < t.int_pins else u32(0)
        table.pins[PINS + pin] = t.pins[PINS + pin] if pin < t.float_pins else u32(0)
    made = cast(Ptr[Clause], home + at + size_of(Clauses))
    for number in span(t.clause_count):
        write_clause(t, t.clauses[number], made[number])


@kernel
def write_clause(t: Translator, clause: Clause, made: Clause) -> None:
    made.start = clause.start
    made.end = clause.end
    made.depth = clause.depth
    made.kind = clause.kind
    made.tag = clause.tag
    made.target = t.fixups[clause.target].target if clause.kind != DELEGATE else u32(0)
    made.slot = clause.slot
    made.reference = clause.reference
