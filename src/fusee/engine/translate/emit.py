"""Emitting instructions: operands get forms, and are moved to where there is a handler for them."""

from fusee.engine.isa.facts import (
    FLOAT_RESULT,
    FLOAT_SOURCES,
    MIRRORED_PAIR,
    NEEDS_ACC,
    NEEDS_CONSTANT,
    SOURCE_COUNT,
    VECTOR_RESULT,
    fact,
    facts_of,
)  # fmt: skip
from fusee.engine.isa.forms import ACC, CONST, MOST_LEAVES, NOWHERE, PIN, SLOT
from fusee.engine.isa.table import FIRST_TREE_ROW, INNER_PLACE, INNER_ROW, OUTER_ROW, TREE_COUNT
from fusee.engine.present import HAS_VECTORS
from fusee.engine.translate.accumulator import (
    holds_local,
    ins_number,
    keeps_place,
    make_way,
    move_acc,
    move_row,
    unload,
)  # fmt: skip
from fusee.engine.translate.comparison import VALUE_ROW, fits_field, normalize, row_index
from fusee.engine.translate.encode import add_source, new_ins
from fusee.engine.translate.lookup import has_signature, has_sources, sources_key, with_destination
from fusee.engine.translate.operands import (
    FEWEST_FIRST,
    form_of,
    forms_of,
    has_handler,
    is_large,
    mirrored,
    move_value,
    moved,
    swap,
    take_place,
)
from fusee.engine.translate.state import (
    COMPARE,
    CONSTANT,
    F64,
    I64,
    IN_ACC,
    LOCAL,
    NO_INS,
    NO_VALUE,
    SLOTTED,
    V128,
    Translator,
    spread_of,
)  # fmt: skip
from fusee.engine.translate.values import (
    is_float,
    is_waiting,
    new_value,
    recycle,
)  # fmt: skip
from fusee.kernel.lang import Ptr, kernel, span, store, u8, u16, u32, u64, unroll


@kernel
def compute_value(t: Translator, number: u32, form: u32, slot: u32) -> None:
    """Emit what the value is, to the given place. The value itself keeps its number; its operands are consumed."""
    value = t.values[number]
    if not is_waiting(value):
        move_value(t, number, form, slot)
        return
    row = u32(value.row)
    if value.kind == COMPARE:
        normalize(t, value)
        row = u32(VALUE_ROW[row_index(value.compared, value.row)])
    emit(t, row, value.operands, value.operand_count, form, slot)


@kernel
def into_slot(t: Translator, number: u32, place: u32) -> None:
    """Put an operand into a slot, for the instruction that is about to be emitted: a local into its own, anything else
    into the temporary one of its place."""
    value = t.values[number]
    slot = t.temporaries + (place << spread_of(t))
    if value.kind == LOCAL:
        slot = u32(value.payload)
        save_pin(t, slot)
        t.locals[slot].waiting -= 1
    else:
        move_value(t, number, SLOT, slot)
    value.kind = SLOTTED
    value.payload = slot


@kernel
def save_pin(t: Translator, index: u32) -> None:
    """Have the slot of a local that is in a pin hold it as well, for whoever else wants it there."""
    local = t.locals[index]
    if not local.in_slot:
        i = new_ins(t, move_row(local.type))
        add_source(i, u32(0), local.form, index)
        i.destination = SLOT
        i.slot = u16(index)
        local.in_slot = True
        local.last_access = ins_number(t)


@kernel
def into_accumulator(t: Translator, number: u32) -> None:
    """Put an operand into the accumulator, for the instruction that is about to be emitted."""
    value = t.values[number]
    if value.kind != IN_ACC:
        unload(t, is_float(value.type))
        if value.kind == LOCAL and holds_local(t, u32(value.payload)):
            t.locals[u32(value.payload)].waiting -= 1
        else:
            move_value(t, number, ACC, u32(0))
        value.kind = IN_ACC
        value.payload = u64(0)
        value.producer = NO_INS


@kernel
def compute_operand(t: Translator, number: u32) -> None:
    """Emit a value that waits and is on no stack any more, for the instruction that is about to be emitted."""
    compute_value(t, number, ACC, u32(0))
    value = t.values[number]
    value.kind = IN_ACC
    value.payload = u64(0)
    value.producer = NO_INS
    value.operand_count = u32(0)


@kernel
def legalize(t: Translator, row: u32, operands: Ptr[u32], count: u32) -> None:
    """Move operands until the row has a handler for their forms: the accumulator first, then pins if that is enough,
    then constants, then all."""
    facts = facts_of(row)
    needs_acc = fact(facts, NEEDS_ACC)
    needs_constant = fact(facts, NEEDS_CONSTANT)
    for place in span(count):
        if is_large(t.values[operands[place]]) and fact(facts, FLOAT_SOURCES) >> place & 1 == 0:
            into_slot(t, operands[place], place)
    if needs_acc != 0:
        into_accumulator(t, operands[needs_acc - 1])
    if has_handler(t, row, operands, count):
        return
    for place in span(count):
        number = operands[place]
        if t.values[number].kind == IN_ACC and place + 1 != needs_acc and keeps_place(t, number):
            unload(t, is_float(t.values[number].type))
    if has_handler(t, row, operands, count):
        return
    move_pins(t, facts, operands, count)
    if has_handler(t, row, operands, count):
        return
    for place in span(count):
        if t.values[operands[place]].kind == CONSTANT and place + 1 != needs_constant:
            into_slot(t, operands[place], place)
    if has_handler(t, row, operands, count):
        return
    for place in span(count):
        number = operands[place]
        if place + 1 != needs_acc and place + 1 != needs_constant and form_of(t, t.values[number]) != SLOT:
            into_slot(t, number, place)


@kernel
def move_pins(t: Translator, facts: u64, operands: Ptr[u32], count: u32) -> None:
    """Move operands that are in pins to slots, no more of them than it takes until the row has a handler."""
    forms = forms_of(t, operands, count)
    pins = u32(0)
    for place in span(count):
        form = forms >> (place << 3) & 0xFF
        if form >= PIN and form < SLOT:
            pins |= u32(1) << place
    for some in unroll(FEWEST_FIRST):
        if some & ~pins == 0 and has_sources(facts, sources_key(moved(forms, u32(some), fact(facts, MIRRORED_PAIR)))):
            for place in span(count):
                if u32(some) >> place & 1 != 0:
                    into_slot(t, operands[place], place)
            return


@kernel
def emit(t: Translator, row: u32, operands: Ptr[u32], count: u32, form: u32, slot: u32) -> None:
    """Emit a row on `count` operands, none of which waits. They are consumed."""
    facts = facts_of(row)
    forms = u32(0)
    fits = True
    for place in unroll(range(MOST_LEAVES)):
        if place < count:
            value = t.values[operands[place]]
            read_as = u32(CONST)
            if value.kind != CONSTANT:
                read_as = form_of(t, value)
            elif not fits_field(value):
                read_as = u32(SLOT)
                fits = False
            forms |= read_as << 8 * place
    pair = fact(facts, MIRRORED_PAIR)
    ordered = mirrored(forms, pair)
    sources = sources_key(ordered)
    if TREE_COUNT != 0 and row >= FIRST_TREE_ROW and not has_signature(facts, with_destination(sources, form)):
        emit_parts(t, row, operands, count, form, slot)
        return
    if not (fits and has_sources(facts, sources)):
        legalize(t, row, operands, count)
        emit(t, row, operands, count, form, slot)
        return
    if ordered != forms:
        swap(operands + (pair - 1))
    emit_legal(t, row, facts, operands, count, ordered, form, slot)


@kernel(inline=True)
def emit_legal(
    t: Translator, row: u32, facts: u64, operands: Ptr[u32], count: u32, forms: u32, form: u32, slot: u32
) -> None:  # fmt: skip
    """Emit a row that has a handler for the operands' forms."""
    float_bank = fact(facts, FLOAT_RESULT) != 0
    is_direct = form == NOWHERE or has_signature(facts, with_destination(sources_key(forms), form))
    if form == ACC or not is_direct:
        make_way(t, float_bank, operands, count)
    i = new_ins(t, row)
    i.destination = u8(form) if is_direct else ACC
    i.slot = u16(slot)
    i.sources = u8(sources_key(forms))
    store(i.forms, forms)
    latest = ins_number(t)
    values = t.values
    for place in span(count):
        value = values[operands[place]]
        i.operands[place] = value.payload
        take_place(t, value, operands[place], latest)
        recycle(t, value, operands[place])
    if not is_direct:
        move_acc(t, move_row(result_type(facts)), form, slot)


@kernel
def emit_one(t: Translator, row: u32, number: u32) -> None:
    """Emit a row without result on one value, which does not wait."""
    t.leaves[0] = number
    emit(t, row, t.leaves, u32(1), NOWHERE, u32(0))


@kernel(inline=True)
def result_type(facts: u64) -> u8:
    """The type of a row's result, as far as it matters where that is."""
    if HAS_VECTORS and fact(facts, VECTOR_RESULT) != 0:
        return V128
    return F64 if fact(facts, FLOAT_RESULT) != 0 else I64


@kernel
def emit_parts(t: Translator, row: u32, operands: Ptr[u32], count: u32, form: u32, slot: u32) -> None:
    """Emit a tree that has no handler for these operands: its inner node into the accumulator, then its outer one."""
    tree = row - FIRST_TREE_ROW
    inner = u32(INNER_ROW[tree])
    inner_count = fact(facts_of(inner), SOURCE_COUNT)
    place = u32(INNER_PLACE[tree])
    other = NO_VALUE
    if count > inner_count:
        other = operands[0] if place == 1 else operands[inner_count]
    # The operands are in the order of the expression: the inner node's follow one another.
    emit(t, inner, operands + place, inner_count, ACC, u32(0))
    number = new_value(t, IN_ACC, result_type(facts_of(inner)))
    t.values[number].producer = NO_INS
    t.leaves[0] = number if place == 0 else other
    t.leaves[1] = other if place == 0 else number
    emit(t, OUTER_ROW[tree], t.leaves, count - inner_count + 1, form, slot)
