"""What the numeric instructions compute (spec 4.3): one function per operator.

A kernel's name is the mnemonic with its dots replaced; `MEANING` pairs them with the rows of
`spec.opcodes`. Integers are unsigned here; a signed operator converts its operands. Shift counts
are taken modulo the width (4.3.2). Comparisons give `bool`.
"""

from typing import Any, Final

import fusee.spec.opcodes  # noqa: F401  (fills the table)
from fusee.engine.errors import Trap
from fusee.kernel.lang import (
    bitcast,
    ceil,
    clz,
    copysign,
    ctz,
    div_trunc,
    f32,
    f64,
    fabs,
    floor,
    fmax,
    fmin,
    i8,
    i16,
    i32,
    i64,
    kernel,
    nearest,
    popcount,
    rem_trunc,
    rotl,
    rotr,
    sqrt,
    trunc,
    trunc_sat,
    trunc_to,
    u32,
    u64,
)  # fmt: skip
from fusee.spec.op import BY_MNEMONIC
from fusee.spec.traps import TrapCode


@kernel(inline=True)
def i32_add(a: u32, b: u32) -> u32:
    return a + b


@kernel(inline=True)
def i32_sub(a: u32, b: u32) -> u32:
    return a - b


@kernel(inline=True)
def i32_mul(a: u32, b: u32) -> u32:
    return a * b


@kernel(inline=True)
def i32_and(a: u32, b: u32) -> u32:
    return a & b


@kernel(inline=True)
def i32_or(a: u32, b: u32) -> u32:
    return a | b


@kernel(inline=True)
def i32_xor(a: u32, b: u32) -> u32:
    return a ^ b


@kernel(inline=True)
def i32_div_s(a: u32, b: u32) -> u32:
    if b == 0:
        raise Trap(TrapCode.INTEGER_DIVISION_BY_ZERO, 0)
    if a == 1 << 31 and b == 0xFFFFFFFF:
        raise Trap(TrapCode.INTEGER_OVERFLOW, 0)
    return u32(div_trunc(i32(a), i32(b)))


@kernel(inline=True)
def i32_div_u(a: u32, b: u32) -> u32:
    if b == 0:
        raise Trap(TrapCode.INTEGER_DIVISION_BY_ZERO, 0)
    return a // b


@kernel(inline=True)
def i32_rem_s(a: u32, b: u32) -> u32:
    if b == 0:
        raise Trap(TrapCode.INTEGER_DIVISION_BY_ZERO, 0)
    if b == 0xFFFFFFFF:  # the quotient may overflow, the remainder is 0
        return u32(0)
    return u32(rem_trunc(i32(a), i32(b)))


@kernel(inline=True)
def i32_rem_u(a: u32, b: u32) -> u32:
    if b == 0:
        raise Trap(TrapCode.INTEGER_DIVISION_BY_ZERO, 0)
    return a % b


@kernel(inline=True)
def i32_shl(a: u32, b: u32) -> u32:
    return a << (b & 31)


@kernel(inline=True)
def i32_shr_s(a: u32, b: u32) -> u32:
    return u32(i32(a) >> i32(b & 31))


@kernel(inline=True)
def i32_shr_u(a: u32, b: u32) -> u32:
    return a >> (b & 31)


@kernel(inline=True)
def i32_rotl(a: u32, b: u32) -> u32:
    return rotl(a, b & 31)


@kernel(inline=True)
def i32_rotr(a: u32, b: u32) -> u32:
    return rotr(a, b & 31)


@kernel(inline=True)
def i32_clz(a: u32) -> u32:
    return clz(a)


@kernel(inline=True)
def i32_ctz(a: u32) -> u32:
    return ctz(a)


@kernel(inline=True)
def i32_popcnt(a: u32) -> u32:
    return popcount(a)


@kernel(inline=True)
def i32_eqz(a: u32) -> bool:
    return a == 0


@kernel(inline=True)
def i32_eq(a: u32, b: u32) -> bool:
    return a == b


@kernel(inline=True)
def i32_ne(a: u32, b: u32) -> bool:
    return a != b


@kernel(inline=True)
def i32_lt_s(a: u32, b: u32) -> bool:
    return i32(a) < i32(b)


@kernel(inline=True)
def i32_lt_u(a: u32, b: u32) -> bool:
    return a < b


@kernel(inline=True)
def i32_gt_s(a: u32, b: u32) -> bool:
    return i32(a) > i32(b)


@kernel(inline=True)
def i32_gt_u(a: u32, b: u32) -> bool:
    return a > b


@kernel(inline=True)
def i32_le_s(a: u32, b: u32) -> bool:
    return i32(a) <= i32(b)


@kernel(inline=True)
def i32_le_u(a: u32, b: u32) -> bool:
    return a <= b


@kernel(inline=True)
def i32_ge_s(a: u32, b: u32) -> bool:
    return i32(a) >= i32(b)


@kernel(inline=True)
def i32_ge_u(a: u32, b: u32) -> bool:
    return a >= b


@kernel(inline=True)
def i32_extend8_s(a: u32) -> u32:
    return u32(i8(a))


@kernel(inline=True)
def i32_extend16_s(a: u32) -> u32:
    return u32(i16(a))


@kernel(inline=True)
def i64_add(a: u64, b: u64) -> u64:
    return a + b


@kernel(inline=True)
def i64_sub(a: u64, b: u64) -> u64:
    return a - b


@kernel(inline=True)
def i64_mul(a: u64, b: u64) -> u64:
    return a * b


@kernel(inline=True)
def i64_and(a: u64, b: u64) -> u64:
    return a & b


@kernel(inline=True)
def i64_or(a: u64, b: u64) -> u64:
    return a | b


@kernel(inline=True)
def i64_xor(a: u64, b: u64) -> u64:
    return a ^ b


@kernel(inline=True)
def i64_div_s(a: u64, b: u64) -> u64:
    if b == 0:
        raise Trap(TrapCode.INTEGER_DIVISION_BY_ZERO, 0)
    if a == 1 << 63 and b == 0xFFFFFFFFFFFFFFFF:
        raise Trap(TrapCode.INTEGER_OVERFLOW, 0)
    return u64(div_trunc(i64(a), i64(b)))


@kernel(inline=True)
def i64_div_u(a: u64, b: u64) -> u64:
    if b == 0:
        raise Trap(TrapCode.INTEGER_DIVISION_BY_ZERO, 0)
    return a // b


@kernel(inline=True)
def i64_rem_s(a: u64, b: u64) -> u64:
    if b == 0:
        raise Trap(TrapCode.INTEGER_DIVISION_BY_ZERO, 0)
    if b == 0xFFFFFFFFFFFFFFFF:  # the quotient may overflow, the remainder is 0
        return u64(0)
    return u64(rem_trunc(i64(a), i64(b)))


@kernel(inline=True)
def i64_rem_u(a: u64, b: u64) -> u64:
    if b == 0:
        raise Trap(TrapCode.INTEGER_DIVISION_BY_ZERO, 0)
    return a % b


@kernel(inline=True)
def i64_shl(a: u64, b: u64) -> u64:
    return a << (b & 63)


@kernel(inline=True)
def i64_shr_s(a: u64, b: u64) -> u64:
    return u64(i64(a) >> i64(b & 63))


@kernel(inline=True)
def i64_shr_u(a: u64, b: u64) -> u64:
    return a >> (b & 63)


@kernel(inline=True)
def i64_rotl(a: u64, b: u64) -> u64:
    return rotl(a, b & 63)


@kernel(inline=True)
def i64_rotr(a: u64, b: u64) -> u64:
    return rotr(a, b & 63)


@kernel(inline=True)
def i64_clz(a: u64) -> u64:
    return clz(a)


@kernel(inline=True)
def i64_ctz(a: u64) -> u64:
    return ctz(a)


@kernel(inline=True)
def i64_popcnt(a: u64) -> u64:
    return popcount(a)


@kernel(inline=True)
def i64_eqz(a: u64) -> bool:
    return a == 0


@kernel(inline=True)
def i64_eq(a: u64, b: u64) -> bool:
    return a == b


@kernel(inline=True)
def i64_ne(a: u64, b: u64) -> bool:
    return a != b


@kernel(inline=True)
def i64_lt_s(a: u64, b: u64) -> bool:
    return i64(a) < i64(b)


@kernel(inline=True)
def i64_lt_u(a: u64, b: u64) -> bool:
    return a < b


@kernel(inline=True)
def i64_gt_s(a: u64, b: u64) -> bool:
    return i64(a) > i64(b)


@kernel(inline=True)
def i64_gt_u(a: u64, b: u64) -> bool:
    return a > b


@kernel(inline=True)
def i64_le_s(a: u64, b: u64) -> bool:
    return i64(a) <= i64(b)


@kernel(inline=True)
def i64_le_u(a: u64, b: u64) -> bool:
    return a <= b


@kernel(inline=True)
def i64_ge_s(a: u64, b: u64) -> bool:
    return i64(a) >= i64(b)


@kernel(inline=True)
def i64_ge_u(a: u64, b: u64) -> bool:
    return a >= b


@kernel(inline=True)
def i64_extend8_s(a: u64) -> u64:
    return u64(i8(a))


@kernel(inline=True)
def i64_extend16_s(a: u64) -> u64:
    return u64(i16(a))


@kernel(inline=True)
def i64_extend32_s(a: u64) -> u64:
    return u64(i32(a))


@kernel(inline=True)
def i32_wrap_i64(a: u64) -> u32:
    return u32(a)


@kernel(inline=True)
def i64_extend_i32_s(a: u32) -> u64:
    return u64(i32(a))


@kernel(inline=True)
def i64_extend_i32_u(a: u32) -> u64:
    return u64(a)


@kernel(inline=True)
def f32_add(a: f32, b: f32) -> f32:
    return a + b


@kernel(inline=True)
def f32_sub(a: f32, b: f32) -> f32:
    return a - b


@kernel(inline=True)
def f32_mul(a: f32, b: f32) -> f32:
    return a * b


@kernel(inline=True)
def f32_div(a: f32, b: f32) -> f32:
    return a / b


@kernel(inline=True)
def f32_min(a: f32, b: f32) -> f32:
    if a != a or b != b:
        return a + b  # quiets a signalling NaN
    return fmin(a, b)


@kernel(inline=True)
def f32_max(a: f32, b: f32) -> f32:
    if a != a or b != b:
        return a + b  # quiets a signalling NaN
    return fmax(a, b)


@kernel(inline=True)
def f32_copysign(a: f32, b: f32) -> f32:
    return copysign(a, b)


@kernel(inline=True)
def f32_abs(a: f32) -> f32:
    return fabs(a)


@kernel(inline=True)
def f32_neg(a: f32) -> f32:
    return -a


@kernel(inline=True)
def f32_ceil(a: f32) -> f32:
    return ceil(a)


@kernel(inline=True)
def f32_floor(a: f32) -> f32:
    return floor(a)


@kernel(inline=True)
def f32_trunc(a: f32) -> f32:
    return trunc(a)


@kernel(inline=True)
def f32_nearest(a: f32) -> f32:
    return nearest(a)


@kernel(inline=True)
def f32_sqrt(a: f32) -> f32:
    return sqrt(a)


@kernel(inline=True)
def f32_eq(a: f32, b: f32) -> bool:
    return a == b


@kernel(inline=True)
def f32_ne(a: f32, b: f32) -> bool:
    return a != b


@kernel(inline=True)
def f32_lt(a: f32, b: f32) -> bool:
    return a < b


@kernel(inline=True)
def f32_gt(a: f32, b: f32) -> bool:
    return a > b


@kernel(inline=True)
def f32_le(a: f32, b: f32) -> bool:
    return a <= b


@kernel(inline=True)
def f32_ge(a: f32, b: f32) -> bool:
    return a >= b


@kernel(inline=True)
def f64_add(a: f64, b: f64) -> f64:
    return a + b


@kernel(inline=True)
def f64_sub(a: f64, b: f64) -> f64:
    return a - b


@kernel(inline=True)
def f64_mul(a: f64, b: f64) -> f64:
    return a * b


@kernel(inline=True)
def f64_div(a: f64, b: f64) -> f64:
    return a / b


@kernel(inline=True)
def f64_min(a: f64, b: f64) -> f64:
    if a != a or b != b:
        return a + b  # quiets a signalling NaN
    return fmin(a, b)


@kernel(inline=True)
def f64_max(a: f64, b: f64) -> f64:
    if a != a or b != b:
        return a + b  # quiets a signalling NaN
    return fmax(a, b)


@kernel(inline=True)
def f64_copysign(a: f64, b: f64) -> f64:
    return copysign(a, b)


@kernel(inline=True)
def f64_abs(a: f64) -> f64:
    return fabs(a)


@kernel(inline=True)
def f64_neg(a: f64) -> f64:
    return -a


@kernel(inline=True)
def f64_ceil(a: f64) -> f64:
    return ceil(a)


@kernel(inline=True)
def f64_floor(a: f64) -> f64:
    return floor(a)


@kernel(inline=True)
def f64_trunc(a: f64) -> f64:
    return trunc(a)


@kernel(inline=True)
def f64_nearest(a: f64) -> f64:
    return nearest(a)


@kernel(inline=True)
def f64_sqrt(a: f64) -> f64:
    return sqrt(a)


@kernel(inline=True)
def f64_eq(a: f64, b: f64) -> bool:
    return a == b


@kernel(inline=True)
def f64_ne(a: f64, b: f64) -> bool:
    return a != b


@kernel(inline=True)
def f64_lt(a: f64, b: f64) -> bool:
    return a < b


@kernel(inline=True)
def f64_gt(a: f64, b: f64) -> bool:
    return a > b


@kernel(inline=True)
def f64_le(a: f64, b: f64) -> bool:
    return a <= b


@kernel(inline=True)
def f64_ge(a: f64, b: f64) -> bool:
    return a >= b


@kernel(inline=True)
def f32_demote_f64(a: f64) -> f32:
    return f32(a)


@kernel(inline=True)
def f64_promote_f32(a: f32) -> f64:
    return f64(a)


@kernel(inline=True)
def i32_trunc_f32_s(a: f32) -> u32:
    if a != a:
        raise Trap(TrapCode.BAD_CONVERSION_TO_INTEGER, 0)
    if a < -2147483648.0 or a >= 2147483648.0:
        raise Trap(TrapCode.INTEGER_OVERFLOW, 0)
    return u32(trunc_to(i32, a))


@kernel(inline=True)
def i32_trunc_f32_u(a: f32) -> u32:
    if a != a:
        raise Trap(TrapCode.BAD_CONVERSION_TO_INTEGER, 0)
    if a <= -1.0 or a >= 4294967296.0:
        raise Trap(TrapCode.INTEGER_OVERFLOW, 0)
    return trunc_to(u32, a)


@kernel(inline=True)
def i32_trunc_sat_f32_s(a: f32) -> u32:
    return u32(trunc_sat(i32, a))


@kernel(inline=True)
def i32_trunc_sat_f32_u(a: f32) -> u32:
    return trunc_sat(u32, a)


@kernel(inline=True)
def f32_convert_i32_s(a: u32) -> f32:
    return f32(i32(a))


@kernel(inline=True)
def f32_convert_i32_u(a: u32) -> f32:
    return f32(a)


@kernel(inline=True)
def i32_trunc_f64_s(a: f64) -> u32:
    if a != a:
        raise Trap(TrapCode.BAD_CONVERSION_TO_INTEGER, 0)
    if a <= -2147483649.0 or a >= 2147483648.0:
        raise Trap(TrapCode.INTEGER_OVERFLOW, 0)
    return u32(trunc_to(i32, a))


@kernel(inline=True)
def i32_trunc_f64_u(a: f64) -> u32:
    if a != a:
        raise Trap(TrapCode.BAD_CONVERSION_TO_INTEGER, 0)
    if a <= -1.0 or a >= 4294967296.0:
        raise Trap(TrapCode.INTEGER_OVERFLOW, 0)
    return trunc_to(u32, a)


@kernel(inline=True)
def i32_trunc_sat_f64_s(a: f64) -> u32:
    return u32(trunc_sat(i32, a))


@kernel(inline=True)
def i32_trunc_sat_f64_u(a: f64) -> u32:
    return trunc_sat(u32, a)


@kernel(inline=True)
def f64_convert_i32_s(a: u32) -> f64:
    return f64(i32(a))


@kernel(inline=True)
def f64_convert_i32_u(a: u32) -> f64:
    return f64(a)


@kernel(inline=True)
def i64_trunc_f32_s(a: f32) -> u64:
    if a != a:
        raise Trap(TrapCode.BAD_CONVERSION_TO_INTEGER, 0)
    if a < -9.223372036854776e18 or a >= 9.223372036854776e18:
        raise Trap(TrapCode.INTEGER_OVERFLOW, 0)
    return u64(trunc_to(i64, a))


@kernel(inline=True)
def i64_trunc_f32_u(a: f32) -> u64:
    if a != a:
        raise Trap(TrapCode.BAD_CONVERSION_TO_INTEGER, 0)
    if a <= -1.0 or a >= 1.8446744073709552e19:
        raise Trap(TrapCode.INTEGER_OVERFLOW, 0)
    return trunc_to(u64, a)


@kernel(inline=True)
def i64_trunc_sat_f32_s(a: f32) -> u64:
    return u64(trunc_sat(i64, a))


@kernel(inline=True)
def i64_trunc_sat_f32_u(a: f32) -> u64:
    return trunc_sat(u64, a)


@kernel(inline=True)
def f32_convert_i64_s(a: u64) -> f32:
    return f32(i64(a))


@kernel(inline=True)
def f32_convert_i64_u(a: u64) -> f32:
    return f32(a)


@kernel(inline=True)
def i64_trunc_f64_s(a: f64) -> u64:
    if a != a:
        raise Trap(TrapCode.BAD_CONVERSION_TO_INTEGER, 0)
    if a < -9.223372036854776e18 or a >= 9.223372036854776e18:
        raise Trap(TrapCode.INTEGER_OVERFLOW, 0)
    return u64(trunc_to(i64, a))


@kernel(inline=True)
def i64_trunc_f64_u(a: f64) -> u64:
    if a != a:
        raise Trap(TrapCode.BAD_CONVERSION_TO_INTEGER, 0)
    if a <= -1.0 or a >= 1.8446744073709552e19:
        raise Trap(TrapCode.INTEGER_OVERFLOW, 0)
    return trunc_to(u64, a)


@kernel(inline=True)
def i64_trunc_sat_f64_s(a: f64) -> u64:
    return u64(trunc_sat(i64, a))


@kernel(inline=True)
def i64_trunc_sat_f64_u(a: f64) -> u64:
    return trunc_sat(u64, a)


@kernel(inline=True)
def f64_convert_i64_s(a: u64) -> f64:
    return f64(i64(a))


@kernel(inline=True)
def f64_convert_i64_u(a: u64) -> f64:
    return f64(a)


@kernel(inline=True)
def i32_reinterpret_f32(a: f32) -> u32:
    return bitcast(u32, a)


@kernel(inline=True)
def f32_reinterpret_i32(a: u32) -> f32:
    return bitcast(f32, a)


@kernel(inline=True)
def i64_reinterpret_f64(a: f64) -> u64:
    return bitcast(u64, a)


@kernel(inline=True)
def f64_reinterpret_i64(a: u64) -> f64:
    return bitcast(f64, a)


MEANING: Final[dict[str, Any]] = {
    mnemonic: globals()[mnemonic.replace(".", "_")]
    for mnemonic in BY_MNEMONIC
    if mnemonic.replace(".", "_") in globals()
}
"""The kernel of each numeric instruction, by mnemonic."""
