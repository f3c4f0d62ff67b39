"""Vector instructions that have immediates: constants, lanes by their numbers, shuffles, memory by lanes."""

from collections.abc import Callable
from typing import Final

from fusee.engine.columns import Columns
from fusee.engine.isa.lanes import has_row, row_of
from fusee.engine.isa.memory import LOAD_OF, STORE_OF
from fusee.engine.isa.table import NO_ROW, NUMBER
from fusee.engine.isa.vector import LANES, NUMBERED, OPS, cheaper_row, lane_row
from fusee.engine.numeric import BY_NUMBER
from fusee.engine.translate.access import add_access, load_top, row_of_access, store_top
from fusee.engine.translate.actions import (
    ACCESS_PLACE,
    CHEAPER,
    MEMORY_ROW,
    ROW_SHIFT,
    TYPE_CODES,
    WORD,
    arity_of,
    type_of,
)
from fusee.engine.translate.compute import compute_pure, materialize_top, push_emitted
from fusee.engine.translate.fuse import flatten, fused_row, take_leaves
from fusee.engine.translate.immediate import next_byte
from fusee.engine.translate.shuffle import translate_shuffle
from fusee.engine.translate.state import CONSTANT, I32, I64, NO_VALUE, PENDING, V128, Translator
from fusee.engine.translate.values import make_value, new_node, new_tree, pop, push, push_constant
from fusee.kernel.lang import kernel, table, u8, u16, u32, u64
from fusee.spec.op import Imm, Op

_FIRST: Final = min(op.index for op in OPS)
_COUNT: Final = max(op.index for op in OPS) + 1 - _FIRST

# What an instruction with immediates is
LITERAL: Final = 0  # `v128.const`
PLACES: Final = 1  # a shuffle
EXTRACT: Final = 2
REPLACE: Final = 3
LOAD: Final = 4  # a number, of which something is made
LOAD_LANE: Final = 5
STORE_LANE: Final = 6
RELAXED: Final = 7  # what has two answers

_KIND_OF_IMMEDIATES: Final = {(Imm.V128,): LITERAL, (Imm.LANES,): PLACES}


def _kind(op: Op) -> int:
    if op.mnemonic in CHEAPER:
        return RELAXED
    if op.immediates in _KIND_OF_IMMEDIATES:
        return _KIND_OF_IMMEDIATES[op.immediates]
    if op.immediates == (Imm.LANE,):
        return EXTRACT if op.results != ("v128",) else REPLACE
    if Imm.LANE in op.immediates:
        return LOAD_LANE if op.results else STORE_LANE
    return LOAD


_INTEGERS: Final = {1: "i8x16", 2: "i16x8", 4: "i32x4", 8: "i64x2"}  # by the width of lanes in bytes
_LANE_ACCESSES: Final = {1: ("load8_u", "store8"), 2: ("load16_u", "store16"), 4: ("load32_u", "store32"),
                         8: ("load64", "store64")}  # fmt: skip


def _part(op: Op) -> str:
    """The instruction that replaces or takes the lane."""
    kind, lanes = _kind(op), _INTEGERS.get(op.width, "")
    if kind == LOAD_LANE:
        return f"{lanes}.replace_lane"
    if kind == STORE_LANE:
        extract = f"{lanes}.extract_lane"
        return extract if extract in LANES else f"{extract}_u"
    return op.mnemonic


def _row(op: Op) -> int:
    """The row that makes something of a number or takes one; of lanes the first one's."""
    kind = _kind(op)
    if kind == RELAXED:
        return NUMBER[cheaper_row(op.mnemonic)]
    if kind in (EXTRACT, REPLACE, LOAD_LANE, STORE_LANE):
        return NUMBER[lane_row(_part(op), 0)]
    lanes = _INTEGERS.get(op.width, "")
    if kind == LOAD:
        name = f"{lanes}.splat" if op.mnemonic.endswith("_splat") else op.mnemonic
        return NUMBER[name.replace(".", "_")]
    return 0


def _whole(op: Op) -> int:
    """The row that does it all in the usual memory; of lanes the first one's."""
    if Imm.MEMARG in op.immediates and has_row(op):
        return NUMBER[row_of(op.mnemonic)]
    return int(NO_ROW)


def _access(op: Op) -> int:
    """Where the rows of the scalar access begin."""
    if Imm.MEMARG not in op.immediates:
        return 0
    return ACCESS_PLACE[_LANE_ACCESSES[op.width][_kind(op) == STORE_LANE]]


_OWN: Final = [
    op for op in OPS if op.mnemonic in CHEAPER or (op.immediates and op.mnemonic not in (*LOAD_OF, *STORE_OF))
]
_BY_PLACE: Final = {op.index - _FIRST: op for op in _OWN}


def _column(of: Callable[[Op], int]) -> list[int]:
    """One number for each place among the instructions on vectors; 0 where there is none of these."""
    return [of(_BY_PLACE[place]) if place in _BY_PLACE else 0 for place in range(_COUNT)]


_COLUMNS: Final = Columns(
    kind=_column(_kind),
    row=_column(_row),
    whole=_column(_whole),
    access=_column(_access),
    result=_column(lambda op: TYPE_CODES[(op.results or ("v128",))[0]]),
    numbered=_column(lambda op: _part(op) in NUMBERED),
    whole_numbered=_column(lambda op: op.mnemonic in BY_NUMBER),
)

CLASS = table(u8, _COLUMNS.classes)
"""By the instruction's place among those on vectors. The others are by class."""

KIND = table(u8, _COLUMNS["kind"])
ROW = table(u16, _COLUMNS["row"])
WHOLE = table(u16, _COLUMNS["whole"])
ACCESS = table(u8, _COLUMNS["access"])
RESULT = table(u8, _COLUMNS["result"])
IS_NUMBERED = table(u8, _COLUMNS["numbered"])
WHOLE_NUMBERED = table(u8, _COLUMNS["whole_numbered"])
"""Whether a row takes the lane's number as an operand."""


@kernel
def compute_ternary(t: Translator, word: u32) -> None:
    """An instruction on three vectors."""
    materialize_top(t, u32(3))
    t.leaves[2] = pop(t)
    t.leaves[1] = pop(t)
    t.leaves[0] = pop(t)
    push_emitted(t, word >> ROW_SHIFT, u32(3), type_of(word))


@kernel
def translate_lanes(t: Translator, index: u32) -> None:
    """An instruction that has immediates."""
    of = u32(CLASS[index - _FIRST])
    kind = KIND[of]
    row = u32(ROW[of])
    if kind == LITERAL:
        push_constant(t, V128, t.reader.position)
        t.reader.position += 16
    elif kind == PLACES:
        translate_shuffle(t)
    elif kind == RELAXED:
        compute_relaxed(t, u32(WORD[index]), row)
    elif kind == EXTRACT:
        extract_lane(t, of, u32(next_byte(t.reader)), RESULT[of])
    elif kind == REPLACE:
        materialize_top(t, u32(2))
        number = pop(t)
        replace_lane(t, of, u32(next_byte(t.reader)), pop(t), number)
    else:
        access_lanes(t, of)


@kernel
def compute_relaxed(t: Translator, word: u32, cheaper: u32) -> None:
    """An instruction that has two answers; `cheaper` is the row of one of them, `word` describes the other."""
    wanted = cheaper << ROW_SHIFT | word & ((1 << ROW_SHIFT) - 1) if t.is_relaxed else word
    if arity_of(word) == 3:
        compute_ternary(t, wanted)
    else:
        compute_pure(t, wanted)


@kernel
def access_lanes(t: Translator, of: u32) -> None:
    """A load or store of lanes, or a load that makes a vector of a number: one instruction if there is one, or two.

    `of` is its class.
    """
    access = row_of_access(t, ACCESS[of])
    kind = KIND[of]
    lane = u32(0) if kind == LOAD else u32(next_byte(t.reader))
    whole = u32(WHOLE[of])
    if whole != NO_ROW and access == MEMORY_ROW[ACCESS[of]]:
        t.memory = lane  # where there is one memory, the second immediate
        if WHOLE_NUMBERED[of] == 0:
            whole += lane
        if kind == LOAD:
            load_top(t, whole, V128)
        elif kind == LOAD_LANE:
            load_into(t, whole)
        else:
            store_top(t, whole)
    elif kind == LOAD:
        load_top(t, access, I64)
        push_unary(t, u32(ROW[of]), V128)
    elif kind == LOAD_LANE:
        load_lane(t, access, of, lane)
    else:
        extract_lane(t, of, lane, I64)
        store_top(t, access)


@kernel
def load_into(t: Translator, row: u32) -> None:
    """A load of a lane of the topmost entry; the address is below it."""
    materialize_top(t, u32(1))
    tree = fused_row(t, row, u32(0), t.stack[t.height - 2], t.stack[t.height - 1])
    if tree == NO_ROW:
        materialize_top(t, u32(2))
    vector = pop(t)
    at = pop(t)
    if tree == NO_ROW:
        push_emitted(t, row, take_leaves(t, at, vector), V128)
    else:
        push_emitted(t, tree, flatten(t, u32(0), at, vector), V128)
    add_access(t)


@kernel
def load_lane(t: Translator, access: u32, of: u32, lane: u32) -> None:
    """The same in two instructions."""
    materialize_top(t, u32(2))
    vector = pop(t)
    load_top(t, access, I64)
    replace_lane(t, of, lane, vector, pop(t))


@kernel
def replace_lane(t: Translator, of: u32, lane: u32, vector: u32, number: u32) -> None:
    """A lane becomes another number. `of` is the class of what says so."""
    if IS_NUMBERED[of] == 0:
        push(t, new_node(t, PENDING, ROW[of] + lane, V128, vector, number))
    else:
        t.leaves[0] = vector
        t.leaves[1] = number
        t.leaves[2] = make_value(t, CONSTANT, I32, u64(lane))
        push(t, new_tree(t, u32(ROW[of]), V128, u32(3)))


@kernel
def extract_lane(t: Translator, of: u32, lane: u32, type_: u8) -> None:
    """A lane of the topmost entry, as a number."""
    if IS_NUMBERED[of] == 0:
        push_unary(t, ROW[of] + lane, type_)
    else:
        materialize_top(t, u32(1))
        vector = pop(t)
        number = make_value(t, CONSTANT, I32, u64(lane))
        push(t, new_node(t, PENDING, u32(ROW[of]), type_, vector, number))


@kernel
def push_unary(t: Translator, row: u32, type_: u8) -> None:
    """A pure instruction on the topmost entry."""
    materialize_top(t, u32(1))
    push(t, new_node(t, PENDING, row, type_, pop(t), NO_VALUE))
