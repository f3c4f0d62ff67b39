"""Integers and memory on bare metal, which is given functions in place of instructions, against Python's numbers."""

import math
from fractions import Fraction

import pytest

from tests.device.soft import RANDOM, call, device, nearest_bits, number

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
