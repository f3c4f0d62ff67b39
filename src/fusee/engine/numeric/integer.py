"""Integer operators and comparisons (spec 4.3.2).

Shift counts are taken modulo the width. Signed operators convert their operands.
"""

from fusee.engine.errors import Trap
from fusee.kernel.lang import clz, ctz, div_trunc, i8, i16, i32, i64, kernel, popcount, rem_trunc, rotl, rotr, u32, u64
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
