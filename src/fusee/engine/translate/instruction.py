"""One Wasm instruction at a time; the tables of `actions` say what most of them need."""

from typing import Final

from fusee.engine.decode.instruction import read_prefixed
from fusee.engine.decode.optables import FIRST_PREFIX, LAST_PREFIX
from fusee.engine.decode.types import read_value_type
from fusee.engine.isa.table import NUMBER
from fusee.engine.translate import call, control
from fusee.engine.translate.access import (
    address_type,
    get_global,
    on_slots,
    set_global,
    translate_load,
    translate_store,
)
from fusee.engine.translate.actions import (
    ACTION_MASK,
    COMPARISON,
    COMPUTE,
    CONTROL,
    END,
    FROM_SLOTS,
    GET_LOCAL,
    I32_CONSTANT,
    LOAD,
    SET_LOCAL,
    STORE,
    TEE_LOCAL,
    TERNARY,
    TRAPPING,
    WORD,
)  # fmt: skip
from fusee.engine.translate.branch import pop_condition
from fusee.engine.translate.compute import (
    choose,
    compare,
    compute,
    compute_now,
    materialize_top,
    push_result,
    test_zero,
    wrap,
)
from fusee.engine.translate.encode import add_immediate, new_ins
from fusee.engine.translate.immediate import next_byte, next_s64, next_u32
from fusee.engine.translate.locals import set_local
from fusee.engine.translate.state import F32, F64, I32, I64, NO_VALUE, Translator
from fusee.engine.translate.values import home, pop, push_constant, push_local, release
from fusee.engine.translate.vector import VECTOR_PREFIX, compute_ternary, translate_lanes
from fusee.kernel.lang import kernel, load, span, u8, u32, u64, unreachable
from fusee.spec import opcodes

UNREACHABLE: Final = NUMBER["unreachable"]
REF_FUNC: Final = NUMBER["ref_func"]
REF_AS_NON_NULL: Final = NUMBER["ref_as_non_null"]
MEMORY_SIZE: Final = NUMBER["memory_size"]
TABLE_SIZE: Final = NUMBER["table_size"]


@kernel
def translate_code(t: Translator) -> None:
    """Translate instructions, up to the end of the function. The most frequent ones have their cases here."""
    while True:
        t.source_offset = t.reader.position
        index = u32(next_byte(t.reader))
        word = WORD[index]
        action = word & ACTION_MASK
        if action == GET_LOCAL:
            push_local(t, home(t, next_u32(t.reader)))
        elif action == I32_CONSTANT:
            push_constant(t, u32(I32), next_s64(t.reader) & 0xFFFF_FFFF)
        elif action == COMPUTE:
            compute(t, word)
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
                control.leave(t)
                return
            control.end_block(t, True)
        elif action == CONTROL:
            if not translate_control(t, index) and not resume(t):
                return
        elif not translate_other(t, index) and not resume(t):
            return


@kernel
def resume(t: Translator) -> bool:
    """Go on behind what cannot be reached; false if that is the rest of the function."""
    while True:
        if control.skip_unreachable(t) == control.ELSE:
            control.begin_else_arm(t)
            return True
        if t.depth == 1:
            return False
        if control.end_block(t, False):
            return True


@kernel
def translate_control(t: Translator, index: u32) -> bool:
    """Frequent blocks, branches and calls; whether what follows can be reached."""
    if index == opcodes.BR_IF.index:
        label = next_u32(t.reader)
        control.branch_conditionally(t, label, pop_condition(t))
    elif index == opcodes.BLOCK.index:
        control.begin_block(t)
    elif index == opcodes.LOOP.index:
        control.begin_loop(t)
    elif index == opcodes.IF.index:
        control.begin_if(t)
    elif index == opcodes.ELSE.index:
        control.begin_else(t)
    elif index == opcodes.CALL.index:
        call.call(t, False)
    else:
        control.branch(t, next_u32(t.reader))
        return False
    return True


@kernel
def translate_other(t: Translator, first_byte: u32) -> bool:
    """Instructions that are less frequent; whether what follows can be reached."""
    index = first_byte
    if index >= FIRST_PREFIX and index <= LAST_PREFIX:
        index = read_prefixed(t.reader, index)
    action = WORD[index] & ACTION_MASK
    if action == COMPUTE:
        compute(t, WORD[index])
    elif action == TRAPPING:
        compute_now(t, WORD[index])
    elif action == FROM_SLOTS:
        on_slots(t, index)
    elif action == TERNARY:
        compute_ternary(t, WORD[index])
    elif action == LOAD:
        translate_load(t, WORD[index])
    elif action == STORE:
        translate_store(t, WORD[index])
    elif first_byte == VECTOR_PREFIX:
        translate_lanes(t, index)
    else:
        return translate_own(t, index)
    return True


@kernel
def translate_own(t: Translator, index: u32) -> bool:
    """Instructions with a rule of their own; whether what follows can be reached."""
    if index == opcodes.I64_CONST.index:
        push_constant(t, u32(I64), next_s64(t.reader))
    elif index == opcodes.F32_CONST.index:
        push_constant(t, u32(F32), u64(load(u32, t.reader.source + t.reader.position)))
        t.reader.position += 4
    elif index == opcodes.F64_CONST.index:
        push_constant(t, u32(F64), load(u64, t.reader.source + t.reader.position))
        t.reader.position += 8
    elif index == opcodes.GLOBAL_GET.index:
        get_global(t, next_u32(t.reader))
    elif index == opcodes.GLOBAL_SET.index:
        set_global(t, next_u32(t.reader))
    elif index == opcodes.DROP.index:
        release(t, pop(t))
    elif index == opcodes.SELECT.index:
        choose(t)
    elif index == opcodes.SELECT_T.index:
        for _ in span(next_u32(t.reader)):
            read_value_type(t.module, t.reader)
        choose(t)
    elif index == opcodes.I32_EQZ.index or index == opcodes.I64_EQZ.index:
        test_zero(t)
    elif index == opcodes.I32_WRAP_I64.index:
        wrap(t)
    elif index == opcodes.NOP.index:
        pass
    elif index == opcodes.CALL_INDIRECT.index:
        call.call_indirect(t, False)
    elif index == opcodes.CALL_REF.index:
        call.call_ref(t, False)
    elif index == opcodes.BR_ON_NULL.index:
        control.branch_on_null(t, next_u32(t.reader))
    elif index == opcodes.BR_ON_NON_NULL.index:
        control.branch_on_non_null(t, next_u32(t.reader))
    else:
        return translate_exit(t, index)
    return True


@kernel
def translate_exit(t: Translator, index: u32) -> bool:
    """What does not come back; and, last, references and sizes, which do."""
    if index == opcodes.RETURN.index:
        control.leave(t)
    elif index == opcodes.BR_TABLE.index:
        control.branch_table(t)
    elif index == opcodes.UNREACHABLE.index:
        new_ins(t, u32(UNREACHABLE))
    elif index == opcodes.RETURN_CALL.index:
        call.call(t, True)
    elif index == opcodes.RETURN_CALL_INDIRECT.index:
        call.call_indirect(t, True)
    elif index == opcodes.RETURN_CALL_REF.index:
        call.call_ref(t, True)
    else:
        translate_reference(t, index)
        return True
    return False


@kernel
def translate_reference(t: Translator, index: u32) -> None:
    """References (spec 4.6.5) and the sizes of memories and tables."""
    none = u32(NO_VALUE)
    if index == opcodes.REF_NULL.index:
        next_u32(t.reader)  # a heap type; its value does not matter
        push_constant(t, u32(I64), u64(0))
    elif index == opcodes.REF_IS_NULL.index:
        test_zero(t)
    elif index == opcodes.REF_FUNC.index:
        immediate = u64(next_u32(t.reader))
        push_result(t, u32(REF_FUNC), u32(0), none, none, u8(I64))
        add_immediate(t.ins[t.ins_count - 1], immediate)
    elif index == opcodes.REF_AS_NON_NULL.index:
        materialize_top(t, u32(1))
        push_result(t, u32(REF_AS_NON_NULL), u32(1), pop(t), none, u8(I64))
    elif index == opcodes.MEMORY_SIZE.index:
        immediate = u64(next_u32(t.reader))
        type_ = address_type(t.module.memories[u32(immediate)].limits.is_64)
        push_result(t, u32(MEMORY_SIZE), u32(0), none, none, type_)
        add_immediate(t.ins[t.ins_count - 1], immediate)
    elif index == opcodes.TABLE_SIZE.index:
        immediate = u64(next_u32(t.reader))
        type_ = address_type(t.module.tables[u32(immediate)].limits.is_64)
        push_result(t, u32(TABLE_SIZE), u32(0), none, none, type_)
        add_immediate(t.ins[t.ins_count - 1], immediate)
    else:
        unreachable()
