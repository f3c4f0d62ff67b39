"""Structures and arrays (spec 3.4.10)."""

from typing import Final

from fusee.engine.decode.reader import read_u32
from fusee.engine.state.module import ABSTRACT, KIND_ARRAY, KIND_STRUCT, NULLABLE, REF, VAL_I32, TypeDef
from fusee.engine.validate.fixed import validate_data_index
from fusee.engine.validate.rule import Rule, rules
from fusee.engine.validate.state import (
    Validator,
    fail,
    is_defaultable,
    matches,
    mismatch,
    pop,
    pop_nothing,
    push,
    type_at,
)  # fmt: skip
from fusee.engine.validate.table import element_segment_at
from fusee.kernel.lang import kernel, span, u32
from fusee.spec import opcodes
from fusee.spec.errors import ModuleError
from fusee.spec.limits import MAX_FIELDS
from fusee.spec.types import PACKED_I8, PACKED_I16, Heap

ARRAY: Final = REF | ABSTRACT | int(Heap.ARRAY)


@kernel(inline=True)
def is_packed(storage: u32) -> bool:
    return storage == PACKED_I8 or storage == PACKED_I16


@kernel(inline=True)
def unpacked(storage: u32) -> u32:
    return VAL_I32 if is_packed(storage) else storage


@kernel
def struct_at(v: Validator, index: u32) -> TypeDef:
    t = type_at(v, index)
    if t.kind != KIND_STRUCT:
        mismatch(v)
    return t


@kernel
def array_at(v: Validator, index: u32) -> TypeDef:
    t = type_at(v, index)
    if t.kind != KIND_ARRAY:
        mismatch(v)
    return t


@kernel
def mutable_array_at(v: Validator, index: u32) -> TypeDef:
    t = array_at(v, index)
    if t.mutable[0] == 0:
        fail(v, ModuleError.IMMUTABLE_ARRAY)
    return t


@kernel
def pop_i32(v: Validator) -> None:
    pop(v, VAL_I32)


@kernel
def check_default(v: Validator, storage: u32) -> None:
    if not is_defaultable(storage):
        fail(v, ModuleError.NOT_DEFAULTABLE)


@kernel
def check_access(v: Validator, storage: u32, extends: bool) -> None:
    """Packed fields are read with an extension, all others without."""
    if extends and not is_packed(storage):
        fail(v, ModuleError.UNPACKED_FIELD)
    if is_packed(storage) and not extends:
        fail(v, ModuleError.PACKED_FIELD)


@kernel
def validate_struct_new(v: Validator) -> None:
    index = read_u32(v.reader)
    t = struct_at(v, index)
    remaining = t.field_count
    while remaining != 0:
        remaining -= 1
        pop(v, unpacked(t.fields[remaining]))
    push(v, REF | index)


@kernel
def validate_struct_new_default(v: Validator) -> None:
    index = read_u32(v.reader)
    t = struct_at(v, index)
    for i in span(t.field_count):
        check_default(v, t.fields[i])
    push(v, REF | index)


@kernel
def read_field_index(v: Validator, t: TypeDef) -> u32:
    field = read_u32(v.reader)
    if field >= t.field_count:
        fail(v, ModuleError.UNKNOWN_FIELD)
    return field


@kernel
def validate_struct_get(v: Validator) -> None:
    index = read_u32(v.reader)
    t = struct_at(v, index)
    storage = t.fields[read_field_index(v, t)]
    check_access(v, storage, v.opcode != opcodes.STRUCT_GET.index)
    pop(v, REF | NULLABLE | index)
    push(v, unpacked(storage))


@kernel
def validate_struct_set(v: Validator) -> None:
    index = read_u32(v.reader)
    t = struct_at(v, index)
    field = read_field_index(v, t)
    if t.mutable[field] == 0:
        fail(v, ModuleError.IMMUTABLE_FIELD)
    pop(v, unpacked(t.fields[field]))
    pop(v, REF | NULLABLE | index)


@kernel
def validate_array_new(v: Validator) -> None:
    index = read_u32(v.reader)
    t = array_at(v, index)
    pop_i32(v)
    pop(v, unpacked(t.fields[0]))
    push(v, REF | index)


@kernel
def validate_array_new_default(v: Validator) -> None:
    index = read_u32(v.reader)
    check_default(v, array_at(v, index).fields[0])
    pop_i32(v)
    push(v, REF | index)


@kernel
def validate_array_new_fixed(v: Validator) -> None:
    index = read_u32(v.reader)
    t = array_at(v, index)
    remaining = read_u32(v.reader)
    if remaining > MAX_FIELDS:
        fail(v, ModuleError.LIMIT_OPERANDS)
    while remaining != 0:
        remaining -= 1
        if v.height == v.floor:
            pop_nothing(v)
            remaining = u32(0)
        else:
            pop(v, unpacked(t.fields[0]))
    push(v, REF | index)


@kernel
def check_data_array(v: Validator, t: TypeDef) -> None:
    """Bytes of a data segment make numbers and vectors only."""
    if t.fields[0] & REF != 0:
        fail(v, ModuleError.ARRAY_NOT_NUMERIC)
    validate_data_index(v)


@kernel
def check_element_array(v: Validator, t: TypeDef) -> None:
    if not matches(v.module, element_segment_at(v, read_u32(v.reader)).element, t.fields[0]):
        mismatch(v)


@kernel
def validate_array_new_segment(v: Validator) -> None:
    index = read_u32(v.reader)
    t = array_at(v, index)
    if v.opcode == opcodes.ARRAY_NEW_DATA.index:
        check_data_array(v, t)
    else:
        check_element_array(v, t)
    pop_i32(v)
    pop_i32(v)
    push(v, REF | index)


@kernel
def validate_array_init_segment(v: Validator) -> None:
    index = read_u32(v.reader)
    t = mutable_array_at(v, index)
    if v.opcode == opcodes.ARRAY_INIT_DATA.index:
        check_data_array(v, t)
    else:
        check_element_array(v, t)
    pop_i32(v)
    pop_i32(v)
    pop_i32(v)
    pop(v, REF | NULLABLE | index)


@kernel
def validate_array_get(v: Validator) -> None:
    index = read_u32(v.reader)
    storage = array_at(v, index).fields[0]
    check_access(v, storage, v.opcode != opcodes.ARRAY_GET.index)
    pop_i32(v)
    pop(v, REF | NULLABLE | index)
    push(v, unpacked(storage))


@kernel
def validate_array_set(v: Validator) -> None:
    index = read_u32(v.reader)
    pop(v, unpacked(mutable_array_at(v, index).fields[0]))
    pop_i32(v)
    pop(v, REF | NULLABLE | index)


@kernel
def validate_array_len(v: Validator) -> None:
    pop(v, ARRAY | NULLABLE)
    push(v, VAL_I32)


@kernel
def validate_array_fill(v: Validator) -> None:
    index = read_u32(v.reader)
    t = mutable_array_at(v, index)
    pop_i32(v)
    pop(v, unpacked(t.fields[0]))
    pop_i32(v)
    pop(v, REF | NULLABLE | index)


@kernel
def validate_array_copy(v: Validator) -> None:
    destination = read_u32(v.reader)
    source = read_u32(v.reader)
    if not matches(v.module, array_at(v, source).fields[0], mutable_array_at(v, destination).fields[0]):
        fail(v, ModuleError.ARRAY_TYPES)
    pop_i32(v)
    pop_i32(v)
    pop(v, REF | NULLABLE | source)
    pop_i32(v)
    pop(v, REF | NULLABLE | destination)


RULES: Final[list[Rule]] = [
    *rules(validate_struct_new, opcodes.STRUCT_NEW),
    *rules(validate_struct_new_default, opcodes.STRUCT_NEW_DEFAULT),
    *rules(validate_struct_get, opcodes.STRUCT_GET, opcodes.STRUCT_GET_S, opcodes.STRUCT_GET_U),
    *rules(validate_struct_set, opcodes.STRUCT_SET),
    *rules(validate_array_new, opcodes.ARRAY_NEW),
    *rules(validate_array_new_default, opcodes.ARRAY_NEW_DEFAULT),
    *rules(validate_array_new_fixed, opcodes.ARRAY_NEW_FIXED),
    *rules(validate_array_new_segment, opcodes.ARRAY_NEW_DATA, opcodes.ARRAY_NEW_ELEM),
    *rules(validate_array_init_segment, opcodes.ARRAY_INIT_DATA, opcodes.ARRAY_INIT_ELEM),
    *rules(validate_array_get, opcodes.ARRAY_GET, opcodes.ARRAY_GET_S, opcodes.ARRAY_GET_U),
    *rules(validate_array_set, opcodes.ARRAY_SET),
    *rules(validate_array_len, opcodes.ARRAY_LEN),
    *rules(validate_array_fill, opcodes.ARRAY_FILL),
    *rules(validate_array_copy, opcodes.ARRAY_COPY),
]
