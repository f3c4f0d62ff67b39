"""The meanings of all vector instructions: which operation on which lanes."""

import operator
from collections.abc import Iterator
from typing import Any, Final

from fusee.engine.numeric import lanes, lanewise
from fusee.engine.numeric.named import Entry, meanings
from fusee.kernel.lang import (
    add_sat,
    ceil,
    dot,
    f32,
    f32x4,
    f64,
    f64x2,
    fabs,
    floor,
    fma,
    fmax,
    fmin,
    i8x16,
    i16x8,
    i32x4,
    i64x2,
    maximum,
    minimum,
    mul_q15,
    mul_q15_sat,
    narrow_sat,
    narrow_zero,
    nearest,
    pairwise_sum,
    popcount,
    sqrt,
    sub_sat,
    trunc,
    trunc_or_least,
    trunc_sat,
    u8x16,
    u16x8,
    u32,
    u32x4,
    u64,
    u64x2,
    widen_high,
    widen_low,
)  # fmt: skip

UNSIGNED: Final[dict[str, Any]] = {"i8x16": u8x16, "i16x8": u16x8, "i32x4": u32x4, "i64x2": u64x2}
SIGNED: Final[dict[str, Any]] = {"i8x16": i8x16, "i16x8": i16x8, "i32x4": i32x4, "i64x2": i64x2}
FLOATS: Final[dict[str, Any]] = {"f32x4": f32x4, "f64x2": f64x2}
SIGNS: Final = (("_s", SIGNED), ("_u", UNSIGNED))
WIDER: Final = {"i8x16": "i16x8", "i16x8": "i32x4", "i32x4": "i64x2"}
NARROW: Final = ("i8x16", "i16x8")
OPERANDS: Final[dict[str, Any]] = {"i8x16": u32, "i16x8": u32, "i32x4": u32, "i64x2": u64, "f32x4": f32, "f64x2": f64}
"""The type of a lane as an operand of its own."""

_ORDER: Final[dict[str, Any]] = {"lt": operator.lt, "gt": operator.gt, "le": operator.le, "ge": operator.ge}
_EQUALITY: Final[dict[str, Any]] = {"eq": operator.eq, "ne": operator.ne}


def _access() -> Iterator[Entry]:
    """Lanes by their numbers."""
    for kind, t in {**UNSIGNED, **FLOATS}.items():
        r = OPERANDS[kind]
        yield f"{kind}.splat", lanes.splatted, {"t": t, "r": r}
        yield f"{kind}.replace_lane", lanes.replaced, {"t": t, "r": r}
        if kind not in NARROW:
            yield f"{kind}.extract_lane", lanes.extracted, {"t": t, "r": r}
    for sign, types in SIGNS:
        for kind in NARROW:
            yield f"{kind}.extract_lane{sign}", lanes.extracted, {"t": types[kind], "r": u32}


def _bits() -> Iterator[Entry]:
    yield "v128.not", lanes.inverted, {}
    yield "v128.and", lanewise.binary, {"operation": operator.and_, "t": u64x2}
    yield "v128.or", lanewise.binary, {"operation": operator.or_, "t": u64x2}
    yield "v128.xor", lanewise.binary, {"operation": operator.xor, "t": u64x2}
    yield "v128.andnot", lanes.and_not, {}
    yield "v128.bitselect", lanes.selected, {}
    yield "v128.any_true", lanes.any_true, {}
    yield "i8x16.shuffle", lanes.shuffled, {}
    yield "i8x16.swizzle", lanes.swizzled, {}


def _comparisons() -> Iterator[Entry]:
    for kind, t in {**UNSIGNED, **FLOATS}.items():
        for name, equality in _EQUALITY.items():
            yield f"{kind}.{name}", lanewise.binary, {"operation": equality, "t": t}
    for name, order in _ORDER.items():
        for kind, t in FLOATS.items():
            yield f"{kind}.{name}", lanewise.binary, {"operation": order, "t": t}
        for sign, types in SIGNS:
            for kind, t in types.items():
                if (kind, sign) != ("i64x2", "_u"):
                    yield f"{kind}.{name}{sign}", lanewise.binary, {"operation": order, "t": t}


def _integers() -> Iterator[Entry]:
    for kind, t in UNSIGNED.items():
        for name, operation in (("add", operator.add), ("sub", operator.sub), ("mul", operator.mul)):
            if (kind, name) != ("i8x16", "mul"):
                yield f"{kind}.{name}", lanewise.binary, {"operation": operation, "t": t}
        yield f"{kind}.neg", lanewise.unary, {"operation": operator.neg, "t": t}
        yield f"{kind}.abs", lanewise.magnitude, {"t": SIGNED[kind]}
        yield f"{kind}.all_true", lanes.all_true, {"t": t}
        yield f"{kind}.bitmask", lanes.signs, {"t": t}
        yield f"{kind}.shl", lanewise.shift, {"operation": operator.lshift, "t": t}
    for sign, types in SIGNS:
        for kind, t in types.items():
            yield f"{kind}.shr{sign}", lanewise.shift, {"operation": operator.rshift, "t": t}
            if kind != "i64x2":
                yield f"{kind}.min{sign}", lanewise.binary, {"operation": minimum, "t": t}
                yield f"{kind}.max{sign}", lanewise.binary, {"operation": maximum, "t": t}
            if kind in NARROW:
                yield f"{kind}.add_sat{sign}", lanewise.binary, {"operation": add_sat, "t": t}
                yield f"{kind}.sub_sat{sign}", lanewise.binary, {"operation": sub_sat, "t": t}
    for kind in NARROW:
        yield f"{kind}.avgr_u", lanewise.average, {"t": UNSIGNED[kind]}
    yield "i8x16.popcnt", lanewise.unary, {"operation": popcount, "t": u8x16}
    yield "i16x8.q15mulr_sat_s", lanewise.binary, {"operation": mul_q15_sat, "t": i16x8}
    yield "i32x4.dot_i16x8_s", lanewise.binary, {"operation": dot, "t": i16x8}


def _widths() -> Iterator[Entry]:
    """Integer lanes twice or half as wide."""
    for sign, types in SIGNS:
        for kind, wide in WIDER.items():
            static = {"s": types[kind], "t": types[wide]}
            for half, operation in (("low", widen_low), ("high", widen_high)):
                yield f"{wide}.extend_{half}_{kind}{sign}", lanewise.convert, {"operation": operation, **static}
            yield f"{wide}.extmul_low_{kind}{sign}", lanewise.multiply_low, static
            yield f"{wide}.extmul_high_{kind}{sign}", lanewise.multiply_high, static
            if kind in NARROW:
                yield f"{wide}.extadd_pairwise_{kind}{sign}", lanewise.convert, {"operation": pairwise_sum, **static}
                narrowed = {"operation": narrow_sat, "s": SIGNED[wide], "t": types[kind]}
                yield f"{kind}.narrow_{wide}{sign}", lanewise.join, narrowed


def _floats() -> Iterator[Entry]:
    unary: dict[str, Any] = {"abs": fabs, "neg": operator.neg, "sqrt": sqrt}
    unary |= {"ceil": ceil, "floor": floor, "trunc": trunc, "nearest": nearest}
    binary = {"add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv}
    for kind, t in FLOATS.items():
        for name, operation in unary.items():
            yield f"{kind}.{name}", lanewise.unary, {"operation": operation, "t": t}
        for name, operation in {**binary, "min": fmin, "max": fmax}.items():
            yield f"{kind}.{name}", lanewise.binary, {"operation": operation, "t": t}
        yield f"{kind}.pmin", lanewise.pseudo_minimum, {"t": t}
        yield f"{kind}.pmax", lanewise.pseudo_maximum, {"t": t}


def _conversions() -> Iterator[Entry]:
    yield "f32x4.demote_f64x2_zero", lanewise.convert, {"operation": narrow_zero, "s": f64x2, "t": f32x4}
    yield "f64x2.promote_low_f32x4", lanewise.convert, {"operation": widen_low, "s": f32x4, "t": f64x2}
    for sign, types in SIGNS:
        t = types["i32x4"]
        truncated = {"operation": trunc_sat, "t": t}
        yield f"i32x4.trunc_sat_f32x4{sign}", lanewise.convert, {**truncated, "s": f32x4}
        yield f"i32x4.trunc_sat_f64x2{sign}_zero", lanewise.convert, {**truncated, "s": f64x2}
        yield f"f32x4.convert_i32x4{sign}", lanewise.unary, {"operation": f32x4, "t": t}
        yield f"f64x2.convert_low_i32x4{sign}", lanewise.convert, {"operation": widen_low, "s": t, "t": f64x2}


def _relaxed() -> Iterator[Entry]:
    """Of the results that are allowed those of the deterministic profile: most are single instructions of NEON."""
    yield "i8x16.relaxed_swizzle", lanes.swizzled, {}
    yield "i16x8.relaxed_q15mulr_s", lanewise.binary, {"operation": mul_q15_sat, "t": i16x8}
    yield "i16x8.relaxed_dot_i8x16_i7x16_s", lanewise.binary, {"operation": dot, "t": i8x16}
    yield "i32x4.relaxed_dot_i8x16_i7x16_add_s", lanewise.dot_bytes_add, {}
    for kind in UNSIGNED:
        yield f"{kind}.relaxed_laneselect", lanes.selected, {}
    for kind, t in FLOATS.items():
        yield f"{kind}.relaxed_min", lanewise.binary, {"operation": fmin, "t": t}
        yield f"{kind}.relaxed_max", lanewise.binary, {"operation": fmax, "t": t}
        yield f"{kind}.relaxed_madd", lanewise.ternary, {"operation": fma, "t": t}
        yield f"{kind}.relaxed_nmadd", lanewise.negated_multiply_add, {"t": t}
    for sign, types in SIGNS:
        truncated = {"operation": trunc_sat, "t": types["i32x4"]}
        yield f"i32x4.relaxed_trunc_f32x4{sign}", lanewise.convert, {**truncated, "s": f32x4}
        yield f"i32x4.relaxed_trunc_f64x2{sign}_zero", lanewise.convert, {**truncated, "s": f64x2}


def _cheaper() -> Iterator[Entry]:
    """Other answers of relaxed instructions (spec 4.3.3), which x86-64 gives by one instruction instead of several."""
    yield "i8x16.relaxed_swizzle", lanes.swizzled_near, {}
    yield "i16x8.relaxed_q15mulr_s", lanewise.binary, {"operation": mul_q15, "t": i16x8}
    yield "i16x8.relaxed_dot_i8x16_i7x16_s", lanewise.dot_bytes_sat, {}
    yield "i32x4.relaxed_dot_i8x16_i7x16_add_s", lanewise.dot_bytes_sat_add, {}
    truncated = {"operation": trunc_or_least, "t": i32x4}
    yield "i32x4.relaxed_trunc_f32x4_s", lanewise.convert, {**truncated, "s": f32x4}
    yield "i32x4.relaxed_trunc_f64x2_s_zero", lanewise.convert, {**truncated, "s": f64x2}
    for kind in FLOATS:
        for name in ("min", "max"):
            pseudo = lanewise.pseudo_minimum if name == "min" else lanewise.pseudo_maximum
            yield f"{kind}.relaxed_{name}", pseudo, {"t": FLOATS[kind]}


def _loads() -> Iterator[Entry]:
    for sign, types in SIGNS:
        for kind, wide in WIDER.items():
            bits = types[kind].element.bits
            yield f"v128.load{bits}x{64 // bits}{sign}", lanes.extended, {"s": types[kind], "t": types[wide]}
    for kind, t in UNSIGNED.items():
        bits = t.element.bits
        yield f"v128.load{bits}_splat", lanes.splatted, {"t": t, "r": t.element}
        yield f"v128.load{bits}_lane", lanes.replaced, {"t": t, "r": t.element}
        yield f"v128.store{bits}_lane", lanes.extracted, {"t": t, "r": t.element}
        if kind not in NARROW:
            yield f"v128.load{bits}_zero", lanes.alone, {"t": t, "r": t.element}


def _by_number() -> Iterator[Entry]:
    for sign, types in SIGNS:
        for kind in NARROW:
            yield f"{kind}.extract_lane{sign}", lanes.extracted_at, {"t": types[kind], "r": u32}
    yield "i32x4.extract_lane", lanes.extracted_at, {"t": u32x4, "r": u32}
    for kind in NARROW:
        t = UNSIGNED[kind]
        yield f"{kind}.replace_lane", lanes.replaced_at, {"t": t, "r": u32}
        yield f"v128.load{t.element.bits}_lane", lanes.replaced_at, {"t": t, "r": t.element}
        yield f"v128.store{t.element.bits}_lane", lanes.extracted_at, {"t": t, "r": t.element}


MEANING: Final = meanings(
    entry
    for family in (
        _access, _bits, _comparisons, _integers, _widths, _floats, _conversions, _relaxed, _loads,
    )
    for entry in family()
)  # fmt: skip
"""By mnemonic.

What loads and stores of lanes have here is what becomes of the number in memory, an unsigned one as wide as the access:
a load that extends, splats or clears takes it alone; one of a lane takes the vector, the number and the lane; a store
of a lane gives it. The plain load and store mean nothing beyond memory, nor does the constant.
"""

CHEAPER: Final = meanings(_cheaper(), "_cheaper")
"""By mnemonic: answers of relaxed instructions that are not the deterministic profile's."""

BY_NUMBER: Final = meanings(_by_number(), "_at")
"""By mnemonic, once more: instructions on one of many lanes, whose number is the last operand."""


def _twins() -> Iterator[tuple[str, str]]:
    relaxed = dict.fromkeys(mnemonic for mnemonic, _, _ in _relaxed())
    strict = {(code.kernel, code.static): mnemonic for mnemonic, code in reversed(MEANING.items())
              if mnemonic not in relaxed}  # fmt: skip
    for mnemonic in relaxed:
        code = MEANING[mnemonic]
        if (code.kernel, code.static) in strict:
            yield mnemonic, strict[code.kernel, code.static]


TWINS: Final = dict(_twins())
"""Relaxed instructions whose deterministic answer is that of another one: by mnemonic, that one's."""
