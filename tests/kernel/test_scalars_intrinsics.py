"""The operations that have a name instead of an operator."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusee.kernel.faults import ArithmeticFault, UnreachableFault
from fusee.kernel.floatmath import ceil, copysign, fabs, floor, fmax, fmin, nearest, sqrt, trunc
from fusee.kernel.floats import Float, f32, f64
from fusee.kernel.intrinsics import (
    byte_swap,
    clz,
    ctz,
    div_trunc,
    likely,
    maximum,
    minimum,
    mul_high,
    popcount,
    rem_trunc,
    rotl,
    rotr,
    select,
    span,
    unlikely,
    unreachable,
    unroll,
)
from fusee.kernel.scalars import i8, i32, i64, u8, u16, u32, u64

numbers = st.integers(0, (1 << 64) - 1)
doubles = st.floats(width=64)


@given(numbers, st.sampled_from([u8, u16, u32, u64]))
def test_bit_counts(number: int, kind: type[u32]) -> None:
    x = kind(number)
    digits = format(x.value, f"0{kind.bits}b")
    assert clz(x) == len(digits) - len(digits.lstrip("0"))
    assert ctz(x) == len(digits) - len(digits.rstrip("0"))
    assert popcount(x) == digits.count("1")


@given(numbers, st.integers(0, 200))
def test_rotation_and_byte_order(number: int, count: int) -> None:
    x = u32(number)
    digits = format(x.value, "032b")
    turn = count % 32
    assert rotl(x, u32(count)) == int(digits[turn:] + digits[:turn], 2)
    assert rotr(rotl(x, u32(count)), u32(count)) == x
    assert byte_swap(x).value.to_bytes(4, "big") == x.value.to_bytes(4, "little")


def test_counts_of_signed_numbers_and_of_zero() -> None:
    assert clz(i32(-1)) == 0
    assert popcount(i64(-1)) == 64
    assert clz(u32(0)) == ctz(u32(0)) == 32
    assert rotl(u32(1), 31) == 1 << 31


@given(st.integers(-128, 127), st.integers(-128, 127))
def test_signed_division_truncates(a: int, b: int) -> None:
    if b == 0 or (a == -128 and b == -1):
        for operation in (div_trunc, rem_trunc):
            with pytest.raises(ArithmeticFault):
                operation(i8(a), i8(b))
        return
    assert div_trunc(i8(a), i8(b)) == math.trunc(a / b)
    assert rem_trunc(i8(a), i8(b)) == int(math.fmod(a, b))


@given(numbers, numbers)
def test_upper_half_of_products(a: int, b: int) -> None:
    assert mul_high(u64(a), u64(b)) == a * b >> 64
    x, y = i64(a), i64(b)
    assert mul_high(x, y) == x.value * y.value >> 64


def test_lesser_and_greater() -> None:
    assert minimum(u32(3), 2) == 2
    assert maximum(1, i32(-4)) == 1
    with pytest.raises(TypeError, match="do not mix"):
        minimum(u32(1), i64(1))  # type: ignore[type-var]
    assert select(True, u32(1), u32(2)) == 1
    assert likely(True)
    assert not unlikely(False)


def test_unreachable() -> None:
    with pytest.raises(UnreachableFault):
        unreachable()


def test_span_has_the_type_of_its_bounds() -> None:
    assert list(span(u32(3))) == [u32(0), u32(1), u32(2)]
    assert [type(i) for i in span(1, u64(3))] == [u64, u64]
    assert [i.value for i in span(i32(-2), 1)] == [-2, -1, 0]
    assert list(span(u32(3), u32(1))) == []
    assert list(unroll([1, 2])) == [1, 2]
    with pytest.raises(TypeError, match="do not mix"):
        span(u32(0), i64(1))  # type: ignore[type-var]


@given(doubles, st.sampled_from([f32, f64]))
def test_rounding_to_integral(number: float, kind: type[Float]) -> None:
    x = kind(number)
    results = [floor(x), ceil(x), trunc(x), nearest(x)]  # type: ignore[type-var]
    if not math.isfinite(x.value):
        assert all(str(result.value) in ("nan", "inf", "-inf") for result in results)
        return
    expected = [math.floor(x.value), math.ceil(x.value), math.trunc(x.value), round(x.value)]
    assert [result.value for result in results] == expected
    assert all(math.copysign(1, result.value) == math.copysign(1, x.value) for result in results)


@given(doubles, doubles)
def test_sign_operations_change_only_the_sign(a: float, b: float) -> None:
    x, y = f64(a), f64(b)
    sign = 1 << 63
    assert fabs(x).to_bits() == x.to_bits() & ~sign
    assert copysign(x, y).to_bits() == (x.to_bits() & ~sign) | (y.to_bits() & sign)


@given(doubles, doubles)
def test_least_and_greatest_float(a: float, b: float) -> None:
    low, high = fmin(f64(a), f64(b)).value, fmax(f64(a), f64(b)).value
    if math.isnan(a) or math.isnan(b):
        assert math.isnan(low)
        assert math.isnan(high)
    else:
        assert [low, high] == sorted([a, b])


@pytest.mark.parametrize("kind", [f32, f64])
def test_zeros_are_ordered(kind: type[f64]) -> None:
    for pair in ((0.0, -0.0), (-0.0, 0.0)):
        assert str(fmin(kind(pair[0]), kind(pair[1])).value) == "-0.0"
        assert str(fmax(kind(pair[0]), kind(pair[1])).value) == "0.0"
    assert str(sqrt(kind(-0.0)).value) == "-0.0"
    assert math.isnan(sqrt(kind(-1.0)).value)
    assert sqrt(kind(2.0)).value == kind(math.sqrt(2.0)).value
