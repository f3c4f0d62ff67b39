"""Relaxed instructions give the deterministic profile's results, unless an engine is asked for the cheaper ones."""

import platform
import struct
from collections.abc import Callable
from typing import Any

import pytest

from fusee import Config, Engine, Instance, Module, Store

NAN, SIGNALLING = 0x7FC0_0000, 0x7FA0_0000
MINUS_ZERO, ONE, TWO = 0x8000_0000, 0x3F80_0000, 0x4000_0000
# 1 + 2⁻²³, whose square needs 46 more binary places: rounded only once, the difference to 1 + 2⁻²² is 2⁻⁴⁶.
NEXT_TO_ONE, SQUARE, MINUS_SQUARE, LEFT_OVER = 0x3F80_0001, 0x3F80_0002, 0xBF80_0002, 0x2880_0000
TOO_LARGE, TOO_SMALL = 0x5000_0000, 0xD000_0000


def words(*numbers: int) -> bytes:
    return struct.pack("<4I", *numbers)


def shorts(*numbers: int) -> bytes:
    return struct.pack("<8h", *numbers)


def signed(*numbers: int) -> bytes:
    return struct.pack("<16b", *numbers)


EDGES = words(0, MINUS_ZERO, ONE, TWO), words(MINUS_ZERO, 0, TWO, ONE)

CASES: list[tuple[str, tuple[bytes, ...], bytes]] = [
    (
        "i8x16.relaxed_swizzle",
        (bytes(range(100, 116)), bytes([0, 15, 16, 31, 127, 128, 255, 7] * 2)),
        bytes([100, 115, 0, 0, 0, 0, 0, 107] * 2),
    ),
    (
        "i8x16.relaxed_laneselect",
        (b"\xaa" * 16, b"\x55" * 16, bytes([0xFF, 0, 0x0F, 0x80] * 4)),
        bytes([0xAA, 0x55, 0x5A, 0xD5] * 4),
    ),
    (
        "f32x4.relaxed_madd",
        (words(NEXT_TO_ONE, ONE, ONE, TWO), words(NEXT_TO_ONE, ONE, TWO, TWO), words(MINUS_SQUARE, 0, ONE, 0)),
        words(LEFT_OVER, ONE, 0x4040_0000, 0x4080_0000),
    ),
    (
        "f32x4.relaxed_nmadd",
        (words(NEXT_TO_ONE, ONE, ONE, TWO), words(NEXT_TO_ONE, ONE, TWO, TWO), words(SQUARE, 0, ONE, 0)),
        words(LEFT_OVER ^ MINUS_ZERO, ONE ^ MINUS_ZERO, ONE ^ MINUS_ZERO, 0xC080_0000),
    ),
    ("f32x4.relaxed_min", EDGES, words(MINUS_ZERO, MINUS_ZERO, ONE, ONE)),
    ("f32x4.relaxed_max", EDGES, words(0, 0, TWO, TWO)),
    ("i32x4.relaxed_trunc_f32x4_s", (words(NAN, TOO_LARGE, TOO_SMALL, TWO),), words(0, 0x7FFF_FFFF, 0x8000_0000, 2)),
    ("i32x4.relaxed_trunc_f32x4_u", (words(NAN, TOO_LARGE, TOO_SMALL, TWO),), words(0, 0xFFFF_FFFF, 0, 2)),
    (
        "i16x8.relaxed_q15mulr_s",
        (shorts(-32768, -32768, 16384, 1, 3, 0, -1, 32767), shorts(-32768, 16384, 16384, 16384, 16384, 5, 1, 32767)),
        shorts(32767, -16384, 8192, 1, 2, 0, 0, 32766),
    ),
    (
        "i16x8.relaxed_dot_i8x16_i7x16_s",
        (signed(*[-128, 127] * 8), signed(*[127, 127] * 4, *[1, -1] * 4)),
        shorts(*[-127] * 4, *[-255] * 4),
    ),
    (
        "i32x4.relaxed_dot_i8x16_i7x16_add_s",
        (signed(*[-128] * 16), signed(*[127] * 16), words(0, 1, 2, 3)),
        struct.pack("<4i", *(-65024 + n for n in range(4))),
    ),
]  # fmt: skip


def function(mnemonic: str, count: int, is_deterministic: bool) -> Callable[..., bytes]:
    config = Config()
    config.wasm_relaxed_simd_deterministic = is_deterministic
    gets = " ".join(f"(local.get {number})" for number in range(count))
    store = Store(engine := Engine(config))
    text = f'(module (func (export "f") (param {"v128 " * count}) (result v128) ({mnemonic} {gets})))'
    exported: Any = Instance(store, Module(engine, text), []).exports(store)["f"]
    return lambda *operands: bytes(exported(store, *operands))


LEAST = 0x8000_0000
CHEAPER: list[tuple[str, tuple[bytes, ...], bytes]] = [
    ("i8x16.relaxed_swizzle", CASES[0][1], bytes([100, 115, 100, 115, 115, 0, 0, 107] * 2)),
    ("i32x4.relaxed_trunc_f32x4_s", (words(NAN, TOO_LARGE, TOO_SMALL, TWO),), words(LEAST, LEAST, LEAST, 2)),
    ("i32x4.relaxed_trunc_f64x2_s_zero", (struct.pack("<2d", float("nan"), -3.75),), words(LEAST, 0xFFFF_FFFD, 0, 0)),
    ("i32x4.relaxed_trunc_f64x2_s_zero", (struct.pack("<2d", 2.0**31, 2.0**31 - 1),), words(LEAST, 0x7FFF_FFFF, 0, 0)),
    ("i16x8.relaxed_q15mulr_s", (shorts(*[-32768, 3] * 4), shorts(*[-32768, 16384] * 4)), shorts(*[-32768, 2] * 4)),
    (
        "i16x8.relaxed_dot_i8x16_i7x16_s",
        (signed(*[-128, 127] * 4, *[127, 127, -128, -128] * 2), signed(*[127, 127] * 2, *[1, -1] * 2, *[-1] * 8)),
        shorts(-127, -127, *[-128 + 127 * 255] * 2, *[0x7FFF, -0x8000] * 2),
    ),
    (
        "i32x4.relaxed_dot_i8x16_i7x16_add_s",
        (signed(*[-128] * 8, *[127] * 8), signed(*[127] * 8, *[-1] * 8), words(0, 1, 2, 3)),
        struct.pack("<4i", -65024, -65023, 65536, 65537),
    ),
]  # fmt: skip
"""What the specification leaves to the machine, as x86 answers it: places above 15 are taken modulo 16; what is no
number, or too great, becomes the least integer; seven bits are eight without a sign, and their sums have limits."""

ONLY_ONE_ANSWER = [
    case for case in CASES if not case[0].endswith(("_min", "_max")) and case[0] not in {name for name, *_ in CHEAPER}
]


@pytest.mark.parametrize(("mnemonic", "operands", "expected"), CASES, ids=[case[0] for case in CASES])
def test_usually_the_deterministic_profile(mnemonic: str, operands: tuple[bytes, ...], expected: bytes) -> None:
    assert function(mnemonic, len(operands), True)(*operands) == expected


@pytest.mark.parametrize(
    ("mnemonic", "operands", "expected"), ONLY_ONE_ANSWER, ids=[case[0] for case in ONLY_ONE_ANSWER]
)
def test_what_no_machine_does_cheaper(mnemonic: str, operands: tuple[bytes, ...], expected: bytes) -> None:
    assert function(mnemonic, len(operands), False)(*operands) == expected


only_x86 = pytest.mark.skipif(platform.machine() != "x86_64", reason="others have instructions that are deterministic")


@only_x86
@pytest.mark.parametrize(("mnemonic", "operands", "expected"), CHEAPER)
def test_what_x86_does_cheaper(mnemonic: str, operands: tuple[bytes, ...], expected: bytes) -> None:
    assert function(mnemonic, len(operands), False)(*operands) == expected
    assert function(mnemonic, len(operands), True)(*operands) != expected


PLAIN: list[tuple[str, tuple[bytes, ...]]] = [
    ("i8x16.relaxed_swizzle", (bytes(range(50, 66)), bytes([3, 15, 128, 255, 0, 200, 7, 9] * 2))),
    ("i32x4.relaxed_trunc_f32x4_s", (struct.pack("<4f", -1.75, 2147483520.0, -(2.0**31), 0.5),)),
    ("i32x4.relaxed_trunc_f64x2_s_zero", (struct.pack("<2d", -2147483648.75, 2147483647.75),)),
    ("i16x8.relaxed_q15mulr_s", (shorts(*[-32768, 32767, 3, -7] * 2), shorts(*[32767, -32768, 12345, 16384] * 2))),
    ("i16x8.relaxed_dot_i8x16_i7x16_s", (signed(*[-128, 127, 5, -6] * 4), signed(*[127, 3, 100, 126] * 4))),
    ("i32x4.relaxed_dot_i8x16_i7x16_add_s", (signed(*[-128] * 16), signed(*[127, 1, 0, 99] * 4), words(9, 8, 7, 6))),
]


@pytest.mark.parametrize(("mnemonic", "operands"), PLAIN)
def test_where_there_is_one_answer_it_is_the_same(mnemonic: str, operands: tuple[bytes, ...]) -> None:
    assert function(mnemonic, len(operands), False)(*operands) == function(mnemonic, len(operands), True)(*operands)


@only_x86
@pytest.mark.parametrize("extreme", ["min", "max"])
def test_the_cheaper_answer(extreme: str) -> None:
    """The first operand if one is a NaN or both are zeros; all other numbers have one answer (spec 4.3.3)."""
    first, second = words(NAN, ONE, 0, MINUS_ZERO), words(ONE, NAN, MINUS_ZERO, 0)
    relaxed = function(f"f32x4.relaxed_{extreme}", 2, False)
    assert relaxed(first, second) == first
    ordered = words(ONE, TWO, TOO_SMALL, TOO_LARGE), words(TWO, ONE, ONE, ONE)
    expected = words(ONE, ONE, TOO_SMALL, ONE) if extreme == "min" else words(TWO, TWO, ONE, TOO_LARGE)
    assert relaxed(*ordered) == expected == function(f"f32x4.relaxed_{extreme}", 2, True)(*ordered)


@pytest.mark.parametrize("mnemonic", ["f32x4.relaxed_min", "f32x4.relaxed_max"])
def test_nans_stay_nans_and_become_quiet(mnemonic: str) -> None:
    call = function(mnemonic, 2, True)
    found = struct.unpack("<4I", call(words(NAN, ONE, SIGNALLING, ONE), words(ONE, NAN, ONE, SIGNALLING)))
    assert all(bits & NAN == NAN for bits in found)
