"""Which results fit which patterns."""

from typing import Any

import pytest

from fusee.wast.values import GuestRef, HostRef, Value, decode_argument, describe, matches


def number(kind: str, value: str) -> dict[str, Any]:
    return {"type": kind, "value": value}


@pytest.mark.parametrize(
    ("pattern", "got", "fits"),
    [
        (number("i32", "-1"), Value("i32", 0xFFFFFFFF), True),
        (number("i32", "4294967295"), Value("i32", 0xFFFFFFFF), True),
        (number("i32", "1"), Value("i64", 1), False),
        (number("f32", "2147483648"), Value("f32", 0), False),  # -0 is not 0
        (number("f32", "nan:canonical"), Value("f32", 0x7FC00000), True),
        (number("f32", "nan:canonical"), Value("f32", 0xFFC00000), True),
        (number("f32", "nan:canonical"), Value("f32", 0x7FC00001), False),
        (number("f32", "nan:arithmetic"), Value("f32", 0x7FC00001), True),
        (number("f32", "nan:arithmetic"), Value("f32", 0x7FA00000), False),
        (number("f64", "nan:canonical"), Value("f64", 0x7FF8000000000000), True),
        (number("f64", "nan:arithmetic"), Value("f64", 0x7FF0000000000000), False),
        (number("externref", "null"), Value("externref", None), True),
        (number("externref", "3"), Value("externref", HostRef(3)), True),
        (number("externref", "3"), Value("externref", HostRef(4)), False),
        ({"type": "refnull"}, Value("funcref", None), True),
        ({"type": "nullfuncref"}, Value("funcref", GuestRef("func")), False),
        ({"type": "funcref"}, Value("funcref", GuestRef("func")), True),
        ({"type": "funcref"}, Value("funcref", None), False),
        ({"type": "externref"}, Value("externref", HostRef(0)), True),
        ({"type": "eqref"}, Value("anyref", GuestRef("i31")), True),
        ({"type": "structref"}, Value("anyref", GuestRef("array")), False),
        ({"type": "either", "values": [number("i32", "1"), number("i32", "2")]}, Value("i32", 2), True),
        ({"type": "either", "values": [number("i32", "1"), number("i32", "2")]}, Value("i32", 3), False),
    ],
)
def test_matches(pattern: dict[str, Any], got: Value, fits: bool) -> None:
    assert matches(pattern, got) is fits
    assert describe(pattern)
    assert str(got)


def test_lanes() -> None:
    argument = {"type": "v128", "lane_type": "i16", "value": ["1", "-1", "0", "0", "0", "0", "0", "32768"]}
    assert decode_argument(argument) == Value("v128", 0x8000_0000_0000_0000_0000_0000_FFFF_0001)
    pattern = {"type": "v128", "lane_type": "f32", "value": ["nan:canonical", "0", "nan:arithmetic", "1065353216"]}
    assert matches(pattern, Value("v128", 0x3F800000_7FC12345_00000000_FFC00000))
    assert not matches(pattern, Value("v128", 0x3F800000_7F812345_00000000_FFC00000))
    assert not matches(pattern, Value("v128", 0x3F800000_7FC12345_00000001_FFC00000))
