"""What bare metal is given in place of a C library, executed there, against Python's numbers."""

import ctypes
import math
import random
import struct
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from typing import Any

import pytest

from fusee.emulator import Device, build_for_device
from fusee.freestanding import FUNCTIONS, supply
from fusee.kernel.build import Program, symbol_of
from fusee.kernel.target import Target

SOFT = "riscv32imac-unknown-none-elf"
"""No floating-point instructions, no 64-bit registers: everything is done by functions."""

CANONICAL = {32: 0x7FC0_0000, 64: 0x7FF8_0000_0000_0000}
SPECIAL = {
    32: [0, 1, 0x7F_FFFF, 0x80_0000, 0x3F80_0000, 0x3FC0_0000, 0x4B80_0001, 0x7F7F_FFFF, 0x7F80_0000],
    64: [0, 1, (1 << 52) - 1, 1 << 52, 0x3FF << 52, 0x3FF8 << 48, 0x4330 << 48 | 1, (0x7FF << 52) - 1, 0x7FF << 52],
}
"""Zero, subnormal and smallest normal numbers, 1, 1.5, an integer at the edge of precision, the largest, infinity."""

RANDOM = random.Random(64)


@cache
def device() -> Device:
    """A machine with all of the functions."""
    target = Target.parse(SOFT)

    def define() -> Program:
        program = supply(target, FUNCTIONS)
        assert program is not None
        return program

    # The cache knows a program by its name and the sources of the kernels that it had.
    return Device(build_for_device(f"freestanding_{len(FUNCTIONS)}", define, target))


def call(name: str, *arguments: Any) -> int:
    return int(device().function(symbol_of(FUNCTIONS[name]))(*arguments))


def number(bits: int, width: int) -> float:
    """The number of so many bits."""
    value: float = struct.unpack("<f" if width == 32 else "<d", bits.to_bytes(width // 8, "little"))[0]
    return value


def nearest_bits(value: float | Fraction, width: int) -> int:
    """The bits of the nearest number, of two the even one. Exact: Python's own conversion rounds twice."""
    limit = (1 << 1024) - (1 << 970)  # what Python refuses to make a float of
    if not -limit < value < limit:
        return SPECIAL[width][-1] | (value < 0) << width - 1
    if width == 64:
        return int.from_bytes(struct.pack("<d", float(value)), "little")
    if not math.isfinite(value):
        return int.from_bytes(struct.pack("<f", value), "little")
    close = int.from_bytes(bytes(ctypes.c_float(float(value))), "little")
    if close & 0x7FFF_FFFF == 0x7F80_0000 or not value:
        return close
    around = [bits for bits in (close - 1, close, close + 1) if math.isfinite(number(bits & 0xFFFF_FFFF, 32))]
    return min(around, key=lambda bits: (abs(Fraction(number(bits, 32)) - Fraction(value)), bits & 1))


def samples(width: int, count: int) -> list[int]:
    """Numbers of every kind, of both signs."""
    sign = 1 << width - 1
    made = [bits | s for bits in SPECIAL[width] for s in (0, sign)]
    made += [RANDOM.getrandbits(width) for _ in range(count)]
    middle = SPECIAL[width][4]
    made += [(middle + (RANDOM.getrandbits(width - 1) - (sign >> 1)) // 64) & (1 << width) - 1 for _ in range(count)]
    return [bits for bits in made if not math.isnan(number(bits, width))]


def pairs(width: int) -> list[tuple[int, int]]:
    """All pairs of the special numbers, and many of random ones."""
    special = samples(width, 0)
    made = [(a, b) for a in special for b in special]
    return [*made, *zip(samples(width, 80), reversed(samples(width, 80)), strict=False)]


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


INTEGERS = [
    0,
    1,
    2,
    3,
    0xFFFF_FFFF,
    1 << 32,
    (1 << 53) + 1,
    (1 << 24) + 1,
    (1 << 40) + (1 << 16),
    1 << 63,
    (1 << 64) - 1,
]
INTEGERS += [RANDOM.getrandbits(RANDOM.randint(1, 64)) for _ in range(200)]


def signed(value: int, width: int) -> int:
    return value - (value >> width - 1 << width)


@pytest.mark.parametrize(("letter", "width"), [("s", 32), ("d", 64)])
def test_integers_to_numbers(letter: str, width: int) -> None:
    for n in INTEGERS:
        low = n & 0xFFFF_FFFF
        for name, value in {"undi": n, "di": signed(n, 64), "unsi": low, "si": signed(low, 32)}.items():
            given = low if "si" in name else n
            assert call(f"__float{name}{letter}f", given) == nearest_bits(Fraction(value), width), (name, hex(n))


@pytest.mark.parametrize(("letter", "width"), [("s", 32), ("d", 64)])
def test_numbers_to_integers(letter: str, width: int) -> None:
    for n in INTEGERS:
        for shift in (1, 2, 8):
            a = nearest_bits(signed(n, 64) / shift, width)
            value = math.trunc(number(a, width))
            for name, least, bits in (
                ("di", -(1 << 63), 64),
                ("unsdi", 0, 64),
                ("si", -(1 << 31), 32),
                ("unssi", 0, 32),
            ):
                if least <= value < least + (1 << bits):
                    function = f"__fix{'uns' if name.startswith('uns') else ''}{letter}f{name[-2:]}"
                    assert call(function, a) == value & (1 << bits) - 1, (function, hex(a))


def test_integers() -> None:
    for a, b in zip(INTEGERS, reversed(INTEGERS), strict=True):
        for n, d in ((a, b), (a, b & 0xFFFF_FFFF), (a & 0xFFFF_FFFF, b & 0xFFFF)):
            if not d:
                continue
            assert (call("__udivdi3", n, d), call("__umoddi3", n, d)) == divmod(n, d)
            x, y = signed(n, 64), signed(d, 64)
            quotient = abs(x) // abs(y) * (1 if (x < 0) == (y < 0) else -1)
            assert signed(call("__divdi3", n, d), 64) == signed(quotient & (1 << 64) - 1, 64)
            assert signed(call("__moddi3", n, d), 64) == x - quotient * y
        for count in (0, 1, 31, 32, 33, 63):
            assert call("__ashldi3", a, count) == a << count & (1 << 64) - 1
            assert call("__lshrdi3", a, count) == a >> count
            assert call("__ashrdi3", a, count) == (signed(a, 64) >> count) & (1 << 64) - 1


def test_words() -> None:
    for a, b in zip(INTEGERS, reversed(INTEGERS), strict=True):
        for n, d in ((a & 0xFFFF_FFFF, b & 0xFFFF_FFFF), (a >> 32, b & 0xFF), (a & 0xFFFF, b >> 32), (1 << 31, a & 3)):
            if not d:
                continue
            assert (call("__udivsi3", n, d), call("__umodsi3", n, d)) == divmod(n, d)
            x, y = signed(n, 32), signed(d, 32)
            quotient = abs(x) // abs(y) * (1 if (x < 0) == (y < 0) else -1)
            assert signed(call("__divsi3", n, d), 32) == signed(quotient & 0xFFFF_FFFF, 32)
            assert signed(call("__modsi3", n, d), 32) == x - quotient * y


def test_blocks_of_memory() -> None:
    space, start = device().space, device().heap.allocate(1, 256)
    for _ in range(200):
        before = RANDOM.randbytes(256)
        to, source, size = RANDOM.randrange(128), RANDOM.randrange(128), RANDOM.randrange(128)
        space.write(start, before)
        name = "memmove" if abs(to - source) < size else RANDOM.choice(["memmove", "memcpy"])
        assert call(name, start + to, start + source, size) == start + to
        expected = before[:to] + before[source : source + size] + before[to + size :]
        assert space.read(start, 256) == expected
        assert call("memset", start + to, 0x1A5, size) == start + to
        assert space.read(start, 256) == expected[:to] + b"\xa5" * size + expected[to + size :]
        first, second = space.read(start + to, size), space.read(start + source, size)
        order = signed(call("memcmp", start + to, start + source, size), 32)
        assert (order > 0) - (order < 0) == (first > second) - (first < second)
        assert (call("bcmp", start + to, start + source, size) == 0) == (first == second)
    space.write(start, b"123\0")
    assert call("strlen", start) == 3
