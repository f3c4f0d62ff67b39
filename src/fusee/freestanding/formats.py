"""Binary floating point taken apart and put together (IEEE 754-2019, 3.4).

A finite number other than zero is a sign, an exponent and a significand of 63 bits, of which the first is 1:
value = significand x 2^(exponent - 62). What is below the significand's last bit is in that bit (it is "sticky"),
which is all that rounding needs to know.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fusee.kernel.lang import Static, clz, i32, kernel, u32, u64

TOP: Final = 62  # the place of a significand's first bit


@dataclass(frozen=True)
class Format:
    """An interchange format; its numbers are the low bits of a `u64`."""

    name: str
    fraction_bits: int
    exponent_bits: int

    @property
    def sign(self) -> int:
        return 1 << (self.fraction_bits + self.exponent_bits)

    @property
    def infinity(self) -> int:
        return self.largest_exponent << self.fraction_bits

    @property
    def largest_exponent(self) -> int:
        return (1 << self.exponent_bits) - 1

    @property
    def bias(self) -> int:
        return self.largest_exponent >> 1

    @property
    def fraction(self) -> int:
        return (1 << self.fraction_bits) - 1

    @property
    def quiet(self) -> u64:
        """The bit that a NaN has which no operation traps on."""
        return u64(1 << (self.fraction_bits - 1))

    @property
    def nan(self) -> u64:
        """WebAssembly's canonical NaN."""
        return self.infinity | self.quiet

    @property
    def guard_bits(self) -> int:
        """How many bits of a significand do not fit."""
        return TOP - self.fraction_bits


SINGLE: Final = Format("single", 23, 8)
DOUBLE: Final = Format("double", 52, 11)


@kernel(inline=True)
def shift_out(value: u64, places: u32) -> u64:
    """Shift right and remember in the last bit whether anything was lost."""
    if places == 0:
        return value
    if places > 63:
        return u64(1) if value != 0 else u64(0)
    lost = value << u64(64 - places)
    return value >> u64(places) | (u64(1) if lost != 0 else u64(0))


@kernel
def unpack(bits: u64, f: Static[Format]) -> tuple[i32, u64]:
    """Exponent and significand of a finite number other than zero."""
    fraction = bits & f.fraction
    biased = i32(u32(bits >> f.fraction_bits)) & f.largest_exponent
    if biased == 0:
        places = clz(fraction) - 1
        return i32(TOP + 1 - f.bias - f.fraction_bits) - i32(u32(places)), fraction << places
    return biased - f.bias, (fraction | (f.fraction + 1)) << f.guard_bits


@kernel
def pack(sign: u64, exponent: i32, significand: u64, f: Static[Format]) -> u64:
    """The nearest number, of two the even one. `sign` is already in its place."""
    biased = exponent + f.bias
    if biased >= f.largest_exponent:
        return sign | f.infinity
    s, base = significand, u64(0)
    if biased <= 0:
        s = shift_out(s, u32(1 - biased))
    else:
        base = u64(u32(biased - 1)) << f.fraction_bits  # the significand's first bit adds the missing one
    rest = s & ((1 << f.guard_bits) - 1)
    s = s >> f.guard_bits
    half = 1 << (f.guard_bits - 1)
    if rest > half or (rest == half and s & 1 != 0):
        s += 1  # may carry into the exponent, and so up to infinity
    return sign | (base + s)


@kernel(inline=True)
def is_nan(bits: u64, f: Static[Format]) -> bool:
    return bits & (f.sign - 1) > f.infinity


@kernel(inline=True)
def is_ordinary(bits: u64, f: Static[Format]) -> bool:
    """Whether this is a finite number other than zero."""
    return (bits & (f.sign - 1)) - 1 < f.infinity - 1
