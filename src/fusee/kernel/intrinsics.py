"""Operations that Python has no operator for, with the results that the machine gives."""

import math
from collections.abc import Iterable, Iterator
from typing import Any, NoReturn, TypeVar, overload

from fusee.kernel.faults import ArithmeticFault, UnreachableFault
from fusee.kernel.floats import Float, f32, f64
from fusee.kernel.integer import Integer, Scalar
from fusee.kernel.laneclasses import FloatLanes, IntegerLanes
from fusee.kernel.lanes import v128
from fusee.kernel.lanewise import binary_integer, chosen, unary_integer
from fusee.kernel.scalars import Signed, i8, i16, i32, i64, u8, u16, u32, u64, usize

T = TypeVar("T")
S = TypeVar("S", bound=Scalar)
N = TypeVar("N", bound=Integer)
K = TypeVar("K", bound=IntegerLanes[Any, Any])
I = TypeVar("I", i8, i16, i32, i64, u8, u16, u32, usize, u64)  # noqa: E741  # constrained: operands do not mix
D = TypeVar("D", i8, i16, i32, i64)
F = TypeVar("F", f32, f64)


def _pair(a: Integer | int, b: Integer | int) -> tuple[Integer, Integer]:
    """Two operands in the wider of their types; a literal takes the other's."""
    kind = type(b) if not isinstance(a, Integer) or isinstance(a, type(b)) else type(a)
    if not issubclass(kind, Integer):
        raise TypeError("two literals have no type: give one of them one")
    return kind.literal(a), kind.literal(b)


# Control.


@overload
def span(start: I, stop: I | int, /) -> Iterator[I]: ...


@overload
def span(start: int, stop: I, /) -> Iterator[I]: ...


@overload
def span(stop: I, /) -> Iterator[I]: ...


def span(start: Integer | int, stop: Integer | int | None = None, /) -> Iterator[Integer]:
    """Count from `start` (or 0) up to but not including `stop`, in the type of the bounds."""
    first, last = (0, start) if stop is None else (start, stop)
    low, high = _pair(first, last)
    return map(low.wrap, range(low.value, high.value))


def unroll(items: Iterable[T]) -> Iterable[T]:
    """`for x in unroll(items)`: the body is repeated when compiled, with `x` static."""
    return items


def likely(condition: bool) -> bool:
    """The condition, which is expected to hold."""
    return condition


def unlikely(condition: bool) -> bool:
    """The condition, which is expected not to hold."""
    return condition


def unreachable() -> NoReturn:
    """Promises that control does not come here."""
    raise UnreachableFault("unreachable() was reached")


def select(condition: bool | IntegerLanes[Any, Any], a: T, b: T) -> T:
    """`a` if the condition holds, else `b`; both are evaluated, and there is no branch.

    Of lanes with a mask: those of `a` where the mask's lane has its first bit, else those of `b`.
    """
    if isinstance(condition, IntegerLanes):
        return chosen(condition, a, b)
    return a if condition else b


# Integers.


@binary_integer
def minimum(a: Integer | int, b: Integer | int) -> Integer:
    """The lesser integer."""
    first, second = _pair(a, b)
    return first if first.value <= second.value else second


@binary_integer
def maximum(a: Integer | int, b: Integer | int) -> Integer:
    """The greater integer."""
    first, second = _pair(a, b)
    return first if first.value >= second.value else second


def _quotient(a: Signed, b: Signed) -> int:
    if b.value == 0 or (b.value == -1 and a.value == a.minimum()):
        raise ArithmeticFault(f"division of {a!r} by {b!r}")
    magnitude = abs(a.value) // abs(b.value)
    return -magnitude if (a.value < 0) != (b.value < 0) else magnitude


def div_trunc(a: D, b: D | int) -> D:
    """Signed division, rounding towards zero. No zero divisor, no overflow."""
    b = a.literal(b)
    return a.wrap(_quotient(a, b))


def rem_trunc(a: D, b: D | int) -> D:
    """The remainder of `div_trunc`, with the sign of `a`."""
    b = a.literal(b)
    return a.wrap(a.value - b.value * _quotient(a, b))


def clz(x: I) -> I:
    """Leading zero bits; of zero the width."""
    return x.wrap(x.bits - x.to_bits().bit_length())


def ctz(x: I) -> I:
    """Trailing zero bits; of zero the width."""
    pattern = x.to_bits()
    return x.wrap((pattern & -pattern).bit_length() - 1 if pattern else x.bits)


@unary_integer
def popcount(x: I) -> I:
    """How many bits are one."""
    return x.wrap(x.to_bits().bit_count())


def rotl(x: I, count: I | int) -> I:
    """Rotate left by `count` modulo the width."""
    distance = x.literal(count).to_bits() % x.bits
    pattern = x.to_bits()
    return x.wrap(pattern << distance | pattern >> (x.bits - distance))


def rotr(x: I, count: I | int) -> I:
    """Rotate right by `count` modulo the width."""
    distance = x.literal(count).to_bits() % x.bits
    pattern = x.to_bits()
    return x.wrap(pattern >> distance | pattern << (x.bits - distance))


def byte_swap(x: I) -> I:
    """The bytes in reverse order."""
    return x.wrap(int.from_bytes(x.to_bits().to_bytes(x.bits // 8, "little"), "big"))


@binary_integer
def mul_high(a: Integer | int, b: Integer | int) -> Integer:
    """The upper half of the double-width product."""
    first, second = _pair(a, b)
    return first.wrap(first.value * second.value >> first.bits)


def _limited(like: Integer, number: int) -> Integer:
    return like.wrap(min(max(number, like.minimum()), like.maximum()))


@binary_integer
def add_sat(a: Integer | int, b: Integer | int) -> Integer:
    """The sum, or the end of the type's range that is nearest to it."""
    first, second = _pair(a, b)
    return _limited(first, first.value + second.value)


@binary_integer
def sub_sat(a: Integer | int, b: Integer | int) -> Integer:
    """The difference, or the end of the type's range that is nearest to it."""
    first, second = _pair(a, b)
    return _limited(first, first.value - second.value)


# Conversions.


def bitcast(kind: type[S], x: Scalar) -> S:
    """The value of another type with the same bits."""
    if kind.bits != x.bits:
        raise TypeError(f"bitcast of {type(x).__name__} to {kind.__name__}: the sizes differ")
    return kind.from_bits(x.to_bits())


def trunc_to(kind: type[N], x: Float) -> N:
    """A float rounded towards zero, which must be in the range of the integer type."""
    number = x.value
    if not math.isfinite(number) or not kind.minimum() <= int(number) <= kind.maximum():
        raise ArithmeticFault(f"{x!r} is out of {kind.__name__}'s range")
    return kind.wrap(int(number))


@overload
def trunc_sat(kind: type[N], x: Float) -> N: ...


@overload
def trunc_sat(kind: type[K], x: FloatLanes[Any, Any]) -> K: ...


def trunc_sat(kind: Any, x: Any) -> Any:
    """A float rounded towards zero and limited to the integer type's range; 0 for NaN.

    Of lanes each; those that the result has beyond are zero.
    """
    if isinstance(x, FloatLanes):
        return kind.joined(trunc_sat(kind.element, lane) for lane in x.lanes())
    number = x.value
    if math.isnan(number):
        return kind.wrap(0)
    if math.isinf(number):
        return kind.wrap(kind.maximum() if number > 0 else kind.minimum())
    return kind.wrap(min(max(int(number), kind.minimum()), kind.maximum()))


def low(kind: type[F], x: v128) -> F:
    """The float in the lowest lane of a vector register."""
    return kind.from_bits(x.to_bits() & ((1 << kind.bits) - 1))


def from_low(x: Float) -> v128:
    """A vector register whose lowest lane holds `x`; the other lanes are unspecified. Not a conversion."""
    return v128.from_bits(x.to_bits())


def with_low(v: v128, x: Float) -> v128:
    """`from_low(x)`, where the machine likes it with the other lanes of `v`. See the lowering for why."""
    return v128.from_bits(v.to_bits() >> x.bits << x.bits | x.to_bits())


Word = TypeVar("Word", u32, i32, u64, f64)


def whole(x: Word) -> Word:
    """`x`: loaded whole, although only its lower half is used; of 32 bits, loaded as it is, and extended where it is
    used. See the lowering for when that is better."""
    return x


def keep_order() -> None:
    """What is read and written before this comes before what follows in the machine's code, too; no instruction."""
