"""Reads relocatable object files in ELF, for x86-64 and AArch64.

Names and numbers are those of the System V ABI and of its supplements for the two architectures.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from fusee.kernel.objects import Fill, NotSupported, Relocation, Section, Symbol

_FILE = struct.Struct("<16sHHIQQQIHHHHHH")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_RELOCATION = struct.Struct("<QQq")

_SYMBOLS, _RELOCATIONS, _NOBITS = 2, 4, 8  # sh_type
_ALLOC = 2  # of sh_flags
_LOCAL = 0  # binding of a symbol


class _Machine(NamedTuple):
    name: str
    page_bytes: int
    fills: dict[int, Fill]


_X86_64 = {
    1: Fill.ADDRESS, 2: Fill.RELATIVE, 4: Fill.RELATIVE,  # R_X86_64_64 PC32 PLT32
    9: Fill.SLOT_RELATIVE, 41: Fill.SLOT_RELATIVE, 42: Fill.SLOT_RELATIVE,  # GOTPCREL GOTPCRELX REX_GOTPCRELX
}  # fmt: skip

_AARCH64 = {
    257: Fill.ADDRESS, 261: Fill.RELATIVE,  # R_AARCH64_ABS64 PREL32
    282: Fill.BRANCH, 283: Fill.BRANCH,  # JUMP26 CALL26
    275: Fill.PAGE, 277: Fill.PAGE_OFFSET,  # ADR_PREL_PG_HI21 ADD_ABS_LO12_NC
    278: Fill.PAGE_OFFSET, 284: Fill.PAGE_OFFSET, 285: Fill.PAGE_OFFSET,  # LDST8 LDST16 LDST32 _ABS_LO12_NC
    286: Fill.PAGE_OFFSET, 299: Fill.PAGE_OFFSET,  # LDST64 LDST128 _ABS_LO12_NC
    311: Fill.SLOT_PAGE, 312: Fill.SLOT_PAGE_OFFSET,  # ADR_GOT_PAGE LD64_GOT_LO12_NC
}  # fmt: skip

_MACHINES = {62: _Machine("x86_64", 0x1000, _X86_64), 183: _Machine("aarch64", 0x1_0000, _AARCH64)}  # e_machine


class ElfFile:
    """One object file."""

    def __init__(self, data: bytes) -> None:
        if data[:6] != b"\x7fELF\x02\x01":
            raise NotSupported("not a 64-bit little-endian ELF file")
        header = _FILE.unpack_from(data)
        machine = _MACHINES.get(header[2])
        if machine is None:
            raise NotSupported(f"ELF for machine {header[2]}")
        self.architecture, self.page_bytes, self._fills = machine
        start, count, names = header[6], header[12], header[13]
        raw = [_SECTION.unpack_from(data, start + number * _SECTION.size) for number in range(count)]
        name_table = data[raw[names][4] : raw[names][4] + raw[names][5]]
        self.sections = [_section(data, fields, name_table) for fields in raw]
        self._tables = [  # what they are about, and their contents
            (fields[7], section.contents)
            for fields, section in zip(raw, self.sections, strict=True)
            if fields[1] == _RELOCATIONS
        ]
        table = next((number for number, fields in enumerate(raw) if fields[1] == _SYMBOLS), None)
        self.symbols: list[Symbol] = []
        if table is not None:
            self.symbols = _symbols(self.sections[table].contents, self.sections[raw[table][6]].contents)

    def relocations(self) -> Iterator[tuple[int, list[Relocation]]]:
        """The relocations of each section that is loaded, by its number."""
        for section, contents in self._tables:
            if self.sections[section].is_loaded:
                items = _RELOCATION.iter_unpack(contents)
                yield section, [Relocation(o, self._fill(info & 0xFFFF_FFFF), info >> 32, a) for o, info, a in items]

    def _fill(self, kind: int) -> Fill:
        if kind not in self._fills:
            raise NotSupported(f"relocation {kind}")
        return self._fills[kind]


def _section(data: bytes, fields: tuple[int, ...], names: bytes) -> Section:
    name, kind, flags, _, offset, size, _, _, alignment, _ = fields
    contents = b"" if kind == _NOBITS else data[offset : offset + size]
    text = _text(names, name)
    if text == ".eh_frame":  # nothing unwinds
        flags &= ~_ALLOC
    return Section(text, flags, contents, size, max(alignment, 1))


def _symbols(table: bytes, names: bytes) -> list[Symbol]:
    return [
        Symbol(_text(names, name), info >> 4 == _LOCAL, section, value)
        for name, info, _, section, value, _ in _SYMBOL.iter_unpack(table)
    ]


def _text(names: bytes, start: int) -> str:
    return names[start : names.index(b"\0", start)].decode()
