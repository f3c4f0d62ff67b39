"""`f32` and `f64` under CPython.

An `f32` keeps its bit pattern, because a Python float would not keep the payload of its NaNs.
"""

import math
import struct
from typing import TYPE_CHECKING, Self, SupportsFloat, SupportsIndex

from fusee.kernel.integer import Integer, Scalar

if TYPE_CHECKING:
    from fractions import Fraction

_new = object.__new__
_F32 = struct.Struct("<f")
_F64 = struct.Struct("<d")
_F64_PRECISION = 53


def _round_to_odd(number: int) -> int:
    """`number` in at most 53 significant bits, rounded so that rounding it again to fewer bits is exact."""
    excess = number.bit_length() - _F64_PRECISION
    if excess <= 0:
        return number
    magnitude = abs(number)
    sticky = magnitude & ((1 << excess) - 1) != 0
    rounded = (magnitude >> excess | sticky) << excess
    return -rounded if number < 0 else rounded


def _divide(a: float, b: float) -> float:
    """IEEE 754 division; Python's raises for a zero divisor."""
    if b != 0.0:
        return a / b
    if a == 0.0 or math.isnan(a):
        return math.nan
    return math.copysign(math.inf, a) * math.copysign(1.0, b)


class Float(Scalar):
    """IEEE 754 numbers; every operation rounds to nearest, ties to even."""

    __slots__ = ()

    def __init__(self, value: "Float | Integer | SupportsFloat | SupportsIndex") -> None:
        raise NotImplementedError

    @property
    def value(self) -> float:
        """The number, as Python has it."""
        raise NotImplementedError

    @classmethod
    def nearest_to(cls, number: float) -> Self:
        """`number` rounded to this type."""
        raise NotImplementedError

    @classmethod
    def nearest_to_fraction(cls, number: "Fraction") -> Self:
        """A number with a power of two as denominator, rounded to this type."""
        raise NotImplementedError

    def _operand(self, other: "Float | float") -> float:
        if other.__class__ is self.__class__:
            return other.value
        if not isinstance(other, int | float) or isinstance(other, bool):
            raise TypeError(f"{type(self).__name__} and {type(other).__name__} do not mix: convert one of them")
        return type(self)(other).value

    def __add__(self, other: Self | float) -> Self:
        return self.nearest_to(self.value + self._operand(other))

    def __radd__(self, other: float) -> Self:
        return self.nearest_to(self._operand(other) + self.value)

    def __sub__(self, other: Self | float) -> Self:
        return self.nearest_to(self.value - self._operand(other))

    def __rsub__(self, other: float) -> Self:
        return self.nearest_to(self._operand(other) - self.value)

    def __mul__(self, other: Self | float) -> Self:
        return self.nearest_to(self.value * self._operand(other))

    def __rmul__(self, other: float) -> Self:
        return self.nearest_to(self._operand(other) * self.value)

    def __truediv__(self, other: Self | float) -> Self:
        return self.nearest_to(_divide(self.value, self._operand(other)))

    def __rtruediv__(self, other: float) -> Self:
        return self.nearest_to(_divide(self._operand(other), self.value))

    def __neg__(self) -> Self:
        return self.from_bits(self.to_bits() ^ (1 << (self.bits - 1)))

    def __eq__(self, other: Self | float) -> bool:  # type: ignore[override]  # mixing types is a mistake here too
        return self.value == self._operand(other)

    def __ne__(self, other: Self | float) -> bool:  # type: ignore[override]
        return self.value != self._operand(other)

    def __lt__(self, other: Self | float) -> bool:
        return self.value < self._operand(other)

    def __le__(self, other: Self | float) -> bool:
        return self.value <= self._operand(other)

    def __gt__(self, other: Self | float) -> bool:
        return self.value > self._operand(other)

    def __ge__(self, other: Self | float) -> bool:
        return self.value >= self._operand(other)

    def __hash__(self) -> int:
        return hash(self.value)

    def __float__(self) -> float:
        return self.value

    def __format__(self, spec: str) -> str:
        return format(self.value, spec)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.value!r})"


class f64(Float):  # noqa: N801
    """A binary64 number."""

    __slots__ = ("_value",)
    _value: float
    bits = 64

    def __init__(self, value: Float | Integer | SupportsFloat | SupportsIndex) -> None:
        self._value = float(value.value if isinstance(value, Float | Integer) else value)

    @property
    def value(self) -> float:
        return self._value

    @classmethod
    def nearest_to(cls, number: float) -> Self:
        result = _new(cls)
        result._value = number
        return result

    @classmethod
    def nearest_to_fraction(cls, number: "Fraction") -> Self:
        try:
            return cls.nearest_to(float(number))
        except OverflowError:  # Python's way to say that it rounds to infinity
            return cls.nearest_to(-math.inf if number < 0 else math.inf)

    def to_bits(self) -> int:
        return int.from_bytes(_F64.pack(self._value), "little")

    @classmethod
    def from_bits(cls, pattern: int) -> Self:
        return cls.nearest_to(_F64.unpack(pattern.to_bytes(8, "little"))[0])


class f32(Float):  # noqa: N801
    """A binary32 number."""

    __slots__ = ("_pattern",)
    _pattern: int
    bits = 32

    def __init__(self, value: Float | Integer | SupportsFloat | SupportsIndex) -> None:
        if isinstance(value, f32):
            self._pattern = value._pattern
            return
        number = value.value if isinstance(value, f64 | Integer) else value
        # An integer goes through binary64: only rounding to odd there keeps the second rounding exact.
        nearest = float(_round_to_odd(number) if isinstance(number, int) else number)
        self._pattern = self.nearest_to(nearest)._pattern

    @property
    def value(self) -> float:
        number: float = _F32.unpack(self._pattern.to_bytes(4, "little"))[0]
        return number

    @classmethod
    def nearest_to(cls, number: float) -> Self:
        try:
            packed = _F32.pack(number)
        except OverflowError:  # struct's way to say that it rounds to infinity
            packed = _F32.pack(math.copysign(math.inf, number))
        return cls.from_bits(int.from_bytes(packed, "little"))

    @classmethod
    def nearest_to_fraction(cls, number: "Fraction") -> Self:
        return cls.nearest_to(_round_to_odd(number.numerator) / number.denominator)

    def to_bits(self) -> int:
        return self._pattern

    @classmethod
    def from_bits(cls, pattern: int) -> Self:
        result = _new(cls)
        result._pattern = pattern
        return result
