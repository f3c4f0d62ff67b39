"""Rows that compute: arithmetic, comparison, conversion, moves between places, select.

An i32 in a register or slot has arbitrary upper bits. So operators whose low half does not depend
on the upper one serve both integer types and are named without a type.
"""

from typing import Final

import fusee.spec.opcodes  # noqa: F401  (fills the table)
from fusee.engine.isa.forms import (
    ACC_ONLY,
    ACC_OR_SLOT,
    BANK_CHOICE,
    BINARY,
    BINARY_CONST,
    CHOICE,
    COMMUTATIVE,
    EVERYWHERE,
    FLOATS,
    FLOATS_COMMUTATIVE,
    FROM_CONST,
    NULLARY,
    RARE_BINARY,
    RARE_BINARY_CONST,
    RARE_UNARY,
    ROOMY,
    UNARY,
    UNARY_CONST,
    WITH_CONST,
    Shape,
)  # fmt: skip
from fusee.engine.isa.row import Row
from fusee.engine.numeric import MEANING
from fusee.spec.op import BY_MNEMONIC

BOTH_WIDTHS: Final = ("add", "sub", "mul", "and", "or", "xor")
_COMPARISON_SHAPES: Final = {
    "eq": COMMUTATIVE, "ne": COMMUTATIVE, "lt_s": BINARY_CONST, "lt_u": BINARY_CONST, "gt_s": WITH_CONST,
    "gt_u": WITH_CONST, "le_s": BINARY, "le_u": BINARY,
}  # fmt: skip
"""The integer comparisons that have handlers; the others are mirrored, or their constant is changed by one."""

FLOAT_COMPARISONS: Final = ("eq", "ne", "lt", "le", "nlt", "nle")
"""`nlt` and `nle` are the negations, which differ from `ge` and `gt` for NaN."""

_SETTLED: Final = ACC_OR_SLOT if ROOMY else ACC_ONLY
"""Of quotients, which take long to come by: one is kept while the other operand is loaded."""


def compute(mnemonic: str, shape: Shape, destinations: str = EVERYWHERE, name: str = "") -> Row:
    """The row of a Wasm instruction whose operands and result are numbers."""
    op = BY_MNEMONIC[mnemonic]
    assert op.params is not None and op.results is not None
    return Row(
        name or mnemonic.replace(".", "_"), "compute", op.params, op.results[0], shape, destinations,
        evaluate=MEANING[mnemonic], commutes=op.commutes,
    )  # fmt: skip


# What programs do often exists in all combinations; less frequent instructions leave their result in the accumulator,
# and the rare ones do not take pins either. `fusee tune` measures which are which.


def _integers() -> list[Row]:
    rows = [compute(f"i64.{name}", COMMUTATIVE, name=name) for name in ("add", "mul", "and", "or", "xor")]
    rows.append(compute("i64.sub", FROM_CONST, name="sub"))
    for kind, often, divided in (("i32", EVERYWHERE, BINARY_CONST), ("i64", ACC_ONLY, RARE_BINARY_CONST)):
        rows += [compute(f"{kind}.{name}", BINARY_CONST) for name in ("shl", "shr_u")]
        rows += [compute(f"{kind}.{name}", BINARY_CONST, often) for name in ("shr_s", "rotl")]
        rows.append(compute(f"{kind}.rotr", BINARY_CONST, ACC_ONLY))
        rows += [compute(f"{kind}.{name}", divided, ACC_ONLY) for name in ("div_s", "div_u", "rem_s", "rem_u")]
        rows += [compute(f"{kind}.{name}", UNARY, ACC_ONLY) for name in ("clz", "ctz", "popcnt", "eqz")]
        rows += [compute(f"{kind}.{name}", UNARY, often) for name in ("extend8_s", "extend16_s")]
        rows += [compute(f"{kind}.{name}", shape, ACC_ONLY) for name, shape in _COMPARISON_SHAPES.items()]
    rows += [compute(f"i64.{name}", UNARY) for name in ("extend_i32_s", "extend_i32_u")]
    rows.append(compute("i64.extend32_s", UNARY, ACC_ONLY))
    return rows


def _floats() -> list[Row]:
    rows = []
    for kind in ("f32", "f64"):
        rows += [compute(f"{kind}.{name}", FLOATS_COMMUTATIVE) for name in ("add", "mul")]
        rows.append(compute(f"{kind}.sub", FLOATS))
        rows.append(compute(f"{kind}.div", FLOATS, _SETTLED))
        rows += [compute(f"{kind}.{name}", RARE_BINARY, ACC_ONLY) for name in ("min", "max", "copysign")]
        rows += [compute(f"{kind}.{name}", UNARY, ACC_ONLY) for name in ("abs", "neg", "sqrt")]
        rows += [compute(f"{kind}.{name}", RARE_UNARY, ACC_ONLY) for name in ("ceil", "floor", "trunc", "nearest")]
        rows += [_float_comparison(kind, name) for name in FLOAT_COMPARISONS]
    return rows


def _float_comparison(kind: str, name: str) -> Row:
    """A comparison of floats; the evaluation of a negated one is that of the other, and `detail` says so."""
    meaning = MEANING[f"{kind}.{name.removeprefix('n') if name in ('nlt', 'nle') else name}"]
    shape = FLOATS_COMMUTATIVE if name in ("eq", "ne") else FLOATS
    return Row(
        f"{kind}_{name}", "compute", (kind, kind), "i32", shape, ACC_ONLY, evaluate=meaning,
        commutes=name in ("eq", "ne"), detail="negated" if name in ("nlt", "nle") else None,
    )  # fmt: skip


def _conversions() -> list[Row]:
    names = ["f32.demote_f64", "f64.promote_f32"]
    for integer in ("i32", "i64"):
        for kind in ("f32", "f64"):
            for sign in ("s", "u"):
                names.append(f"{integer}.trunc_{kind}_{sign}")
                names.append(f"{integer}.trunc_sat_{kind}_{sign}")
                names.append(f"{kind}.convert_{integer}_{sign}")
    for integer, kind in (("i32", "f32"), ("i64", "f64")):
        names += [f"{integer}.reinterpret_{kind}", f"{kind}.reinterpret_{integer}"]
    return [compute(name, UNARY, ACC_ONLY) for name in names]


MOVES: Final = [
    Row("mov", "move", ("i64",), "i64", UNARY_CONST, EVERYWHERE),
    Row("mov64", "constant", (), "i64", NULLARY, EVERYWHERE, ("u64",)),
    Row("fmov", "move", ("f64",), "f64", UNARY_CONST, EVERYWHERE),
    Row("vmov", "move", ("v128",), "v128", UNARY, EVERYWHERE),
    Row("vconst", "vector_constant", (), "v128", NULLARY, EVERYWHERE, ("u32",) * 4),
    Row("select", "select", ("i64", "i64", "i32"), "i64", CHOICE, EVERYWHERE),
    Row("fselect", "select", ("f64", "f64", "i32"), "f64", BANK_CHOICE, EVERYWHERE),
    Row("vselect", "select", ("v128", "v128", "i32"), "v128", BANK_CHOICE, ACC_ONLY),
]

ROWS: Final = [*MOVES, *_integers(), *_floats(), *_conversions()]
