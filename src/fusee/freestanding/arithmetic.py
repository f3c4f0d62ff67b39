"""Addition, multiplication, division and square root of double-precision numbers in software (IEEE 754-2019, 5.4).

All round to nearest. Those of single precision go through double precision, in which the second rounding cannot
change the result: 53 bits are more than twice 24 and two.
"""

from typing import Final

from fusee.freestanding.conversion import demote, promote
from fusee.freestanding.formats import DOUBLE, is_nan, is_ordinary, pack, shift_out, unpack
from fusee.kernel.lang import bitcast, clz, f32, f64, i32, kernel, u32, u64

_MAGNITUDE = DOUBLE.sign - 1
_QUOTIENT_BITS: Final = u32(56)  # those of the result, one to round by, and room for the sticky one
_BELOW = 63 - _QUOTIENT_BITS


@kernel
def add(a: u64, b: u64) -> u64:
    """a + b"""
    if not (is_ordinary(a, DOUBLE) and is_ordinary(b, DOUBLE)):
        return _add_special(a, b)
    if a & _MAGNITUDE < b & _MAGNITUDE:
        return _add_smaller(b, a)
    return _add_smaller(a, b)


@kernel
def _add_smaller(a: u64, b: u64) -> u64:
    """a + b, where |a| >= |b|"""
    sign = a & DOUBLE.sign
    exponent, large = unpack(a, DOUBLE)
    lower, small = unpack(b, DOUBLE)
    small = shift_out(small, u32(exponent - lower))
    if (a ^ b) & DOUBLE.sign == 0:
        total = large + small
        if total >> 63 != 0:
            return pack(sign, exponent + 1, shift_out(total, u32(1)), DOUBLE)
        return pack(sign, exponent, total, DOUBLE)
    rest = large - small
    if rest == 0:
        return u64(0)
    places = clz(rest) - 1
    return pack(sign, exponent - i32(u32(places)), rest << places, DOUBLE)


@kernel
def _add_special(a: u64, b: u64) -> u64:
    if is_nan(a, DOUBLE):
        return a | DOUBLE.quiet
    if is_nan(b, DOUBLE):
        return b | DOUBLE.quiet
    if a & _MAGNITUDE == DOUBLE.infinity:
        return DOUBLE.nan if a ^ b == DOUBLE.sign else a
    if b & _MAGNITUDE == DOUBLE.infinity:
        return b
    if a & _MAGNITUDE != 0:
        return a
    return a & b if b & _MAGNITUDE == 0 else b


@kernel
def whole_product(a: u64, b: u64) -> tuple[u64, u64]:
    """All bits of a product: the upper half, and the lower one."""
    a_low, a_high, b_low, b_high = u64(u32(a)), a >> 32, u64(u32(b)), b >> 32
    low = a_low * b_low
    middle = a_high * b_low + (low >> 32)
    other = a_low * b_high + u64(u32(middle))
    high = a_high * b_high + (middle >> 32) + (other >> 32)
    return high, other << 32 | u64(u32(low))


@kernel
def _upper_product(a: u64, b: u64) -> u64:
    """The product without its lowest 62 bits, of which it keeps whether there were any."""
    high, lower = whole_product(a, b)
    return high << 2 | lower >> 62 | (u64(1) if lower << 2 != 0 else u64(0))


@kernel
def multiply(a: u64, b: u64) -> u64:
    """a * b"""
    sign = (a ^ b) & DOUBLE.sign
    if not (is_ordinary(a, DOUBLE) and is_ordinary(b, DOUBLE)):
        if is_nan(a, DOUBLE):
            return a | DOUBLE.quiet
        if is_nan(b, DOUBLE):
            return b | DOUBLE.quiet
        if a & _MAGNITUDE == 0 or b & _MAGNITUDE == 0:
            is_invalid = a & _MAGNITUDE == DOUBLE.infinity or b & _MAGNITUDE == DOUBLE.infinity
            return DOUBLE.nan if is_invalid else sign
        return sign | DOUBLE.infinity
    exponent, first = unpack(a, DOUBLE)
    other, second = unpack(b, DOUBLE)
    product = _upper_product(first, second)
    if product >> 63 != 0:
        return pack(sign, exponent + other + 1, shift_out(product, u32(1)), DOUBLE)
    return pack(sign, exponent + other, product, DOUBLE)


@kernel
def divide(a: u64, b: u64) -> u64:
    """a / b"""
    sign = (a ^ b) & DOUBLE.sign
    if not (is_ordinary(a, DOUBLE) and is_ordinary(b, DOUBLE)):
        if is_nan(a, DOUBLE):
            return a | DOUBLE.quiet
        if is_nan(b, DOUBLE):
            return b | DOUBLE.quiet
        if a & _MAGNITUDE == b & _MAGNITUDE:  # 0 / 0 or infinity / infinity
            return DOUBLE.nan
        is_zero = a & _MAGNITUDE == 0 or b & _MAGNITUDE == DOUBLE.infinity
        return sign if is_zero else sign | DOUBLE.infinity
    exponent, rest = unpack(a, DOUBLE)
    other, divisor = unpack(b, DOUBLE)
    if rest < divisor:
        rest, exponent = rest << 1, exponent - 1
    quotient, steps = u64(0), _QUOTIENT_BITS
    while steps != 0:
        quotient = quotient << 1
        if rest >= divisor:
            rest -= divisor
            quotient |= 1
        rest = rest << 1
        steps -= 1
    return pack(sign, exponent - other, quotient << _BELOW | (u64(1) if rest != 0 else u64(0)), DOUBLE)


@kernel
def square_root(a: u64) -> u64:
    """The square root, digit by digit."""
    if is_nan(a, DOUBLE):
        return a | DOUBLE.quiet
    if a & _MAGNITUDE == 0 or a == DOUBLE.infinity:
        return a
    if a & DOUBLE.sign != 0:
        return DOUBLE.nan
    exponent, digits = unpack(a, DOUBLE)
    if exponent & 1 != 0:
        digits, exponent = digits << 1, exponent - 1
    root, rest, steps = u64(0), u64(0), _QUOTIENT_BITS
    while steps != 0:
        rest = rest << 2 | digits >> 62
        digits = digits << 2
        trial = root << 2 | 1
        root = root << 1
        if rest >= trial:
            rest -= trial
            root |= 1
        steps -= 1
    return pack(u64(0), exponent >> 1, root << _BELOW | (u64(1) if rest != 0 else u64(0)), DOUBLE)


# On machines without such instructions numbers travel as their bits, in integer registers.


@kernel(libcall=("__adddf3", "__aeabi_dadd"))
def adddf3(a: u64, b: u64) -> u64:
    return add(a, b)


@kernel(libcall=("__subdf3", "__aeabi_dsub"))
def subdf3(a: u64, b: u64) -> u64:
    return add(a, b ^ DOUBLE.sign)


@kernel(libcall=("__muldf3", "__aeabi_dmul"))
def muldf3(a: u64, b: u64) -> u64:
    return multiply(a, b)


@kernel(libcall=("__divdf3", "__aeabi_ddiv"))
def divdf3(a: u64, b: u64) -> u64:
    return divide(a, b)


@kernel(libcall=("__addsf3", "__aeabi_fadd"))
def addsf3(a: u32, b: u32) -> u32:
    return demote(add(promote(a), promote(b)))


@kernel(libcall=("__subsf3", "__aeabi_fsub"))
def subsf3(a: u32, b: u32) -> u32:
    return demote(add(promote(a), promote(b) ^ DOUBLE.sign))


@kernel(libcall=("__mulsf3", "__aeabi_fmul"))
def mulsf3(a: u32, b: u32) -> u32:
    return demote(multiply(promote(a), promote(b)))


@kernel(libcall=("__divsf3", "__aeabi_fdiv"))
def divsf3(a: u32, b: u32) -> u32:
    return demote(divide(promote(a), promote(b)))


@kernel(libcall=("sqrt",))
def sqrt_double(a: f64) -> f64:
    return bitcast(f64, square_root(bitcast(u64, a)))


@kernel(libcall=("sqrtf",))
def sqrt_single(a: f32) -> f32:
    return bitcast(f32, demote(square_root(promote(bitcast(u32, a)))))
