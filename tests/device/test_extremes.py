"""Minimum and maximum (spec 4.3.3, fmin and fmax) on machines for which LLVM has no code for them."""

import math
import struct
from functools import cache
from itertools import product

import pytest

from fusee.emulator import Device, build_for_device
from fusee.kernel.build import Program, emit_objects, symbol_of
from fusee.kernel.lang import Kernel, bitcast, f64, fmax, fmin, kernel, u64
from fusee.kernel.target import Target

EMULATED = ("i686-unknown-linux-gnu", "armv7-unknown-linux-gnueabihf")
COMPILED = (
    *EMULATED,
    "armv7k-apple-watchos",
    "i686-pc-windows-msvc",
    "thumbv8m.main-none-eabihf",
    "i586-unknown-linux-gnu",
)

NUMBERS = (0.0, -0.0, 1.5, -1.5, 5e-324, -5e-324, 1.7976931348623157e308, math.inf, -math.inf, math.nan)
QUIET = 1 << 51


@kernel
def lesser(a: u64, b: u64) -> u64:
    return bitcast(u64, fmin(bitcast(f64, a), bitcast(f64, b)))


@kernel
def greater(a: u64, b: u64) -> u64:
    return bitcast(u64, fmax(bitcast(f64, a), bitcast(f64, b)))


PROGRAM = Program("extremes", (lesser, greater))


@cache
def device(triple: str) -> Device:
    return Device(build_for_device(f"extremes {__file__}", lambda: PROGRAM, Target.parse(triple)))


def bits(number: float) -> int:
    return int.from_bytes(struct.pack("<d", number), "little")


def expected(a: float, b: float, function: Kernel[..., u64]) -> int:
    """By Python's numbers: the sign decides between zeros."""
    pairs = [(number, math.copysign(1.0, number)) for number in (a, b)]
    return bits((min if function is lesser else max)(pairs)[0])


@pytest.mark.parametrize("triple", EMULATED)
@pytest.mark.parametrize("function", [lesser, greater])
def test_numbers(triple: str, function: Kernel[..., u64]) -> None:
    execute = device(triple).function(symbol_of(function))
    for a, b in product(NUMBERS, NUMBERS):
        found = int(execute(bits(a), bits(b)))
        if math.isnan(a) or math.isnan(b):
            assert found & 0x7FF8_0000_0000_0000 == 0x7FF8_0000_0000_0000
        else:
            assert found == expected(a, b, function)


@pytest.mark.parametrize("triple", EMULATED)
def test_signalling_nans_become_quiet(triple: str) -> None:
    signalling = 0x7FF0_0000_0000_0001
    for function in (lesser, greater):
        execute = device(triple).function(symbol_of(function))
        for found in (execute(signalling, bits(1.0)), execute(bits(1.0), signalling)):
            assert int(found) & ~(1 << 63) == signalling | QUIET


@pytest.mark.parametrize("triple", COMPILED)
def test_machines_are_compiled_for(triple: str) -> None:
    assert emit_objects(PROGRAM, Target.parse(triple), debug=False)
