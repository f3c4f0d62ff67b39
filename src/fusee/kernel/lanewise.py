"""Operations on scalars that do the same to every lane."""

import functools
from collections.abc import Callable
from typing import Any, Protocol, TypeVar, cast, overload

from fusee.kernel.floats import f32, f64
from fusee.kernel.laneclasses import IntegerLanes, Lanes
from fusee.kernel.lanes import f32x4, f64x2, i8x16, i16x8, i32x4, i64x2, u8x16, u16x8, u32x4, u64x2
from fusee.kernel.scalars import i8, i16, i32, i64, u8, u16, u32, u64, usize

T = TypeVar("T")

# Constrained: operands do not mix.
N = TypeVar(
    "N",
    i8, i16, i32, i64, u8, u16, u32, usize, u64, i8x16, u8x16, i16x8, u16x8, i32x4, u32x4, i64x2, u64x2,
)  # fmt: skip
F = TypeVar("F", f32, f64, f32x4, f64x2)


class UnaryInteger(Protocol):
    """Of an integer, or of lanes of integers."""

    def __call__(self, x: N, /) -> N: ...


class BinaryInteger(Protocol):
    """Of two integers of one type, or of lanes of these; one may be a literal."""

    @overload
    def __call__(self, a: N, b: N | int, /) -> N: ...
    @overload
    def __call__(self, a: int, b: N, /) -> N: ...


class UnaryFloat(Protocol):
    """Of a float, or of lanes of floats."""

    def __call__(self, x: F, /) -> F: ...


class BinaryFloat(Protocol):
    """Of two floats of one type, or of lanes of these."""

    def __call__(self, a: F, b: F, /) -> F: ...


class TernaryFloat(Protocol):
    """Of three floats of one type, or of lanes of these."""

    def __call__(self, a: F, b: F, c: F, /) -> F: ...


def lanewise(function: Callable[..., Any]) -> Callable[..., Any]:
    """The operation, which lanes undergo each for itself."""

    @functools.wraps(function)
    def applied(*operands: Any) -> Any:
        kind = next((type(operand) for operand in operands if isinstance(operand, Lanes)), None)
        if kind is None:
            return function(*operands)
        return kind.literal(operands[0]).each(function, *operands[1:])

    return applied


def unary_integer(function: Callable[[u32], u32]) -> UnaryInteger:
    return cast(UnaryInteger, lanewise(function))


def binary_integer(function: Callable[[u32, u32], Any]) -> BinaryInteger:
    return cast(BinaryInteger, lanewise(function))


def unary_float(function: Callable[[f64], f64]) -> UnaryFloat:
    return cast(UnaryFloat, lanewise(function))


def binary_float(function: Callable[[f64, f64], f64]) -> BinaryFloat:
    return cast(BinaryFloat, lanewise(function))


def ternary_float(function: Callable[[f64, f64, f64], f64]) -> TernaryFloat:
    return cast(TernaryFloat, lanewise(function))


def chosen(mask: IntegerLanes[Any, Any], a: T, b: T) -> T:
    """`select` of lanes."""
    if not (isinstance(a, Lanes) and isinstance(b, Lanes) and type(a) is type(b)) or type(mask) is not a.mask:
        names = (type(x).__name__ for x in (mask, a, b))
        raise TypeError(f"select takes a mask and lanes that it is for, not {', '.join(names)}")
    top = mask.element.bits - 1
    pairs = zip(mask.lanes(), a.lanes(), b.lanes(), strict=True)
    return cast(T, type(a).joined(x if m.to_bits() >> top else y for m, x, y in pairs))
