"""Structures, arrays, i31 references and casts (spec 4.6.5)."""

from typing import Final

from fusee.engine.decode.types import read_heap_type
from fusee.engine.isa.aggregate import READS, WRITES
from fusee.engine.isa.forms import NOWHERE
from fusee.engine.isa.memory import SPREAD
from fusee.engine.isa.table import NUMBER
from fusee.engine.layouts import Layout, is_followed, layout_of, size_log2
from fusee.engine.registry import TypeRegistry, canonical_value_type
from fusee.engine.state.module import ABSTRACT, AGGREGATE, ID_MASK, NULLABLE, REF, VAL_F32, VAL_F64, VAL_V128
from fusee.engine.translate.branch import pop_condition
from fusee.engine.translate.comparison import EQ, negate
from fusee.engine.translate.compute import materialize_top, push_comparison, push_result
from fusee.engine.translate.control import branch_conditionally
from fusee.engine.translate.emit import emit, emit_one
from fusee.engine.translate.encode import add_immediate, new_ins
from fusee.engine.translate.fuse import take_leaves
from fusee.engine.translate.immediate import next_byte, next_u32
from fusee.engine.translate.rule import Rule
from fusee.engine.translate.settle import claim, hold_in_acc, settle
from fusee.engine.translate.state import (
    I32,
    I64,
    IN_ACC,
    LOCAL,
    NO_VALUE,
    PENDING,
    SLOTTED,
    Translator,
    type_code,
)  # fmt: skip
from fusee.engine.translate.values import (
    canonical,
    new_node,
    new_value,
    pop,
    push,
    push_canonical,
    push_local,
    release,
    top,
)  # fmt: skip
from fusee.engine.validate.aggregate import unpacked
from fusee.engine.validate.reference import CAST_TO_NULLABLE
from fusee.kernel.lang import cast, kernel, span, table, u8, u16, u32, u64
from fusee.spec import opcodes
from fusee.spec.types import PACKED_I8, PACKED_I16

# In the order of `READS` and `WRITES`
STRUCT_READ_ROW = table(u16, [NUMBER[f"struct_{name}"] for name in READS])
ARRAY_READ_ROW = table(u16, [NUMBER[f"array_{name}"] for name in READS])
STRUCT_WRITE_ROW = table(u16, [NUMBER[f"struct_{name}"] for name in WRITES])
ARRAY_WRITE_ROW = table(u16, [NUMBER[f"array_{name}"] for name in WRITES])
READ_PLACE: Final = {stored: place for place, stored in enumerate(READS.values())}
WRITE_PLACE: Final = {stored: place for place, stored in enumerate(WRITES.values())}

STRUCT_NEW: Final = NUMBER["struct_new"]
STRUCT_NEW_DEFAULT: Final = NUMBER["struct_new_default"]
ARRAY_NEW_FIXED: Final = NUMBER["array_new_fixed"]
ARRAY_LEN: Final = NUMBER["array_len"]
REF_I31: Final = NUMBER["ref_i31"]
I31_GET_S: Final = NUMBER["i31_get_s"]
I31_GET_U: Final = NUMBER["i31_get_u"]
REF_TEST: Final = NUMBER["ref_test"]
REF_CAST: Final = NUMBER["ref_cast"]
EXACT: Final = NUMBER["ref_test_exact"] - REF_TEST  # the same distance for casts
assert NUMBER["ref_cast_exact"] == REF_CAST + EXACT


@kernel
def layout_at(t: Translator, index: u32) -> Layout:
    return layout_of(cast(TypeRegistry, t.module.registry), t.module.types[index].canonical)


# New objects


@kernel
def make_of_slots(t: Translator, row: u32, index: u32, count: u32, second: u32) -> None:
    """Emit a row that makes an object of the topmost `count` entries, in their canonical slots."""
    for place in span(count):
        settle(t, t.stack[t.height - count + place])
    for _ in span(count):
        release(t, pop(t))
    if count == 0:
        number = new_value(t, u32(SLOTTED), u8(I64))
        claim(t, t.height, number)
        release(t, number)
    i = new_ins(t, row)
    add_immediate(i, u64(index))
    add_immediate(i, u64(second))
    add_immediate(i, u64(canonical(t, t.height)))
    add_immediate(i, u64(SPREAD) if t.spread != 0 else u64(0))
    push_canonical(t, u8(I64))


@kernel
def translate_struct_new(t: Translator) -> None:
    index = next_u32(t.reader)
    make_of_slots(t, u32(STRUCT_NEW), index, t.module.types[index].field_count, u32(0))


@kernel
def translate_struct_new_default(t: Translator) -> None:
    make_of_slots(t, u32(STRUCT_NEW_DEFAULT), next_u32(t.reader), u32(0), u32(0))


@kernel
def translate_array_new_fixed(t: Translator) -> None:
    index = next_u32(t.reader)
    length = next_u32(t.reader)
    make_of_slots(t, u32(ARRAY_NEW_FIXED), index, length, length)


# Fields and elements


@kernel
def read_place(storage: u32, is_signed: bool) -> u32:
    """Which of `READS` serves a storage type; references are as wide as pointers."""
    if storage == PACKED_I8:
        return u32(READ_PLACE["i8"]) if is_signed else u32(READ_PLACE["u8"])
    if storage == PACKED_I16:
        return u32(READ_PLACE["i16"]) if is_signed else u32(READ_PLACE["u16"])
    if storage == VAL_F32:
        return u32(READ_PLACE["f32"])
    if storage == VAL_F64:
        return u32(READ_PLACE["f64"])
    if storage == VAL_V128:
        return u32(READ_PLACE["v128"])
    return u32(READ_PLACE["u64"]) if size_log2(storage) == 3 else u32(READ_PLACE["u32"])


@kernel
def write_place(t: Translator, storage: u32) -> u32:
    """Which of `WRITES` serves a storage type."""
    if storage == PACKED_I8:
        return u32(WRITE_PLACE["u8"])
    if storage == PACKED_I16:
        return u32(WRITE_PLACE["u16"])
    if storage == VAL_F32:
        return u32(WRITE_PLACE["f32"])
    if storage == VAL_F64:
        return u32(WRITE_PLACE["f64"])
    if storage == VAL_V128:
        return u32(WRITE_PLACE["v128"])
    if is_followed(t.module, storage):
        return u32(WRITE_PLACE["usize"])
    return u32(WRITE_PLACE["u64"]) if size_log2(storage) == 3 else u32(WRITE_PLACE["u32"])


@kernel
def get_field(t: Translator, is_signed: bool) -> None:
    index = next_u32(t.reader)
    field = next_u32(t.reader)
    storage = t.module.types[index].fields[field]
    materialize_top(t, u32(1))
    row = u32(STRUCT_READ_ROW[read_place(storage, is_signed)])
    push_result(t, row, u32(1), pop(t), u32(NO_VALUE), type_code(unpacked(storage)))
    add_immediate(t.ins[t.ins_count - 1], u64(layout_at(t, index).offsets[field]))


@kernel
def translate_struct_get(t: Translator) -> None:
    get_field(t, False)


@kernel
def translate_struct_get_s(t: Translator) -> None:
    get_field(t, True)


@kernel
def translate_struct_set(t: Translator) -> None:
    index = next_u32(t.reader)
    field = next_u32(t.reader)
    materialize_top(t, u32(2))
    value = pop(t)
    count = take_leaves(t, pop(t), value)
    row = u32(STRUCT_WRITE_ROW[write_place(t, t.module.types[index].fields[field])])
    emit(t, row, t.leaves, count, u32(NOWHERE), u32(0))
    add_immediate(t.ins[t.ins_count - 1], u64(layout_at(t, index).offsets[field]))


@kernel
def get_element(t: Translator, is_signed: bool) -> None:
    storage = t.module.types[next_u32(t.reader)].fields[0]
    materialize_top(t, u32(2))
    second = pop(t)
    row = u32(ARRAY_READ_ROW[read_place(storage, is_signed)])
    push_result(t, row, u32(2), pop(t), second, type_code(unpacked(storage)))


@kernel
def translate_array_get(t: Translator) -> None:
    get_element(t, False)


@kernel
def translate_array_get_s(t: Translator) -> None:
    get_element(t, True)


@kernel
def translate_array_set(t: Translator) -> None:
    storage = t.module.types[next_u32(t.reader)].fields[0]
    materialize_top(t, u32(3))
    value = pop(t)
    index = pop(t)
    take_leaves(t, pop(t), index)
    t.leaves[2] = value
    emit(t, u32(ARRAY_WRITE_ROW[write_place(t, storage)]), t.leaves, u32(3), u32(NOWHERE), u32(0))


@kernel
def translate_array_len(t: Translator) -> None:
    materialize_top(t, u32(1))
    push_result(t, u32(ARRAY_LEN), u32(1), pop(t), u32(NO_VALUE), u8(I32))


# References


@kernel
def translate_ref_eq(t: Translator) -> None:
    materialize_top(t, u32(2))
    second = pop(t)
    push_comparison(t, u32(EQ), u32(I64), pop(t), second)


@kernel
def translate_ref_i31(t: Translator) -> None:
    materialize_top(t, u32(1))
    push(t, new_node(t, u32(PENDING), u32(REF_I31), u8(I64), pop(t), u32(NO_VALUE)))


@kernel
def translate_nothing(t: Translator) -> None:
    """Conversions between the hierarchies of `any` and `extern`: a reference is the same in both."""


@kernel
def get_i31(t: Translator, row: u32) -> None:
    materialize_top(t, u32(1))
    push_result(t, row, u32(1), pop(t), u32(NO_VALUE), u8(I32))


@kernel
def translate_i31_get_s(t: Translator) -> None:
    get_i31(t, u32(I31_GET_S))


@kernel
def translate_i31_get_u(t: Translator) -> None:
    get_i31(t, u32(I31_GET_U))


# Casts


@kernel
def read_target(t: Translator, is_nullable: bool) -> u32:
    """The reference type to be tested for, canonical; its heap type comes next."""
    heap = read_heap_type(t.module, t.reader)
    return canonical_value_type(t.module, u32(REF) | heap | (u32(NULLABLE) if is_nullable else u32(0)))


@kernel
def exact(t: Translator, value_type: u32) -> u32:
    """The distance of the rows for a type that no other type matches; 0 if the general ones are to be used."""
    if value_type & (ABSTRACT | AGGREGATE) != AGGREGATE:
        return u32(0)
    layout = layout_of(cast(TypeRegistry, t.module.registry), value_type & ID_MASK)
    return u32(EXACT) if layout.is_final else u32(0)


@kernel
def test_top(t: Translator, is_nullable: bool) -> None:
    """`ref.test`"""
    value_type = read_target(t, is_nullable)
    materialize_top(t, u32(1))
    push_result(t, u32(REF_TEST) + exact(t, value_type), u32(1), pop(t), u32(NO_VALUE), u8(I32))
    add_immediate(t.ins[t.ins_count - 1], u64(value_type))


@kernel
def cast_top(t: Translator, is_nullable: bool) -> None:
    """`ref.cast`"""
    value_type = read_target(t, is_nullable)
    check_top(t, u32(REF_CAST) + exact(t, value_type))
    add_immediate(t.ins[t.ins_count - 1], u64(value_type))


@kernel
def check_top(t: Translator, row: u32) -> None:
    """Emit a row without result on the topmost entry, a reference, which stays where it is."""
    materialize_top(t, u32(1))
    value = top(t, u32(0))
    if value.kind == LOCAL:
        local = u32(value.payload)
        emit_one(t, row, pop(t))
        push_local(t, local)
    elif value.kind == IN_ACC:
        emit_one(t, row, pop(t))
        number = new_value(t, u32(SLOTTED), u8(I64))
        hold_in_acc(t, number)
        push(t, number)
    else:
        settle(t, t.stack[t.height - 1])
        emit_one(t, row, pop(t))
        push_canonical(t, u8(I64))


@kernel
def translate_ref_test(t: Translator) -> None:
    test_top(t, False)


@kernel
def translate_ref_test_null(t: Translator) -> None:
    test_top(t, True)


@kernel
def translate_ref_cast(t: Translator) -> None:
    cast_top(t, False)


@kernel
def translate_ref_cast_null(t: Translator) -> None:
    cast_top(t, True)


@kernel
def branch_on_cast(t: Translator, on_failure: bool) -> None:
    """The reference stays, and goes along when branching."""
    flags = next_byte(t.reader)
    label = next_u32(t.reader)
    read_heap_type(t.module, t.reader)
    value_type = read_target(t, flags & CAST_TO_NULLABLE != 0)
    settle(t, t.stack[t.height - 1])
    tested = new_value(t, u32(SLOTTED), u8(I64))
    t.values[tested].payload = top(t, u32(0)).payload
    push_result(t, u32(REF_TEST) + exact(t, value_type), u32(1), tested, u32(NO_VALUE), u8(I32))
    add_immediate(t.ins[t.ins_count - 1], u64(value_type))
    condition = pop_condition(t)
    if on_failure:
        negate(t.values[condition])
    branch_conditionally(t, label, condition)


@kernel
def translate_br_on_cast(t: Translator) -> None:
    branch_on_cast(t, False)


@kernel
def translate_br_on_cast_fail(t: Translator) -> None:
    branch_on_cast(t, True)


RULES: Final = [
    Rule(opcodes.STRUCT_NEW, translate_struct_new),
    Rule(opcodes.STRUCT_NEW_DEFAULT, translate_struct_new_default),
    Rule(opcodes.ARRAY_NEW_FIXED, translate_array_new_fixed),
    Rule(opcodes.STRUCT_GET, translate_struct_get),
    Rule(opcodes.STRUCT_GET_S, translate_struct_get_s),
    Rule(opcodes.STRUCT_GET_U, translate_struct_get),
    Rule(opcodes.STRUCT_SET, translate_struct_set),
    Rule(opcodes.ARRAY_GET, translate_array_get),
    Rule(opcodes.ARRAY_GET_S, translate_array_get_s),
    Rule(opcodes.ARRAY_GET_U, translate_array_get),
    Rule(opcodes.ARRAY_SET, translate_array_set),
    Rule(opcodes.ARRAY_LEN, translate_array_len),
    Rule(opcodes.REF_EQ, translate_ref_eq),
    Rule(opcodes.REF_I31, translate_ref_i31),
    Rule(opcodes.I31_GET_S, translate_i31_get_s),
    Rule(opcodes.I31_GET_U, translate_i31_get_u),
    Rule(opcodes.ANY_CONVERT_EXTERN, translate_nothing),
    Rule(opcodes.EXTERN_CONVERT_ANY, translate_nothing),
    Rule(opcodes.REF_TEST, translate_ref_test),
    Rule(opcodes.REF_TEST_NULL, translate_ref_test_null),
    Rule(opcodes.REF_CAST, translate_ref_cast),
    Rule(opcodes.REF_CAST_NULL, translate_ref_cast_null),
    Rule(opcodes.BR_ON_CAST, translate_br_on_cast),
    Rule(opcodes.BR_ON_CAST_FAIL, translate_br_on_cast_fail),
]
