"""Structures, arrays and i31 references (spec 4.6.5)."""

from typing import Final

from fusee.engine.isa.aggregate import READS, WRITES
from fusee.engine.isa.facts import facts_of
from fusee.engine.isa.forms import ACC, NOWHERE
from fusee.engine.isa.memory import SPREAD
from fusee.engine.isa.table import NUMBER
from fusee.engine.layouts import Layout, is_followed, layout_of, size_log2
from fusee.engine.registry import TypeRegistry
from fusee.engine.runtime.heap.allocate import class_of
from fusee.engine.state.cells import CELL_BYTES
from fusee.engine.state.heap import LARGEST_CELL
from fusee.engine.state.module import VAL_F32, VAL_F64, VAL_V128
from fusee.engine.translate.accumulator import unload
from fusee.engine.translate.compute import materialize_top, push_result
from fusee.engine.translate.emit import emit, into_slot
from fusee.engine.translate.encode import add_immediate, add_source, new_ins
from fusee.engine.translate.fuse import take_leaves
from fusee.engine.translate.immediate import next_u32
from fusee.engine.translate.lookup import has_sources, sources_key
from fusee.engine.translate.operands import form_of, is_large, take
from fusee.engine.translate.rule import Rule
from fusee.engine.translate.settle import hold_in_acc, settle, settle_waiting
from fusee.engine.translate.state import (
    CONSTANT,
    I32,
    I64,
    NO_VALUE,
    SLOTTED,
    V128,
    Translator,
    type_code,
)  # fmt: skip
from fusee.engine.translate.values import (
    canonical,
    free,
    is_waiting,
    new_value,
    pop,
    push,
    push_canonical,
    release,
)  # fmt: skip
from fusee.engine.validate.aggregate import unpacked
from fusee.kernel.lang import cast, kernel, span, table, u16, u32, u64
from fusee.spec import opcodes
from fusee.spec.types import PACKED_I8, PACKED_I16

# In the order of `READS` and `WRITES`
STRUCT_READ_ROW = table(u16, [NUMBER[f"struct_{name}"] for name in READS])
ARRAY_READ_ROW = table(u16, [NUMBER[f"array_{name}"] for name in READS])
STRUCT_WRITE_ROW = table(u16, [NUMBER[f"struct_{name}"] for name in WRITES])
ARRAY_WRITE_ROW = table(u16, [NUMBER[f"array_{name}"] for name in WRITES])
READ_PLACE: Final = {stored: place for place, stored in enumerate(READS.values())}
WRITE_PLACE: Final = {stored: place for place, stored in enumerate(WRITES.values())}

INIT_ROW = table(u16, [NUMBER[f"init_{name}"] for name in ("8", "8", "16", "16", "32", "64", "f32", "f64", "v")])

NEW_STRUCT: Final = u32(NUMBER["new_struct"])
STRUCT_NEW: Final = u32(NUMBER["struct_new"])
STRUCT_NEW_DEFAULT: Final = u32(NUMBER["struct_new_default"])
ARRAY_NEW_FIXED: Final = u32(NUMBER["array_new_fixed"])
ARRAY_LEN: Final = u32(NUMBER["array_len"])


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
        free_slot(t)
    i = new_ins(t, row)
    add_immediate(i, index)
    add_immediate(i, second)
    add_immediate(i, canonical(t, t.height))
    add_immediate(i, SPREAD if t.spread != 0 else u64(0))
    push_canonical(t, I64)


@kernel
def translate_struct_new(t: Translator) -> None:
    index = next_u32(t.reader)
    count = t.module.types[index].field_count
    if layout_at(t, index).size_bytes > LARGEST_CELL:
        make_of_slots(t, STRUCT_NEW, index, count, u32(0))
        return
    for place in span(count):
        number = t.stack[t.height - count + place]
        if is_waiting(t.values[number]):
            settle(t, number)
    for _ in span(count):
        pop(t)
    if count == 0 or t.owners[t.height] != t.stack[t.height] + 1:
        free_slot(t)
    emit_new_struct(t, index)
    for place in span(count):
        init_field(t, index, place, t.stack[t.height + place])
    hold_new_struct(t)


@kernel
def translate_struct_new_default(t: Translator) -> None:
    index = next_u32(t.reader)
    if layout_at(t, index).size_bytes > LARGEST_CELL:
        make_of_slots(t, STRUCT_NEW_DEFAULT, index, u32(0), u32(0))
        return
    free_slot(t)
    emit_new_struct(t, index)
    hold_new_struct(t)


@kernel
def free_slot(t: Translator) -> None:
    """Free the canonical slot of the next entry: who is in it is an operand of something that waits below."""
    if t.owners[t.height] != 0:
        settle_waiting(t, t.height)


@kernel
def emit_new_struct(t: Translator, index: u32) -> None:
    """A new structure in the accumulator; who was there moves out."""
    layout = layout_at(t, index)
    number = class_of(layout.size_bytes)
    unload(t, False)
    i = new_ins(t, NEW_STRUCT)
    i.destination = ACC
    add_immediate(i, t.module.types[index].canonical)
    add_immediate(i, number)
    add_immediate(i, CELL_BYTES[number])


@kernel
def hold_new_struct(t: Translator) -> None:
    """Push the structure in the accumulator."""
    number = new_value(t, SLOTTED, I64)
    hold_in_acc(t, number)
    push(t, number)


@kernel
def init_field(t: Translator, index: u32, field: u32, number: u32) -> None:
    """Write a value that does not wait to a field of the structure in the accumulator, where all bits are zero."""
    value = t.values[number]
    if value.kind == CONSTANT and value.type != V128 and value.payload == 0:
        release(t, number)
        return
    row = u32(INIT_ROW[read_place(t.module.types[index].fields[field], False)])
    if is_large(value) or not has_sources(facts_of(row), sources_key(form_of(t, value) << 8 | ACC)):
        into_slot(t, number, u32(0))
    i = new_ins(t, row)
    add_source(i, u32(0), ACC, u64(0))
    take(t, i, u32(1), number)
    add_immediate(i, layout_at(t, index).offsets[field])
    free(t, number)


@kernel
def translate_array_new_fixed(t: Translator) -> None:
    index = next_u32(t.reader)
    length = next_u32(t.reader)
    make_of_slots(t, ARRAY_NEW_FIXED, index, length, length)


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
    push_result(t, row, u32(1), pop(t), NO_VALUE, type_code(unpacked(storage)))
    add_immediate(t.ins[t.ins_count - 1], layout_at(t, index).offsets[field])


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
    emit(t, row, t.leaves, count, NOWHERE, u32(0))
    add_immediate(t.ins[t.ins_count - 1], layout_at(t, index).offsets[field])


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
    emit(t, ARRAY_WRITE_ROW[write_place(t, storage)], t.leaves, u32(3), NOWHERE, u32(0))


@kernel
def translate_array_len(t: Translator) -> None:
    materialize_top(t, u32(1))
    push_result(t, ARRAY_LEN, u32(1), pop(t), NO_VALUE, I32)


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
]
