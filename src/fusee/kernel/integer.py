"""What numbers of the kernel language have in common: wrapping arithmetic of a width."""

from typing import Any, ClassVar, Self, SupportsIndex

from fusee.kernel.faults import ArithmeticFault

_new = object.__new__


class Scalar:
    """Any of the fixed-width types."""

    __slots__ = ()
    bits: ClassVar[int]

    def to_bits(self) -> int:
        """The bit pattern, as an unsigned number."""
        raise NotImplementedError

    @classmethod
    def from_bits(cls, pattern: int) -> Self:
        """The value with that bit pattern."""
        raise NotImplementedError

    def __bool__(self) -> bool:
        raise TypeError(f"{type(self).__name__} is not a condition: compare it, as in `x != 0`")


class Integer(Scalar):
    """Two's complement numbers of `bits` bits; arithmetic wraps."""

    __slots__ = ("value",)
    value: int
    signed: ClassVar[bool] = False
    mask: ClassVar[int]
    bias: ClassVar[int]  # `((v + bias) & mask) - bias` wraps v, signed or not

    def __init_subclass__(cls, bits: int = 0, signed: bool = False) -> None:
        super().__init_subclass__()
        if bits:
            cls.signed = signed
            cls._set_width(bits)

    @classmethod
    def _set_width(cls, bits: int) -> None:
        cls.bits = bits
        cls.mask = (1 << bits) - 1
        cls.bias = 1 << (bits - 1) if cls.signed else 0

    def __init__(self, value: "Integer | SupportsIndex") -> None:
        if isinstance(value, Integer):
            number = value.value
        elif hasattr(value, "__index__"):
            number = value.__index__()
        else:
            raise TypeError(f"{type(self).__name__}({type(value).__name__}): see trunc_to, trunc_sat, bitcast, address")
        self.value = ((number + self.bias) & self.mask) - self.bias

    @classmethod
    def wrap(cls, number: int) -> Self:
        """`number` modulo 2ⁿ."""
        result = _new(cls)
        result.value = ((number + cls.bias) & cls.mask) - cls.bias
        return result

    @classmethod
    def from_bits(cls, pattern: int) -> Self:
        return cls.wrap(pattern)

    def to_bits(self) -> int:
        return self.value & self.mask

    @classmethod
    def minimum(cls) -> int:
        """The least number of this type."""
        return -cls.bias

    @classmethod
    def maximum(cls) -> int:
        """The greatest number of this type."""
        return cls.mask - cls.bias

    @classmethod
    def literal(cls, number: "Integer | int") -> Self:
        """An operand as a value of this type: it is one already, or narrower, or a literal that fits."""
        return cls.wrap(cls.wrap(0)._own(number))

    @classmethod
    def widened(cls, value: Any) -> Any:
        """What is passed or returned where this type is wanted: narrower integers become it, all else stays."""
        return cls.wrap(value.value) if isinstance(value, cls) and value.__class__ is not cls else value

    def _wrap(self, number: int) -> Self:  # like `wrap`, but quicker to call
        result = _new(self.__class__)
        result.value = ((number + self.bias) & self.mask) - self.bias
        return result

    def _result(self, other: "Integer | int", number: int) -> Self:
        """The result of an operation, in the wider type of its operands."""
        wider: Any = other if isinstance(self, other.__class__) else self
        result: Self = _new(wider.__class__)
        result.value = ((number + wider.bias) & wider.mask) - wider.bias
        return result

    def _operand(self, other: "Integer | int") -> int:
        """The number of the other operand: of the same type, a narrower or wider one, or a literal that fits."""
        if other.__class__ is self.__class__ or isinstance(self, other.__class__):
            number: int = other.value  # type: ignore[union-attr]  # it is no `int`: no integer is one
            return number
        return self._own(other)

    def _own(self, other: "Integer | int") -> int:
        """The number of an operand that takes this type: of the same type, a narrower one, or a literal that fits."""
        if isinstance(other, self.__class__):
            return other.value
        if not isinstance(other, int) or isinstance(other, bool):
            raise TypeError(f"{type(self).__name__} and {type(other).__name__} do not mix: convert one of them")
        if not -self.bias <= other <= self.mask - self.bias:
            raise OverflowError(f"{other} does not fit in {type(self).__name__}")
        return int(other)

    def _shift_count(self, count: "Integer | int") -> int:
        number = self._own(count)
        if not 0 <= number < self.bits:
            raise ArithmeticFault(f"shift of {type(self).__name__} by {number}")
        return number

    def __add__(self, other: Self | int) -> Self:
        return self._result(other, self.value + self._operand(other))

    def __radd__(self, other: Self | int) -> Self:
        return self._result(other, self._operand(other) + self.value)

    def __sub__(self, other: Self | int) -> Self:
        return self._result(other, self.value - self._operand(other))

    def __rsub__(self, other: Self | int) -> Self:
        return self._result(other, self._operand(other) - self.value)

    def __mul__(self, other: Self | int) -> Self:
        return self._result(other, self.value * self._operand(other))

    def __rmul__(self, other: Self | int) -> Self:
        return self._result(other, self._operand(other) * self.value)

    def __and__(self, other: Self | int) -> Self:
        return self._result(other, self.value & self._operand(other))

    def __rand__(self, other: Self | int) -> Self:
        return self._result(other, self._operand(other) & self.value)

    def __or__(self, other: Self | int) -> Self:
        return self._result(other, self.value | self._operand(other))

    def __ror__(self, other: Self | int) -> Self:
        return self._result(other, self._operand(other) | self.value)

    def __xor__(self, other: Self | int) -> Self:
        return self._result(other, self.value ^ self._operand(other))

    def __rxor__(self, other: Self | int) -> Self:
        return self._result(other, self._operand(other) ^ self.value)

    def __lshift__(self, count: Self | int) -> Self:
        return self._wrap(self.value << self._shift_count(count))

    def __rlshift__(self, literal: int) -> Self:
        return self.literal(literal) << self

    def __rshift__(self, count: Self | int) -> Self:
        return self._wrap(self.value >> self._shift_count(count))

    def __rrshift__(self, literal: int) -> Self:
        return self.literal(literal) >> self

    def __neg__(self) -> Self:
        return self._wrap(-self.value)

    def __invert__(self) -> Self:
        return self._wrap(~self.value)

    def __eq__(self, other: Self | int) -> bool:  # type: ignore[override]  # mixing types is a mistake here too
        return self.value == self._operand(other)

    def __ne__(self, other: Self | int) -> bool:  # type: ignore[override]
        return self.value != self._operand(other)

    def __lt__(self, other: Self | int) -> bool:
        return self.value < self._operand(other)

    def __le__(self, other: Self | int) -> bool:
        return self.value <= self._operand(other)

    def __gt__(self, other: Self | int) -> bool:
        return self.value > self._operand(other)

    def __ge__(self, other: Self | int) -> bool:
        return self.value >= self._operand(other)

    def __hash__(self) -> int:
        return hash(self.value)

    def __int__(self) -> int:
        return self.value

    def __index__(self) -> int:
        return self.value

    def __format__(self, spec: str) -> str:
        return format(self.value, spec)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.value})"
