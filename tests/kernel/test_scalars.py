"""Integers and floats under CPython against independent statements of the same arithmetic."""

import ctypes
import math
import operator
import struct
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusee.kernel.faults import ArithmeticFault
from fusee.kernel.floats import f32, f64
from fusee.kernel.integer import Integer
from fusee.kernel.intrinsics import bitcast, from_low, low, minimum, trunc_sat, trunc_to, with_low
from fusee.kernel.lanes import v128
from fusee.kernel.scalars import INTEGERS, i8, i16, i32, i64, u8, u16, u32, u64, usize

C_TYPES = {
    i8: ctypes.c_int8,
    i16: ctypes.c_int16,
    i32: ctypes.c_int32,
    i64: ctypes.c_int64,
    u8: ctypes.c_uint8,
    u16: ctypes.c_uint16,
    u32: ctypes.c_uint32,
    u64: ctypes.c_uint64,
    usize: ctypes.c_uint64,
}
integer_types = st.sampled_from(INTEGERS)
edges = st.sampled_from([0, 1, -1, 127, 128, 255, 1 << 31, (1 << 31) - 1, (1 << 32) - 1, 1 << 63, (1 << 64) - 1])
numbers = edges | st.integers(-(1 << 66), 1 << 66)
doubles = st.floats(width=64)
singles = st.floats(width=32)


def c_value(kind: type[Integer], number: int) -> int:
    value: int = C_TYPES[kind](number).value
    return value


@given(integer_types, numbers, numbers)
def test_integer_arithmetic_wraps_as_c_does(kind: type[Integer], a: int, b: int) -> None:
    x, y = kind(a), kind(b)
    assert x.value == c_value(kind, a)
    assert (x + y).value == c_value(kind, x.value + y.value)
    assert (x - y).value == c_value(kind, x.value - y.value)
    assert (x * y).value == c_value(kind, x.value * y.value)
    assert (x & y).value == c_value(kind, x.value & y.value)
    assert (x | y).value == c_value(kind, x.value | y.value)
    assert (x ^ y).value == c_value(kind, x.value ^ y.value)
    assert (-x).value == c_value(kind, -x.value)
    assert (~x).value == c_value(kind, ~x.value)
    assert [x < y, x <= y, x == y, x != y, x > y, x >= y] == [
        x.value < y.value,
        x.value <= y.value,
        x.value == y.value,
        x.value != y.value,
        x.value > y.value,
        x.value >= y.value,
    ]


@given(integer_types, numbers, st.integers(0, 63))
def test_shifts(kind: type[Integer], a: int, count: int) -> None:
    x = kind(a)
    if count >= kind.bits:
        with pytest.raises(ArithmeticFault):
            x << kind(count)
        with pytest.raises(ArithmeticFault):
            x >> count
        return
    assert (x << kind(count)).value == c_value(kind, x.value << count)
    assert (x >> count).value == x.value >> count


@given(st.sampled_from([u8, u16, u32, u64, usize]), numbers, numbers)
def test_unsigned_division(kind: type[u32], a: int, b: int) -> None:
    x, y = kind(a), kind(b)
    if y == 0:
        with pytest.raises(ArithmeticFault):
            x // y
        with pytest.raises(ArithmeticFault):
            x % y
        return
    assert (x // y) * y + x % y == x
    assert x % y < y


@given(integer_types, integer_types, numbers)
def test_conversion_is_modulo(source: type[Integer], target: type[Integer], number: int) -> None:
    assert target(source(number)).value == c_value(target, c_value(source, number))


def test_sign_extension_follows_the_source() -> None:
    assert u64(i32(-1)) == (1 << 64) - 1
    assert u64(u32(0xFFFF_FFFF)) == 0xFFFF_FFFF
    assert u32(True) == 1


@pytest.mark.parametrize("kind", INTEGERS)
def test_a_literal_takes_the_other_operands_type(kind: type[Integer]) -> None:
    x = kind(5)
    assert type(x + 1) is type(1 + x) is kind
    assert (10 - x).value == 5
    assert (1 << kind(3)).value == 8
    for literal in (kind.maximum() + 1, kind.minimum() - 1):
        with pytest.raises(OverflowError, match=f"does not fit in {kind.__name__}"):
            x + literal
        with pytest.raises(OverflowError):
            x == literal


@pytest.mark.parametrize("left", INTEGERS)
@pytest.mark.parametrize("right", [*INTEGERS, f64, bool])
def test_types_do_not_mix(left: type[Integer], right: type[Integer]) -> None:
    if issubclass(left, right) or issubclass(right, left):
        return
    with pytest.raises(TypeError, match="do not mix"):
        left(1) + right(1)
    with pytest.raises(TypeError, match="do not mix"):
        left(1) < right(1)
    with pytest.raises(TypeError, match="do not mix"):
        left(1) == right(1)


OPERATIONS = [operator.add, operator.sub, operator.mul, operator.and_, operator.or_, operator.xor]
COMPARISONS = [operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge]


@given(integer_types, integer_types, numbers, numbers)
def test_the_narrower_operand_widens(left: type[Integer], right: type[Integer], a: int, b: int) -> None:
    x, y = left(a), right(b)
    if not (issubclass(left, right) or issubclass(right, left)):
        return
    wide = right if issubclass(left, right) else left
    for operation in OPERATIONS:
        found = operation(x, y)
        assert type(found) is wide
        assert found == operation(wide(x), wide(y))
    for comparison in COMPARISONS:
        assert comparison(x, y) is comparison(x.value, y.value)
    least: Any = minimum
    assert type(least(wide(x), y)) is type(least(y, wide(x))) is wide


def test_which_types_are_wider() -> None:
    order: list[list[type[Integer]]] = [[u8, u16, u32, usize, u64], [i8, i16, i32, i64]]
    for kinds in order:
        for place, kind in enumerate(kinds):
            assert [other for other in INTEGERS if issubclass(kind, other)] == [
                k for k in INTEGERS if k in kinds[place:]
            ]


def test_what_would_lose_bits_does_not_narrow() -> None:
    with pytest.raises(TypeError, match="do not mix"):
        u8(1) << u32(1)  # type: ignore[operator]
    with pytest.raises(TypeError, match="do not mix"):
        u8.literal(u16(1))
    assert (u64(1) << u8(40)).value == 1 << 40
    assert type(u16.literal(u8(1))) is u16
    assert type(u8(200) // u16(3)) is type(u16(300) % u8(7)) is u16
    with pytest.raises(ArithmeticFault):
        u8(1) // u16(0)


def test_integers_are_not_conditions() -> None:
    with pytest.raises(TypeError, match="not a condition"):
        bool(u32(1))


def test_signed_integers_have_no_python_division() -> None:
    for operation in (operator.floordiv, operator.mod, operator.truediv):
        with pytest.raises(TypeError):
            operation(i32(1), i32(1))


def f32_pattern(number: float) -> int:
    pattern: int = struct.unpack("<I", bytes(ctypes.c_float(number)))[0]
    return pattern


def same_float(a: float, b: float) -> bool:
    return (math.isnan(a) and math.isnan(b)) or (a == b and math.copysign(1, a) == math.copysign(1, b))


@given(singles, singles)
def test_f32_arithmetic_rounds_once(a: float, b: float) -> None:
    x, y = f32(a), f32(b)
    for exact, got in ((a + b, x + y), (a - b, x - y), (a * b, x * y)):
        assert same_float(ctypes.c_float(exact).value, got.value)
    if b != 0:
        assert same_float(ctypes.c_float(a / b).value, (x / y).value)
    assert (-x).to_bits() == x.to_bits() ^ 1 << 31
    assert [x < y, x <= y, x == y, x != y, x > y, x >= y] == [a < b, a <= b, a == b, a != b, a > b, a >= b]


@given(doubles, doubles)
def test_f64_arithmetic(a: float, b: float) -> None:
    x, y = f64(a), f64(b)
    for exact, got in ((a + b, x + y), (a - b, x - y), (a * b, x * y)):
        assert same_float(exact, got.value)
    if b != 0:
        assert same_float(a / b, (x / y).value)
    assert f32(x).to_bits() == f32_pattern(a)


@pytest.mark.parametrize("kind", [f32, f64])
def test_division_by_zero_is_ieee(kind: type[f64]) -> None:
    assert (kind(1) / kind(0.0)).value == math.inf
    assert (kind(1) / kind(-0.0)).value == -math.inf
    assert (kind(-1) / 0.0).value == -math.inf
    assert math.isnan((kind(0.0) / kind(0.0)).value)
    assert math.isnan((kind(math.nan) / kind(0.0)).value)


@given(st.integers(-(1 << 63), (1 << 64) - 1))
def test_integers_convert_to_floats_with_one_rounding(number: int) -> None:
    source = i64(number) if number < 0 else u64(number)
    for kind in (f32, f64):
        nearest = kind(source)
        error = abs(Fraction(nearest.value) - number)
        pattern = nearest.to_bits()
        for neighbour in (pattern - 1, pattern + 1):
            distance = abs(Fraction(kind.from_bits(neighbour).value) - number) if pattern else error
            assert error < distance or (error == distance and pattern % 2 == 0) or not pattern


@given(st.integers(0, (1 << 32) - 1), st.integers(0, (1 << 64) - 1), st.integers(0, (1 << 128) - 1))
def test_bit_patterns_survive(single: int, double: int, vector: int) -> None:
    assert bitcast(u32, bitcast(f32, u32(single))) == single
    assert bitcast(i64, bitcast(f64, u64(double))) == c_value(i64, double)
    assert v128.from_bits(vector).to_bits() == vector
    register = with_low(v128.from_bits(vector), f32.from_bits(single))
    assert low(f32, register).to_bits() == low(f32, from_low(f32.from_bits(single))).to_bits() == single
    assert register.to_bits() >> 32 == vector >> 32
    assert f32(f32.from_bits(single)).to_bits() == single


def test_bitcast_needs_equal_sizes() -> None:
    with pytest.raises(TypeError, match="sizes differ"):
        bitcast(u32, u64(1))


@given(doubles, st.sampled_from([i8, i16, i32, i64, u8, u16, u32, u64]))
def test_float_to_integer(number: float, kind: type[Integer]) -> None:
    limited = 0 if math.isnan(number) else min(max(number, kind.minimum()), kind.maximum())
    assert trunc_sat(kind, f64(number)).value == int(limited)
    in_range = math.isfinite(number) and kind.minimum() <= int(number) <= kind.maximum()
    if in_range:
        assert trunc_to(kind, f64(number)).value == int(number)
    else:
        with pytest.raises(ArithmeticFault):
            trunc_to(kind, f64(number))


def test_floats_and_integers_do_not_mix() -> None:
    with pytest.raises(TypeError, match="do not mix"):
        f64(1) + f32(1)  # type: ignore[operator]
    with pytest.raises(TypeError, match="do not mix"):
        f64(1) + u32(1)  # type: ignore[operator]
    with pytest.raises(TypeError, match="trunc_to"):
        u32(f64(1))  # type: ignore[arg-type]
    assert (f64(1) + 1).value == 2
