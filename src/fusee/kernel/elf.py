"""Reads what LLVM writes on x86-64 ELF systems: relocatable object files."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

_MACHINE_X86_64 = 62
_FILE = struct.Struct("<16sHHIQQQIHHHHHH")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_RELOCATION = struct.Struct("<QQq")

SECTION_SYMBOLS, SECTION_RELOCATIONS, SECTION_NOBITS = 2, 4, 8  # sh_type
WRITE, ALLOC, EXECUTE = 1, 2, 4  # sh_flags
LOCAL = 0  # binding of a symbol


class NotSupported(Exception):
    """Something in an object file that is not expected of LLVM's output for kernels."""


class Section(NamedTuple):
    name: str
    kind: int
    flags: int
    contents: bytes
    size: int
    link: int
    info: int
    alignment: int


class Symbol(NamedTuple):
    name: str
    is_local: bool
    section: int  # 0: undefined
    value: int


class Relocation(NamedTuple):
    offset: int
    kind: int
    symbol: int
    addend: int


class ObjectFile:
    """Sections, symbols and relocations of one object file."""

    def __init__(self, data: bytes) -> None:
        if data[:6] != b"\x7fELF\x02\x01":
            raise NotSupported("not a 64-bit little-endian ELF file")
        header = _FILE.unpack_from(data)
        if header[2] != _MACHINE_X86_64:
            raise NotSupported("not for x86-64")
        start, count, names = header[6], header[12], header[13]
        raw = [_SECTION.unpack_from(data, start + number * _SECTION.size) for number in range(count)]
        name_table = data[raw[names][4] : raw[names][4] + raw[names][5]]
        self.sections = [_section(data, fields, name_table) for fields in raw]
        table = next((s for s in self.sections if s.kind == SECTION_SYMBOLS), None)
        self.symbols = [] if table is None else _symbols(table, self.sections[table.link].contents)

    def relocations(self) -> Iterator[tuple[int, list[Relocation]]]:
        """The relocations of each section that is part of the program, by its number."""
        for section in self.sections:
            if section.kind == SECTION_RELOCATIONS and self.is_loaded(section.info):
                items = _RELOCATION.iter_unpack(section.contents)
                yield section.info, [Relocation(o, info & 0xFFFF_FFFF, info >> 32, a) for o, info, a in items]

    def is_loaded(self, number: int) -> bool:
        """Whether a section is part of the program; nothing unwinds, so unwind tables are not."""
        section = self.sections[number]
        return bool(section.flags & ALLOC) and section.name != ".eh_frame"


def _section(data: bytes, fields: tuple[int, ...], names: bytes) -> Section:
    name, kind, flags, _, offset, size, link, info, alignment, _ = fields
    contents = b"" if kind == SECTION_NOBITS else data[offset : offset + size]
    return Section(_text(names, name), kind, flags, contents, size, link, info, max(alignment, 1))


def _symbols(table: Section, names: bytes) -> list[Symbol]:
    return [
        Symbol(_text(names, name), info >> 4 == LOCAL, section, value)
        for name, info, _, section, value, _ in _SYMBOL.iter_unpack(table.contents)
    ]


def _text(names: bytes, start: int) -> str:
    return names[start : names.index(b"\0", start)].decode()
