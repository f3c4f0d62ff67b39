"""One Wasm instruction at a time; the tables say what most of them need."""

from typing import Final

from fusee.engine.decode.reader import read_u32, read_u64
from fusee.engine.decode.types import read_value_type
from fusee.engine.isa.forms import NOWHERE, SLOT
from fusee.engine.isa.memory import LOAD_OF, MEMORY_KINDS, ON_SLOTS, STORE_OF
from fusee.engine.isa.numeric import BOTH_WIDTHS
from fusee.engine.isa.table import NO_ROW, NUMBER
from fusee.engine.state.runtime import Global, Instance
from fusee.engine.translate import call, control
from fusee.engine.translate.branch import pop_condition
from fusee.engine.translate.comparison import EQ, negate
from fusee.engine.translate.control import type_code
from fusee.engine.translate.emit import (
    add_immediate,
    claim,
    emit,
    hold_in_acc,
    materialize,
    new_ins,
    settle,
    unload,
)  # fmt: skip
from fusee.engine.translate.fuse import flatten, fused_row, take_leaves
from fusee.engine.translate.immediate import read_s64
from fusee.engine.translate.locals import set_local
from fusee.engine.translate.state import (
    COMPARE,
    CONSTANT,
    F32,
    F64,
    I32,
    I64,
    IN_ACC,
    NO_VALUE,
    PENDING,
    SLOTTED,
    Translator,
)  # fmt: skip
from fusee.engine.translate.values import (
    canonical,
    is_float,
    is_waiting,
    new_comparison,
    new_node,
    new_value,
    pop,
    push,
    push_canonical,
    push_constant,
    push_local,
    release,
    top,
)  # fmt: skip
from fusee.kernel.lang import kernel, load, size_of, span, table, u8, u16, u32, u64, unreachable
from fusee.spec import opcodes
from fusee.spec.op import BY_INDEX, INDEX_COUNT, Op

# What an opcode asks of the translator
OWN: Final = 0  # see `translate_other`
COMPUTE: Final = 1  # a pure instruction: it waits until it is needed
TRAPPING: Final = 2  # must be emitted in its place
COMPARISON: Final = 3
LOAD: Final = 4
STORE: Final = 5
FROM_SLOTS: Final = 6

_TYPE_CODES: Final = {"i32": I32, "i64": I64, "f32": F32, "f64": F64}
_FIRST_COMPARISONS: Final = {"i32": opcodes.I32_EQ, "i64": opcodes.I64_EQ, "f32": opcodes.F32_EQ, "f64": opcodes.F64_EQ}


def _comparison(op: Op) -> bool:
    return bool((op.commutes and op.negated) or op.mirrored)


def _row_name(op: Op) -> str:
    kind, _, name = op.mnemonic.partition(".")
    if kind in ("i32", "i64") and name in BOTH_WIDTHS:
        return name
    return LOAD_OF.get(op.mnemonic) or STORE_OF.get(op.mnemonic) or op.mnemonic.replace(".", "_")


def _action(op: Op) -> int:
    name = _row_name(op)
    if op.mnemonic in LOAD_OF:
        return LOAD
    if op.mnemonic in STORE_OF:
        return STORE
    if _comparison(op):
        return COMPARISON
    if name in ON_SLOTS:
        return FROM_SLOTS
    if op.params is None or name not in NUMBER or op.mnemonic in _OWN_SIGNATURES or op.immediates:
        return OWN
    return TRAPPING if op.traps else COMPUTE


_OWN_SIGNATURES: Final = {
    "i32.eqz", "i64.eqz", "i32.wrap_i64", "nop",
}  # fmt: skip
"""Instructions that have a rule of their own here although validation needs none."""


def _column(of: "dict[int, int]", missing: int = 0) -> list[int]:
    return [of.get(index, missing) for index in range(INDEX_COUNT)]


def _result(op: Op) -> int:
    return _TYPE_CODES.get((op.results or ("",))[0], I64)


_OPS: Final = {index: op for index, op in BY_INDEX.items() if not op.unsupported}
ACTION = table(u8, _column({index: _action(op) for index, op in _OPS.items()}))
ROW = table(u16, _column({index: NUMBER.get(_row_name(op), NO_ROW) for index, op in _OPS.items()}, NO_ROW))
ARITY = table(u8, _column({index: len(op.params or ()) for index, op in _OPS.items()}))
RESULT = table(u8, _column({index: _result(op) for index, op in _OPS.items()}))
COMMUTES = table(u8, _column({index: int(op.commutes) for index, op in _OPS.items()}))
COMPARED = table(u8, _column({i: _TYPE_CODES[op.params[0]] for i, op in _OPS.items() if _comparison(op) and op.params}))
CODE = table(u8, _column({
    index: op.code - _FIRST_COMPARISONS[op.params[0]].code
    for index, op in _OPS.items() if _comparison(op) and op.params
}))  # fmt: skip
IMMEDIATE_COUNT = table(u8, _column({index: len(op.immediates) for index, op in _OPS.items()}))

assert all(_action(op) or op.mnemonic in _OWN_SIGNATURES or op.params is None or op.immediates for op in _OPS.values())

_ACCESSES: Final = [*dict.fromkeys([*LOAD_OF.values(), *STORE_OF.values()])]
MEMORY_ROW = table(u16, [NUMBER[name + suffix] for name in _ACCESSES for suffix in MEMORY_KINDS])
_ACCESSING: Final = {index: _row_name(op) for index, op in _OPS.items() if _action(op) in (LOAD, STORE)}
ACCESS = table(u8, _column({index: _ACCESSES.index(name) for index, name in _ACCESSING.items()}))
KIND_64: Final = 1  # in the order of MEMORY_KINDS
KIND_ANY: Final = 2

_SLOT_SHAPES: Final = {
    "memory_grow": (1, 1), "memory_init": (3, 0), "memory_copy": (3, 0), "memory_fill": (3, 0), "data_drop": (0, 0),
    "table_get": (1, 1), "table_set": (2, 0), "table_grow": (2, 1), "table_init": (3, 0), "table_copy": (3, 0),
    "table_fill": (3, 0), "elem_drop": (0, 0), "i64_add128": (4, 2), "i64_sub128": (4, 2), "i64_mul_wide_s": (2, 2),
    "i64_mul_wide_u": (2, 2),
}  # fmt: skip
_ON_SLOTS: Final = {index: _SLOT_SHAPES[_row_name(op)] for index, op in _OPS.items() if _row_name(op) in ON_SLOTS}
SLOT_OPERANDS = table(u8, _column({index: shape[0] for index, shape in _ON_SLOTS.items()}))
SLOT_RESULTS = table(u8, _column({index: shape[1] for index, shape in _ON_SLOTS.items()}))

SUB: Final = NUMBER["sub"]
ADD: Final = NUMBER["add"]
SELECT: Final = NUMBER["select"]
FSELECT: Final = NUMBER["fselect"]
UNREACHABLE: Final = NUMBER["unreachable"]
GLOBAL_GET: Final = NUMBER["global_get"]
GLOBAL_GET_IMPORT: Final = NUMBER["global_get_import"]
GLOBAL_SET: Final = NUMBER["global_set"]
GLOBAL_SET_IMPORT: Final = NUMBER["global_set_import"]
REF_FUNC: Final = NUMBER["ref_func"]
REF_AS_NON_NULL: Final = NUMBER["ref_as_non_null"]
MEMORY_SIZE: Final = NUMBER["memory_size"]
TABLE_SIZE: Final = NUMBER["table_size"]


@kernel
def translate_instruction(t: Translator, index: u32) -> bool:
    """Translate the instruction whose opcode has just been read; whether what follows can be reached."""
    action = ACTION[index]
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


# Numbers


@kernel(inline=True)
def materialize_top(t: Translator, count: u32) -> None:
    """Emit what waits among the topmost entries, as operands of what comes."""
    for place in span(count):
        number = t.stack[t.height - count + place]
        if is_waiting(t.values[number]):
            materialize(t, number)


@kernel
def compute(t: Translator, index: u32) -> None:
    """A pure instruction waits until somebody needs its value."""
    row = u32(ROW[index])
    if ARITY[index] == 1:
        materialize_top(t, u32(1))
        push(t, new_node(t, u32(PENDING), row, RESULT[index], take_leaves(t, pop(t), u32(NO_VALUE))))
        return
    if fuse_binary(t, index, row):
        return
    materialize_top(t, u32(2))
    second = pop(t)
    first = pop(t)
    if t.values[second].kind == CONSTANT:
        if row == SUB:
            negate_constant(t, second)
            row = u32(ADD)
    elif COMMUTES[index] != 0 and t.values[first].kind == CONSTANT:
        swapped = first
        first = second
        second = swapped
    push(t, new_node(t, u32(PENDING), row, RESULT[index], take_leaves(t, first, second)))


@kernel
def negate_constant(t: Translator, number: u32) -> None:
    value = t.values[number]
    value.payload = u64(0) - value.payload
    if value.type == I32:
        value.payload &= 0xFFFF_FFFF


@kernel
def fuse_binary(t: Translator, index: u32, row: u32) -> bool:
    """Compute the two topmost entries in one tree, if there is one with the second or the first as its inner node."""
    second = t.stack[t.height - 1]
    first = t.stack[t.height - 2]
    outer = row
    if row == SUB and t.values[second].kind == CONSTANT:
        outer = u32(ADD)
    place = u32(1)
    inner = second
    other = first
    tree = fused_row(t, outer, place, second, first)
    if tree == NO_ROW and COMMUTES[index] != 0:
        tree = fused_row(t, outer, place, first, second)
        inner = first
        other = second
    if tree == NO_ROW:
        place = u32(0)
        inner = first
        other = second
        tree = fused_row(t, outer, place, first, second)
    if tree == NO_ROW and COMMUTES[index] != 0:
        inner = second
        other = first
        tree = fused_row(t, outer, place, second, first)
    if tree == NO_ROW:
        return False
    if is_waiting(t.values[other]):
        materialize(t, other)
        if not is_waiting(t.values[inner]):  # it had to make room
            return False
    elif outer != row:
        negate_constant(t, second)
    pop(t)
    pop(t)
    push(t, new_node(t, u32(PENDING), tree, RESULT[index], flatten(t, place, inner, other)))
    return True


@kernel
def compute_now(t: Translator, index: u32) -> None:
    """An instruction that may trap is emitted where it stands."""
    materialize_top(t, u32(ARITY[index]))
    second = pop(t) if ARITY[index] == 2 else u32(NO_VALUE)
    first = pop(t)
    push_result(t, u32(ROW[index]), u32(ARITY[index]), first, second, RESULT[index])


@kernel
def push_result(t: Translator, row: u32, count: u32, first: u32, second: u32, type_: u8) -> None:
    """Emit a row on up to two operands and push its result, which is in the accumulator."""
    t.leaves[0] = first
    t.leaves[1] = second
    t.leaves[2] = u32(NO_VALUE)
    push_emitted(t, row, count, type_)


@kernel
def push_emitted(t: Translator, row: u32, count: u32, type_: u8) -> None:
    """Emit a row on the first `count` of `t.leaves` and push its result, which is in the accumulator."""
    first = t.leaves[0]
    second = t.leaves[1]
    third = t.leaves[2]
    number = new_value(t, u32(SLOTTED), type_)
    owner = t.owners[t.height]
    if owner != first + 1 and owner != second + 1 and owner != third + 1:
        claim(t, t.height, number)
    emit(t, row, count, first, second, third, u32(0), u32(0))
    hold_in_acc(t, number)
    push(t, number)


@kernel
def compare(t: Translator, index: u32) -> None:
    materialize_top(t, u32(2))
    second = pop(t)
    first = pop(t)
    push_comparison(t, u32(CODE[index]), u32(COMPARED[index]), first, second)


@kernel
def push_comparison(t: Translator, code: u32, type_: u32, first: u32, second: u32) -> None:
    push(t, new_comparison(t, code, type_, first, second))


@kernel
def test_zero(t: Translator) -> None:
    """`eqz` and `ref.is_null`: a comparison with zero, or the opposite of a comparison."""
    if top(t, u32(0)).kind == COMPARE:
        negate(top(t, u32(0)))
        return
    materialize_top(t, u32(1))
    type_ = top(t, u32(0)).type
    push_constant(t, u32(type_), u64(0))
    second = pop(t)
    push_comparison(t, u32(EQ), u32(type_), pop(t), second)


@kernel
def wrap(t: Translator) -> None:
    """`i32.wrap_i64` costs nothing: an i32's upper half is arbitrary."""
    value = top(t, u32(0))
    value.type = u8(I32)
    if value.kind == CONSTANT:
        value.payload &= 0xFFFF_FFFF


@kernel
def choose(t: Translator) -> None:
    """`select`; its condition is taken from the accumulator."""
    materialize_top(t, u32(3))
    condition = pop(t)
    second = pop(t)
    first = pop(t)
    type_ = t.values[first].type
    if is_float(type_):
        if t.values[first].kind == IN_ACC or t.values[second].kind == IN_ACC:
            unload(t, True)
    elif t.values[first].kind == IN_ACC or t.values[second].kind == IN_ACC:
        unload(t, False)
    number = new_value(t, u32(SLOTTED), type_)
    if t.owners[t.height] != first + 1:
        claim(t, t.height, number)
    row = u32(FSELECT) if is_float(type_) else u32(SELECT)
    emit(t, row, u32(3), first, second, condition, u32(0), u32(0))
    hold_in_acc(t, number)
    push(t, number)


# Memory


@kernel
def read_access(t: Translator, index: u32) -> u32:
    """Read a memarg (spec 5.4.6): gives the row, and leaves offset and memory in `t.offset` and `t.memory`."""
    flags = read_u32(t.reader)
    t.memory = u32(0)
    if flags & 0x40 != 0:
        t.memory = read_u32(t.reader)
    t.offset = read_u64(t.reader)
    kind = u32(0)
    if t.module.memories[t.memory].limits.is_64:
        kind = u32(KIND_64)
    if t.memory != 0:
        kind += KIND_ANY
    return u32(MEMORY_ROW[u32(ACCESS[index]) * len(MEMORY_KINDS) + kind])


@kernel
def add_access(t: Translator) -> None:
    """The immediates of the latest instruction, a load or store (a load's result is in the accumulator)."""
    i = t.ins[t.ins_count - 1]
    add_immediate(i, t.offset)
    add_immediate(i, u64(t.memory))


@kernel
def translate_load(t: Translator, index: u32) -> None:
    row = read_access(t, index)
    tree = fused_row(t, row, u32(0), t.stack[t.height - 1], u32(NO_VALUE))
    if tree == NO_ROW:
        materialize_top(t, u32(1))
        push_emitted(t, row, take_leaves(t, pop(t), u32(NO_VALUE)), RESULT[index])
    else:
        push_emitted(t, tree, flatten(t, u32(0), pop(t), u32(NO_VALUE)), RESULT[index])
    add_access(t)


@kernel
def translate_store(t: Translator, index: u32) -> None:
    row = read_access(t, index)
    materialize_top(t, u32(1))
    tree = fused_row(t, row, u32(0), t.stack[t.height - 2], t.stack[t.height - 1])
    if tree == NO_ROW:
        materialize_top(t, u32(2))
    value = pop(t)
    place = pop(t)
    if tree == NO_ROW:
        emit(t, row, u32(2), place, value, u32(NO_VALUE), u32(NOWHERE), u32(0))
    else:
        count = flatten(t, u32(0), place, value)
        emit(t, tree, count, t.leaves[0], t.leaves[1], t.leaves[2], u32(NOWHERE), u32(0))
    add_access(t)


@kernel
def on_slots(t: Translator, index: u32) -> None:
    """An instruction that takes its operands from consecutive canonical slots and leaves its results there."""
    first = u64(0)
    second = u64(0)
    if IMMEDIATE_COUNT[index] > 0:
        first = u64(read_u32(t.reader))
    if IMMEDIATE_COUNT[index] > 1:
        second = u64(read_u32(t.reader))
    count = u32(SLOT_OPERANDS[index])
    narrow = u64(0)
    for place in span(count):
        number = t.stack[t.height - count + place]
        settle(t, number)
        narrow |= u64(t.values[number].type == I32) << u64(place)
    result = result_type(t, index, u32(first))
    for _ in span(count):
        release(t, pop(t))
    i = new_ins(t, u32(ROW[index]))
    add_immediate(i, first)
    add_immediate(i, second)
    add_immediate(i, u64(canonical(t, t.height)))
    add_immediate(i, narrow)
    for _ in span(u32(SLOT_RESULTS[index])):
        push_canonical(t, result)


@kernel
def result_type(t: Translator, index: u32, object_index: u32) -> u8:
    """Type of what the instruction leaves: sizes have the address type of their memory or table."""
    if index == opcodes.MEMORY_GROW.index:
        return address_type(t.module.memories[object_index].limits.is_64)
    if index == opcodes.TABLE_GROW.index:
        return address_type(t.module.tables[object_index].limits.is_64)
    return u8(I64)


@kernel(inline=True)
def address_type(is_64: bool) -> u8:
    return u8(I64) if is_64 else u8(I32)


# Globals


@kernel
def get_global(t: Translator, index: u32) -> None:
    type_ = type_code(t.module.globals[index].value_type)
    row = u32(GLOBAL_GET)
    if index < t.module.imported_global_count:
        row = u32(GLOBAL_GET_IMPORT)
    if is_float(type_):
        number = new_value(t, u32(SLOTTED), type_)
        claim(t, t.height, number)
        release(t, number)
        i = new_ins(t, row)
        i.destination = u8(SLOT)
        i.slot = u16(canonical(t, t.height))
        add_immediate(i, global_place(t, index))
        push_canonical(t, type_)
        return
    push_result(t, row, u32(0), u32(NO_VALUE), u32(NO_VALUE), type_)
    add_immediate(t.ins[t.ins_count - 1], global_place(t, index))


@kernel
def global_place(t: Translator, index: u32) -> u64:
    """An own global's distance from the instance that it follows in memory; an import's index."""
    if index < t.module.imported_global_count:
        return u64(index)
    return u64(size_of(Instance)) + u64(index - t.module.imported_global_count) * size_of(Global)


@kernel
def set_global(t: Translator, index: u32) -> None:
    materialize_top(t, u32(1))
    if is_float(top(t, u32(0)).type):
        settle(t, t.stack[t.height - 1])
    row = u32(GLOBAL_SET)
    if index < t.module.imported_global_count:
        row = u32(GLOBAL_SET_IMPORT)
    emit(t, row, u32(1), pop(t), u32(NO_VALUE), u32(NO_VALUE), u32(NOWHERE), u32(0))
    add_immediate(t.ins[t.ins_count - 1], global_place(t, index))


# The rest


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
