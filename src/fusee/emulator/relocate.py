"""Filling in relocations: the kinds that LLVM uses for kernels, by object format and architecture.

Names and numbers are those of <mach-o/arm64/reloc.h> and of the ELF supplements of each architecture.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from fusee.kernel.instructions import with_branch, with_page, with_page_offset


@dataclass
class Fixup:
    """One place to fill in: at `offset` in `contents`, at `address` for the device."""

    contents: bytearray
    offset: int
    address: int
    target: int  # the symbol's address
    addend: int | None  # None: in the place itself
    size: int
    slot: Callable[[], int]  # address of the word that holds the symbol's address
    table: int  # what the offsets of such words count from
    uppers: dict[int, int]  # by address: the whole offsets of which an instruction there has the upper part

    def word(self, size: int = 4) -> int:
        """What the place holds."""
        return int.from_bytes(self.contents[self.offset : self.offset + size], "little")

    def put(self, value: int, size: int = 4) -> None:
        """Replace what the place holds."""
        mask = (1 << 8 * size) - 1
        self.contents[self.offset : self.offset + size] = (value & mask).to_bytes(size, "little")

    def change(self, mask: int, value: int) -> None:
        """Replace the masked bits of an instruction."""
        self.put(self.word() & ~mask | value & mask)


Apply = Callable[[Fixup], None]


def _absolute(size: int) -> Apply:
    def apply(f: Fixup) -> None:
        f.put(f.target + (f.word(size) if f.addend is None else f.addend), size)

    return apply


def _relative(size: int) -> Apply:
    def apply(f: Fixup) -> None:
        f.put(f.target + (f.word(size) if f.addend is None else f.addend) - f.address, size)

    return apply


def _pointer(f: Fixup) -> None:
    _absolute(f.size)(f)


# AArch64


def _branch26(f: Fixup) -> None:
    f.put(with_branch(f.word(), f.target + (f.addend or 0) - f.address))


def _branch19(f: Fixup) -> None:
    f.change(0x7FFFF << 5, (f.target + (f.addend or 0) - f.address) >> 2 << 5)


def _page_of(f: Fixup, target: int) -> None:
    f.put(with_page(f.word(), f.address, target))


def _offset_of(f: Fixup, target: int) -> None:
    f.put(with_page_offset(f.word(), target))


def _page(f: Fixup) -> None:
    _page_of(f, f.target + (f.addend or 0))


def _page_offset(f: Fixup) -> None:
    _offset_of(f, f.target + (f.addend or 0))


def _slot_page(f: Fixup) -> None:
    _page_of(f, f.slot())


def _slot_page_offset(f: Fixup) -> None:
    _offset_of(f, f.slot())


def _slot_relative(f: Fixup) -> None:
    f.put(f.slot() - f.address)


# i386


def _from_table(f: Fixup) -> None:
    f.put(f.target + f.word() - f.table)


def _table_relative(f: Fixup) -> None:
    f.put(f.table + f.word() - f.address)


def _slot_from_table(f: Fixup) -> None:
    f.put(f.slot() + f.word() - f.table)


# ARM


def _arm_branch(f: Fixup) -> None:
    in_place = ((f.word() & 0xFF_FFFF ^ 0x80_0000) - 0x80_0000) << 2
    f.change(0xFF_FFFF, (f.target + in_place - f.address) >> 2)


def _arm_move(is_upper: bool, is_relative: bool) -> Apply:
    def apply(f: Fixup) -> None:
        word = f.word()
        in_place = ((word >> 4 & 0xF000 | word & 0xFFF) ^ 0x8000) - 0x8000
        value = f.target + in_place - (f.address if is_relative else 0)
        half = value >> 16 if is_upper else value
        f.change(0xF_0FFF, (half & 0xF000) << 4 | half & 0xFFF)

    return apply


# RISC-V: an instruction has the upper 20 bits of an address, another one the lower 12, which count as signed.


def _upper20(f: Fixup, value: int) -> None:
    f.change(0xFFFF_F000, value + 0x800)


def _lower12_load(f: Fixup, value: int) -> None:
    f.change(0xFFF0_0000, value << 20)


def _lower12_store(f: Fixup, value: int) -> None:
    f.change(0xFE00_0F80, (value & 0xFE0) << 20 | (value & 0x1F) << 7)


def _upper_relative(f: Fixup) -> None:
    f.uppers[f.address] = f.target + (f.addend or 0) - f.address
    _upper20(f, f.uppers[f.address])


def _upper_slot(f: Fixup) -> None:
    f.uppers[f.address] = f.slot() - f.address
    _upper20(f, f.uppers[f.address])


def _call(f: Fixup) -> None:
    value = f.target + (f.addend or 0) - f.address
    _upper20(f, value)
    f.offset += 4
    _lower12_load(f, value)


def _riscv_branch(f: Fixup) -> None:
    value = f.target + (f.addend or 0) - f.address
    f.change(0xFE00_0F80, (value >> 12 & 1) << 31 | (value >> 5 & 0x3F) << 25 | (value & 0x1E) << 7 | value >> 4 & 0x80)


def _riscv_jump(f: Fixup) -> None:
    value = f.target + (f.addend or 0) - f.address
    upper = (value >> 20 & 1) << 31 | (value >> 1 & 0x3FF) << 21
    f.change(0xFFFF_F000, upper | (value >> 11 & 1) << 20 | value & 0xF_F000)


def _difference(sign: int, size: int) -> Apply:
    """Half of the difference of two symbols: another relocation of the same place has the other."""

    def apply(f: Fixup) -> None:
        f.put(f.word(size) + sign * (f.target + (f.addend or 0)), size)

    return apply


def _thumb_move(is_upper: bool, is_relative: bool) -> Apply:
    def apply(f: Fixup) -> None:
        word = f.word()
        in_place = (word & 0xF) << 12 | (word >> 10 & 1) << 11 | (word >> 28 & 7) << 8 | word >> 16 & 0xFF
        value = f.target + ((in_place ^ 0x8000) - 0x8000) - (f.address if is_relative else 0)
        half = value >> 16 if is_upper else value
        f.change(0x70FF_040F, half >> 12 & 0xF | (half >> 11 & 1) << 10 | (half >> 8 & 7) << 28 | (half & 0xFF) << 16)

    return apply


def _thumb_branch(f: Fixup) -> None:
    """BL and B.W (Arm Architecture Reference Manual, A7.7.12): 24 bits, two of them by the sign."""
    word = f.word()  # two half words
    sign = word >> 10 & 1
    upper = [bit ^ 1 ^ sign for bit in (word >> 29 & 1, word >> 27 & 1)]
    in_place = -sign << 24 | upper[0] << 23 | upper[1] << 22 | (word & 0x3FF) << 12 | (word >> 16 & 0x7FF) << 1
    value = f.target + in_place - f.address
    if not -1 << 24 <= value < 1 << 24:
        raise ValueError(f"a branch at {f.address:#x} does not reach {f.target:#x}")
    sign = value >> 24 & 1
    first, second = (value >> 23 & 1 ^ 1 ^ sign) << 29, (value >> 22 & 1 ^ 1 ^ sign) << 27
    f.change(0x2FFF_07FF, (value >> 1 & 0x7FF) << 16 | first | second | sign << 10 | value >> 12 & 0x3FF)


_MACHO_ARM64: Final[dict[int, Apply]] = {
    0: _pointer,  # UNSIGNED
    2: _branch26,  # BRANCH26
    3: _page,  # PAGE21
    4: _page_offset,  # PAGEOFF12
    5: _slot_page,  # GOT_LOAD_PAGE21
    6: _slot_page_offset,  # GOT_LOAD_PAGEOFF12
    7: _slot_relative,  # POINTER_TO_GOT
}

_ELF_AARCH64: Final[dict[int, Apply]] = {
    257: _absolute(8), 258: _absolute(4), 260: _relative(8), 261: _relative(4),  # ABS64 ABS32 PREL64 PREL32
    275: _page, 311: _slot_page, 312: _slot_page_offset,  # ADR_PREL_PG_HI21 ADR_GOT_PAGE LD64_GOT_LO12_NC
    277: _page_offset, 278: _page_offset, 284: _page_offset,  # ADD_ABS_LO12_NC LDST8 LDST16
    285: _page_offset, 286: _page_offset, 299: _page_offset,  # LDST32 LDST64 LDST128
    280: _branch19, 282: _branch26, 283: _branch26,  # CONDBR19 JUMP26 CALL26
}  # fmt: skip

_ELF_I386: Final[dict[int, Apply]] = {
    1: _absolute(4), 2: _relative(4), 4: _relative(4),  # 32 PC32 PLT32
    3: _slot_from_table, 43: _slot_from_table,  # GOT32 GOT32X
    9: _from_table, 10: _table_relative,  # GOTOFF GOTPC
}  # fmt: skip

_ELF_ARM: Final[dict[int, Apply]] = {
    2: _absolute(4), 3: _relative(4),  # ABS32 REL32
    28: _arm_branch, 29: _arm_branch,  # CALL JUMP24
    10: _thumb_branch, 30: _thumb_branch,  # THM_CALL THM_JUMP24
    47: _thumb_move(False, False), 48: _thumb_move(True, False),  # THM_MOVW_ABS_NC THM_MOVT_ABS
    49: _thumb_move(False, True), 50: _thumb_move(True, True),  # THM_MOVW_PREL_NC THM_MOVT_PREL
    43: _arm_move(False, False), 44: _arm_move(True, False),  # MOVW_ABS_NC MOVT_ABS
    45: _arm_move(False, True), 46: _arm_move(True, True),  # MOVW_PREL_NC MOVT_PREL
    96: lambda f: f.put(f.slot() + f.word() - f.address),  # GOT_PREL
}  # fmt: skip

_ELF_RISCV: Final[dict[int, Apply]] = {
    1: _absolute(4), 2: _absolute(8), 57: _relative(4),  # 32 64 32_PCREL
    16: _riscv_branch, 17: _riscv_jump, 18: _call, 19: _call,  # BRANCH JAL CALL CALL_PLT
    20: _upper_slot, 23: _upper_relative,  # GOT_HI20 PCREL_HI20
    26: lambda f: _upper20(f, f.target + (f.addend or 0)),  # HI20
    27: lambda f: _lower12_load(f, f.target + (f.addend or 0)),  # LO12_I
    28: lambda f: _lower12_store(f, f.target + (f.addend or 0)),  # LO12_S
    24: lambda f: _lower12_load(f, f.uppers[f.target]),  # PCREL_LO12_I
    25: lambda f: _lower12_store(f, f.uppers[f.target]),  # PCREL_LO12_S
    33: _difference(1, 1), 34: _difference(1, 2), 35: _difference(1, 4), 36: _difference(1, 8),  # ADD8 … ADD64
    37: _difference(-1, 1), 38: _difference(-1, 2), 39: _difference(-1, 4), 40: _difference(-1, 8),  # SUB8 … SUB64
}  # fmt: skip

_SECOND_HALVES: Final = {("elf", "riscv32"): (24, 25)}
"""Relocations that need what others have filled in."""

_TABLES: Final[dict[tuple[str, str], dict[int, Apply]]] = {
    ("macho", "aarch64"): _MACHO_ARM64,
    ("elf", "aarch64"): _ELF_AARCH64,
    ("elf", "i686"): _ELF_I386,
    ("elf", "arm"): _ELF_ARM,
    ("elf", "riscv32"): _ELF_RISCV,
}


def relocations_of(object_format: str, architecture: str) -> dict[int, Apply]:
    """How to fill in each kind of relocation."""
    try:
        return _TABLES[object_format, architecture]
    except KeyError:
        raise ValueError(f"{object_format} objects for {architecture} cannot be linked here") from None


def second_halves_of(object_format: str, architecture: str) -> tuple[int, ...]:
    """The kinds of relocation that come after all others."""
    return _SECOND_HALVES.get((object_format, architecture), ())
