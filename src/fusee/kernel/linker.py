"""Links a program's object files into one position-independent image (`image`)."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from typing import NamedTuple

from fusee.kernel.image import Image
from fusee.kernel.instructions import ADRP_X16, BR_X16, LDR_X16, with_branch, with_page, with_page_offset
from fusee.kernel.objects import (
    ABSOLUTE,
    EXECUTE,
    UNDEFINED,
    WRITE,
    Fill,
    NotSupported,
    Reader,
    Relocation,
    Section,
    read_object,
)

_HANDLER_SECTIONS = ".text."  # a section for each handler
_HANDLER_ALIGNMENT = 16
_LINE = 64  # bytes of a cache line
_OPEN_LINES = 200  # so many are searched for room, lest linking take a time that grows with the square


class _Architecture(NamedTuple):
    """`stub` is a jump through a word, given its own place and the word's."""

    trap: bytes  # between functions; as long as the shortest instruction
    stub_bytes: int
    stub: Callable[[int, int], bytes]


def _x86_64_stub(place: int, word: int) -> bytes:
    return b"\xff\x25" + struct.pack("<i", word - (place + 6))  # jmp [rip + …]


def _aarch64_stub(place: int, word: int) -> bytes:
    return struct.pack("<3I", with_page(ADRP_X16, place, word), with_page_offset(LDR_X16, word), BR_X16)


_ARCHITECTURES = {
    "x86_64": _Architecture(b"\xcc", 8, _x86_64_stub),  # int3
    "aarch64": _Architecture(b"\0\0\0\0", 16, _aarch64_stub),  # udf
}


class _Segment:
    def __init__(self) -> None:
        self.contents = bytearray()

    def place(self, data: bytes, size: int, alignment: int) -> int:
        self.contents += bytes(-len(self.contents) % alignment)
        start = len(self.contents)
        self.contents += data + bytes(size - len(data))
        return start


class _Lines:
    """Places handlers so that none lies across two cache lines if it fits into one.

    A processor fetches one line at a time, and a handler is so short that a second line doubles its time: the same
    loop took twice as long, or not, wherever its handlers happened to be. What a line has left is filled later.
    """

    def __init__(self, segment: _Segment, trap: bytes) -> None:
        self.segment = segment
        self.trap = trap
        self.gaps: list[tuple[int, int]] = []  # where, and how many bytes

    def place(self, code: bytes) -> int:
        size = -(-len(code) // _HANDLER_ALIGNMENT) * _HANDLER_ALIGNMENT
        padded = code + self._traps(size - len(code))
        for number, (start, room) in enumerate(self.gaps):
            if size <= room:
                self.segment.contents[start : start + size] = padded
                del self.gaps[number]
                self._leave(start + size, room - size)
                return start
        start = self.segment.place(padded, size, _LINE)
        self._leave(start + size, -size % _LINE)
        self.segment.contents += self._traps(-size % _LINE)
        return start

    def _traps(self, size: int) -> bytes:
        return self.trap * (size // len(self.trap))

    def _leave(self, start: int, room: int) -> None:
        if room:
            self.gaps.append((start, room))
            del self.gaps[:-_OPEN_LINES]


def link(objects: Iterable[bytes], first: Iterable[str] = ()) -> Image:
    """Link object files; `NotSupported` if they are not of the kind read here.

    `first` are the symbols of handlers that lie together, in this order. Decoded code is kept
    by the middle bits of its addresses: of handlers that lie anywhere, some that a loop needs push each other out.
    """
    return _Linker([read_object(data) for data in objects], first).link()


class _Linker:
    def __init__(self, files: list[Reader], first: Iterable[str]) -> None:
        self.files = files
        self.first = {_HANDLER_SECTIONS + symbol: number for number, symbol in enumerate(first)}
        self.page_bytes = files[0].page_bytes
        self.architecture = _ARCHITECTURES[files[0].architecture]
        if len({file.architecture for file in files}) > 1:
            raise NotSupported("object files for several machines")
        self.code, self.data = _Segment(), _Segment()
        self.places: dict[tuple[int, int], tuple[_Segment, int]] = {}  # (file, section) -> where
        self.symbols: dict[str, int] = {}
        self.slots: dict[str, int] = {}  # offset of the word that holds a symbol's address
        self.stubs: dict[str, int] = {}
        self.words: list[int] = []

    def link(self) -> Image:
        self._lay_out()
        self._add_indirections()
        for segment in (self.data, self.code):
            segment.contents += bytes(-len(segment.contents) % self.page_bytes)
        self.base = {id(self.data): 0, id(self.code): len(self.data.contents)}
        self.stubs = {name: self.base[id(self.code)] + place for name, place in self.stubs.items()}
        self._define_symbols()
        image = self.data.contents + self.code.contents
        for number, file in enumerate(self.files):
            for section, relocations in file.relocations():
                start = self._address(number, section)
                for relocation in relocations:
                    self._apply(image, number, start, relocation)
        imports = self._fill_indirections(image)
        return Image(bytes(image), len(self.code.contents), _runs(self.words), imports, self.symbols)

    def _lay_out(self) -> None:
        handlers = _Lines(self.code, self.architecture.trap)
        for number, index, section in self._in_order():
            if section.flags & WRITE and section.flags & EXECUTE:
                raise NotSupported("a section that is written and executed")
            segment = self.data if section.flags & WRITE else self.code
            if section.name.startswith(_HANDLER_SECTIONS):
                place = handlers.place(section.contents)
            else:
                place = segment.place(section.contents, section.size, section.alignment)
            self.places[number, index] = segment, place

    def _in_order(self) -> list[tuple[int, int, Section]]:
        """The sections that are loaded, with their files' numbers and their own; what is not `first` as it comes."""
        sections = [
            (number, index, section)
            for number, file in enumerate(self.files)
            for index, section in enumerate(file.sections)
            if section.is_loaded
        ]
        return sorted(sections, key=lambda found: self.first.get(found[2].name, len(self.first)))

    def _add_indirections(self) -> None:
        """A word for every symbol whose address is loaded, and a jump through it for what is not ours."""
        defined = {s.name for file in self.files for s in file.symbols if s.section != UNDEFINED and not s.is_local}
        for file in self.files:
            for _, relocations in file.relocations():
                for relocation in relocations:
                    name = file.symbols[relocation.symbol].name
                    foreign = file.symbols[relocation.symbol].section == UNDEFINED and name not in defined
                    if (relocation.fill.needs_slot or foreign) and name not in self.slots:
                        self.slots[name] = self.data.place(b"", 8, 8)
                    if foreign and name not in self.stubs:
                        size = self.architecture.stub_bytes
                        self.stubs[name] = self.code.place(b"", size, size)

    def _address(self, file: int, section: int) -> int:
        segment, place = self.places[file, section]
        return self.base[id(segment)] + place

    def _define_symbols(self) -> None:
        for number, file in enumerate(self.files):
            for symbol in file.symbols:
                if not symbol.is_local and (number, symbol.section) in self.places:
                    self.symbols[symbol.name] = self._address(number, symbol.section) + symbol.value

    def _target(self, file: int, relocation: Relocation) -> int:
        """Where a relocation's symbol is; of a function of the C library, its stub."""
        symbol = self.files[file].symbols[relocation.symbol]
        if symbol.section == ABSOLUTE:
            raise NotSupported("an absolute symbol")
        if symbol.section != UNDEFINED:
            return self._address(file, symbol.section) + symbol.value
        return self.symbols[symbol.name] if symbol.name in self.symbols else self.stubs[symbol.name]

    def _apply(self, image: bytearray, file: int, start: int, relocation: Relocation) -> None:
        place = start + relocation.offset
        fill = relocation.fill
        if fill.needs_slot:
            target = self.base[id(self.data)] + self.slots[self.files[file].symbols[relocation.symbol].name]
        else:
            target = self._target(file, relocation)
        target += relocation.addend
        if fill is Fill.ADDRESS:
            struct.pack_into("<q", image, place, target)
            self.words.append(place)
        elif fill in (Fill.RELATIVE, Fill.SLOT_RELATIVE):
            struct.pack_into("<i", image, place, target - place)
        else:
            (instruction,) = struct.unpack_from("<I", image, place)
            struct.pack_into("<I", image, place, _with_target(instruction, fill, place, target))

    def _fill_indirections(self, image: bytearray) -> dict[str, int]:
        """Fill words and stubs; the words that need an address of the C library."""
        imports: dict[str, int] = {}
        for name, slot in self.slots.items():
            place = self.base[id(self.data)] + slot
            if name in self.symbols:
                struct.pack_into("<Q", image, place, self.symbols[name])
                self.words.append(place)
            else:
                imports[name] = place
        for name, stub in self.stubs.items():
            code = self.architecture.stub(stub, imports[name])
            image[stub : stub + len(code)] = code
        return imports


def _with_target(instruction: int, fill: Fill, place: int, target: int) -> int:
    """An instruction of AArch64 with its target; images are far smaller than what one reaches."""
    if fill is Fill.BRANCH:
        return with_branch(instruction, target - place)
    if fill in (Fill.PAGE, Fill.SLOT_PAGE):
        return with_page(instruction, place, target)
    return with_page_offset(instruction, target)


def _runs(words: list[int]) -> list[tuple[int, int]]:
    """Consecutive words together."""
    runs: list[tuple[int, int]] = []
    for word in sorted(words):
        if runs and runs[-1][0] + 8 * runs[-1][1] == word:
            runs[-1] = runs[-1][0], runs[-1][1] + 1
        else:
            runs.append((word, 1))
    return runs
