"""Rows on vectors that compute.

Of loads and stores of lanes here is what makes a vector of the number that a scalar load gives, or takes a lane for a
scalar store. That is all for rare kinds of memory; for the usual one there are rows that do both (`isa.lanes`).
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from fusee.engine.isa.forms import (
    ACC_ONLY,
    ACC_OR_SLOT,
    EVERYWHERE,
    LANE_IN,
    LANE_OUT,
    MULTIPLY_ADD,
    MULTIPLY_SUBTRACT,
    ROOMY,
    VECTOR_BINARY,
    VECTOR_BY_CONSTANT,
    VECTOR_CHOICE,
    VECTOR_COMMUTATIVE,
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
from fusee.engine.isa.shuffles import PATTERNS
from fusee.engine.numeric import BY_NUMBER, CHEAPER, MEANING, TWINS
from fusee.engine.numeric.lanes import picked
from fusee.kernel.lang import Instance
from fusee.spec.features import Feature
from fusee.spec.op import BY_MNEMONIC, Imm, Op, rows

WIDE: Final = (Feature.SIMD, Feature.RELAXED_SIMD)
OPS: Final[tuple[Op, ...]] = tuple(op for op in rows() if op.feature in WIDE)
LANES: Final = {op.mnemonic: op.lanes for op in OPS if Imm.LANE in op.immediates and Imm.MEMARG not in op.immediates}
"""Instructions that name a lane, with the number of lanes: a row for each, unless they are of `NUMBERED`."""

_WIDE_OUT: Final = "i32x4.extract_lane"

NUMBERED: Final = frozenset(BY_NUMBER) - ({_WIDE_OUT} if ROOMY else set())
"""Of `BY_NUMBER`, what takes the number from its cell. With pins for all vectors, a wide lane is one move of the
machine, and by its number a store and a load that waits for it."""

_INTEGERS: Final = ("i8x16", "i16x8", "i32x4")
_LESS: Final = frozenset({
    "f64x2.add", "f64x2.sub", "f64x2.mul", "i8x16.add", "i8x16.sub", "i16x8.sub", "i32x4.sub", "i64x2.add", "i64x2.sub",
})  # fmt: skip
FREQUENT: Final = _LESS | {
    "f32x4.add", "f32x4.sub", "f32x4.mul", "i16x8.add", "i16x8.mul", "i32x4.add", "i32x4.mul", "v128.and", "v128.or",
    "v128.xor",
}  # fmt: skip
"""Operations that exist for operands in all places, with results in all places; but of some, `_LESS`, a result goes to
a pin only if an operand was in one and the other nearby: what is added up."""

_ADDED_UP: Final = ("pa", "ap", "ps")
"""That on a watch only of floats."""

OFTEN: Final = frozenset({
    *(f"{kind}.{name}" for kind in _INTEGERS for name in ("eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u")),
    *(f"{kind}.{name}_{sign}" for kind in _INTEGERS for name in ("min", "max") for sign in "su"),
    *(f"{kind}.{name}" for kind in ("i16x8", "i32x4", "i64x2") for name in ("shl", "shr_s", "shr_u")),
    *(f"{kind}.{name}_sat_{sign}" for kind in ("i8x16", "i16x8") for name in ("add", "sub") for sign in "su"),
    *(f"{wide}.{name}_{half}_{kind}_{sign}" for kind, wide in zip(_INTEGERS, ("i16x8", "i32x4", "i64x2"), strict=True)
      for name in ("extend", "extmul") for half in ("low", "high") for sign in "su"),
    *(f"i8x16.narrow_i16x8_{sign}" for sign in "su"), *(f"i16x8.narrow_i32x4_{sign}" for sign in "su"),
    "i8x16.avgr_u", "i16x8.avgr_u", "v128.andnot", "i32x4.dot_i16x8_s", "i8x16.swizzle", "f32x4.div",
})  # fmt: skip
"""Operations whose results go to slots as well, because something else is often computed before they are used."""

_ADDING: Final = ("f32x4.relaxed_madd", "f64x2.relaxed_madd")
_SUBTRACTING: Final = ("f32x4.relaxed_nmadd", "f64x2.relaxed_nmadd")
_CHOOSING: Final = "v128.bitselect"  # lanes are selected by the same row

_SWIZZLE: Final = "i8x16.swizzle"

_SHAPES: Final = {
    **dict.fromkeys(_ADDING, MULTIPLY_ADD), **dict.fromkeys(_SUBTRACTING, MULTIPLY_SUBTRACT), _CHOOSING: VECTOR_CHOICE,
    _SWIZZLE: VECTOR_BY_CONSTANT,
}  # fmt: skip

_INTO: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    **{name: {"s": ("aps", "ass", "asc", "pss", "sss"), "p": ("ass", "asp", "psp", "ssp")} for name in _ADDING},
    _CHOOSING: {"s": ("ssa", "sss"), "p": ("aps", "ass", "psa", "ssa")},
    _SWIZZLE: {"p": () if ROOMY else ("pc",)},
}
"""Where some results go beside the accumulator: sums to where they were, or a step of a polynomial to where the next
one finds it; what was chosen to the local that it was chosen for."""

_TESTS: Final = ("v128.any_true", "i8x16.all_true", "i8x16.bitmask", "i16x8.bitmask", "i32x4.bitmask")
"""What loops ask of vectors: the answers go anywhere."""


def cheaper_row(mnemonic: str) -> str:
    """Name of the row with a relaxed instruction's cheaper answer."""
    return f"{mnemonic.replace('.', '_')}_cheaper"


def lane_row(mnemonic: str, lane: int) -> str:
    """Name of the row of an instruction that names a lane: with its number, or with that as an operand."""
    name = mnemonic.replace(".", "_")
    return name if mnemonic in NUMBERED else f"{name}_{lane}"


def _row(op: Op, name: str, evaluate: Any, sources: tuple[str, ...]) -> Row:
    assert op.results is not None
    result = op.results[0] if op.results else "v128"
    return Row(
        name, "compute", sources, result, _shape(op, sources), _destinations(op),
        evaluate=evaluate, commutes=op.commutes, into=_into(op),
    )  # fmt: skip


def _into(op: Op) -> dict[str, tuple[str, ...]]:
    """With what operands a result may go to other places than the accumulator, where that depends on them."""
    if op.mnemonic in _LESS:
        return {"p": _ADDED_UP if ROOMY or op.mnemonic.startswith("f") else ()}
    if op.mnemonic in _INTO:
        return _INTO[op.mnemonic]
    return {}


def _destinations(op: Op) -> str:
    if not chosen().has_vector_forms:
        return ACC_ONLY
    if op.mnemonic in FREQUENT or op.mnemonic in (*_TESTS, *_INTO, _WIDE_OUT):
        return EVERYWHERE
    return ACC_OR_SLOT if op.mnemonic in OFTEN else ACC_ONLY


def _shape(op: Op, sources: tuple[str, ...]) -> Shape:
    if op.mnemonic in _SHAPES:
        return _SHAPES[op.mnemonic]
    if len(sources) == 3:
        return VECTOR_TERNARY
    if len(sources) == 1:
        return VECTOR_UNARY
    if sources == ("v128", "v128"):
        if op.mnemonic in FREQUENT:
            return VECTOR_FREQUENT_COMMUTATIVE if op.commutes else VECTOR_FREQUENT
        return VECTOR_COMMUTATIVE if op.commutes else VECTOR_BINARY
    return VECTOR_INTO if Imm.LANE in op.immediates else VECTOR_SHIFT


def _plain() -> Iterator[Row]:
    """Of what is computed from operands alone."""
    for op in OPS:
        if not op.immediates and op.mnemonic not in TWINS:
            assert op.params is not None
            yield _row(op, op.mnemonic.replace(".", "_"), MEANING[op.mnemonic], op.params)


def _numbered(op: Op) -> Row:
    """Of any lane, whose number is the last operand."""
    assert op.params is not None and op.results is not None
    name, is_out = lane_row(op.mnemonic, 0), op.results != ("v128",)
    destinations = EVERYWHERE if is_out and chosen().has_vector_forms else ACC_ONLY
    return Row(name, "compute", (*op.params, "i32"), op.results[0], LANE_OUT if is_out else LANE_IN, destinations,
               evaluate=BY_NUMBER[op.mnemonic])  # fmt: skip


def _of_lanes() -> Iterator[Row]:
    for mnemonic, count in LANES.items():
        op, meaning = BY_MNEMONIC[mnemonic], MEANING[mnemonic]
        assert op.params is not None
        if mnemonic in NUMBERED:
            yield _numbered(op)
            continue
        for lane in range(count):
            name = lane_row(mnemonic, lane)
            static = tuple(sorted((*meaning.static, ("lane", lane))))
            yield _row(op, name, Instance(meaning.kernel, static, name), op.params)


def _of_cheaper_answers() -> Iterator[Row]:
    """Relaxed instructions once more, with what the machine does at once."""
    if chosen().has_cheaper_answers:
        for mnemonic, meaning in CHEAPER.items():
            op = BY_MNEMONIC[mnemonic]
            assert op.params is not None
            yield _row(op, cheaper_row(mnemonic), meaning, op.params)


def _of_loads() -> Iterator[Row]:
    """What becomes of a number from memory."""
    for op in OPS:
        if Imm.MEMARG in op.immediates and op.mnemonic.endswith(("_s", "_u", "_zero")):
            number = "i32" if op.width == 4 else "i64"
            yield replace(_row(op, op.mnemonic.replace(".", "_"), MEANING[op.mnemonic], (number,)), commutes=False)


def _of_patterns() -> Iterator[Row]:
    """Shuffles that machines have instructions for."""
    if chosen().has_vector_forms:
        for name, places in PATTERNS.items():
            meaning = Instance(picked, (("places", places),), name)
            destinations = ACC_OR_SLOT if "interleave" in name else ACC_ONLY
            yield Row(name, "compute", ("v128", "v128"), "v128", VECTOR_PAIR, destinations, evaluate=meaning)


SHUFFLE: Final = Row(
    "i8x16_shuffle", "shuffle", ("v128", "v128"), "v128", VECTOR_PAIR, ACC_ONLY, ("u32",) * 4,
    evaluate=MEANING["i8x16.shuffle"],
)  # fmt: skip
"""Its sixteen lane numbers are bytes of its immediates."""

ROWS: Final = [*_plain(), *_of_lanes(), *_of_cheaper_answers(), *_of_loads(), *_of_patterns(), SHUFFLE]
