"""Integer operators and comparisons (spec 4.3.2)."""

import operator
from collections.abc import Iterator
from typing import Any, Final, TypeVar

from fusee.engine.errors import Trap
from fusee.engine.numeric import scalar
from fusee.engine.numeric.named import Entry, meanings
from fusee.kernel.lang import (
    Static,
    clz,
    ctz,
    div_trunc,
    i8,
    i16,
    i32,
    i64,
    kernel,
    popcount,
    rem_trunc,
    rotl,
    rotr,
    u32,
    u64,
)  # fmt: skip
from fusee.spec.traps import TrapCode

N = TypeVar("N", u32, u64)


@kernel(inline=True)
def shift(a: N, count: N, operation: Static[Any], s: Static[Any], t: Static[type[N]]) -> N:
    """The count is taken modulo the width."""
    return t(operation(s(a), s(count & (t.bits - 1))))


@kernel(inline=True)
def is_zero(a: N, t: Static[type[N]]) -> bool:
    return a == 0


@kernel(inline=True)
def extend(a: N, s: Static[Any], t: Static[type[N]]) -> N:
    """The low bits as a number with a sign."""
    return t(s(a))


@kernel(inline=True)
def divide_signed(a: N, b: N, s: Static[Any], t: Static[type[N]]) -> N:
    if b == 0:
        raise Trap(TrapCode.INTEGER_DIVISION_BY_ZERO, 0)
    if a == t(s.minimum()) and b == t(-1):
        raise Trap(TrapCode.INTEGER_OVERFLOW, 0)
    return t(div_trunc(s(a), s(b)))


@kernel(inline=True)
def divide_unsigned(a: N, b: N, t: Static[type[N]]) -> N:
    if b == 0:
        raise Trap(TrapCode.INTEGER_DIVISION_BY_ZERO, 0)
    return a // b


@kernel(inline=True)
def remainder_signed(a: N, b: N, s: Static[Any], t: Static[type[N]]) -> N:
    if b == 0:
        raise Trap(TrapCode.INTEGER_DIVISION_BY_ZERO, 0)
    if b == t(-1):  # the quotient may overflow, the remainder is 0
        return t(0)
    return t(rem_trunc(s(a), s(b)))


@kernel(inline=True)
def remainder_unsigned(a: N, b: N, t: Static[type[N]]) -> N:
    if b == 0:
        raise Trap(TrapCode.INTEGER_DIVISION_BY_ZERO, 0)
    return a % b


_BINARY: Final = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "and": operator.and_, "or": operator.or_,
    "xor": operator.xor,
}  # fmt: skip
_UNARY: Final = {"clz": clz, "ctz": ctz, "popcnt": popcount}
_ORDER: Final = {"lt": operator.lt, "gt": operator.gt, "le": operator.le, "ge": operator.ge}
_NARROW: Final[dict[str, Any]] = {"8": i8, "16": i16, "32": i32}


def _of_type(kind: str, t: Any, s: Any) -> Iterator[Entry]:
    """All of one type, whose signed twin is `s`."""
    for name, both in _BINARY.items():
        yield f"{kind}.{name}", scalar.binary, {"operation": both, "t": t}
    for name, one in _UNARY.items():
        yield f"{kind}.{name}", scalar.unary, {"operation": one, "t": t}
    for name, equal in (("eq", operator.eq), ("ne", operator.ne)):
        yield f"{kind}.{name}", scalar.compare, {"operation": equal, "s": t, "t": t}
    for name, order in _ORDER.items():
        yield f"{kind}.{name}_s", scalar.compare, {"operation": order, "s": s, "t": t}
        yield f"{kind}.{name}_u", scalar.compare, {"operation": order, "s": t, "t": t}
    yield f"{kind}.shl", shift, {"operation": operator.lshift, "s": t, "t": t}
    yield f"{kind}.shr_s", shift, {"operation": operator.rshift, "s": s, "t": t}
    yield f"{kind}.shr_u", shift, {"operation": operator.rshift, "s": t, "t": t}
    yield f"{kind}.rotl", shift, {"operation": rotl, "s": t, "t": t}
    yield f"{kind}.rotr", shift, {"operation": rotr, "s": t, "t": t}
    yield f"{kind}.eqz", is_zero, {"t": t}
    yield f"{kind}.div_s", divide_signed, {"s": s, "t": t}
    yield f"{kind}.div_u", divide_unsigned, {"t": t}
    yield f"{kind}.rem_s", remainder_signed, {"s": s, "t": t}
    yield f"{kind}.rem_u", remainder_unsigned, {"t": t}
    for width, narrow in _NARROW.items():
        if narrow.bits < t.bits:
            yield f"{kind}.extend{width}_s", extend, {"s": narrow, "t": t}


MEANING: Final = meanings([*_of_type("i32", u32, i32), *_of_type("i64", u64, i64)])
