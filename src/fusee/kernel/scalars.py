"""Fixed-width integers that behave under CPython exactly as their machine counterparts do.

They are no subclasses of `int`, so that mypy rejects `u32 + i32` and accepts `u32 + 1`. A type is a subclass of
the next wider one of its sign: where an `u32` is wanted, an `u8` will do. The compiler asks `issubclass`, too.
`value` is the number they stand for.
"""

from typing import Self

from fusee.kernel.faults import ArithmeticFault
from fusee.kernel.integer import Integer


class Unsigned(Integer):
    """Unsigned integers, the only ones with `//` and `%`: Python's rounding is not the machine's below zero."""

    __slots__ = ()

    def _divisor(self, other: "Integer | int") -> int:
        number = self._operand(other)
        if number == 0:
            raise ArithmeticFault(f"division of {self!r} by zero")
        return number

    def __floordiv__(self, other: Self | int) -> Self:
        return self._result(other, self.value // self._divisor(other))

    def __rfloordiv__(self, other: Self | int) -> Self:
        return self.literal(other) // self

    def __mod__(self, other: Self | int) -> Self:
        return self._result(other, self.value % self._divisor(other))

    def __rmod__(self, other: Self | int) -> Self:
        return self.literal(other) % self


class Signed(Integer):
    """Signed integers; see `div_trunc` and `rem_trunc` for division."""

    __slots__ = ()


class u64(Unsigned, bits=64):  # noqa: N801
    """An unsigned 64-bit integer."""

    __slots__ = ()


class usize(u64, bits=64):  # noqa: N801
    """An unsigned integer as wide as a pointer of the target; `simulate` sets its width."""

    __slots__ = ()


def set_pointer_width(width_bytes: int) -> None:
    """Make `usize` as wide as the pointers of the target that is simulated from now on: of 4 or 8 bytes."""
    if usize.bits != 8 * width_bytes:  # to change a class takes Python long
        usize._set_width(8 * width_bytes)


class u32(usize, bits=32):  # noqa: N801
    """An unsigned 32-bit integer."""

    __slots__ = ()


class u16(u32, bits=16):  # noqa: N801
    """An unsigned 16-bit integer."""

    __slots__ = ()


class u8(u16, bits=8):  # noqa: N801
    """An unsigned 8-bit integer."""

    __slots__ = ()


class i64(Signed, bits=64, signed=True):  # noqa: N801
    """A signed 64-bit integer."""

    __slots__ = ()


class i32(i64, bits=32, signed=True):  # noqa: N801
    """A signed 32-bit integer."""

    __slots__ = ()


class i16(i32, bits=16, signed=True):  # noqa: N801
    """A signed 16-bit integer."""

    __slots__ = ()


class i8(i16, bits=8, signed=True):  # noqa: N801
    """A signed 8-bit integer."""

    __slots__ = ()


INTEGERS: tuple[type[Integer], ...] = (i8, i16, i32, i64, u8, u16, u32, u64, usize)
