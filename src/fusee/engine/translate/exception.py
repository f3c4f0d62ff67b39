"""Exceptions, in both forms: a table beside the code says what is caught where, and nothing is executed for it.

A clause covers the code of its block from `start` to `end`. What is thrown there goes on at its target with the tag's
values in the canonical slots of that label's stack, and with every pin loaded: as at any label. Blocks begin with
the stack settled, calls and throws spill the pins, so nothing of what the target expects is in a register only.
"""

from typing import Final

from fusee.engine.decode.reader import Reader
from fusee.engine.isa.table import NUMBER
from fusee.engine.state.code import CATCH, CATCH_ALL, CATCH_REF, DELEGATE
from fusee.engine.translate import control
from fusee.engine.translate.branch import jump
from fusee.engine.translate.clauses import add_clause, innermost_try, lead_to, open_try, try_at
from fusee.engine.translate.emit import emit_one
from fusee.engine.translate.encode import add_immediate, bind, clear_label, flush, new_ins
from fusee.engine.translate.frames import FUNCTION, frame_at
from fusee.engine.translate.immediate import next_u32
from fusee.engine.translate.locals import assume_pins, reload_pins, spill_pins
from fusee.engine.translate.metering import note_branch, note_leaving
from fusee.engine.translate.passing import leave_settled, settle_branch
from fusee.engine.translate.records import Frame
from fusee.engine.translate.rule import Rule
from fusee.engine.translate.settle import materialize, settle_all
from fusee.engine.translate.state import I64, NO_VALUE, SLOTTED, Translator, type_code
from fusee.engine.translate.values import canonical, drop_to, is_waiting, new_value, pop, push_canonical
from fusee.kernel.lang import kernel, span, u16, u32
from fusee.spec import opcodes

TRY_TABLE: Final = u32(opcodes.TRY_TABLE.index)
TRY: Final = u32(opcodes.TRY.index)
CLAUSE: Final = u16(opcodes.CATCH.index)  # opcode of the frame of a `try` from its first clause on

THROW: Final = u32(NUMBER["throw"])
THROW_REF: Final = u32(NUMBER["throw_ref"])


# Throwing (spec 4.6.9): what a handler may need is in slots then, as before a call


@kernel
def throw(t: Translator) -> None:
    tag = next_u32(t.reader)
    count = t.module.types[t.module.tags[tag]].param_count
    settle_branch(t, count)
    spill_pins(t)
    i = new_ins(t, THROW)
    add_immediate(i, tag)
    add_immediate(i, canonical(t, t.height - count))
    add_immediate(i, t.spread)


@kernel
def throw_reference(t: Translator) -> None:
    if is_waiting(t.values[t.stack[t.height - 1]]):
        materialize(t, t.stack[t.height - 1])
    spill_pins(t)
    emit_one(t, THROW_REF, pop(t))


# try_table


@kernel
def begin_try_table(t: Translator) -> None:
    block = open_try(t, TRY_TABLE)
    block.clauses = t.reader.position
    for _ in span(next_u32(t.reader)):
        skip_clause(t.reader)


@kernel
def skip_clause(r: Reader) -> None:
    kind = u32(r.source[r.position])
    r.position += 1
    if kind <= CATCH_REF:
        next_u32(r)
    next_u32(r)


@kernel
def end_try(t: Translator, opcode: u32) -> None:
    """Before the end of a block: a `try_table`'s clauses lead to labels outside of it, all of which are still open."""
    if opcode == TRY_TABLE:
        flush(t)
        behind = t.reader.position
        t.reader.position = innermost_try(t).clauses
        for _ in span(next_u32(t.reader)):
            add_next_clause(t)
        t.reader.position = behind
    elif opcode == CLAUSE:
        t.catch_depth -= 1
    t.try_count -= 1


@kernel
def add_next_clause(t: Translator) -> None:
    """A `try_table`'s clause, which comes next in the source."""
    kind = u32(t.reader.source[t.reader.position])
    t.reader.position += 1
    tag = u32(0)
    if kind <= CATCH_REF:
        tag = next_u32(t.reader)
    clause = add_clause(t, innermost_try(t), kind, tag)
    label = next_u32(t.reader) + 1
    note_leaving(t, t.depth - 1 - label)
    to = frame_at(t, label)
    clause.slot = canonical(t, to.height)
    lead_to(t, clause, t.way_out if to.opcode == FUNCTION else to.label)


@kernel
def return_caught(t: Translator) -> None:
    """At the end of the code: where a clause leads that branches to the function's own label."""
    if t.way_out.fixups == 0:
        return
    bind(t, t.way_out)
    drop_to(t, u32(0))
    for place in span(t.result_count):
        push_canonical(t, type_code(t.result_types[place]))
    leave_settled(t)


# The older form


@kernel
def begin_try(t: Translator) -> None:
    open_try(t, TRY)


@kernel
def begin_clause(t: Translator, opcode: u32, reachable: bool) -> None:
    """`catch` and `catch_all`: the end of the block's body or of the clause before, and the begin of the next one."""
    frame = t.frames[t.depth - 1]
    block = innermost_try(t)
    flush(t)
    if frame.opcode == TRY:
        frame.opcode = CLAUSE
        block.end = t.code_bytes
        block.slot = t.catch_slots + t.catch_depth
        t.catch_depth += 1
    kind = CATCH_ALL
    tag = u32(0)
    if opcode == CLAUSE:
        kind = CATCH
        tag = next_u32(t.reader)
    if reachable:
        settle_all(t)
        reload_pins(t)
        jump(t, frame.label)
    block.clauses = t.clause_count
    clause = add_clause(t, block, kind, tag)
    clause.end = block.end  # a clause is not covered by its own block
    clause.slot = canonical(t, frame.height)
    bind(t, frame.otherwise)
    lead_to(t, clause, frame.otherwise)
    clear_label(frame.otherwise)
    expect_caught(t, frame, kind, tag)


@kernel
def expect_caught(t: Translator, frame: Frame, kind: u32, tag: u32) -> None:
    """The stack where a clause begins: the tag's values above what is below the block."""
    drop_to(t, frame.height)
    if kind == CATCH:
        definition = t.module.types[t.module.tags[tag]]
        for place in span(definition.param_count):
            push_canonical(t, type_code(definition.params[place]))
    t.settled = t.height
    t.acc = NO_VALUE
    t.facc = NO_VALUE
    assume_pins(t)
    note_branch(t)


@kernel
def catch(t: Translator) -> None:
    begin_clause(t, CLAUSE, True)


@kernel
def catch_all(t: Translator) -> None:
    begin_clause(t, u32(opcodes.CATCH_ALL.index), True)


@kernel
def end_block(t: Translator, reachable: bool) -> bool:
    """The `end` of any block; whether what follows can be reached."""
    opcode = u32(t.frames[t.depth - 1].opcode)
    if opcode == TRY_TABLE or opcode == TRY or opcode == CLAUSE:
        end_try(t, opcode)
    return control.end_block(t, reachable)


@kernel
def delegate(t: Translator) -> None:
    add_delegate(t)
    end_block(t, True)


@kernel
def add_delegate(t: Translator) -> None:
    """Before the end of a `try … delegate`: what is thrown in it is looked for in the label's block, or around that."""
    flush(t)
    to = t.depth - 2 - next_u32(t.reader)
    note_leaving(t, to)
    add_clause(t, innermost_try(t), DELEGATE, to)


@kernel
def rethrow(t: Translator) -> None:
    """Throw again what the label's clause has caught, and must have kept for this."""
    block = try_at(t, t.depth - 1 - next_u32(t.reader))
    t.clauses[block.clauses].reference = block.slot
    number = new_value(t, SLOTTED, I64)
    t.values[number].payload = block.slot
    spill_pins(t)
    emit_one(t, THROW_REF, number)


RULES: Final[list[Rule]] = [
    Rule(opcodes.THROW, throw, goes_on=False),
    Rule(opcodes.THROW_REF, throw_reference, goes_on=False),
    Rule(opcodes.RETHROW, rethrow, goes_on=False),
    Rule(opcodes.TRY_TABLE, begin_try_table),
    Rule(opcodes.TRY, begin_try),
    Rule(opcodes.CATCH, catch),
    Rule(opcodes.CATCH_ALL, catch_all),
    Rule(opcodes.DELEGATE, delegate),
]
