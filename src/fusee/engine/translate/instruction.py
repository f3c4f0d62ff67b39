"""One Wasm instruction at a time; the tables of `actions` say what most of them need, rules the others."""

from typing import Final

from fusee.engine.decode.instruction import read_prefixed
from fusee.engine.decode.optables import FIRST_PREFIX, LAST_PREFIX
from fusee.engine.present import HAS_EXCEPTIONS, HAS_THREADS, HAS_VECTORS
from fusee.engine.translate import (
    access,
    aggregate,
    call,
    casts,
    comparing,
    compute,
    control,
    exception,
    parametric,
    passing,
    reference,
)
from fusee.engine.translate.access import on_slots, translate_load, translate_store
from fusee.engine.translate.actions import (
    ACTION_MASK,
    ATOMIC,
    COMPARISON,
    COMPUTE,
    CONTROL,
    END,
    FROM_SLOTS,
    GET_LOCAL,
    I32_CONSTANT,
    LOAD,
    OWN_OPCODES,
    SET_LOCAL,
    STORE,
    TEE_LOCAL,
    TERNARY,
    TRAPPING,
    VECTOR_PREFIX,
    WORD,
)  # fmt: skip
from fusee.engine.translate.atomic import translate_atomic
from fusee.engine.translate.comparing import compare
from fusee.engine.translate.compute import compute_now, compute_pure
from fusee.engine.translate.immediate import next_byte, next_s64, next_u32
from fusee.engine.translate.locals import set_local
from fusee.engine.translate.metering import charge_for, note_leaving
from fusee.engine.translate.pausing import look_around
from fusee.engine.translate.rule import Rule
from fusee.engine.translate.state import I32, Translator
from fusee.engine.translate.values import home, push_constant, push_local
from fusee.engine.translate.vector import compute_ternary, translate_lanes
from fusee.kernel.lang import kernel, u32, unlikely, unreachable, unroll
from fusee.spec import opcodes

_RULES: Final[list[Rule]] = [
    *parametric.RULES,
    *comparing.RULES,
    *compute.RULES,
    *control.RULES,
    *call.RULES,
    *access.RULES,
    *reference.RULES,
    *aggregate.RULES,
    *casts.RULES,
    *exception.RULES,
]
OWN_RULES: Final = [rule for rule in _RULES if not rule.op.unsupported]

if {rule.op.index for rule in OWN_RULES} != OWN_OPCODES:
    raise TypeError("instructions that the tables do not describe and rules do not correspond")


LEAVING: Final = {
    rule.op
    for rule in OWN_RULES
    if not rule.goes_on and rule.op not in (opcodes.BR, opcodes.BR_TABLE, opcodes.UNREACHABLE)
}
"""Instructions that leave the function."""


@kernel
def translate_code(t: Translator) -> None:
    """Translate instructions, up to the end of the function. The most frequent ones have their cases here."""
    while True:
        t.source_offset = t.reader.position
        index = u32(next_byte(t.reader))
        if unlikely(t.source_offset >= t.attention):
            attend(t, index)
        word = WORD[index]
        action = word & ACTION_MASK
        if action == GET_LOCAL:
            push_local(t, home(t, next_u32(t.reader)))
        elif action == I32_CONSTANT:
            push_constant(t, I32, next_s64(t.reader) & 0xFFFF_FFFF)
        elif action == COMPUTE:
            compute_pure(t, word)
        elif action == SET_LOCAL:
            set_local(t, home(t, next_u32(t.reader)), False)
        elif action == TEE_LOCAL:
            set_local(t, home(t, next_u32(t.reader)), True)
        elif action == LOAD:
            translate_load(t, word)
        elif action == STORE:
            translate_store(t, word)
        elif action == COMPARISON:
            compare(t, word)
        elif action == END:
            if t.depth == 1:
                passing.leave(t)
                return
            end_block(t, True)
        elif action == CONTROL:
            if not translate_own(t, index) and not resume(t):
                return
        elif not translate_other(t, index) and not resume(t):
            return


@kernel(inline=True)
def end_block(t: Translator, reachable: bool) -> bool:
    """The `end` of any block; whether what follows can be reached."""
    if HAS_EXCEPTIONS:
        return exception.end_block(t, reachable)
    return control.end_block(t, reachable)


@kernel
def attend(t: Translator, first_byte: u32) -> None:
    """What some instructions need besides being translated, and in metered code all."""
    if t.is_metered:
        charge_for(t, first_byte)
    if t.source_offset >= t.look_source:
        look_around(t)
    if not t.is_metered:
        t.attention = t.look_source


@kernel
def resume(t: Translator) -> bool:
    """Go on behind what cannot be reached; false if that is the rest of the function."""
    while True:
        index = control.skip_unreachable(t)
        if index == control.ELSE:
            control.begin_else_arm(t)
            return True
        if HAS_EXCEPTIONS and (index == opcodes.CATCH.index or index == opcodes.CATCH_ALL.index):
            exception.begin_clause(t, index, False)
            return True
        if t.depth == 1:
            return False
        if HAS_EXCEPTIONS and index == control.DELEGATE:
            exception.add_delegate(t)
        if end_block(t, False):
            return True


@kernel
def translate_other(t: Translator, first_byte: u32) -> bool:
    """Instructions that are less frequent; whether what follows can be reached."""
    index = first_byte
    if index >= FIRST_PREFIX and index <= LAST_PREFIX:
        index = read_prefixed(t.reader, index)
    action = WORD[index] & ACTION_MASK
    if action == COMPUTE:
        compute_pure(t, WORD[index])
    elif action == TRAPPING:
        compute_now(t, WORD[index])
    elif action == FROM_SLOTS:
        on_slots(t, index)
    elif HAS_VECTORS and action == TERNARY:
        compute_ternary(t, WORD[index])
    elif action == LOAD:
        translate_load(t, WORD[index])
    elif action == STORE:
        translate_store(t, WORD[index])
    elif HAS_THREADS and action == ATOMIC:
        translate_atomic(t, index)
    elif HAS_VECTORS and first_byte == VECTOR_PREFIX:
        translate_lanes(t, index)
    else:
        return translate_own(t, index)
    return True


@kernel
def translate_own(t: Translator, index: u32) -> bool:
    """Instructions with a rule of their own, in one jump through a table; whether what follows can be reached."""
    for rule in unroll(OWN_RULES):
        if index == rule.op.index:
            if rule.op in LEAVING:
                note_leaving(t, u32(0))
            rule.translate(t)
            return rule.goes_on
    unreachable()
