"""Loads, stores and globals, and the instructions that work on consecutive slots."""

from typing import Final

from fusee.engine.isa.forms import NOWHERE, SLOT
from fusee.engine.isa.memory import SPREAD
from fusee.engine.isa.table import NO_ROW, NUMBER
from fusee.engine.state.runtime import Global, globals_offset
from fusee.engine.translate.actions import (
    KIND_64,
    KIND_ANY,
    MEMORY_ROW,
    ROW_SHIFT,
    SLOT_CLASS,
    SLOT_IMMEDIATES,
    SLOT_OPERANDS,
    SLOT_RESULTS,
    WORD,
    type_of,
)  # fmt: skip
from fusee.engine.translate.compute import materialize_top, push_emitted, push_result
from fusee.engine.translate.emit import emit, emit_one
from fusee.engine.translate.encode import add_immediate, new_ins
from fusee.engine.translate.fuse import flatten, fused_row, take_leaves
from fusee.engine.translate.immediate import next_u32, next_u64
from fusee.engine.translate.rule import Rule
from fusee.engine.translate.settle import claim, settle
from fusee.engine.translate.state import I32, I64, NO_VALUE, SLOTTED, Translator, is_vector, spread_of, type_code
from fusee.engine.translate.values import canonical, is_float, new_value, pop, push_canonical, release, top
from fusee.kernel.lang import kernel, size_of, span, u8, u16, u32, u64
from fusee.spec import opcodes

GLOBAL_GET: Final = u32(NUMBER["global_get"])
GLOBAL_GET_IMPORT: Final = u32(NUMBER["global_get_import"])
GLOBAL_SET: Final = u32(NUMBER["global_set"])
GLOBAL_SET_IMPORT: Final = u32(NUMBER["global_set_import"])
VECTOR_GLOBALS: Final = NUMBER["global_get_v"] - GLOBAL_GET  # the same distance for all of them


@kernel
def read_access(t: Translator, word: u32) -> u32:
    """Read a memarg (spec 5.4.6): gives the row, and leaves offset and memory in `t.offset` and `t.memory`."""
    return row_of_access(t, word >> ROW_SHIFT)


@kernel
def row_of_access(t: Translator, rows: u32) -> u32:
    """The same, of the rows from a place in `MEMORY_ROW` on."""
    read_memarg(t)
    kind = u32(0)
    if t.module.memories[t.memory].limits.is_64:
        kind = KIND_64
    if t.memory != 0:
        kind += KIND_ANY
    return MEMORY_ROW[rows + kind]


@kernel(inline=True)
def read_memarg(t: Translator) -> None:
    """Read alignment, memory and offset; the latter two are left in `t.memory` and `t.offset`."""
    flags = next_u32(t.reader)
    t.memory = u32(0)
    if flags & 0x40 != 0:
        t.memory = next_u32(t.reader)
    t.offset = next_u64(t.reader)


@kernel
def add_access(t: Translator) -> None:
    """The immediates of the latest instruction, a load or store (a load's result is in the accumulator)."""
    i = t.ins[t.ins_count - 1]
    add_immediate(i, t.offset)
    add_immediate(i, t.memory)


@kernel
def translate_load(t: Translator, word: u32) -> None:
    load_top(t, read_access(t, word), type_of(word))


@kernel
def load_top(t: Translator, row: u32, type_: u8) -> None:
    """A load from the topmost entry; `read_access` has given the row."""
    tree = fused_row(t, row, u32(0), t.stack[t.height - 1], NO_VALUE)
    if tree == NO_ROW:
        materialize_top(t, u32(1))
        push_emitted(t, row, take_leaves(t, pop(t), NO_VALUE), type_)
    else:
        push_emitted(t, tree, flatten(t, u32(0), pop(t), NO_VALUE), type_)
    add_access(t)


@kernel
def translate_store(t: Translator, word: u32) -> None:
    store_top(t, read_access(t, word))


@kernel
def store_top(t: Translator, row: u32) -> None:
    """A store of the topmost entry; `read_access` has given the row."""
    materialize_top(t, u32(1))
    tree = fused_row(t, row, u32(0), t.stack[t.height - 2], t.stack[t.height - 1])
    if tree == NO_ROW:
        materialize_top(t, u32(2))
    value = pop(t)
    place = pop(t)
    if tree == NO_ROW:
        emit(t, row, t.leaves, take_leaves(t, place, value), NOWHERE, u32(0))
    else:
        count = flatten(t, u32(0), place, value)
        emit(t, tree, t.leaves, count, NOWHERE, u32(0))
    add_access(t)


@kernel
def on_slots(t: Translator, index: u32) -> None:
    """An instruction that takes its operands from consecutive canonical slots and leaves its results there."""
    kind = SLOT_CLASS[index]
    first = u64(0)
    second = u64(0)
    if SLOT_IMMEDIATES[kind] > 0:
        first = u64(next_u32(t.reader))
    if SLOT_IMMEDIATES[kind] > 1:
        second = u64(next_u32(t.reader))
    narrow = take_from_slots(t, SLOT_OPERANDS[kind])
    result = result_type(t, index, u32(first))
    i = new_ins(t, WORD[index] >> ROW_SHIFT)
    add_immediate(i, first)
    add_immediate(i, second)
    add_immediate(i, canonical(t, t.height))
    add_immediate(i, narrow)
    for _ in span(u32(SLOT_RESULTS[kind])):
        push_canonical(t, result)


@kernel
def take_from_slots(t: Translator, count: u32) -> u64:
    """Pop so many operands, in their canonical slots then; gives a mask of those that are i32, and `SPREAD`."""
    narrow = SPREAD if spread_of(t) != 0 else u64(0)
    for place in span(count):
        number = t.stack[t.height - count + place]
        settle(t, number)
        narrow |= u64(t.values[number].type == I32) << place
    for _ in span(count):
        release(t, pop(t))
    return narrow


@kernel
def result_type(t: Translator, index: u32, object_index: u32) -> u8:
    """Type of what the instruction leaves: sizes have the address type of their memory or table."""
    if index == opcodes.MEMORY_GROW.index:
        return address_type(t.module.memories[object_index].limits.is_64)
    if index == opcodes.TABLE_GROW.index:
        return address_type(t.module.tables[object_index].limits.is_64)
    return I64


@kernel(inline=True)
def address_type(is_64: bool) -> u8:
    return I64 if is_64 else I32


@kernel
def translate_global_get(t: Translator) -> None:
    index = next_u32(t.reader)
    type_ = type_code(t.module.globals[index].value_type)
    row = GLOBAL_GET
    if index < t.module.imported_global_count:
        row = GLOBAL_GET_IMPORT
    if is_vector(type_):
        row += VECTOR_GLOBALS
    elif is_float(type_):
        number = new_value(t, SLOTTED, type_)
        claim(t, t.height, number)
        release(t, number)
        i = new_ins(t, row)
        i.destination = SLOT
        i.slot = u16(canonical(t, t.height))
        add_immediate(i, global_place(t, index))
        push_canonical(t, type_)
        return
    push_result(t, row, u32(0), NO_VALUE, NO_VALUE, type_)
    add_immediate(t.ins[t.ins_count - 1], global_place(t, index))


@kernel
def global_place(t: Translator, index: u32) -> u64:
    """An own global's distance from the instance that it follows in memory; an import's index."""
    if index < t.module.imported_global_count:
        return index
    return globals_offset() + u64(index - t.module.imported_global_count) * size_of(Global)


@kernel
def translate_global_set(t: Translator) -> None:
    index = next_u32(t.reader)
    materialize_top(t, u32(1))
    row = GLOBAL_SET
    if index < t.module.imported_global_count:
        row = GLOBAL_SET_IMPORT
    if is_vector(top(t, u32(0)).type):
        row += VECTOR_GLOBALS
    elif is_float(top(t, u32(0)).type):
        settle(t, t.stack[t.height - 1])
    emit_one(t, row, pop(t))
    add_immediate(t.ins[t.ins_count - 1], global_place(t, index))


RULES: Final = [
    Rule(opcodes.GLOBAL_GET, translate_global_get),
    Rule(opcodes.GLOBAL_SET, translate_global_set),
]
