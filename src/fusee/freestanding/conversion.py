"""Conversions between floating-point formats and integers in software (IEEE 754-2019, 5.4.1), in GCC's names.

A conversion to an integer of what is out of its range gives anything: WebAssembly's operators ask first.
"""

from fusee.freestanding.formats import DOUBLE, SINGLE, TOP, Format, is_nan, pack, shift_out, unpack
from fusee.kernel.lang import Static, bitcast, clz, f32, f64, i32, i64, kernel, u32, u64

_FRACTION_DIFFERENCE = DOUBLE.fraction_bits - SINGLE.fraction_bits
_SIGN_DIFFERENCE = 32


@kernel
def promote(bits: u32) -> u64:
    """The same number in double precision."""
    single = u64(bits)
    sign = (single & SINGLE.sign) << _SIGN_DIFFERENCE
    magnitude = single & (SINGLE.sign - 1)
    if magnitude == 0:
        return sign
    if magnitude >= SINGLE.infinity:
        quiet = DOUBLE.quiet if is_nan(single, SINGLE) else u64(0)
        return sign | DOUBLE.infinity | (magnitude & SINGLE.fraction) << _FRACTION_DIFFERENCE | quiet
    exponent, significand = unpack(single, SINGLE)
    return pack(sign, exponent, significand, DOUBLE)


@kernel
def demote(bits: u64) -> u32:
    """The nearest number of single precision."""
    sign = (bits & DOUBLE.sign) >> _SIGN_DIFFERENCE
    magnitude = bits & (DOUBLE.sign - 1)
    if magnitude == 0:
        return u32(sign)
    if magnitude >= DOUBLE.infinity:
        quiet = SINGLE.quiet if is_nan(bits, DOUBLE) else u64(0)
        payload = (magnitude & DOUBLE.fraction) >> _FRACTION_DIFFERENCE
        return u32(sign | SINGLE.infinity | payload | quiet)
    exponent, significand = unpack(bits, DOUBLE)
    return u32(pack(sign, exponent, significand, SINGLE))


@kernel
def truncate(bits: u64) -> u64:
    """The integer part of the magnitude of a double-precision number below 2^64."""
    exponent = i32(u32(bits >> DOUBLE.fraction_bits)) & DOUBLE.largest_exponent
    exponent -= DOUBLE.bias + DOUBLE.fraction_bits
    fraction = bits & DOUBLE.fraction | (DOUBLE.fraction + 1)
    if exponent >= 0:
        return fraction << u64(u32(exponent) & 63)
    if exponent < -DOUBLE.fraction_bits:
        return u64(0)
    return fraction >> u64(u32(-exponent))


@kernel
def truncate_signed(bits: u64) -> u64:
    """The integer part of a double-precision number."""
    magnitude = truncate(bits)
    return -magnitude if bits & DOUBLE.sign != 0 else magnitude


@kernel
def from_integer(sign: u64, magnitude: u64, f: Static[Format]) -> u64:
    """The nearest number to an integer of that sign."""
    if magnitude == 0:
        return u64(0)
    places = clz(magnitude)
    return pack(sign, i32(TOP + 1) - i32(u32(places)), shift_out(magnitude << places, u32(1)), f)


@kernel
def from_signed(a: i64, f: Static[Format]) -> u64:
    """The nearest number to an integer."""
    if a < 0:
        return from_integer(u64(f.sign), u64(-a), f)
    return from_integer(u64(0), u64(a), f)


@kernel(libcall=("__extendsfdf2",))
def extendsfdf2(a: f32) -> f64:
    return bitcast(f64, promote(bitcast(u32, a)))


@kernel(libcall=("__truncdfsf2",))
def truncdfsf2(a: f64) -> f32:
    return bitcast(f32, demote(bitcast(u64, a)))


@kernel(libcall=("__fixdfdi",))
def fixdfdi(a: f64) -> u64:
    return truncate_signed(bitcast(u64, a))


@kernel(libcall=("__fixunsdfdi",))
def fixunsdfdi(a: f64) -> u64:
    return truncate(bitcast(u64, a))


@kernel(libcall=("__fixdfsi",))
def fixdfsi(a: f64) -> u32:
    return u32(truncate_signed(bitcast(u64, a)))


@kernel(libcall=("__fixunsdfsi",))
def fixunsdfsi(a: f64) -> u32:
    return u32(truncate(bitcast(u64, a)))


@kernel(libcall=("__fixsfdi",))
def fixsfdi(a: f32) -> u64:
    return truncate_signed(promote(bitcast(u32, a)))


@kernel(libcall=("__fixunssfdi",))
def fixunssfdi(a: f32) -> u64:
    return truncate(promote(bitcast(u32, a)))


@kernel(libcall=("__fixsfsi",))
def fixsfsi(a: f32) -> u32:
    return u32(truncate_signed(promote(bitcast(u32, a))))


@kernel(libcall=("__fixunssfsi",))
def fixunssfsi(a: f32) -> u32:
    return u32(truncate(promote(bitcast(u32, a))))


@kernel(libcall=("__floatdidf",))
def floatdidf(a: i64) -> f64:
    return bitcast(f64, from_signed(a, DOUBLE))


@kernel(libcall=("__floatundidf",))
def floatundidf(a: u64) -> f64:
    return bitcast(f64, from_integer(u64(0), a, DOUBLE))


@kernel(libcall=("__floatsidf",))
def floatsidf(a: i32) -> f64:
    return bitcast(f64, from_signed(i64(a), DOUBLE))


@kernel(libcall=("__floatunsidf",))
def floatunsidf(a: u32) -> f64:
    return bitcast(f64, from_integer(u64(0), u64(a), DOUBLE))


@kernel(libcall=("__floatdisf",))
def floatdisf(a: i64) -> f32:
    return bitcast(f32, u32(from_signed(a, SINGLE)))


@kernel(libcall=("__floatundisf",))
def floatundisf(a: u64) -> f32:
    return bitcast(f32, u32(from_integer(u64(0), a, SINGLE)))


@kernel(libcall=("__floatsisf",))
def floatsisf(a: i32) -> f32:
    return bitcast(f32, u32(from_signed(i64(a), SINGLE)))


@kernel(libcall=("__floatunsisf",))
def floatunsisf(a: u32) -> f32:
    return bitcast(f32, u32(from_integer(u64(0), u64(a), SINGLE)))
