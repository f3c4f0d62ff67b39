"""Rounding to integral values (IEEE 754-2019, 5.9) and the lesser and greater of two (9.6), by their bits."""

from enum import Enum

from fusee.freestanding.formats import DOUBLE, SINGLE, Format, is_nan
from fusee.kernel.lang import Static, bitcast, f32, f64, i32, kernel, u32, u64


class Towards(Enum):
    """Which way a number between two integers goes."""

    ZERO = "zero"
    NEGATIVE = "negative"
    POSITIVE = "positive"
    EVEN = "even"  # the nearest integer, of two the even one


@kernel
def _round(bits: u64, f: Static[Format], mode: Static[Towards]) -> u64:
    sign = bits & f.sign
    magnitude = bits & (f.sign - 1)
    exponent = i32(u32(magnitude >> f.fraction_bits)) - f.bias
    if exponent >= f.fraction_bits:
        return bits | f.quiet if is_nan(bits, f) else bits
    if exponent < 0:  # between 0 and 1
        return sign | _from_below_one(sign, magnitude, f, mode)
    below = u64(f.fraction) >> u64(u32(exponent))  # the bits of the fraction part
    if mode is Towards.EVEN:
        unit = below + 1
        is_odd = magnitude & unit != 0
        magnitude += (below >> 1) + (u64(1) if is_odd else u64(0))
    if mode is Towards.NEGATIVE:
        magnitude += below if sign != 0 else u64(0)
    if mode is Towards.POSITIVE:
        magnitude += below if sign == 0 else u64(0)
    return sign | magnitude & ~below


@kernel(inline=True)
def _from_below_one(sign: u64, magnitude: u64, f: Static[Format], mode: Static[Towards]) -> u64:
    one = u64(f.bias << f.fraction_bits)
    if mode is Towards.EVEN:
        return one if magnitude > (f.bias - 1) << f.fraction_bits else u64(0)
    if mode is Towards.NEGATIVE:
        return one if sign != 0 and magnitude != 0 else u64(0)
    if mode is Towards.POSITIVE:
        return one if sign == 0 and magnitude != 0 else u64(0)
    return u64(0)


@kernel(inline=True)
def _round_double(a: f64, mode: Static[Towards]) -> f64:
    return bitcast(f64, _round(bitcast(u64, a), DOUBLE, mode))


@kernel(inline=True)
def _round_single(a: f32, mode: Static[Towards]) -> f32:
    return bitcast(f32, u32(_round(u64(bitcast(u32, a)), SINGLE, mode)))


@kernel(libcall=("trunc",))
def trunc_double(a: f64) -> f64:
    return _round_double(a, Towards.ZERO)


@kernel(libcall=("floor",))
def floor_double(a: f64) -> f64:
    return _round_double(a, Towards.NEGATIVE)


@kernel(libcall=("ceil",))
def ceil_double(a: f64) -> f64:
    return _round_double(a, Towards.POSITIVE)


@kernel(libcall=("roundeven",))
def roundeven_double(a: f64) -> f64:
    return _round_double(a, Towards.EVEN)


@kernel(libcall=("truncf",))
def trunc_single(a: f32) -> f32:
    return _round_single(a, Towards.ZERO)


@kernel(libcall=("floorf",))
def floor_single(a: f32) -> f32:
    return _round_single(a, Towards.NEGATIVE)


@kernel(libcall=("ceilf",))
def ceil_single(a: f32) -> f32:
    return _round_single(a, Towards.POSITIVE)


@kernel(libcall=("roundevenf",))
def roundeven_single(a: f32) -> f32:
    return _round_single(a, Towards.EVEN)


@kernel
def _is_less(a: u64, b: u64, f: Static[Format]) -> bool:
    """Of numbers; the negative zero is less than the other."""
    if a & b & f.sign != 0:
        return a > b
    if (a ^ b) & f.sign != 0:
        return a & f.sign != 0
    return a < b


@kernel(inline=True)
def _lesser(a: u64, b: u64, f: Static[Format]) -> u64:
    if is_nan(a, f):
        return a | f.quiet
    if is_nan(b, f):
        return b | f.quiet
    return a if _is_less(a, b, f) else b


@kernel(inline=True)
def _greater(a: u64, b: u64, f: Static[Format]) -> u64:
    if is_nan(a, f):
        return a | f.quiet
    if is_nan(b, f):
        return b | f.quiet
    return b if _is_less(a, b, f) else a


@kernel(libcall=("fminimum",))
def fminimum(a: f64, b: f64) -> f64:
    return bitcast(f64, _lesser(bitcast(u64, a), bitcast(u64, b), DOUBLE))


@kernel(libcall=("fmaximum",))
def fmaximum(a: f64, b: f64) -> f64:
    return bitcast(f64, _greater(bitcast(u64, a), bitcast(u64, b), DOUBLE))


@kernel(libcall=("fminimumf",))
def fminimumf(a: f32, b: f32) -> f32:
    return bitcast(f32, u32(_lesser(u64(bitcast(u32, a)), u64(bitcast(u32, b)), SINGLE)))


@kernel(libcall=("fmaximumf",))
def fmaximumf(a: f32, b: f32) -> f32:
    return bitcast(f32, u32(_greater(u64(bitcast(u32, a)), u64(bitcast(u32, b)), SINGLE)))
