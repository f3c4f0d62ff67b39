"""Floating-point numbers on bare metal, which is given functions in place of instructions, against Python's numbers."""

import ctypes
import math
from collections.abc import Callable
from fractions import Fraction

import pytest

from tests.device.soft import CANONICAL, RANDOM, SPECIAL, call, nearest_bits, number, pairs, samples


def divide(a: float, b: float) -> float:
    if b == 0:
        return math.nan if a == 0 or math.isnan(a) else math.copysign(math.inf, a) * math.copysign(1, b)
    return a / b


ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "__add": lambda a, b: a + b,
    "__sub": lambda a, b: a - b,
    "__mul": lambda a, b: a * b,
    "__div": divide,
}


@pytest.mark.parametrize("width", [32, 64])
@pytest.mark.parametrize("name", ARITHMETIC)
def test_arithmetic(name: str, width: int) -> None:
    symbol = f"{name}{'s' if width == 32 else 'd'}f3"
    for a, b in pairs(width):
        expected = ARITHMETIC[name](number(a, width), number(b, width))
        got = call(symbol, a, b)
        if math.isnan(expected):
            assert got & (1 << width - 1) - 1 == CANONICAL[width], (hex(a), hex(b))
        else:
            assert got == nearest_bits(expected, width), (hex(a), hex(b))


@pytest.mark.parametrize("width", [32, 64])
@pytest.mark.parametrize("name", ["__add", "__sub", "__mul", "__div"])
def test_nans_stay_and_become_quiet(name: str, width: int) -> None:
    symbol = f"{name}{'s' if width == 32 else 'd'}f3"
    quiet = CANONICAL[width] - SPECIAL[width][-1]
    signalling, one = SPECIAL[width][-1] | 5, SPECIAL[width][4]
    for arguments in ((signalling, one), (one, signalling), (signalling, SPECIAL[width][-1])):
        assert call(symbol, *arguments) & (1 << width - 1) - 1 == signalling | quiet


@pytest.mark.parametrize("width", [32, 64])
def test_fused_multiplication_and_addition(width: int) -> None:
    name, sign = "fmaf" if width == 32 else "fma", 1 << width - 1
    for a, b in pairs(width):
        product = number(a, width) * number(b, width)
        near = nearest_bits(product, width) if math.isfinite(product) else 0
        for c in (0, RANDOM.choice(samples(width, 8)), near ^ sign, (near ^ sign) + 1 & (1 << width) - 1):
            expected = fused(*(number(bits, width) for bits in (a, b, c)))
            got = call(name, a, b, c)
            if expected != expected:  # a NaN
                assert got & sign - 1 & CANONICAL[width] == CANONICAL[width], (hex(a), hex(b), hex(c))
            else:
                assert got == nearest_bits(expected, width), (hex(a), hex(b), hex(c))


def fused(a: float, b: float, c: float) -> float | Fraction:
    """The exact value, or what infinities and zeros give."""
    if not all(map(math.isfinite, (a, b, c))):
        return c if math.isfinite(a) and math.isfinite(b) else a * b + c
    exact = Fraction(a) * Fraction(b) + Fraction(c)
    return exact or (a * b + c if a * b == 0 else 0.0)


@pytest.mark.parametrize("width", [32, 64])
def test_square_roots(width: int) -> None:
    for a in samples(width, 200):
        value = number(a, width)
        got = call("sqrtf" if width == 32 else "sqrt", a)
        if value < 0:
            assert got == CANONICAL[width]
        else:
            assert got == nearest_bits(math.sqrt(value) if value else value, width), hex(a)


ROUNDING: dict[str, Callable[[float], int]] = {
    "trunc": math.trunc,
    "floor": math.floor,
    "ceil": math.ceil,
    "roundeven": round,
}


@pytest.mark.parametrize("width", [32, 64])
@pytest.mark.parametrize("name", ROUNDING)
def test_rounding(name: str, width: int) -> None:
    halves = [nearest_bits(n / 2, width) for n in range(-9, 10)]
    for a in [*samples(width, 100), *halves]:
        value = number(a, width)
        rounded = value if math.isinf(value) else math.copysign(float(ROUNDING[name](value)), value)
        assert call(name + ("f" if width == 32 else ""), a) == nearest_bits(rounded, width), hex(a)
    nan = SPECIAL[width][-1] | 5
    assert call(name + ("f" if width == 32 else ""), nan) == nan | CANONICAL[width]


@pytest.mark.parametrize("width", [32, 64])
def test_comparisons(width: int) -> None:
    letter, nan = "s" if width == 32 else "d", CANONICAL[width] | 1
    for a, b in [*pairs(width), (nan, 0), (0, nan), (nan, nan)]:
        x, y = number(a, width), number(b, width)
        for name, expected in {"eq": x == y, "lt": x < y, "le": x <= y, "gt": x > y, "ge": x >= y}.items():
            result = ctypes.c_int32(call(f"__{name}{letter}f2", a, b)).value
            holds = {"eq": result == 0, "lt": result < 0, "le": result <= 0, "gt": result > 0, "ge": result >= 0}
            assert holds[name] == expected, (name, hex(a), hex(b))
        assert (call(f"__ne{letter}f2", a, b) != 0) == (x != y)
        assert (call(f"__unord{letter}f2", a, b) != 0) == (math.isnan(x) or math.isnan(y))


@pytest.mark.parametrize("width", [32, 64])
def test_the_lesser_and_the_greater(width: int) -> None:
    suffix = "f" if width == 32 else ""
    for a, b in pairs(width):
        ordered = sorted([a, b], key=lambda bits: (number(bits, width), math.copysign(1, number(bits, width))))
        assert [call(f"fminimum{suffix}", a, b), call(f"fmaximum{suffix}", a, b)] == ordered
    nan = SPECIAL[width][-1] | 5
    assert call(f"fminimum{suffix}", 0, nan) == call(f"fmaximum{suffix}", nan, 0) == nan | CANONICAL[width]


def test_widths_of_numbers() -> None:
    for a in samples(32, 200):
        assert call("__extendsfdf2", a) == nearest_bits(number(a, 32), 64)
    edges = [nearest_bits(number(a, 32), 64) ^ 1 for a in samples(32, 50)]
    for b in [*samples(64, 200), *edges]:
        value = number(b, 64)
        if not math.isnan(value):
            assert call("__truncdfsf2", b) == nearest_bits(value, 32), hex(b)
