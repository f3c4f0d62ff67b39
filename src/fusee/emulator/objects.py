"""Object files as LLVM writes them, Mach-O and ELF, in one form."""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import lief


@dataclass
class Symbol:
    """`section` is the number of the section that it is in, None if another object defines it."""

    name: str
    section: int | None
    offset: int
    is_global: bool


@dataclass
class Relocation:
    """A place to be filled in.

    It refers to a symbol; or, in Mach-O, to a section: then the place holds an address as the object
    sees it. An addend of None is in the place too. `minus` is a symbol to be subtracted.
    """

    offset: int
    kind: int
    size: int
    symbol: Symbol | None
    section: int | None = None
    addend: int | None = None
    minus: Symbol | None = None


@dataclass
class Section:
    """`address` is where the object itself believes it to be."""

    name: str
    address: int
    size: int
    alignment: int
    contents: bytes
    is_loaded: bool
    is_code: bool
    relocations: list[Relocation] = field(default_factory=list)


@dataclass
class ObjectFile:
    """Sections by their number in the file, and symbols."""

    name: str
    sections: dict[int, Section]
    symbols: list[Symbol]


def read_object(name: str, data: bytes) -> ObjectFile:
    """Read an object file of either format."""
    parsed: Any = lief.parse(data)
    if isinstance(parsed, lief.MachO.Binary):
        return _read_macho(name, parsed, data)
    if isinstance(parsed, lief.ELF.Binary):
        return _read_elf(name, parsed)
    raise ValueError(f"{name}: neither Mach-O nor ELF")


def undefined_in(objects: Mapping[str, bytes]) -> set[str]:
    """The symbols that object files mention and none of them defines."""
    symbols = [symbol for name, data in objects.items() for symbol in read_object(name, data).symbols if symbol.name]
    return {s.name for s in symbols if s.section is None} - {s.name for s in symbols if s.section is not None}


# Mach-O (<mach-o/loader.h>, <mach-o/reloc.h>, <mach-o/arm64/reloc.h>)

_ZERO_FILL = 1
_INSTRUCTIONS = 0x8000_0000
_SUBTRACTOR, _ADDEND = 1, 10
_ENTRY = struct.Struct("<iI")


def _read_macho(name: str, parsed: Any, data: bytes) -> ObjectFile:
    sections = {}
    for number, found in enumerate(parsed.sections, 1):
        is_zero = int(found.type) == _ZERO_FILL
        contents = b"" if is_zero else data[found.offset : found.offset + found.size]
        is_loaded = found.segment_name != "__DWARF" and found.name not in ("__eh_frame", "__compact_unwind")
        is_code = bool(int(found.flags) & _INSTRUCTIONS)
        sections[number] = Section(
            found.name, found.virtual_address, found.size, 1 << found.alignment, contents, is_loaded, is_code
        )
    symbols = [_macho_symbol(item, sections) for item in parsed.symbols]
    for section, found in zip(sections.values(), parsed.sections, strict=True):
        entries = [
            _ENTRY.unpack_from(data, found.relocation_offset + place * _ENTRY.size)
            for place in range(found.numberof_relocations)
        ]
        section.relocations = list(_macho_relocations(entries, symbols))
    return ObjectFile(name, sections, symbols)


def _macho_symbol(found: Any, sections: dict[int, Section]) -> Symbol:
    number = found.numberof_sections  # LIEF's name for n_sect
    name = str(found.name).removeprefix("_")
    if number not in sections:
        return Symbol(name, None, 0, True)
    return Symbol(name, number, found.value - sections[number].address, bool(found.raw_type & 1))


def _macho_relocations(entries: list[tuple[int, int]], symbols: list[Symbol]) -> Iterator[Relocation]:
    """Raw entries, because LIEF does not tell an ADDEND's number; a pair becomes one relocation."""
    addend: int | None = None
    minus: Symbol | None = None
    for offset, info in entries:
        number, kind = info & 0xFF_FFFF, info >> 28
        if kind == _ADDEND:
            addend = (number ^ 0x80_0000) - 0x80_0000
            continue
        is_symbol = bool(info >> 27 & 1)
        if kind == _SUBTRACTOR:
            minus = symbols[number]
            continue
        symbol, section = (symbols[number], None) if is_symbol else (None, number)
        yield Relocation(offset, kind, 1 << (info >> 25 & 3), symbol, section, addend, minus)
        addend = minus = None


# ELF

_ALLOC, _EXECUTABLE = 2, 4


def _read_elf(name: str, parsed: Any) -> ObjectFile:
    sections = {}
    for number, found in enumerate(parsed.sections):
        is_zero = found.type == lief.ELF.Section.TYPE.NOBITS
        is_loaded = bool(int(found.flags) & _ALLOC) and not found.name.startswith((".eh_frame", ".ARM.ex"))
        contents = b"" if is_zero else bytes(found.content)
        is_code = bool(int(found.flags) & _EXECUTABLE)
        sections[number] = Section(found.name, 0, found.size, max(found.alignment, 1), contents, is_loaded, is_code)
    symbols = [_elf_symbol(item, sections) for item in parsed.symtab_symbols]
    numbers = {id(item): number for number, item in enumerate(symbols)}
    assert len(numbers) == len(symbols)
    places = {found.name: number for number, found in sections.items()}
    for found in parsed.object_relocations:
        section = sections[places[found.section.name]]
        symbol = symbols[found.info] if found.has_symbol else None
        addend = found.addend if found.is_rela else None
        section.relocations.append(Relocation(found.address, int(found.type) & 0xFFFF, 4, symbol, addend=addend))
    return ObjectFile(name, sections, symbols)


def _elf_symbol(found: Any, sections: dict[int, Section]) -> Symbol:
    number = found.shndx
    is_global = found.binding != lief.ELF.Symbol.BINDING.LOCAL
    if number == 0 or number not in sections:
        return Symbol(found.name, None, 0, is_global)
    return Symbol(found.name, number, found.value, is_global)
