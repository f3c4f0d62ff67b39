"""Comparisons in software, in GCC's names: a result to be compared with zero in the way that the name says.

With a NaN that comparison is false. So there are three kinds of result for NaN, and one function of each kind.
"""

from fusee.freestanding.formats import DOUBLE, SINGLE, Format
from fusee.kernel.lang import Static, i32, i64, kernel, u32, u64

_DOUBLE_SIGN = DOUBLE.sign


@kernel
def _compare(a: u64, b: u64, infinity: Static[int], unordered: Static[int]) -> i32:
    """-1, 0 or 1, or what `unordered` says; the sign is the first bit, whatever the format."""
    if (a & (_DOUBLE_SIGN - 1)) > infinity or (b & (_DOUBLE_SIGN - 1)) > infinity:
        return i32(unordered)
    if a == b or (a | b) << 1 == 0:  # zeros have signs
        return i32(0)
    if a & b & _DOUBLE_SIGN != 0:
        return i32(-1) if a > b else i32(1)
    return i32(-1) if i64(a) < i64(b) else i32(1)


@kernel(inline=True)
def compare_doubles(a: u64, b: u64, unordered: Static[int]) -> i32:
    """-1, 0 or 1, or what `unordered` says."""
    return _compare(a, b, DOUBLE.infinity, unordered)


@kernel(inline=True)
def compare_singles(a: u32, b: u32, unordered: Static[int]) -> i32:
    """-1, 0 or 1, or what `unordered` says."""
    return _compare(u64(a) << 32, u64(b) << 32, SINGLE.infinity << 32, unordered)


@kernel(libcall=("__eqdf2",))
def eqdf2(a: u64, b: u64) -> i32:
    return compare_doubles(a, b, 1)


@kernel(libcall=("__nedf2",))
def nedf2(a: u64, b: u64) -> i32:
    return compare_doubles(a, b, 1)


@kernel(libcall=("__ltdf2",))
def ltdf2(a: u64, b: u64) -> i32:
    return compare_doubles(a, b, 1)


@kernel(libcall=("__ledf2",))
def ledf2(a: u64, b: u64) -> i32:
    return compare_doubles(a, b, 1)


@kernel(libcall=("__gtdf2",))
def gtdf2(a: u64, b: u64) -> i32:
    return compare_doubles(a, b, -1)


@kernel(libcall=("__gedf2",))
def gedf2(a: u64, b: u64) -> i32:
    return compare_doubles(a, b, -1)


@kernel(libcall=("__eqsf2",))
def eqsf2(a: u32, b: u32) -> i32:
    return compare_singles(a, b, 1)


@kernel(libcall=("__nesf2",))
def nesf2(a: u32, b: u32) -> i32:
    return compare_singles(a, b, 1)


@kernel(libcall=("__ltsf2",))
def ltsf2(a: u32, b: u32) -> i32:
    return compare_singles(a, b, 1)


@kernel(libcall=("__lesf2",))
def lesf2(a: u32, b: u32) -> i32:
    return compare_singles(a, b, 1)


@kernel(libcall=("__gtsf2",))
def gtsf2(a: u32, b: u32) -> i32:
    return compare_singles(a, b, -1)


@kernel(libcall=("__gesf2",))
def gesf2(a: u32, b: u32) -> i32:
    return compare_singles(a, b, -1)


@kernel(inline=True)
def _has_nan(a: u64, b: u64, f: Static[Format]) -> i32:
    return i32(u32(a & (f.sign - 1) > f.infinity or b & (f.sign - 1) > f.infinity))


@kernel(libcall=("__unorddf2", "__aeabi_dcmpun"))
def unorddf2(a: u64, b: u64) -> i32:
    """Not zero if one of the two is a NaN."""
    return _has_nan(a, b, DOUBLE)


@kernel(libcall=("__unordsf2", "__aeabi_fcmpun"))
def unordsf2(a: u32, b: u32) -> i32:
    """Not zero if one of the two is a NaN."""
    return _has_nan(u64(a), u64(b), SINGLE)
