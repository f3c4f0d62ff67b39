"""Addresses in the instructions of AArch64, for whoever links; other machines have whole words for them.

The encodings are those of the Arm Architecture Reference Manual, C4 and C6.
"""

from __future__ import annotations


def with_branch(instruction: int, distance: int) -> int:
    """B or BL over so many bytes."""
    return instruction & ~0x03FF_FFFF | distance >> 2 & 0x03FF_FFFF


def with_page(instruction: int, place: int, target: int) -> int:
    """ADRP at `place`: the page of 4 KiB in which the target is."""
    pages = (target >> 12) - (place >> 12)
    return instruction & ~0x60FF_FFE0 | (pages & 3) << 29 | (pages >> 2 & 0x7_FFFF) << 5


def with_page_offset(instruction: int, target: int) -> int:
    """ADD, load or store: where in its page the target is."""
    return instruction & ~(0xFFF << 10) | (target & 0xFFF) >> _scale(instruction) << 10


def _scale(instruction: int) -> int:
    """The offset of a load or store counts in units of its size."""
    if instruction & 0x3B00_0000 != 0x3900_0000:
        return 0
    size = instruction >> 30
    return 4 if size == 0 and instruction & 0x0480_0000 == 0x0480_0000 else size  # 4: a whole vector register


ADRP_X16, LDR_X16, BR_X16 = 0x9000_0010, 0xF940_0210, 0xD61F_0200
"""A jump through a word: X16 is the register that linkers may use between functions (AAPCS64, 6.1.1)."""
