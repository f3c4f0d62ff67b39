"""Tables, and copying between memories, whose signature likewise depends on two address types (spec 3.4.6, 3.4.7)."""

from typing import Final

from fusee.engine.decode.reader import read_u32
from fusee.engine.state.module import VAL_I32, VAL_I64, ElementSegment, TableType
from fusee.engine.validate.fixed import memory_address_type, read_memory_index
from fusee.engine.validate.rule import Rule, rules
from fusee.engine.validate.state import Validator, fail, matches, mismatch, pop, push
from fusee.kernel.lang import kernel, u32
from fusee.spec import opcodes
from fusee.spec.errors import ModuleError


@kernel
def table_at(v: Validator, index: u32) -> TableType:
    if index >= v.module.table_count:
        fail(v, ModuleError.UNKNOWN_TABLE)
    return v.module.tables[index]


@kernel
def read_table_index(v: Validator) -> TableType:
    return table_at(v, read_u32(v.reader))


@kernel
def table_address_type(t: TableType) -> u32:
    return VAL_I64 if t.limits.is_64 else VAL_I32


@kernel
def element_segment_at(v: Validator, index: u32) -> ElementSegment:
    if index >= v.module.element_count:
        fail(v, ModuleError.UNKNOWN_ELEM_SEGMENT)
    return v.module.elements[index]


@kernel
def validate_table_get(v: Validator) -> None:
    t = read_table_index(v)
    pop(v, table_address_type(t))
    push(v, t.element)


@kernel
def validate_table_set(v: Validator) -> None:
    t = read_table_index(v)
    pop(v, t.element)
    pop(v, table_address_type(t))


@kernel
def validate_table_size(v: Validator) -> None:
    push(v, table_address_type(read_table_index(v)))


@kernel
def validate_table_grow(v: Validator) -> None:
    t = read_table_index(v)
    pop(v, table_address_type(t))
    pop(v, t.element)
    push(v, table_address_type(t))


@kernel
def validate_table_fill(v: Validator) -> None:
    t = read_table_index(v)
    pop(v, table_address_type(t))
    pop(v, t.element)
    pop(v, table_address_type(t))


@kernel
def pop_copy(v: Validator, destination: u32, source: u32) -> None:
    """The length has the smaller of two address types."""
    pop(v, source if destination == VAL_I64 else VAL_I32)
    pop(v, source)
    pop(v, destination)


@kernel
def validate_table_copy(v: Validator) -> None:
    destination = read_table_index(v)
    source = read_table_index(v)
    if not matches(v.module, source.element, destination.element):
        mismatch(v)
    pop_copy(v, table_address_type(destination), table_address_type(source))


@kernel
def validate_table_init(v: Validator) -> None:
    segment_index = read_u32(v.reader)
    t = read_table_index(v)
    if not matches(v.module, element_segment_at(v, segment_index).element, t.element):
        mismatch(v)
    pop(v, VAL_I32)
    pop(v, VAL_I32)
    pop(v, table_address_type(t))


@kernel
def validate_elem_drop(v: Validator) -> None:
    element_segment_at(v, read_u32(v.reader))


@kernel
def validate_memory_copy(v: Validator) -> None:
    destination = memory_address_type(v, read_memory_index(v))
    source = memory_address_type(v, read_memory_index(v))
    pop_copy(v, destination, source)


RULES: Final[list[Rule]] = [
    *rules(validate_table_get, opcodes.TABLE_GET),
    *rules(validate_table_set, opcodes.TABLE_SET),
    *rules(validate_table_size, opcodes.TABLE_SIZE),
    *rules(validate_table_grow, opcodes.TABLE_GROW),
    *rules(validate_table_fill, opcodes.TABLE_FILL),
    *rules(validate_table_copy, opcodes.TABLE_COPY),
    *rules(validate_table_init, opcodes.TABLE_INIT),
    *rules(validate_elem_drop, opcodes.ELEM_DROP),
    *rules(validate_memory_copy, opcodes.MEMORY_COPY),
]
