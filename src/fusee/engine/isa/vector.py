"""Rows on vectors that compute.

What loads and stores do with lanes is done in two instructions: a scalar load and one that makes a vector of the
number, or one that takes a lane and a scalar store. So lanes cost no rows for each kind of memory.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from fusee.engine.isa.forms import (
    ACC_ONLY,
    EVERYWHERE,
    VECTOR_BINARY,
    VECTOR_FREQUENT,
    VECTOR_FREQUENT_COMMUTATIVE,
    VECTOR_INTO,
    VECTOR_PAIR,
    VECTOR_SHIFT,
    VECTOR_TERNARY,
    VECTOR_UNARY,
    Shape,
)
from fusee.engine.isa.row import Row
from fusee.engine.isa.selection import chosen
from fusee.engine.numeric import MEANING
from fusee.kernel.lang import Instance
from fusee.spec.features import Feature
from fusee.spec.op import BY_MNEMONIC, Imm, Op, rows

WIDE: Final = (Feature.SIMD, Feature.RELAXED_SIMD)
OPS: Final[tuple[Op, ...]] = tuple(op for op in rows() if op.feature in WIDE)
LANES: Final = {op.mnemonic: op.lanes for op in OPS if Imm.LANE in op.immediates and Imm.MEMARG not in op.immediates}
"""Instructions that name a lane, with the number of lanes: a row for each."""

FREQUENT: Final = frozenset({
    *(f"{kind}.{name}" for kind in ("f32x4", "f64x2") for name in ("add", "sub", "mul")),
    *(f"{kind}.{name}" for kind in ("i8x16", "i16x8", "i32x4", "i64x2") for name in ("add", "sub")),
    "i16x8.mul", "i32x4.mul", "v128.and", "v128.or", "v128.xor",
})  # fmt: skip
"""Operations that exist for operands in all places, with results in all places."""


def lane_row(mnemonic: str, lane: int) -> str:
    """Name of the row of an instruction that names a lane."""
    return f"{mnemonic.replace('.', '_')}_{lane}"


def _row(op: Op, name: str, evaluate: Any, sources: tuple[str, ...]) -> Row:
    assert op.results is not None
    result = op.results[0] if op.results else "v128"
    often = chosen().has_vector_forms and op.mnemonic in FREQUENT
    return Row(
        name, "compute", sources, result, _shape(op, sources), EVERYWHERE if often else ACC_ONLY,
        evaluate=evaluate, commutes=op.commutes,
    )  # fmt: skip


def _shape(op: Op, sources: tuple[str, ...]) -> Shape:
    if len(sources) == 3:
        return VECTOR_TERNARY
    if len(sources) == 1:
        return VECTOR_UNARY
    if sources == ("v128", "v128"):
        frequent = VECTOR_FREQUENT_COMMUTATIVE if op.commutes else VECTOR_FREQUENT
        return frequent if op.mnemonic in FREQUENT else VECTOR_BINARY
    return VECTOR_INTO if Imm.LANE in op.immediates else VECTOR_SHIFT


def _plain() -> Iterator[Row]:
    """Of what is computed from operands alone."""
    for op in OPS:
        if not op.immediates:
            assert op.params is not None
            yield _row(op, op.mnemonic.replace(".", "_"), MEANING[op.mnemonic], op.params)


def _of_lanes() -> Iterator[Row]:
    for mnemonic, count in LANES.items():
        op, meaning = BY_MNEMONIC[mnemonic], MEANING[mnemonic]
        assert op.params is not None
        for lane in range(count):
            name = lane_row(mnemonic, lane)
            static = tuple(sorted((*meaning.static, ("lane", lane))))
            yield _row(op, name, Instance(meaning.kernel, static, name), op.params)


def _of_loads() -> Iterator[Row]:
    """What becomes of a number from memory."""
    for op in OPS:
        if Imm.MEMARG in op.immediates and op.mnemonic.endswith(("_s", "_u", "_zero")):
            number = "i32" if op.width == 4 else "i64"
            yield replace(_row(op, op.mnemonic.replace(".", "_"), MEANING[op.mnemonic], (number,)), commutes=False)


SHUFFLE: Final = Row(
    "i8x16_shuffle", "shuffle", ("v128", "v128"), "v128", VECTOR_PAIR, ACC_ONLY, ("u32",) * 4,
    evaluate=MEANING["i8x16.shuffle"],
)  # fmt: skip
"""Its sixteen lane numbers are bytes of its immediates."""

ROWS: Final = [*_plain(), *_of_lanes(), *_of_loads(), SHUFFLE]
