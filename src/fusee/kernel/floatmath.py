"""Operations on floats that Python has no operator for (spec 4.3.3), with the results that the machine gives."""

import math

from fusee.kernel.floats import Float
from fusee.kernel.integer import Scalar
from fusee.kernel.intrinsics import F
from fusee.kernel.lanewise import binary_float, ternary_float, unary_float


def _same_type(a: Scalar, b: Scalar) -> None:
    if type(a) is not type(b):
        raise TypeError(f"{type(a).__name__} and {type(b).__name__} do not mix: convert one of them")


def _sign_bit(x: Float) -> int:
    return 1 << (x.bits - 1)


@unary_float
def fabs(x: F) -> F:
    """The magnitude; of a NaN too, only the sign changes."""
    return x.from_bits(x.to_bits() & ~_sign_bit(x))


@binary_float
def copysign(x: F, y: F) -> F:
    """The magnitude of `x` with the sign of `y`."""
    _same_type(x, y)
    sign = _sign_bit(x)
    return x.from_bits(x.to_bits() & ~sign | y.to_bits() & sign)


def _rounded(x: F, integral: float) -> F:
    """An integral result keeps the sign of its operand, as -0.0 and -0.3 need."""
    return copysign(x.nearest_to(integral), x)


@unary_float
def floor(x: F) -> F:
    """The greatest integral value that is not above `x`."""
    return _rounded(x, float(math.floor(x.value))) if math.isfinite(x.value) else x + 0.0


@unary_float
def ceil(x: F) -> F:
    """The least integral value that is not below `x`."""
    return _rounded(x, float(math.ceil(x.value))) if math.isfinite(x.value) else x + 0.0


@unary_float
def trunc(x: F) -> F:
    """`x` rounded towards zero."""
    return _rounded(x, float(math.trunc(x.value))) if math.isfinite(x.value) else x + 0.0


@unary_float
def nearest(x: F) -> F:
    """The nearest integral value; of two equally near ones the even one."""
    return _rounded(x, float(round(x.value))) if math.isfinite(x.value) else x + 0.0


@unary_float
def sqrt(x: F) -> F:
    """The square root; NaN below zero."""
    number = x.value
    return x.nearest_to(math.sqrt(number) if not number < 0 else math.nan)


@binary_float
def fmin(a: F, b: F) -> F:
    """The lesser; NaN if there is one, and -0.0 is less than 0.0."""
    _same_type(a, b)
    if a.value != a.value or b.value != b.value:
        return a + b
    if a.value == b.value:
        return a.from_bits(a.to_bits() | b.to_bits())
    return a if a.value < b.value else b


@binary_float
def fmax(a: F, b: F) -> F:
    """The greater; NaN if there is one, and 0.0 is greater than -0.0."""
    _same_type(a, b)
    if a.value != a.value or b.value != b.value:
        return a + b
    if a.value == b.value:
        return a.from_bits(a.to_bits() & b.to_bits())
    return a if a.value > b.value else b


@ternary_float
def fma(a: F, b: F, c: F) -> F:
    """a·b + c, rounded once."""
    _same_type(a, b)
    _same_type(a, c)
    x, y, z = a.value, b.value, c.value
    if not (math.isfinite(x) and math.isfinite(y)):
        return a.nearest_to(x * y + z)
    if not math.isfinite(z):
        return c + 0.0
    from fractions import Fraction  # which is loaded for simulated ones only

    exact = Fraction(x) * Fraction(y) + Fraction(z)
    if exact == 0:
        return a.nearest_to(x * y + z if x * y == 0.0 else 0.0)  # zeros have signs
    return a.nearest_to_fraction(exact)
