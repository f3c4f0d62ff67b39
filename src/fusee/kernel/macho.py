"""Reads relocatable object files in Mach-O, for arm64.

Names and numbers are those of <mach-o/loader.h>, <mach-o/nlist.h>, <mach-o/reloc.h> and <mach-o/arm64/reloc.h>.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from fusee.kernel import objects
from fusee.kernel.objects import Fill, NotSupported, Relocation, Section, Symbol

_HEADER = struct.Struct("<8I")
_COMMAND = struct.Struct("<II")
_SEGMENT = struct.Struct("<II16sQQQQiiII")
_SECTION = struct.Struct("<16s16sQQIIIIIIII")
_SYMTAB = struct.Struct("<6I")
_NLIST = struct.Struct("<IBBHQ")
_RELOCATION = struct.Struct("<iI")

_ARM64 = 0x0100_000C  # CPU_TYPE_ARM64
_LC_SEGMENT_64, _LC_SYMTAB = 0x19, 2
_ZERO_FILL = 1  # of a section's type
_INSTRUCTIONS = 0x8000_0000  # S_ATTR_PURE_INSTRUCTIONS
_N_EXT, _N_TYPE, _N_ABS = 1, 0x0E, 2
_NOT_LOADED = ("__eh_frame", "__compact_unwind")  # nothing unwinds

_UNSIGNED, _ADDEND = 0, 10  # ARM64_RELOC_…
_FILLS = {
    _UNSIGNED: Fill.ADDRESS,
    2: Fill.BRANCH,  # BRANCH26
    3: Fill.PAGE,  # PAGE21
    4: Fill.PAGE_OFFSET,  # PAGEOFF12
    5: Fill.SLOT_PAGE,  # GOT_LOAD_PAGE21
    6: Fill.SLOT_PAGE_OFFSET,  # GOT_LOAD_PAGEOFF12
}


class MachoFile:
    """One object file. Its sections count from 1; number 0 is none, as UNDEFINED says of a symbol."""

    architecture = "aarch64"
    page_bytes = 0x4000

    def __init__(self, data: bytes) -> None:
        header = _HEADER.unpack_from(data)
        if header[1] != _ARM64:
            raise NotSupported(f"Mach-O for processor {header[1]:#x}")
        self.sections = [Section("", 0, b"", 0, 1)]
        self.symbols: list[Symbol] = []
        self._starts = [0]  # where the file itself believes its sections to be
        self._tables: list[bytes] = [b""]
        at = _HEADER.size
        symbols: tuple[int, ...] | None = None
        for _ in range(header[4]):
            command, size = _COMMAND.unpack_from(data, at)
            if command == _LC_SEGMENT_64:
                self._read_segment(data, at)
            elif command == _LC_SYMTAB:
                symbols = _SYMTAB.unpack_from(data, at)
            at += size
        if symbols is not None:
            self._read_symbols(data, symbols)

    def _read_segment(self, data: bytes, at: int) -> None:
        count = _SEGMENT.unpack_from(data, at)[9]
        for number in range(count):
            fields = _SECTION.unpack_from(data, at + _SEGMENT.size + number * _SECTION.size)
            name, segment = (field.rstrip(b"\0").decode() for field in fields[:2])
            start, size, offset, alignment, table, relocations, flags = fields[2:9]
            is_loaded = segment != "__DWARF" and name not in _NOT_LOADED
            contents = b"" if flags & 0xFF == _ZERO_FILL else data[offset : offset + size]
            kind = objects.ALLOC * is_loaded | objects.WRITE * (segment == "__DATA")
            kind |= objects.EXECUTE * bool(flags & _INSTRUCTIONS)
            self.sections.append(Section(f"{segment},{name}", kind, contents, size, 1 << alignment))
            self._starts.append(start)
            self._tables.append(data[table : table + relocations * _RELOCATION.size])

    def _read_symbols(self, data: bytes, command: tuple[int, ...]) -> None:
        _, _, table, count, names, names_size = command
        texts = data[names : names + names_size]
        for number in range(count):
            name, kind, section, _, value = _NLIST.unpack_from(data, table + number * _NLIST.size)
            text = texts[name : texts.index(b"\0", name)].decode().removeprefix("_")
            if kind & _N_TYPE == _N_ABS:
                section = objects.ABSOLUTE
            elif section != objects.UNDEFINED:
                value -= self._starts[section]
            self.symbols.append(Symbol(text, not kind & _N_EXT, section, value))

    def relocations(self) -> Iterator[tuple[int, list[Relocation]]]:
        """The relocations of each section that is loaded, by its number."""
        for number, section in enumerate(self.sections):
            if section.is_loaded and self._tables[number]:
                yield number, list(_relocations(self._tables[number], section.contents))


def _relocations(table: bytes, contents: bytes) -> Iterator[Relocation]:
    """An addend is in the place itself, or, of an instruction, in an entry of its own before it."""
    addend = 0
    for offset, info in _RELOCATION.iter_unpack(table):
        number, kind = info & 0xFF_FFFF, info >> 28
        if kind == _ADDEND:
            addend = (number ^ 0x80_0000) - 0x80_0000
            continue
        is_symbol, size = info >> 27 & 1, 1 << (info >> 25 & 3)
        if kind not in _FILLS or not is_symbol or (kind == _UNSIGNED and size != 8):
            raise NotSupported(f"relocation {kind} of {size} bytes")
        if kind == _UNSIGNED:
            (addend,) = struct.unpack_from("<q", contents, offset)
        yield Relocation(offset, _FILLS[kind], number, addend)
        addend = 0
