"""Multiplication and addition with one rounding (IEEE 754-2019, 5.4.1), for machines that have no such instruction.

Numbers are taken apart as in `formats`, but with significands of two words, the first bit in the same place of the
upper one: value = upper x 2^(exponent - 62) + lower x 2^(exponent - 126). Products of two significands are exact.
"""

from fusee.freestanding.arithmetic import whole_product
from fusee.freestanding.formats import DOUBLE, SINGLE, Format, is_nan, is_ordinary, pack, shift_out, unpack
from fusee.kernel.lang import Static, bitcast, clz, f32, f64, i32, kernel, u32, u64


@kernel(inline=True)
def _sticky(upper: u64, lower: u64) -> u64:
    """The upper word, whose last bit remembers whether there was anything in the lower one."""
    return upper | (u64(1) if lower != 0 else u64(0))


@kernel
def _shift_right(upper: u64, lower: u64, places: u32) -> tuple[u64, u64]:
    """Both words, remembering in the last bit what is lost."""
    if places == 0:
        return upper, lower
    if places < 64:
        return upper >> u64(places), upper << u64(64 - places) | shift_out(lower, places)
    return u64(0), shift_out(_sticky(upper, lower), places - 64)


@kernel
def _add(sign: u64, exponent: i32, upper: u64, lower: u64, other: u64, other_lower: u64, f: Static[Format]) -> u64:
    """The sum of two numbers of one sign."""
    low = lower + other_lower
    total = upper + other + (u64(1) if low < lower else u64(0))
    if total >> 63 != 0:
        return pack(sign, exponent + 1, shift_out(_sticky(total, low), u32(1)), f)
    return pack(sign, exponent, _sticky(total, low), f)


@kernel
def _subtract(sign: u64, exponent: i32, upper: u64, lower: u64, other: u64, other_lower: u64, f: Static[Format]) -> u64:
    """The difference of two magnitudes, of which the first is not less."""
    low = lower - other_lower
    rest = upper - other - (u64(1) if lower < other_lower else u64(0))
    if rest | low == 0:
        return u64(0)
    if rest == 0:
        rest, low, exponent = low >> 1, low << 63, exponent - 63
    if rest == 0:  # the very last bit was all that differed
        rest, low, exponent = low >> 1, low << 63, exponent - 63
    places = clz(rest) - 1
    if places != 0:
        rest, low = rest << places | low >> (64 - places), low << places
    return pack(sign, exponent - i32(u32(places)), _sticky(rest, low), f)


@kernel
def _special(a: u64, b: u64, c: u64, f: Static[Format]) -> u64:
    """Where a factor is no number, infinite or zero."""
    if is_nan(a, f):
        return a | f.quiet
    if is_nan(b, f):
        return b | f.quiet
    if is_nan(c, f):
        return c | f.quiet
    first, second, added = a & (f.sign - 1), b & (f.sign - 1), c & (f.sign - 1)
    sign = (a ^ b) & f.sign
    if first == f.infinity or second == f.infinity:
        is_invalid = first == 0 or second == 0 or (added == f.infinity and c & f.sign != sign)
        return f.nan if is_invalid else sign | f.infinity
    if added != 0:
        return c
    return sign & c  # both are zero


@kernel
def fuse(a: u64, b: u64, c: u64, f: Static[Format]) -> u64:
    """a * b + c"""
    if not (is_ordinary(a, f) and is_ordinary(b, f)):
        return _special(a, b, c, f)
    if is_nan(c, f):
        return c | f.quiet
    if c & (f.sign - 1) == f.infinity:
        return c
    sign = (a ^ b) & f.sign
    first, factor = unpack(a, f)
    second, other = unpack(b, f)
    upper, lower = whole_product(factor, other)
    exponent = first + second
    upper, lower = upper << 1 | lower >> 63, lower << 1
    if upper >> 62 != 0:
        exponent += 1
    else:
        upper, lower = upper << 1 | lower >> 63, lower << 1
    if c & (f.sign - 1) == 0:
        return pack(sign, exponent, _sticky(upper, lower), f)
    added, addend = unpack(c, f)
    return _join(sign, exponent, upper, lower, c & f.sign, added, addend, f)


@kernel
def _join(
    sign: u64, exponent: i32, upper: u64, lower: u64, other_sign: u64, added: i32, addend: u64, f: Static[Format]
) -> u64:
    """A product and an addend."""
    if added > exponent or (added == exponent and addend > upper):
        small, small_lower = _shift_right(upper, lower, u32(added - exponent))
        if sign == other_sign:
            return _add(sign, added, addend, u64(0), small, small_lower, f)
        return _subtract(other_sign, added, addend, u64(0), small, small_lower, f)
    small, small_lower = _shift_right(addend, u64(0), u32(exponent - added))
    if sign == other_sign:
        return _add(sign, exponent, upper, lower, small, small_lower, f)
    return _subtract(sign, exponent, upper, lower, small, small_lower, f)


@kernel(libcall=("fma",))
def fma_double(a: f64, b: f64, c: f64) -> f64:
    return bitcast(f64, fuse(bitcast(u64, a), bitcast(u64, b), bitcast(u64, c), DOUBLE))


@kernel(libcall=("fmaf",))
def fma_single(a: f32, b: f32, c: f32) -> f32:
    factor, other, addend = u64(bitcast(u32, a)), u64(bitcast(u32, b)), u64(bitcast(u32, c))
    return bitcast(f32, u32(fuse(factor, other, addend, SINGLE)))
