"""One Wasm instruction at a time; the tables of `actions` say what most of them need."""

from typing import Final

from fusee.engine.decode.reader import read_u32
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
from fusee.engine.translate.actions import ACTION, CLASS, COMPARISON, COMPUTE, FROM_SLOTS, LOAD, STORE, TRAPPING
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
from fusee.engine.translate.immediate import read_s64
from fusee.engine.translate.locals import set_local
from fusee.engine.translate.state import F32, F64, I32, I64, NO_VALUE, Translator
from fusee.engine.translate.values import pop, push_constant, push_local, release
from fusee.kernel.lang import kernel, load, span, u8, u32, u64, unreachable
from fusee.spec import opcodes

UNREACHABLE: Final = NUMBER["unreachable"]
REF_FUNC: Final = NUMBER["ref_func"]
REF_AS_NON_NULL: Final = NUMBER["ref_as_non_null"]
MEMORY_SIZE: Final = NUMBER["memory_size"]
TABLE_SIZE: Final = NUMBER["table_size"]


@kernel
def translate_instruction(t: Translator, index: u32) -> bool:
    """Translate the instruction whose opcode has just been read; whether what follows can be reached."""
    action = ACTION[CLASS[index]]
    if action == COMPUTE:
        compute(t, index)
    elif action == LOAD:
        translate_load(t, index)
    elif action == STORE:
        translate_store(t, index)
    elif action == COMPARISON:
        compare(t, index)
    elif action == TRAPPING:
        compute_now(t, index)
    elif action == FROM_SLOTS:
        on_slots(t, index)
    else:
        return translate_other(t, index)
    return True


@kernel
def translate_other(t: Translator, index: u32) -> bool:
    """Instructions with a rule of their own."""
    if index == opcodes.LOCAL_GET.index:
        push_local(t, read_u32(t.reader))
    elif index == opcodes.LOCAL_SET.index:
        set_local(t, read_u32(t.reader), False)
    elif index == opcodes.LOCAL_TEE.index:
        set_local(t, read_u32(t.reader), True)
    elif index == opcodes.I32_CONST.index:
        push_constant(t, u32(I32), read_s64(t.reader) & 0xFFFF_FFFF)
    elif index == opcodes.I64_CONST.index:
        push_constant(t, u32(I64), read_s64(t.reader))
    elif index == opcodes.F32_CONST.index:
        push_constant(t, u32(F32), u64(load(u32, t.reader.source + t.reader.position)))
        t.reader.position += 4
    elif index == opcodes.F64_CONST.index:
        push_constant(t, u32(F64), load(u64, t.reader.source + t.reader.position))
        t.reader.position += 8
    elif index == opcodes.GLOBAL_GET.index:
        get_global(t, read_u32(t.reader))
    elif index == opcodes.GLOBAL_SET.index:
        set_global(t, read_u32(t.reader))
    elif index == opcodes.DROP.index:
        release(t, pop(t))
    elif index == opcodes.SELECT.index:
        choose(t)
    elif index == opcodes.SELECT_T.index:
        for _ in span(read_u32(t.reader)):
            read_value_type(t.module, t.reader)
        choose(t)
    elif index == opcodes.I32_EQZ.index or index == opcodes.I64_EQZ.index:
        test_zero(t)
    elif index == opcodes.I32_WRAP_I64.index:
        wrap(t)
    elif index == opcodes.NOP.index:
        pass
    else:
        return translate_control(t, index)
    return True


@kernel
def translate_control(t: Translator, index: u32) -> bool:
    """Blocks, branches, calls; whether what follows can be reached."""
    if index == opcodes.BLOCK.index:
        control.begin_block(t)
    elif index == opcodes.LOOP.index:
        control.begin_loop(t)
    elif index == opcodes.IF.index:
        control.begin_if(t)
    elif index == opcodes.BR_IF.index:
        label = read_u32(t.reader)
        control.branch_conditionally(t, label, pop_condition(t))
    elif index == opcodes.CALL.index:
        call.call(t, False)
    elif index == opcodes.CALL_INDIRECT.index:
        call.call_indirect(t, False)
    elif index == opcodes.CALL_REF.index:
        call.call_ref(t, False)
    elif index == opcodes.BR_ON_NULL.index:
        control.branch_on_null(t, read_u32(t.reader))
    elif index == opcodes.BR_ON_NON_NULL.index:
        control.branch_on_non_null(t, read_u32(t.reader))
    else:
        return translate_exit(t, index)
    return True


@kernel
def translate_exit(t: Translator, index: u32) -> bool:
    """What does not come back; and, last, references and sizes, which do."""
    if index == opcodes.BR.index:
        control.branch(t, read_u32(t.reader))
    elif index == opcodes.RETURN.index:
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
        read_u32(t.reader)  # a heap type; its value does not matter
        push_constant(t, u32(I64), u64(0))
    elif index == opcodes.REF_IS_NULL.index:
        test_zero(t)
    elif index == opcodes.REF_FUNC.index:
        immediate = u64(read_u32(t.reader))
        push_result(t, u32(REF_FUNC), u32(0), none, none, u8(I64))
        add_immediate(t.ins[t.ins_count - 1], immediate)
    elif index == opcodes.REF_AS_NON_NULL.index:
        materialize_top(t, u32(1))
        push_result(t, u32(REF_AS_NON_NULL), u32(1), pop(t), none, u8(I64))
    elif index == opcodes.MEMORY_SIZE.index:
        immediate = u64(read_u32(t.reader))
        type_ = address_type(t.module.memories[u32(immediate)].limits.is_64)
        push_result(t, u32(MEMORY_SIZE), u32(0), none, none, type_)
        add_immediate(t.ins[t.ins_count - 1], immediate)
    elif index == opcodes.TABLE_SIZE.index:
        immediate = u64(read_u32(t.reader))
        type_ = address_type(t.module.tables[u32(immediate)].limits.is_64)
        push_result(t, u32(TABLE_SIZE), u32(0), none, none, type_)
        add_immediate(t.ins[t.ins_count - 1], immediate)
    else:
        unreachable()
