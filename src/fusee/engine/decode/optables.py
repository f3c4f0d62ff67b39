"""The opcode table as arrays over opcode indices, for decoder and validator.

Signatures are packed: the codes of up to four value types, one byte each. Parameters start with
the last one, as they are popped; results with the first one, as they are pushed.
"""

from collections.abc import Callable
from typing import Final

from fusee.engine.columns import Columns
from fusee.engine.present import HAS_SWITCHES
from fusee.engine.state.module import VAL_F32, VAL_F64, VAL_I32, VAL_I64, VAL_V128
from fusee.kernel.lang import Ptr, kernel, table, u8, u16, u32
from fusee.spec import opcodes
from fusee.spec.features import DEFAULT_FEATURES, Feature
from fusee.spec.op import BY_INDEX, INDEX_BASE, INDEX_COUNT, INDEX_LIMIT, Imm, Op

FIRST_PREFIX: Final = min(INDEX_BASE)
LAST_PREFIX: Final = max(INDEX_BASE)
PREFIX_BASE: Final = table(u32, list(INDEX_BASE.values()))
PREFIX_LIMIT: Final = table(u32, list(INDEX_LIMIT.values()))

ADDRESS: Final = 1  # in packed signatures: the address type of the memory named
VALUE_CODES: Final = {
    "i32": int(VAL_I32), "i64": int(VAL_I64), "f32": VAL_F32, "f64": VAL_F64, "v128": VAL_V128, "addr": ADDRESS,
}  # fmt: skip

RULE_NONE: Final = u8(0)  # no such opcode
RULE_FIXED: Final = 1  # a fixed signature up to address types
RULE_OWN: Final = 2  # a rule of its own
RULE_MASK: Final = 3
RULE_UNSUPPORTED: Final = 4  # alone: the engine was built without the instruction (`spec.families`)
RULE_VECTOR: Final = 8  # set where it is one on vectors


def _bytes_of(values: tuple[int, ...]) -> int:
    return int.from_bytes(bytes(values), "little")


def _rule(row: Op) -> int:
    if not HAS_SWITCHES and row.feature & ~DEFAULT_FEATURES:
        return int(RULE_NONE)
    if row.unsupported:
        return RULE_UNSUPPORTED
    is_vector = row.feature in (Feature.SIMD, Feature.RELAXED_SIMD)
    return (RULE_OWN if row.params is None else RULE_FIXED) | (RULE_VECTOR if is_vector else 0)


def _params(row: Op) -> int:
    return _bytes_of(tuple(VALUE_CODES[t] for t in reversed(row.params or ())))


def _results(row: Op) -> int:
    return _bytes_of(tuple(VALUE_CODES[t] for t in row.results or ()))


def _known(of: Callable[[Op], int]) -> list[int]:
    """One number for each opcode index; 0 where there is no row."""
    return [of(BY_INDEX[i]) if i in BY_INDEX else 0 for i in range(INDEX_COUNT)]


def _column(of: Callable[[Op], int]) -> list[int]:
    """The same, and 0 for what the engine was built without: nobody asks for more than why it is refused."""
    return _known(lambda row: 0 if row.unsupported else of(row))


_ENDING: Final = (opcodes.ELSE, opcodes.END, opcodes.CATCH, opcodes.CATCH_ALL, opcodes.DELEGATE)


_COLUMNS: Final = Columns(
    params=_column(_params),
    results=_column(_results),
    immediates=_column(lambda row: _bytes_of(tuple(row.immediates))),
    rule=_known(_rule),
    natural_alignment=_column(lambda row: max(row.width.bit_length() - 1, 0)),
    lanes=_column(lambda row: row.lanes),
    is_constant=_column(lambda row: row.constant),
    feature=_known(lambda row: row.feature),
    unsupported=_known(lambda row: row.unsupported),
    opens_block=_column(lambda row: Imm.BLOCK_TYPE in row.immediates),
    ends_arm=_column(lambda row: row in _ENDING),
)

CLASS: Final[Ptr[u8]] = table(u8, _COLUMNS.classes)
"""By opcode index. All the others are by class."""

PARAMS: Final[Ptr[u32]] = table(u32, _COLUMNS["params"])
RESULTS: Final[Ptr[u32]] = table(u32, _COLUMNS["results"])
IMMEDIATES: Final[Ptr[u32]] = table(u32, _COLUMNS["immediates"])
RULE: Final[Ptr[u8]] = table(u8, _COLUMNS["rule"])
NATURAL_ALIGNMENT: Final[Ptr[u8]] = table(u8, _COLUMNS["natural_alignment"])
LANES: Final[Ptr[u8]] = table(u8, _COLUMNS["lanes"])
IS_CONSTANT: Final[Ptr[u8]] = table(u8, _COLUMNS["is_constant"])
FEATURE: Final[Ptr[u16]] = table(u16, _COLUMNS["feature"])
UNSUPPORTED: Final[Ptr[u8]] = table(u8, _COLUMNS["unsupported"])
LACKS_OPCODES: Final = any(_COLUMNS["unsupported"])
OPENS_BLOCK: Final[Ptr[u8]] = table(u8, _COLUMNS["opens_block"])
ENDS_ARM: Final[Ptr[u8]] = table(u8, _COLUMNS["ends_arm"])
"""Whether it ends a block, or the part of it before the next `else` or catch clause."""

END: Final = opcodes.END.index


@kernel(inline=True)
def params_of(index: u32) -> u32:
    """Codes of the operands' types, a byte each, the last operand first."""
    return PARAMS[CLASS[index]]


@kernel(inline=True)
def results_of(index: u32) -> u32:
    """Codes of the results' types, a byte each, the first result first."""
    return RESULTS[CLASS[index]]


@kernel(inline=True)
def immediates_of(index: u32) -> u32:
    """Kinds of the immediates (`Imm`), a byte each, the first one first."""
    return IMMEDIATES[CLASS[index]]
