"""Conversions between the number types (spec 4.3.4)."""

from fusee.engine.errors import Trap
from fusee.kernel.lang import bitcast, f32, f64, i32, i64, kernel, trunc_sat, trunc_to, u32, u64
from fusee.spec.traps import TrapCode


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
