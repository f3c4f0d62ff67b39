"""Arithmetic on integers for which a machine has no instructions, in GCC's names and in those of Arm's run-time ABI.

Nothing here divides or shifts 64 bits, and `divide_words` does not divide at all: LLVM would call the very function
that is being defined.
"""

from fusee.kernel.lang import clz, i32, i64, kernel, likely, u32, u64

_HIGH = 32  # bits in each half


@kernel(inline=True)
def _join(low: u32, high: u32) -> u64:
    return u64(low) | u64(high) << _HIGH


@kernel
def divide_unsigned(n: u64, d: u64) -> tuple[u64, u64]:
    """Quotient and remainder; of division by zero anything."""
    if likely((n | d) >> _HIGH == 0):
        if u32(d) == 0:
            return u64(0), u64(0)
        return u64(u32(n) // u32(d)), u64(u32(n) % u32(d))
    if n < d or d == 0:
        return u64(0), n
    places = clz(d) - clz(n)
    divisor, rest, quotient = d << places, n, u64(0)
    steps = u32(places) + 1
    while steps != 0:
        quotient = quotient << 1
        if rest >= divisor:
            rest -= divisor
            quotient |= 1
        divisor = divisor >> 1
        steps -= 1
    return quotient, rest


@kernel
def divide_words(n: u32, d: u32) -> tuple[u32, u32]:
    """Quotient and remainder on machines that do not divide; of division by zero anything."""
    if n < d or d == 0:
        return u32(0), n
    steps = clz(d) - clz(n) + 1
    divisor, rest, quotient = d << (steps - 1), n, u32(0)
    while steps != 0:
        quotient = quotient << 1
        if rest >= divisor:
            rest -= divisor
            quotient |= 1
        divisor = divisor >> 1
        steps -= 1
    return quotient, rest


@kernel(inline=True)
def _magnitude(a: i64) -> u64:
    return u64(-a) if a < 0 else u64(a)


@kernel(inline=True)
def _word_magnitude(a: i32) -> u32:
    return u32(-a) if a < 0 else u32(a)


@kernel(libcall=("__udivsi3", "__aeabi_uidiv"))
def udivsi3(a: u32, b: u32) -> u32:
    quotient, _ = divide_words(a, b)
    return quotient


@kernel(libcall=("__umodsi3",))
def umodsi3(a: u32, b: u32) -> u32:
    _, rest = divide_words(a, b)
    return rest


@kernel(libcall=("__divsi3", "__aeabi_idiv"))
def divsi3(a: i32, b: i32) -> i32:
    quotient, _ = divide_words(_word_magnitude(a), _word_magnitude(b))
    return i32(-quotient) if (a ^ b) < 0 else i32(quotient)


@kernel(libcall=("__modsi3",))
def modsi3(a: i32, b: i32) -> i32:
    _, rest = divide_words(_word_magnitude(a), _word_magnitude(b))
    return i32(-rest) if a < 0 else i32(rest)


@kernel(libcall=("__aeabi_uidivmod",))
def uidivmod(a: u32, b: u32) -> tuple[u32, u32]:
    return divide_words(a, b)


@kernel(libcall=("__aeabi_idivmod",))
def idivmod(a: i32, b: i32) -> tuple[u32, u32]:
    quotient, rest = divide_words(_word_magnitude(a), _word_magnitude(b))
    return -quotient if (a ^ b) < 0 else quotient, -rest if a < 0 else rest


@kernel(libcall=("__udivdi3",))
def udivdi3(a: u64, b: u64) -> u64:
    quotient, _ = divide_unsigned(a, b)
    return quotient


@kernel(libcall=("__umoddi3",))
def umoddi3(a: u64, b: u64) -> u64:
    _, rest = divide_unsigned(a, b)
    return rest


@kernel(libcall=("__divdi3",))
def divdi3(a: i64, b: i64) -> i64:
    quotient, _ = divide_unsigned(_magnitude(a), _magnitude(b))
    return i64(-quotient) if (a ^ b) < 0 else i64(quotient)


@kernel(libcall=("__aeabi_uldivmod",))
def uldivmod(a: u64, b: u64) -> tuple[u64, u64]:
    return divide_unsigned(a, b)


@kernel(libcall=("__aeabi_ldivmod",))
def ldivmod(a: i64, b: i64) -> tuple[u64, u64]:
    quotient, rest = divide_unsigned(_magnitude(a), _magnitude(b))
    return -quotient if (a ^ b) < 0 else quotient, -rest if a < 0 else rest


@kernel(libcall=("__moddi3",))
def moddi3(a: i64, b: i64) -> i64:
    _, rest = divide_unsigned(_magnitude(a), _magnitude(b))
    return i64(-rest) if a < 0 else i64(rest)


@kernel(libcall=("__ashldi3", "__aeabi_llsl"))
def ashldi3(a: u64, count: u32) -> u64:
    """`a << count`, for counts below 64."""
    low, high = u32(a), u32(a >> _HIGH)
    if count >= _HIGH:
        return _join(u32(0), low << (count & 31))
    if count == 0:
        return a
    return _join(low << count, high << count | low >> (_HIGH - count))


@kernel(libcall=("__lshrdi3", "__aeabi_llsr"))
def lshrdi3(a: u64, count: u32) -> u64:
    """`a >> count` of an unsigned integer, for counts below 64."""
    low, high = u32(a), u32(a >> _HIGH)
    if count >= _HIGH:
        return _join(high >> (count & 31), u32(0))
    if count == 0:
        return a
    return _join(low >> count | high << (_HIGH - count), high >> count)


@kernel(libcall=("__ashrdi3", "__aeabi_lasr"))
def ashrdi3(a: u64, count: u32) -> u64:
    """`a >> count` of a signed integer, for counts below 64."""
    low, high = u32(a), i32(u32(a >> _HIGH))
    if count >= _HIGH:
        return _join(u32(high >> i32(count & 31)), u32(high >> 31))
    if count == 0:
        return a
    return _join(low >> count | u32(high) << (_HIGH - count), u32(high >> i32(count)))
