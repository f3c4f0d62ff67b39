"""What a linker reads in an object file: sections and symbols, of Mach-O and ELF files of little-endian machines."""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What a section holds."""

    CODE = "code"
    CONSTANTS = "constants"  # also those that hold addresses, which a loader may have to fill in
    DATA = "data"
    OTHER = "other"  # what no loader puts into memory: debug tables, notes


@dataclass(frozen=True)
class Section:
    """A part of an object file."""

    name: str
    kind: Kind
    size: int
    address: int = 0  # within the file's addresses, where they are not those of each section


@dataclass(frozen=True)
class Symbol:
    """A name that other object files see, or that this one expects of them."""

    name: str
    defined: bool
    size: int = 0  # of a function's code in bytes, if that is known


@dataclass(frozen=True)
class Object:
    """An object file's contents."""

    sections: tuple[Section, ...]
    symbols: tuple[Symbol, ...]

    @property
    def defined(self) -> list[str]:
        """The names that others see."""
        return [symbol.name for symbol in self.symbols if symbol.defined]

    @property
    def undefined(self) -> set[str]:
        """The names that others must define."""
        return {symbol.name for symbol in self.symbols if not symbol.defined}

    @property
    def function_sizes(self) -> dict[str, int]:
        """Bytes of code of each function that others see, with what is between it and the next."""
        return {symbol.name: symbol.size for symbol in self.symbols if symbol.size}

    def size(self, *kinds: Kind) -> int:
        """Bytes of all sections of these kinds."""
        return sum(section.size for section in self.sections if section.kind in kinds)


def read_object(contents: bytes) -> Object:
    """Read an object file; `ValueError` if it is neither Mach-O nor ELF."""
    magic = contents[:4]
    if magic in (_MACHO_32, _MACHO_64):
        return _read_macho(contents, magic == _MACHO_64)
    if magic == b"\x7fELF":
        return _read_elf(contents, contents[4] == 2)
    raise ValueError("neither a Mach-O nor an ELF file")


# --- Mach-O: <mach-o/loader.h>, <mach-o/nlist.h> ---------------------------------------------------

_MACHO_32, _MACHO_64 = b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe"
_LC_SEGMENT, _LC_SYMTAB, _LC_SEGMENT_64 = 0x1, 0x2, 0x19
_N_STAB, _N_TYPE, _N_EXT = 0xE0, 0x0E, 0x01
_ATTR_DEBUG, _ATTR_INSTRUCTIONS = 0x0200_0000, 0x8000_0400


def macho_commands(contents: bytes) -> Iterator[tuple[int, int]]:
    """The load commands of a Mach-O file: number and place."""
    at = 32 if contents[:4] == _MACHO_64 else 28
    for _ in range(struct.unpack_from("<I", contents, 16)[0]):
        command, size = struct.unpack_from("<II", contents, at)
        yield command, at
        at += size


def _read_macho(contents: bytes, wide: bool) -> Object:
    sections: list[Section] = []
    symbols: list[Symbol] = []
    for command, at in macho_commands(contents):
        if command == (_LC_SEGMENT_64 if wide else _LC_SEGMENT):
            sections += _macho_sections(contents, at, wide)
        elif command == _LC_SYMTAB:
            start, count, strings, size = struct.unpack_from("<4I", contents, at + 8)
            names = contents[strings : strings + size]
            symbols += _macho_symbols(contents, start, count, names, wide, sections)
    return Object(tuple(sections), tuple(symbols))


def _macho_sections(contents: bytes, at: int, wide: bool) -> Iterator[Section]:
    header, size = (72, 80) if wide else (56, 68)
    (count,) = struct.unpack_from("<I", contents, at + header - 8)
    for place in range(at + header, at + header + count * size, size):
        section, segment = (_text(contents[place + k : place + k + 16], 0) for k in (0, 16))
        (length,) = struct.unpack_from("<Q" if wide else "<I", contents, place + (40 if wide else 36))
        (flags,) = struct.unpack_from("<I", contents, place + (64 if wide else 56))
        if flags & _ATTR_DEBUG or segment in ("__DWARF", "__LD"):
            kind = Kind.OTHER
        elif flags & _ATTR_INSTRUCTIONS:
            kind = Kind.CODE
        else:
            kind = Kind.CONSTANTS if segment == "__TEXT" or section == "__const" else Kind.DATA
        (address,) = struct.unpack_from("<Q" if wide else "<I", contents, place + 32)
        yield Section(f"{segment},{section}", kind, length, address)


def _macho_symbols(
    contents: bytes, start: int, count: int, names: bytes, wide: bool, sections: Sequence[Section]
) -> Iterator[Symbol]:
    """No size is written there: a function's code ends where the next symbol's begins, or with the section."""
    entry = struct.Struct("<IBBHQ" if wide else "<IBBHI")
    found = [item for item in entry.iter_unpack(contents[start : start + count * entry.size]) if not item[1] & _N_STAB]
    code = {n: section for n, section in enumerate(sections, 1) if section.kind is Kind.CODE}
    places = sorted({item[4] for item in found if item[2] in code} | {end.address + end.size for end in code.values()})
    for name, kind, section, _, address in found:
        if kind & _N_EXT:
            after = bisect_right(places, address)
            size = places[after] - address if section in code and after < len(places) else 0
            yield Symbol(_text(names, name), kind & _N_TYPE != 0, size)


# --- ELF: the System V ABI, chapter 4 --------------------------------------------------------------

_SHT_SYMTAB, _STT_FUNC = 2, 2
_SHF_WRITE, _SHF_ALLOC, _SHF_EXECINSTR = 1, 2, 4


def _read_elf(contents: bytes, wide: bool) -> Object:
    (start,) = struct.unpack_from("<Q" if wide else "<I", contents, 40 if wide else 32)
    size, count, names = struct.unpack_from("<3H", contents, 58 if wide else 46)
    header = struct.Struct("<IIQQQQIIQQ" if wide else "<10I")
    headers = [header.unpack_from(contents, start + number * size) for number in range(count)]
    sections: list[Section] = []
    symbols: list[Symbol] = []
    for name, type_, flags, _, _, length, link, *_ in headers:
        text = _text(contents, headers[names][4] + name)
        sections.append(Section(text, _elf_kind(text, flags), length))
        if type_ == _SHT_SYMTAB:
            table = next(h for h in headers if h[0] == name and h[1] == type_)
            symbols += _elf_symbols(contents[table[4] : table[4] + length], contents, headers[link][4], wide)
    return Object(tuple(sections), tuple(symbols))


def _elf_kind(name: str, flags: int) -> Kind:
    if not flags & _SHF_ALLOC or name.startswith((".eh_frame", ".ARM.exidx")):
        return Kind.OTHER
    if flags & _SHF_EXECINSTR:
        return Kind.CODE
    return Kind.DATA if flags & _SHF_WRITE and not name.startswith(".data.rel.ro") else Kind.CONSTANTS


def _elf_symbols(table: bytes, contents: bytes, names: int, wide: bool) -> Iterator[Symbol]:
    entry = struct.Struct("<IBBHQQ" if wide else "<IIIBBH")
    for fields in entry.iter_unpack(table):
        info, section, size = (fields[1], fields[3], fields[5]) if wide else (fields[3], fields[5], fields[2])
        if fields[0] and info >> 4 != 0:  # not local
            yield Symbol(_text(contents, names + fields[0]), section != 0, size if info & 15 == _STT_FUNC else 0)


def _text(data: bytes, start: int) -> str:
    end = data.find(b"\0", start)
    return data[start : end if end >= 0 else len(data)].decode()
