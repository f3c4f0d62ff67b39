"""What lanes of all types have in common, under CPython.

An operation on lanes does to each lane what the scalar's operation does, with the scalars' own code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Generic, Self, TypeVar

from fusee.kernel.faults import ArithmeticFault
from fusee.kernel.integer import Integer, Scalar
from fusee.kernel.scalars import u32

_new = object.__new__
BITS = 128

E = TypeVar("E")  # of a lane
M = TypeVar("M")  # of the mask that a comparison gives


class Lanes(Scalar, Generic[E, M]):
    """Sixteen bytes as numbers of one type, the first in the lowest bytes."""

    __slots__ = ("_pattern",)
    _pattern: int
    bits = BITS
    element: ClassVar[Any]
    """The type of a lane."""
    count: ClassVar[int]
    """How many lanes there are."""
    mask: ClassVar[Any]
    """The type of what a comparison gives: unsigned lanes as wide, all bits of them one where it holds, else none."""

    def __init_subclass__(cls, element: Any = None, **options: Any) -> None:
        super().__init_subclass__(**options)
        if element is not None:
            cls.element = element
            cls.count = BITS // element.bits

    def __init__(self, value: Lanes[Any, Any]) -> None:
        """Each lane converted as the scalar type converts it; there must be as many."""
        if not isinstance(value, Lanes) or value.count != self.count:
            raise TypeError(f"{type(self).__name__}({type(value).__name__}): see splat, bitcast, widen_low, narrow_sat")
        self._pattern = self.joined(map(self.element, value.lanes()))._pattern

    @classmethod
    def of(cls, *lanes: E | float) -> Self:
        """The value with these lanes: a constant, for a kernel that mentions it."""
        if len(lanes) != cls.count:
            raise TypeError(f"{cls.__name__} has {cls.count} lanes, not {len(lanes)}")
        return cls.joined(lane if isinstance(lane, cls.element) else cls.literal_lane(lane) for lane in lanes)

    @classmethod
    def joined(cls, lanes: Iterable[Any]) -> Self:
        """The value with these lanes, which are of the element's type."""
        pattern = 0
        for number, lane in enumerate(lanes):
            pattern |= lane.to_bits() << number * cls.element.bits
        return cls.from_bits(pattern)

    def lanes(self) -> list[E]:
        """All lanes, the first first."""
        width = self.element.bits
        return [self.element.from_bits(self._pattern >> at & (1 << width) - 1) for at in range(0, BITS, width)]

    @classmethod
    def literal_lane(cls, number: Any) -> Any:
        """A literal as a lane; it must fit."""
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise TypeError(f"{cls.__name__} and {type(number).__name__} do not mix: convert one of them")
        return cls.element.literal(number) if issubclass(cls.element, Integer) else cls.element(number)

    @classmethod
    def literal(cls, other: Any) -> Self:
        """The other operand: of the same type, or a literal for all lanes."""
        if isinstance(other, cls):
            return other
        return cls.joined([cls.literal_lane(other)] * cls.count)

    def to_bits(self) -> int:
        return self._pattern

    @classmethod
    def from_bits(cls, pattern: int) -> Self:
        result = _new(cls)
        result._pattern = pattern
        return result

    def each(self, operation: Callable[..., Any], *others: Any) -> Self:
        """The operation of the element's type in every lane."""
        operands = [self.lanes(), *(self.literal(other).lanes() for other in others)]
        return self.joined(map(operation, *operands))

    def compared(self, operation: Callable[[Any, Any], bool], other: Any) -> M:
        """All bits one in the lanes for which a comparison holds."""
        ones = self.mask.element.from_bits((1 << self.element.bits) - 1)
        zero = self.mask.element(0)
        answers = map(operation, self.lanes(), self.literal(other).lanes())
        found: M = self.mask.joined(ones if answer else zero for answer in answers)
        return found

    def __getitem__(self, lane: int) -> E:
        if not 0 <= lane < self.count:
            raise IndexError(f"lane {lane} of {type(self).__name__}")
        return self.lanes()[lane]

    def __iter__(self) -> Any:  # or Python would try `self[16]`
        raise TypeError("lanes are not iterated over: take them by their number")

    def __add__(self, other: Self | float) -> Self:
        return self.each(lambda a, b: a + b, other)

    def __radd__(self, other: float) -> Self:
        return self.literal(other) + self

    def __sub__(self, other: Self | float) -> Self:
        return self.each(lambda a, b: a - b, other)

    def __rsub__(self, other: float) -> Self:
        return self.literal(other) - self

    def __mul__(self, other: Self | float) -> Self:
        return self.each(lambda a, b: a * b, other)

    def __rmul__(self, other: float) -> Self:
        return self.literal(other) * self

    def __neg__(self) -> Self:
        return self.each(lambda a: -a)

    def __eq__(self, other: Self | float) -> M:  # type: ignore[override]  # a mask
        return self.compared(lambda a, b: a == b, other)

    def __ne__(self, other: Self | float) -> M:  # type: ignore[override]
        return self.compared(lambda a, b: a != b, other)

    def __lt__(self, other: Self | float) -> M:
        return self.compared(lambda a, b: a < b, other)

    def __le__(self, other: Self | float) -> M:
        return self.compared(lambda a, b: a <= b, other)

    def __gt__(self, other: Self | float) -> M:
        return self.compared(lambda a, b: a > b, other)

    def __ge__(self, other: Self | float) -> M:
        return self.compared(lambda a, b: a >= b, other)

    def __hash__(self) -> int:
        return hash(self._pattern)

    def __repr__(self) -> str:
        return f"{type(self).__name__}.of({', '.join(format(lane) for lane in self.lanes())})"


class IntegerLanes(Lanes[E, M]):
    """Lanes of integers; arithmetic wraps."""

    __slots__ = ()

    def __and__(self, other: Self | int) -> Self:
        return self.from_bits(self._pattern & self.literal(other)._pattern)

    def __rand__(self, other: int) -> Self:
        return self & other

    def __or__(self, other: Self | int) -> Self:
        return self.from_bits(self._pattern | self.literal(other)._pattern)

    def __ror__(self, other: int) -> Self:
        return self | other

    def __xor__(self, other: Self | int) -> Self:
        return self.from_bits(self._pattern ^ self.literal(other)._pattern)

    def __rxor__(self, other: int) -> Self:
        return self ^ other

    def __invert__(self) -> Self:
        return self.from_bits(self._pattern ^ (1 << BITS) - 1)

    def _shift_count(self, count: u32 | int) -> int:
        number = u32.literal(count).value
        if number >= self.element.bits:
            raise ArithmeticFault(f"shift of {type(self).__name__} by {number}")
        return number

    def __lshift__(self, count: u32 | int) -> Self:
        """One count for all lanes."""
        number = self._shift_count(count)
        return self.each(lambda a: a << number)

    def __rshift__(self, count: u32 | int) -> Self:
        """One count for all lanes; arithmetic on signed ones."""
        number = self._shift_count(count)
        return self.each(lambda a: a >> number)


class FloatLanes(Lanes[E, M]):
    """Lanes of floats."""

    __slots__ = ()

    def __truediv__(self, other: Self | float) -> Self:
        return self.each(lambda a, b: a / b, other)

    def __rtruediv__(self, other: float) -> Self:
        return self.literal(other) / self
