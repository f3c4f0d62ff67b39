"""Constant expressions and where they occur (spec 3.4.13, 3.5.4 to 3.5.8)."""

from fusee.engine.decode.reader import SHORT_BYTES, behind_number, read_u32
from fusee.engine.errors import Invalid
from fusee.engine.state.module import (
    SEGMENT_ACTIVE,
    VAL_I32,
    VAL_I64,
    DataSegment,
    ElementSegment,
    Span,
)  # fmt: skip
from fusee.engine.validate.control import open_control
from fusee.engine.validate.instruction import validate_constant_instructions
from fusee.engine.validate.state import KIND_BLOCK, Validator, is_defaultable, matches
from fusee.engine.validate.table import table_address_type
from fusee.kernel.lang import kernel, span, u8, u32
from fusee.spec import opcodes
from fusee.spec.errors import ModuleError


@kernel
def begin_constants(v: Validator, place: Span) -> None:
    """Prepare for the constant expressions in `place`."""
    v.is_constant = True
    v.local_count = u32(0)
    v.set_count = u32(0)
    v.reader.position = place.start
    v.reader.end = place.end


@kernel
def skip_number(v: Validator, expected: u32, last: u32) -> bool:
    """Step over a constant expression that is one integer of the right type, unless it is so long as to be wrong."""
    at = v.reader.source + v.reader.position
    kind = u32(at[0]) - opcodes.I32_CONST.index  # then `i64.const`; its type is one less
    if kind > 1 or expected != VAL_I32 - kind:
        return False
    size = behind_number(at, u32(1))
    if size > (1 + kind) * SHORT_BYTES + 1 or at[size] != opcodes.END.index or v.reader.position + size >= last:
        return False
    v.reader.position += size + 1
    return True


@kernel
def validate_next_constant(v: Validator, expected: u32, last: u32) -> None:
    """The next of the expressions prepared for, which gives one value; it ends at or before `last`."""
    if skip_number(v, expected, last):  # there is an `end`: the decoder has looked for it
        return
    v.height = u32(0)
    v.reader.end = last
    open_control(v, KIND_BLOCK, expected)
    validate_constant_instructions(v)


@kernel
def validate_constant(v: Validator, place: Span, expected: u32) -> None:
    begin_constants(v, place)
    validate_next_constant(v, expected, place.end)


@kernel
def validate_globals(v: Validator) -> None:
    """An initial value may refer to the globals before its own."""
    m = v.module
    for i in span(m.imported_global_count, m.global_count):
        v.visible_globals = i
        validate_constant(v, m.globals[i].init, m.globals[i].value_type)


@kernel
def validate_table_inits(v: Validator) -> None:
    """A table without an initial value starts with null; values may refer to imported globals."""
    m = v.module
    v.visible_globals = m.imported_global_count
    for i in span(m.imported_table_count, m.table_count):
        t = m.tables[i]
        if t.init.start != t.init.end:
            validate_constant(v, t.init, t.element)
        elif not is_defaultable(t.element):
            raise Invalid(ModuleError.NOT_DEFAULTABLE, t.offset)
    v.visible_globals = m.global_count


@kernel
def validate_elements(v: Validator) -> None:
    for i in span(v.module.element_count):
        segment = v.module.elements[i]
        if segment.mode == SEGMENT_ACTIVE:
            validate_active_elements(v, segment)
        if segment.is_expressions:
            begin_constants(v, segment.items)
            for _ in span(segment.count):
                validate_next_constant(v, segment.element, segment.items.end)
        else:
            validate_functions(v, segment)


@kernel
def validate_active_elements(v: Validator, segment: ElementSegment) -> None:
    m = v.module
    if segment.table >= m.table_count:
        raise Invalid(ModuleError.UNKNOWN_TABLE, segment.place)
    t = m.tables[segment.table]
    if not matches(m, segment.element, t.element):
        raise Invalid(ModuleError.TYPE_MISMATCH, segment.place)
    validate_constant(v, segment.offset, table_address_type(t))


@kernel
def validate_functions(v: Validator, segment: ElementSegment) -> None:
    """A list of function indices; they may be named by `ref.func` in code."""
    begin_constants(v, segment.items)
    for _ in span(segment.count):
        index = read_u32(v.reader)
        if index >= v.module.func_count:
            raise Invalid(ModuleError.UNKNOWN_FUNCTION, v.reader.position)
        v.declared[index] = u8(1)


@kernel
def validate_datas(v: Validator) -> None:
    for i in span(v.module.data_count):
        segment = v.module.datas[i]
        if segment.mode == SEGMENT_ACTIVE:
            validate_active_data(v, segment)


@kernel
def validate_active_data(v: Validator, segment: DataSegment) -> None:
    if segment.memory >= v.module.memory_count:
        raise Invalid(ModuleError.UNKNOWN_MEMORY, segment.place)
    is_64 = v.module.memories[segment.memory].limits.is_64
    validate_constant(v, segment.offset, VAL_I64 if is_64 else VAL_I32)
