"""A machine without floating-point instructions and 64-bit registers, which has functions for all of it."""

import ctypes
import math
import random
import struct
from fractions import Fraction
from functools import cache
from typing import Any

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
