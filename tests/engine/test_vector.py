"""Vector operators: what their kernels compute in CPython is what they compute natively, and what wasmtime computes."""

import ctypes
import random
import struct
from functools import cache
from typing import Any

import pytest

from fusee.kernel.arena import allocate_simulated, simulate
from fusee.kernel.build import Library, Program, load
from fusee.kernel.memory import read_bytes
from fusee.kernel.target import ILP32, LP64, Target
from fusee.spec.op import BY_MNEMONIC
from tests.engine.vector_kernels import ENTRIES, KERNELS, SLOT_BYTES
from tests.engine.vector_oracle import SHUFFLES, oracle

ROUNDS = 12
INTEGERS = (0, 1, 2, 0x7F, 0x80, 0x81, 0xFF, 15, 16, 17, 0x40)
EDGES = {
    8: INTEGERS,
    16: (*INTEGERS, 0x7FFF, 0x8000, 0x8001, 0xFFFF, 0xFF80, 0x4000, 0xC000),
    32: (*INTEGERS, 0x7FFF_FFFF, 0x8000_0000, 0x8000_0001, 0xFFFF_FFFF, 0xFFFF_8000, 0x1_0000, 33, 24),
    64: (*INTEGERS, (1 << 63) - 1, 1 << 63, (1 << 64) - 1, 0xFFFF_FFFF_8000_0000, 1 << 32, 65),
}
SINGLES = (
    0x0000_0000, 0x8000_0000, 0x0000_0001, 0x8000_0001, 0x007F_FFFF, 0x3F00_0000, 0xBF00_0000, 0x3FC0_0000, 0x4020_0000,
    0x4F00_0000, 0xCF00_0000, 0xCF00_0001, 0x4EFF_FFFF, 0x4F7F_FFFF, 0x4F80_0000, 0x7F7F_FFFF, 0x7F80_0000, 0xFF80_0000,
    0x7FC0_0000, 0xFFC0_0001, 0x7FA0_0000, 0xFF80_0001, 0x4B00_0001, 0xBF80_0000, 0x3F7F_FFFF,
)  # fmt: skip
DOUBLES = (
    0.0, -0.0, 5e-324, -5e-324, 0.5, -0.5, 1.5, 2.5, -1.0, 2147483647.0, 2147483648.0, 2147483647.5, -2147483648.0,
    -2147483648.9, -2147483649.0, 4294967295.0, 4294967295.9, 4294967296.0, 1e300, -1e300, 3.4028235677973366e38,
    float("inf"), float("-inf"), 1e-46, 4503599627370497.5,
)  # fmt: skip
NANS = (0x7FF8_0000_0000_0000, 0xFFF8_0000_0000_0001, 0x7FF0_0000_0000_0001, 0xFFF4_0000_0000_0000)


def operand(r: random.Random) -> bytes:
    """Sixteen bytes: edges of lanes of some type, or anything."""
    kind = r.choice((8, 16, 32, 64, "single", "double", "any"))
    if kind == "single":
        return struct.pack("<4I", *(r.choice(SINGLES) for _ in range(4)))
    if kind == "double":
        bits = [struct.unpack("<Q", struct.pack("<d", number))[0] for number in DOUBLES]
        return struct.pack("<2Q", *(r.choice((*bits, *NANS)) for _ in range(2)))
    if isinstance(kind, int):
        return b"".join(r.choice(EDGES[kind]).to_bytes(kind // 8, "little") for _ in range(128 // kind))
    return r.randbytes(16)


@cache
def cases(mnemonic: str) -> list[bytes]:
    """Four operands each; the same ones in every run."""
    r = random.Random(mnemonic)
    made = [b"".join(operand(r) for _ in range(4)) for _ in range(ROUNDS)]
    if mnemonic == "i8x16.shuffle":
        made = [case[:32] + bytes(r.choices(range(32), k=16)) + case[48:] for case in made[:SHUFFLES]]
    return made


SHIFTS = [mnemonic for mnemonic in KERNELS if mnemonic.partition(".")[2] in ("shl", "shr_s", "shr_u")]
"""Of these the checked build tests the count."""


@cache
def library() -> Library:
    return load(Program("vector_operators", ENTRIES))


@cache
def checked_library() -> Library:
    return load(Program("vector_shifts", [KERNELS[mnemonic] for mnemonic in SHIFTS]), checked=True)


def native(mnemonic: str, slots: bytes, *, checked: bool = False) -> bytes:
    buffer = (ctypes.c_uint64 * 8).from_buffer_copy(slots)
    compiled: Any = checked_library() if checked else library()
    compiled.function(KERNELS[mnemonic])(ctypes.addressof(buffer))
    return bytes(buffer)[:SLOT_BYTES]


def uncompiled(mnemonic: str, slots: bytes, target: Target) -> bytes:
    with simulate(target):
        memory = allocate_simulated(bytearray(slots))
        KERNELS[mnemonic](memory)
        return read_bytes(memory, SLOT_BYTES)


def result_size(mnemonic: str) -> int:
    row = BY_MNEMONIC[mnemonic]
    if "store" in mnemonic:
        return row.width
    assert row.results is not None
    if mnemonic.endswith("_true"):
        return 1  # a bool
    return {"i32": 4, "i64": 8, "f32": 4, "f64": 8, "v128": 16}[row.results[0]]


ARITHMETIC = ("add", "sub", "mul", "div", "min", "max", "sqrt", "ceil", "floor", "trunc", "nearest")
RELAXED = ("relaxed_min", "relaxed_max", "relaxed_madd", "relaxed_nmadd")
NAN_LANES = {
    **{f"{kind}.{name}": kind for kind in ("f32x4", "f64x2") for name in (*ARITHMETIC, *RELAXED)},
    "f32x4.demote_f64x2_zero": "f32x4",
    "f64x2.promote_low_f32x4": "f64x2",
}
"""Operators that make NaNs, whose payload is open (spec 4.3.3)."""


def shown(mnemonic: str, result: bytes) -> object:
    """What must be equal: bytes, or lanes of which a NaN is only said to be quiet or not."""
    kind = NAN_LANES.get(mnemonic)
    if kind is None:
        return result[: result_size(mnemonic)]
    size, exponent, quiet = (4, 0xFF << 23, 1 << 22) if kind == "f32x4" else (8, 0x7FF << 52, 1 << 51)
    return [nan_shown(int.from_bytes(result[at : at + size], "little"), exponent, quiet) for at in range(0, 16, size)]


def nan_shown(bits: int, exponent: int, quiet: int) -> object:
    if bits & exponent != exponent or bits & (2 * quiet - 1) == 0:
        return bits
    return "nan" if bits & quiet else "signalling nan"


@pytest.mark.parametrize("mnemonic", KERNELS)
def test_all_ways_compute_the_same(mnemonic: str) -> None:
    reference = oracle(tuple(case[32:48] for case in cases("i8x16.shuffle")))
    for slots in cases(mnemonic):
        expected = shown(mnemonic, reference.run(mnemonic, slots))
        assert shown(mnemonic, native(mnemonic, slots)) == expected, slots.hex(" ", 16)
        assert shown(mnemonic, uncompiled(mnemonic, slots, LP64)) == expected, slots.hex(" ", 16)


@pytest.mark.parametrize("mnemonic", KERNELS)
def test_the_width_of_pointers_makes_no_difference(mnemonic: str) -> None:
    slots = cases(mnemonic)[0]
    assert uncompiled(mnemonic, slots, ILP32) == uncompiled(mnemonic, slots, LP64)


@pytest.mark.parametrize("mnemonic", SHIFTS)
def test_checks_find_nothing(mnemonic: str) -> None:
    for slots in cases(mnemonic):
        assert native(mnemonic, slots, checked=True) == native(mnemonic, slots)
