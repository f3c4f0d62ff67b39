"""What 32-bit Arm calls differently (its run-time ABI, 4.1): comparisons with a yes or no, and conversions.

Numbers are given as their bits, in integer registers, also where there are floating-point registers.
"""

from fusee.freestanding.comparison import compare_doubles, compare_singles
from fusee.freestanding.conversion import demote, from_integer, from_signed, promote, truncate, truncate_signed
from fusee.freestanding.formats import DOUBLE, SINGLE
from fusee.kernel.lang import i32, i64, kernel, u32, u64


@kernel(libcall=("__aeabi_dcmpeq",))
def dcmpeq(a: u64, b: u64) -> u32:
    return u32(compare_doubles(a, b, 1) == 0)


@kernel(libcall=("__aeabi_dcmplt",))
def dcmplt(a: u64, b: u64) -> u32:
    return u32(compare_doubles(a, b, 1) < 0)


@kernel(libcall=("__aeabi_dcmple",))
def dcmple(a: u64, b: u64) -> u32:
    return u32(compare_doubles(a, b, 1) <= 0)


@kernel(libcall=("__aeabi_dcmpgt",))
def dcmpgt(a: u64, b: u64) -> u32:
    return u32(compare_doubles(a, b, -1) > 0)


@kernel(libcall=("__aeabi_dcmpge",))
def dcmpge(a: u64, b: u64) -> u32:
    return u32(compare_doubles(a, b, -1) >= 0)


@kernel(libcall=("__aeabi_fcmpeq",))
def fcmpeq(a: u32, b: u32) -> u32:
    return u32(compare_singles(a, b, 1) == 0)


@kernel(libcall=("__aeabi_fcmplt",))
def fcmplt(a: u32, b: u32) -> u32:
    return u32(compare_singles(a, b, 1) < 0)


@kernel(libcall=("__aeabi_fcmple",))
def fcmple(a: u32, b: u32) -> u32:
    return u32(compare_singles(a, b, 1) <= 0)


@kernel(libcall=("__aeabi_fcmpgt",))
def fcmpgt(a: u32, b: u32) -> u32:
    return u32(compare_singles(a, b, -1) > 0)


@kernel(libcall=("__aeabi_fcmpge",))
def fcmpge(a: u32, b: u32) -> u32:
    return u32(compare_singles(a, b, -1) >= 0)


@kernel(libcall=("__aeabi_f2d",))
def f2d(a: u32) -> u64:
    return promote(a)


@kernel(libcall=("__aeabi_d2f",))
def d2f(a: u64) -> u32:
    return demote(a)


@kernel(libcall=("__aeabi_d2iz",))
def d2iz(a: u64) -> u32:
    return u32(truncate_signed(a))


@kernel(libcall=("__aeabi_d2uiz",))
def d2uiz(a: u64) -> u32:
    return u32(truncate(a))


@kernel(libcall=("__aeabi_d2lz",))
def d2lz(a: u64) -> u64:
    return truncate_signed(a)


@kernel(libcall=("__aeabi_d2ulz",))
def d2ulz(a: u64) -> u64:
    return truncate(a)


@kernel(libcall=("__aeabi_f2iz",))
def f2iz(a: u32) -> u32:
    return u32(truncate_signed(promote(a)))


@kernel(libcall=("__aeabi_f2uiz",))
def f2uiz(a: u32) -> u32:
    return u32(truncate(promote(a)))


@kernel(libcall=("__aeabi_f2lz",))
def f2lz(a: u32) -> u64:
    return truncate_signed(promote(a))


@kernel(libcall=("__aeabi_f2ulz",))
def f2ulz(a: u32) -> u64:
    return truncate(promote(a))


@kernel(libcall=("__aeabi_i2d",))
def i2d(a: i32) -> u64:
    return from_signed(i64(a), DOUBLE)


@kernel(libcall=("__aeabi_ui2d",))
def ui2d(a: u32) -> u64:
    return from_integer(u64(0), u64(a), DOUBLE)


@kernel(libcall=("__aeabi_l2d",))
def l2d(a: i64) -> u64:
    return from_signed(a, DOUBLE)


@kernel(libcall=("__aeabi_ul2d",))
def ul2d(a: u64) -> u64:
    return from_integer(u64(0), a, DOUBLE)


@kernel(libcall=("__aeabi_i2f",))
def i2f(a: i32) -> u32:
    return u32(from_signed(i64(a), SINGLE))


@kernel(libcall=("__aeabi_ui2f",))
def ui2f(a: u32) -> u32:
    return u32(from_integer(u64(0), u64(a), SINGLE))


@kernel(libcall=("__aeabi_l2f",))
def l2f(a: i64) -> u32:
    return u32(from_signed(a, SINGLE))


@kernel(libcall=("__aeabi_ul2f",))
def ul2f(a: u64) -> u32:
    return u32(from_integer(u64(0), a, SINGLE))
