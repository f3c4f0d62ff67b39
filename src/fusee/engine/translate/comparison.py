"""Comparisons wait for their consumer: a branch, a `select`, a negation, or a value.

A comparison code is the distance of a Wasm comparison from its type's `eq`, plus `NEGATED` for
floats, whose opposite is no comparison (NaN). The rows exist for some codes only; the others are
mirrored, or their constant is moved by one. A test of a reference's type is a comparison with a constant, the type:
`EQ` if it shall be of the type, `NE` if not.
"""

from typing import Final

from fusee.engine.isa.aggregate import TEST_KINDS, TESTS
from fusee.engine.isa.table import number_of
from fusee.engine.translate.state import CONSTANT, F32, I32, I64, Translator, Value
from fusee.kernel.lang import kernel, table, u8, u16, u32, u64

EQ: Final = u32(0)
NE: Final = u32(1)
NEGATED: Final = 8

_INT_CODES: Final = ("eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u")
_FLOAT_CODES: Final = ("eq", "ne", "lt", "gt", "le", "ge")
_TYPES: Final = ("i32", "i64", "f32", "f64", *TEST_KINDS)
REF_TEST: Final = _TYPES.index("ref")  # of a reference, by the kinds of tests that there are
CODE_BITS: Final = 4


def _rows(prefix: str) -> list[int]:
    """Row numbers by operand type × 16 + code."""
    numbers = []
    for kind in _TYPES:
        for code in range(1 << CODE_BITS):
            names = _INT_CODES if kind.startswith("i") else _FLOAT_CODES if kind.startswith("f") else TESTS
            negated = code & NEGATED if names == _FLOAT_CODES else 0
            plain = code - negated
            name = names[plain] if plain < len(names) else ""
            if negated:
                name = f"n{name}"
            numbers.append(number_of(f"{prefix}{kind}_{name}"))
    return numbers


VALUE_ROW = table(u16, _rows(""))
BRANCH_ROW = table(u16, _rows("br_"))
LOOP_ROW = table(u16, _rows("brl_"))

STEP_ROW = table(u16, _rows("step_br_"))
STEP_LOOP_ROW = table(u16, _rows("step_brl_"))


def _permuted(codes: tuple[str, ...], pairs: dict[str, str]) -> list[int]:
    return [codes.index(pairs.get(code, code)) for code in codes]


_MIRRORED: Final = {"lt": "gt", "gt": "lt", "le": "ge", "ge": "le"}
_SIGNED_MIRRORED: Final = {f"{a}_{sign}": f"{b}_{sign}" for a, b in _MIRRORED.items() for sign in "su"}
_OPPOSITE: Final = {"eq": "ne", "ne": "eq"} | {
    f"{a}_{sign}": f"{b}_{sign}" for a, b in (("lt", "ge"), ("ge", "lt"), ("gt", "le"), ("le", "gt")) for sign in "su"
}
INT_MIRRORED = table(u8, _permuted(_INT_CODES, _SIGNED_MIRRORED))
INT_OPPOSITE = table(u8, _permuted(_INT_CODES, _OPPOSITE))
FLOAT_MIRRORED = table(u8, _permuted(_FLOAT_CODES, _MIRRORED))

LT_S: Final = _INT_CODES.index("lt_s")
GT_S: Final = _INT_CODES.index("gt_s")
GT_U: Final = _INT_CODES.index("gt_u")
LE_S: Final = _INT_CODES.index("le_s")
GE_S: Final = _INT_CODES.index("ge_s")
FLOAT_GT: Final = _FLOAT_CODES.index("gt")
FLOAT_GE: Final = _FLOAT_CODES.index("ge")


@kernel(inline=True)
def fits_field(value: Value) -> bool:
    """Whether a constant survives its field."""
    return value.type != I64 or fits_bits(value.payload)


@kernel(inline=True)
def fits_bits(bits: u64) -> bool:
    """Whether an i64 does, which is sign-extended from 32 bits."""
    return (bits + 0x8000_0000) < 0x1_0000_0000


@kernel(inline=True)
def row_index(type_: u8, code: u32) -> u32:
    """Index into the row tables."""
    return (u32(type_) << CODE_BITS) + code


@kernel
def negate(node: Value) -> None:
    """Turn a waiting comparison into its opposite."""
    if node.compared >= F32:
        if u32(node.row) & (NEGATED - 1) <= NE:
            node.row = node.row ^ 1
        else:
            node.row = node.row ^ NEGATED
    else:
        node.row = INT_OPPOSITE[node.row]


@kernel
def mirror(node: Value) -> None:
    """Swap the operands, and the comparison with them."""
    first = node.operands[0]
    node.operands[0] = node.operands[1]
    node.operands[1] = first
    if node.compared >= F32:
        negated = node.row & NEGATED
        node.row = FLOAT_MIRRORED[node.row & (NEGATED - 1)] | negated
    else:
        node.row = INT_MIRRORED[node.row]


@kernel
def normalize(t: Translator, node: Value) -> None:
    """Bring the comparison into the form that has rows."""
    code = u32(node.row)
    if node.compared >= F32:
        plain = code & (NEGATED - 1)
        if plain == FLOAT_GT or plain == FLOAT_GE:
            mirror(node)
        return
    if t.values[node.operands[0]].kind == CONSTANT and t.values[node.operands[1]].kind != CONSTANT:
        mirror(node)
        code = u32(node.row)
    second = t.values[node.operands[1]]
    if second.kind == CONSTANT and code >= LE_S:
        step_constant(t, node)
        code = u32(node.row)
    is_greater = code == GT_S or code == GT_U
    has_greater = second.kind == CONSTANT and fits_field(second) and t.values[node.operands[0]].kind != CONSTANT
    if code >= GE_S or (is_greater and not has_greater):
        mirror(node)


@kernel
def step_constant(t: Translator, node: Value) -> None:
    """`x <= c` is `x < c + 1`, and `x >= c` is `x > c - 1`, unless c is the last of its kind."""
    constant = t.values[node.operands[1]]
    code = u32(node.row)
    signed = code & 1 == 0  # the codes alternate
    is_le = code < GE_S
    bits = u64(32) if node.compared == I32 else u64(64)
    mask = ~u64(0) >> (64 - bits)
    last = mask if is_le else u64(0)
    if signed:
        last = mask >> 1 if is_le else mask ^ (mask >> 1)
    value = constant.payload & mask
    if value == last:
        return
    if is_le:
        constant.payload = (value + 1) & mask
        node.row = u16(code - 4)  # le -> lt
    else:
        constant.payload = (value - 1) & mask
        node.row = u16(code - 4)  # ge -> gt
