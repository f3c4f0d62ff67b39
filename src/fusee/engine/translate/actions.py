"""What each opcode asks of the translator."""

from collections.abc import Iterable
from typing import Final

from fusee.engine.columns import Columns
from fusee.engine.isa.memory import LOAD_OF, MEMORY_KINDS, STORE_OF
from fusee.engine.isa.numeric import BOTH_WIDTHS
from fusee.engine.isa.selection import chosen
from fusee.engine.isa.table import NUMBER, number_of
from fusee.engine.isa.vector import WIDE
from fusee.engine.numeric import CHEAPER as CHEAPER_MEANING
from fusee.engine.numeric import TWINS
from fusee.engine.translate.state import F32, F64, I32, I64, V128
from fusee.kernel.lang import kernel, table, u8, u16, u32
from fusee.spec import opcodes, vector_opcodes
from fusee.spec.atomics import ATOMIC_OF
from fusee.spec.op import BY_INDEX, Op

# What an opcode asks of the translator
OWN: Final = 0  # it has a `rule.Rule`
COMPUTE: Final = 1  # a pure instruction: it waits until it is needed
TRAPPING: Final = 2  # must be emitted in its place
COMPARISON: Final = 3
LOAD: Final = 4
STORE: Final = 5
FROM_SLOTS: Final = 6
GET_LOCAL: Final = 7
SET_LOCAL: Final = 8
TEE_LOCAL: Final = 9
I32_CONSTANT: Final = 10
CONTROL: Final = 11  # so it has, and is frequent
END: Final = 12
TERNARY: Final = 13  # on three vectors; emitted in its place
ATOMIC: Final = 14

TYPE_CODES: Final = {"i32": int(I32), "i64": int(I64), "f32": int(F32), "f64": int(F64), "v128": int(V128)}
_FIRST_COMPARISONS: Final = {"i32": opcodes.I32_EQ, "i64": opcodes.I64_EQ, "f32": opcodes.F32_EQ, "f64": opcodes.F64_EQ}


TERNARY_OPERANDS: Final = 3

CHEAPER: Final = frozenset(CHEAPER_MEANING if chosen().has_cheaper_answers else ())
"""Relaxed instructions that have two answers here: the deterministic one, and one that costs less."""


def _comparison(op: Op) -> bool:
    return bool((op.commutes and op.negated) or op.mirrored) and op.feature not in WIDE


def _row_name(op: Op) -> str:
    kind, _, name = op.mnemonic.partition(".")
    if kind in ("i32", "i64") and name in BOTH_WIDTHS:
        return name
    access = LOAD_OF.get(op.mnemonic) or STORE_OF.get(op.mnemonic) or ATOMIC_OF.get(op.mnemonic)
    return access or TWINS.get(op.mnemonic, op.mnemonic).replace(".", "_")


_SLOT_SHAPES: Final = {
    "memory_grow": (1, 1), "memory_init": (3, 0), "memory_copy": (3, 0), "memory_fill": (3, 0), "data_drop": (0, 0),
    "table_get": (1, 1), "table_set": (2, 0), "table_grow": (2, 1), "table_init": (3, 0), "table_copy": (3, 0),
    "table_fill": (3, 0), "elem_drop": (0, 0), "i64_add128": (4, 2), "i64_sub128": (4, 2), "i64_mul_wide_s": (2, 2),
    "i64_mul_wide_u": (2, 2), "array_new": (2, 1), "array_new_default": (1, 1), "array_new_data": (2, 1),
    "array_new_elem": (2, 1), "array_fill": (4, 0), "array_copy": (5, 0), "array_init_data": (4, 0),
    "array_init_elem": (4, 0),
}  # fmt: skip


def _action(op: Op) -> int:
    name = _row_name(op)
    if op.mnemonic in _FREQUENT:
        return _FREQUENT[op.mnemonic]
    if op.mnemonic in LOAD_OF:
        return LOAD
    if op.mnemonic in STORE_OF:
        return STORE
    if op.mnemonic in ATOMIC_OF:
        return ATOMIC
    if _comparison(op):
        return COMPARISON
    if op.mnemonic in CHEAPER:
        return OWN
    if name in _SLOT_SHAPES:
        return FROM_SLOTS
    if op.params is None or name not in NUMBER or op.mnemonic in _OWN_SIGNATURES or op.immediates:
        return OWN
    if len(op.params) == TERNARY_OPERANDS:
        return TERNARY
    return TRAPPING if op.traps else COMPUTE


_FREQUENT: Final = {
    "local.get": GET_LOCAL, "local.set": SET_LOCAL, "local.tee": TEE_LOCAL, "i32.const": I32_CONSTANT, "end": END,
    **dict.fromkeys(["block", "loop", "if", "else", "br_if", "br", "call"], CONTROL),
}  # fmt: skip

_OWN_SIGNATURES: Final = {
    "i32.eqz", "i64.eqz", "i32.wrap_i64", "nop",
}  # fmt: skip
"""Instructions that have a rule of their own here although validation needs none."""


def _result(op: Op) -> int:
    return TYPE_CODES.get((op.results or ("",))[0], int(I64))


_OPS: Final = {index: op for index, op in BY_INDEX.items() if not op.unsupported}
_INDEX_COUNT: Final = max(_OPS) + 1  # what cannot be executed does not get here


def _column(of: dict[int, int]) -> list[int]:
    return [of.get(index, 0) for index in range(_INDEX_COUNT)]


def without_row(ops: Iterable[Op]) -> list[str]:
    """Those of the instructions that compute a value from values, and that `isa` has no row for."""
    own = {*_OWN_SIGNATURES, *CHEAPER}
    return [op.mnemonic for op in ops if not (_action(op) or op.mnemonic in own or op.params is None or op.immediates)]


if missing := without_row(_OPS.values()):
    raise TypeError(f"no operand forms in engine/isa: {', '.join(missing)}")

VECTOR_PREFIX: Final = vector_opcodes.V128_CONST.prefix

OWN_OPCODES: Final = {
    index for index, op in _OPS.items() if _action(op) in (OWN, CONTROL) and op.prefix != VECTOR_PREFIX
}
"""The opcodes that need a `rule.Rule`; those of vectors are described by tables of `vector`."""

PURE: Final = {_row_name(op): len(op.params or ()) for op in _OPS.values() if _action(op) == COMPUTE}
"""The rows whose value waits until it is wanted, with the number of their operands."""

_COMPARED: Final = {index: op.params[0] for index, op in _OPS.items() if _comparison(op) and op.params}
_ACCESSES: Final = [*dict.fromkeys([*LOAD_OF.values(), *STORE_OF.values()])]
_ACCESSING: Final = {index: _row_name(op) for index, op in _OPS.items() if _action(op) in (LOAD, STORE)}
_ON_SLOTS: Final = {index: shape for index, op in _OPS.items() if (shape := _SLOT_SHAPES.get(_row_name(op)))}
"""Operands and results; the instructions on slots that are missing here have as many operands as their type says."""

ACCESS_PLACE: Final = {name: place * len(MEMORY_KINDS) for place, name in enumerate(_ACCESSES)}
"""Where the rows of a load or store begin in `MEMORY_ROW`."""

MEMORY_ROW = table(u16, [NUMBER[name + suffix] for name in _ACCESSES for suffix in MEMORY_KINDS])
KIND_64: Final = u32(1)  # in the order of MEMORY_KINDS
KIND_ANY: Final = 2

# A word for each opcode's index
ACTION_MASK: Final = 0xF
TYPE_SHIFT: Final = 4  # of the result, or of what is compared
TYPE_MASK: Final = 7
ARITY_SHIFT: Final = 7
ARITY_MASK: Final = 3
COMMUTES: Final = 0x200
ROW_SHIFT: Final = 16  # a row; of comparisons the code; of accesses the place of the rows in `MEMORY_ROW`


def _word(index: int) -> int:
    """What the translator needs to know about an opcode, if it does not know it by itself."""
    op = _OPS.get(index)
    if op is None:
        return OWN
    row, result = number_of(_row_name(op)), _result(op)
    if index in _COMPARED:
        row, result = op.code - _FIRST_COMPARISONS[_COMPARED[index]].code, TYPE_CODES[_COMPARED[index]]
    elif index in _ACCESSING:
        row = ACCESS_PLACE[_ACCESSING[index]]
    arity = min(len(op.params or ()), ARITY_MASK)
    return _action(op) | result << TYPE_SHIFT | arity << ARITY_SHIFT | COMMUTES * op.commutes | row << ROW_SHIFT


WORD = table(u32, [_word(index) for index in range(_INDEX_COUNT)])


@kernel(inline=True)
def type_of(word: u32) -> u8:
    return u8(word >> TYPE_SHIFT & TYPE_MASK)


@kernel(inline=True)
def arity_of(word: u32) -> u32:
    return word >> ARITY_SHIFT & ARITY_MASK


_COLUMNS: Final = Columns(
    immediates=_column({index: len(_OPS[index].immediates) for index in _ON_SLOTS}),
    operands=_column({index: shape[0] for index, shape in _ON_SLOTS.items()}),
    results=_column({index: shape[1] for index, shape in _ON_SLOTS.items()}),
)

# By opcode index, and by class: instructions on consecutive slots
SLOT_CLASS = table(u8, _COLUMNS.classes)
SLOT_IMMEDIATES = table(u8, _COLUMNS["immediates"])
SLOT_OPERANDS = table(u8, _COLUMNS["operands"])
SLOT_RESULTS = table(u8, _COLUMNS["results"])
