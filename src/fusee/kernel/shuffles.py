"""Operations on `v128`'s lanes that scalars do not have, with the results that the machine gives."""

from typing import Any, TypeVar, overload

from fusee.kernel.faults import ArithmeticFault
from fusee.kernel.intrinsics import trunc_sat
from fusee.kernel.laneclasses import BITS, FloatLanes, Lanes
from fusee.kernel.lanes import i8x16, i16x8, i32x4, u8x16, v128
from fusee.kernel.scalars import i16, i32, u32

T = TypeVar("T", bound=Lanes[Any, Any])
E = TypeVar("E")

# Single lanes.


def splat(kind: type[T], x: Any) -> T:
    """`x`, which is of the type of a lane, in all lanes."""
    return kind.joined([x if isinstance(x, kind.element) else kind.literal_lane(x)] * kind.count)


def with_lane(x: T, lane: int, value: Any) -> T:
    """`x` with another value in one lane, whose number is static."""
    lanes = x.lanes()
    lanes[range(x.count)[lane]] = value if isinstance(value, x.element) else x.literal_lane(value)
    return x.joined(lanes)


def lane_at(x: Lanes[E, Any], number: u32) -> E:
    """The lane of a number that need not be static, modulo how many there are."""
    return x[number.value % x.count]


# Places.


def shuffle(a: T, b: T, lanes: tuple[int, ...]) -> T:
    """The lanes of `a` and `b` with these numbers, which are static; those of `b` count on."""
    if type(a) is not type(b) or len(lanes) != a.count:
        raise TypeError(f"shuffle takes lanes of one type and {a.count} numbers")
    both: list[Any] = [*a.lanes(), *b.lanes()]
    return a.joined(both[range(2 * a.count)[lane]] for lane in lanes)


def swizzle(x: u8x16, places: u8x16) -> u8x16:
    """The bytes of `x` at these places; zero where a place is 16 or more."""
    found = x.to_bits()
    return u8x16.of(*(found >> 8 * place.value & 0xFF if place.value < 16 else 0 for place in places.lanes()))


def swizzle_near(x: u8x16, places: u8x16) -> u8x16:
    """The bytes of `x` at the places' lowest four bits; zero where a place has its first bit."""
    return swizzle(x, places & 0x8F)


def swizzle_pair(a: u8x16, b: u8x16, places: u8x16) -> u8x16:
    """The bytes of `a` and `b` at these places, which are less than 32; those of `b` count on."""
    found = a.to_bits() | b.to_bits() << BITS
    for place in places.lanes():
        if place.value >= 32:
            raise ArithmeticFault(f"swizzle_pair has no byte {place}")
    return u8x16.of(*(found >> 8 * place.value & 0xFF for place in places.lanes()))


# Lanes of other widths.


def _half_as_wide(kind: type[Lanes[Any, Any]], x: Lanes[Any, Any]) -> None:
    if kind.count * 2 != x.count:
        raise TypeError(f"{kind.__name__} has no lanes twice as wide as {type(x).__name__}'s")


def widen_low(kind: type[T], x: Lanes[Any, Any]) -> T:
    """The lower half of the lanes, converted to lanes twice as wide as the scalar type converts them."""
    _half_as_wide(kind, x)
    return kind.joined(map(kind.element, x.lanes()[: kind.count]))


def widen_high(kind: type[T], x: Lanes[Any, Any]) -> T:
    """As `widen_low`, of the upper half."""
    _half_as_wide(kind, x)
    return kind.joined(map(kind.element, x.lanes()[kind.count :]))


def narrow_zero(kind: type[T], x: Lanes[Any, Any]) -> T:
    """The lanes converted to ones half as wide, in the lower half; zero above."""
    _half_as_wide(type(x), kind.from_bits(0))
    return kind.joined(map(kind.element, x.lanes()))


def narrow_sat(kind: type[T], a: Lanes[Any, Any], b: Lanes[Any, Any]) -> T:
    """The lanes of `a`, then those of `b`, limited to the range of integers half as wide."""
    _half_as_wide(type(a), kind.from_bits(0))
    low, high = kind.element.minimum(), kind.element.maximum()
    return kind.joined(kind.element(min(max(lane.value, low), high)) for x in (a, b) for lane in x.lanes())


def pairwise_sum(kind: type[T], x: Lanes[Any, Any]) -> T:
    """Neighbours added, in lanes twice as wide."""
    _half_as_wide(kind, x)
    lanes = [kind.element(lane) for lane in x.lanes()]
    return kind.joined(first + second for first, second in zip(lanes[::2], lanes[1::2], strict=True))


@overload
def dot(a: i8x16, b: i8x16) -> i16x8: ...


@overload
def dot(a: i16x8, b: i16x8) -> i32x4: ...


def dot(a: Any, b: Any) -> Any:
    """Products of lanes, neighbours added, in lanes twice as wide; the sum wraps."""
    kind: Any = {i8x16: i16x8, i16x8: i32x4}[type(a)]
    products = [kind.element(x) * kind.element(y) for x, y in zip(a.lanes(), b.lanes(), strict=True)]
    return kind.joined(x + y for x, y in zip(products[::2], products[1::2], strict=True))


def mul_q15_sat(a: i16x8, b: i16x8) -> i16x8:
    """The product of fractions with 15 binary places, rounded to nearest (half up); -1 · -1 is the greatest below 1."""
    products = (x.value * y.value + 0x4000 >> 15 for x, y in zip(a.lanes(), b.lanes(), strict=True))
    return i16x8.of(*(min(product, 0x7FFF) for product in products))


def mul_q15(a: i16x8, b: i16x8) -> i16x8:
    """As `mul_q15_sat`, but -1 · -1 wraps to -1."""
    products = (x.value * y.value + 0x4000 >> 15 for x, y in zip(a.lanes(), b.lanes(), strict=True))
    return i16x8.joined(map(i16.wrap, products))


def dot_sat(a: u8x16, b: i8x16) -> i16x8:
    """Products of unsigned and signed bytes, neighbours added, limited to the range of 16 bits."""
    products = [x.value * y.value for x, y in zip(a.lanes(), b.lanes(), strict=True)]
    sums = (x + y for x, y in zip(products[::2], products[1::2], strict=True))
    return i16x8.of(*(min(max(total, -0x8000), 0x7FFF) for total in sums))


def trunc_or_least(kind: type[i32x4], x: FloatLanes[Any, Any]) -> i32x4:
    """As `trunc_sat`, but what is no number or too great gives the least integer."""
    limit = 2.0**31
    lanes = trunc_sat(kind, x).lanes()
    for place, lane in enumerate(x.lanes()):
        if not lane.value < limit:
            lanes[place] = i32.wrap(-(2**31))
    return kind.joined(lanes)


# All lanes together.


def any_bits(x: v128 | Lanes[Any, Any]) -> bool:
    """Whether any bit is one; of a mask, whether any lane is set."""
    return x.to_bits() != 0


def bitmask(x: Lanes[Any, Any]) -> u32:
    """The first bit of each lane (its sign), that of the first lane in the lowest bit."""
    top = x.element.bits - 1
    return u32(sum((lane.to_bits() >> top) << number for number, lane in enumerate(x.lanes())))
