"""Constants, references (spec 4.6.5) and the sizes of memories and tables."""

from typing import Final

from fusee.engine.isa.table import NUMBER
from fusee.engine.numeric.reference import ref_i31
from fusee.engine.translate.access import address_type
from fusee.engine.translate.comparing import push_comparison, test_zero
from fusee.engine.translate.comparison import EQ, fits_bits
from fusee.engine.translate.compute import materialize_top, push_result
from fusee.engine.translate.encode import add_immediate
from fusee.engine.translate.hoist import find_hoisted
from fusee.engine.translate.immediate import next_s64, next_u32
from fusee.engine.translate.rule import Rule
from fusee.engine.translate.state import CONSTANT, F32, F64, I32, I64, NO_VALUE, PENDING, Translator
from fusee.engine.translate.values import new_node, pop, push, push_constant, push_local, top
from fusee.kernel.lang import kernel, load, u8, u32, u64, unlikely
from fusee.spec import opcodes

REF_FUNC: Final = u32(NUMBER["ref_func"])
MEMORY_SIZE: Final = u32(NUMBER["memory_size"])
TABLE_SIZE: Final = u32(NUMBER["table_size"])
REF_I31: Final = u32(NUMBER["ref_i31"])
I31_GET_S: Final = u32(NUMBER["i31_get_s"])
I31_GET_U: Final = u32(NUMBER["i31_get_u"])


@kernel
def translate_i64_const(t: Translator) -> None:
    bits = next_s64(t.reader)
    if unlikely(t.hoisted_count != 0 and not fits_bits(bits)):
        local = find_hoisted(t, bits)
        if local != t.local_slots:
            push_local(t, local)
            return
    push_constant(t, I64, bits)


@kernel
def translate_f32_const(t: Translator) -> None:
    push_constant(t, F32, load(u32, t.reader.source + t.reader.position))
    t.reader.position += 4


@kernel
def translate_f64_const(t: Translator) -> None:
    push_constant(t, F64, load(u64, t.reader.source + t.reader.position))
    t.reader.position += 8


@kernel
def translate_ref_null(t: Translator) -> None:
    next_u32(t.reader)  # a heap type; its value does not matter
    push_constant(t, I64, u64(0))


@kernel
def push_named(t: Translator, row: u32, index: u32, type_: u8) -> None:
    """Emit a row that has an index for its only operand, and push its result."""
    push_result(t, row, u32(0), NO_VALUE, NO_VALUE, type_)
    add_immediate(t.ins[t.ins_count - 1], index)


@kernel
def translate_ref_func(t: Translator) -> None:
    push_named(t, REF_FUNC, next_u32(t.reader), I64)


@kernel
def translate_ref_eq(t: Translator) -> None:
    materialize_top(t, u32(2))
    second = pop(t)
    push_comparison(t, EQ, I64, pop(t), second)


@kernel
def translate_ref_i31(t: Translator) -> None:
    value = top(t, u32(0))
    if value.kind == CONSTANT:
        value.payload = ref_i31(u32(value.payload))
        value.type = I64
        return
    materialize_top(t, u32(1))
    push(t, new_node(t, PENDING, REF_I31, I64, pop(t), NO_VALUE))


@kernel
def translate_nothing(t: Translator) -> None:
    """Conversions between the hierarchies of `any` and `extern`: a reference is the same in both."""


@kernel
def get_i31(t: Translator, row: u32) -> None:
    materialize_top(t, u32(1))
    push_result(t, row, u32(1), pop(t), NO_VALUE, I32)


@kernel
def translate_i31_get_s(t: Translator) -> None:
    get_i31(t, I31_GET_S)


@kernel
def translate_i31_get_u(t: Translator) -> None:
    get_i31(t, I31_GET_U)


@kernel
def translate_memory_size(t: Translator) -> None:
    index = next_u32(t.reader)
    push_named(t, MEMORY_SIZE, index, address_type(t.module.memories[index].limits.is_64))


@kernel
def translate_table_size(t: Translator) -> None:
    index = next_u32(t.reader)
    push_named(t, TABLE_SIZE, index, address_type(t.module.tables[index].limits.is_64))


RULES: Final = [
    Rule(opcodes.I64_CONST, translate_i64_const),
    Rule(opcodes.F32_CONST, translate_f32_const),
    Rule(opcodes.F64_CONST, translate_f64_const),
    Rule(opcodes.REF_NULL, translate_ref_null),
    Rule(opcodes.REF_IS_NULL, test_zero),
    Rule(opcodes.REF_FUNC, translate_ref_func),
    Rule(opcodes.REF_EQ, translate_ref_eq),
    Rule(opcodes.REF_I31, translate_ref_i31),
    Rule(opcodes.I31_GET_S, translate_i31_get_s),
    Rule(opcodes.I31_GET_U, translate_i31_get_u),
    Rule(opcodes.ANY_CONVERT_EXTERN, translate_nothing),
    Rule(opcodes.EXTERN_CONVERT_ANY, translate_nothing),
    Rule(opcodes.MEMORY_SIZE, translate_memory_size),
    Rule(opcodes.TABLE_SIZE, translate_table_size),
]
