"""Values as they are written on the command line."""

import math
import struct

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusee import ValType
from fusee.cli.values import parse_value, show_value

I32, I64, F32, F64 = ValType.i32(), ValType.i64(), ValType.f32(), ValType.f64()


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        (I32, -1, "-1"),
        (I64, -(1 << 63), "-9223372036854775808"),
        (F64, -0.0, "-0"),
        (F32, -0.0, "-0"),
        (F64, 3.0, "3"),
        (F64, 1e300, "1e+300"),
        (F64, 0.1, "0.1"),
        (F32, struct.unpack("<f", struct.pack("<f", 0.1))[0], "0.1"),
        (F32, struct.unpack("<f", b"\xff\xff\x7f\x7f")[0], "3.4028235e+38"),
        (F32, struct.unpack("<f", b"\1\0\0\0")[0], "1e-45"),
        (F32, 16777216.0, "16777216"),
        (F32, 1.3644169484905433e-05, "1.36441695e-05"),  # no fewer digits are this one
        (ValType.v128(), b"\x0f\x10" + bytes(14), f"{0x100F:#034x}"),
        (F32, math.inf, "inf"),
        (F64, math.nan, "nan"),
        (ValType.externref(), None, "null"),
        (ValType.externref(), object(), "<externref>"),
    ],
)
def test_show(kind: ValType, value: object, text: str) -> None:
    assert show_value(kind, value) == text


@given(st.floats(width=32, allow_nan=False))
def test_shown_singles_are_read_back(value: float) -> None:
    shown = show_value(F32, value)
    read = struct.pack("<f", float(shown))
    assert read == struct.pack("<f", value)
    assert len(shown) <= len(show_value(F64, value))


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (I32, "4294967295", 0xFFFF_FFFF),
        (I32, "-0x80000000", -0x8000_0000),
        (I64, "18446744073709551615", (1 << 64) - 1),
        (F32, "0x1.8p1", 3.0),
        (F64, "1e308", 1e308),
        (F32, "inf", math.inf),
        (F64, "-Infinity", -math.inf),
        (I32, "007", 7),
        (I32, "+0X1f", 31),
        (I64, "-0x5", -5),
        (F32, "3.4028235677973362e38", 3.4028235677973362e38),  # the greatest that is rounded to a number
        (ValType.externref(), "null", None),
        (ValType.v128(), "0x100f", b"\x0f\x10" + bytes(14)),
        (ValType.v128(), "-1", b"\xff" * 16),
    ],
)
def test_parse(kind: ValType, text: str, value: object) -> None:
    assert parse_value(kind, text) == value


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        (I32, "4294967296", "4294967296: does not fit i32"),
        (I32, "-2147483649", "-2147483649: does not fit i32"),
        (I64, "18446744073709551616", "18446744073709551616: does not fit i64"),
        (F32, "1e39", "1e39: does not fit f32"),
        (I32, "1.5", "1.5: not a value of type i32"),
        (F64, "three", "three: not a value of type f64"),
        (F32, "1e999", "1e999: does not fit f32"),
        (F64, "-1e400", "-1e400: does not fit f64"),
        (F64, "0x1p1024", "0x1p1024: does not fit f64"),
        (I32, "", "'': not a value of type i32"),
        (I32, " 5", " 5: not a value of type i32"),
        (I32, "5_0", "5_0: not a value of type i32"),
        (F64, "1_0.5", "1_0.5: not a value of type f64"),
        (I64, "0b11", "0b11: not a value of type i64"),
        (F32, "٣.٥", "٣.٥: not a value of type f32"),
        (F32, "1\n2", r"'1\n2': not a value of type f32"),
        (I32, "9" * 5000, "9" * 60 + "…: not a value of type i32"),
        (ValType.externref(), "1", "1: values of type externref cannot be written on the command line"),
    ],
)
def test_what_does_not_fit(kind: ValType, text: str, message: str) -> None:
    with pytest.raises(click.UsageError) as caught:
        parse_value(kind, text)
    assert caught.value.message == message
