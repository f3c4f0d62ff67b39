"""One position-independent image of a whole program, so that a program in the cache starts by being mapped.

Linking ten thousand handlers takes LLVM's linker a tenth of a second, and importing LLVM half as
much. Both are spent once, when the program is built. Systems whose object files are not read here
link at each start.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import mmap
import struct
from array import array
from collections.abc import Iterable
from typing import NamedTuple

from fusee.kernel.elf import EXECUTE, WRITE, NotSupported, ObjectFile, Relocation

_PAGE_BYTES = 4096
_LARGE_PAGE_BYTES = 2 << 20
_R_64, _R_PC32, _R_PLT32, _R_GOT = 1, 2, 4, (9, 41, 42)
_STUB = b"\xff\x25"  # jmp [rip + …]
_STUB_BYTES = 8
_UNDEFINED = 0
_ABSOLUTE = 0xFFF1

_HANDLER_SECTIONS = ".text."  # a section for each handler
_HANDLER_ALIGNMENT = 16
_LINE = 64  # bytes of a cache line
_OPEN_LINES = 200  # so many are searched for room, lest linking take a time that grows with the square
_TRAP = b"\xcc"  # int3


class Image(NamedTuple):
    """What is mapped: data, then `executable` bytes of code and constants."""

    contents: bytes
    executable: int
    runs: list[tuple[int, int]]  # offset and count of 8-byte words to which the image's address is added
    imports: dict[str, int]  # offset of the word that holds the address of a function of the C library
    symbols: dict[str, int]  # offsets

    def to_bytes(self) -> bytes:
        head = {name: value for name, value in self._asdict().items() if name != "contents"}
        text = json.dumps(head).encode()
        return struct.pack("<Q", len(text)) + text + self.contents

    @staticmethod
    def from_bytes(data: bytes) -> Image:
        (length,) = struct.unpack_from("<Q", data)
        return Image(contents=data[8 + length :], **json.loads(data[8 : 8 + length]))


class MappedImage:
    """An image in this process."""

    def __init__(self, image: Image) -> None:
        self._symbols = image.symbols
        self._memory, at = _map(image)
        self._start = ctypes.addressof(ctypes.c_char.from_buffer(self._memory)) + at
        self._memory[at : at + len(image.contents)] = image.contents
        for offset, count in image.runs:
            place = slice(at + offset, at + offset + 8 * count)
            words = array("Q", self._memory[place])
            self._memory[place] = array("Q", [word + self._start for word in words]).tobytes()
        for name, offset in image.imports.items():
            self._memory[at + offset : at + offset + 8] = _library_function(name).to_bytes(8, "little")
        code = at + len(image.contents) - image.executable
        if _libc().mprotect(
            ctypes.c_void_p(self._start - at + code), ctypes.c_size_t(len(self._memory) - code), _READ | _EXECUTE
        ):
            raise OSError("the system does not let compiled code be executed")

    def address(self, symbol: str) -> int:
        """Where a symbol is; 0 if there is none of that name."""
        offset = self._symbols.get(symbol)
        return 0 if offset is None else self._start + offset


def _map(image: Image) -> tuple[mmap.mmap, int]:
    """Memory for an image, and where in it the image goes.

    Code of more than a megabyte begins at a large page and is alone in it: a processor has places for the addresses of
    a few hundred pages, and the handlers of a program lie in as many small ones.
    """
    if image.executable < _LARGE_PAGE_BYTES // 2 or not hasattr(mmap, "MADV_HUGEPAGE"):
        return mmap.mmap(-1, len(image.contents)), 0
    data = len(image.contents) - image.executable
    pages = -(-image.executable // _LARGE_PAGE_BYTES) * _LARGE_PAGE_BYTES
    memory = mmap.mmap(-1, data + _LARGE_PAGE_BYTES + pages, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    code = -(start + data) % _LARGE_PAGE_BYTES + data
    with contextlib.suppress(OSError):  # a kernel may have none
        memory.madvise(mmap.MADV_HUGEPAGE, code, pages)
    return memory, code - data


_READ, _EXECUTE = 1, 4  # <sys/mman.h>


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None)


def _library_function(name: str) -> int:
    for library in (None, "libm.so.6"):
        function = getattr(ctypes.CDLL(library), name, None)
        if function is not None:
            return ctypes.cast(function, ctypes.c_void_p).value or 0
    raise OSError(f"the C library has no {name}")


# --- linking -------------------------------------------------------------------------------------


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

    def __init__(self, segment: _Segment) -> None:
        self.segment = segment
        self.gaps: list[tuple[int, int]] = []  # where, and how many bytes

    def place(self, code: bytes) -> int:
        size = -(-len(code) // _HANDLER_ALIGNMENT) * _HANDLER_ALIGNMENT
        padded = code.ljust(size, _TRAP)
        for number, (start, room) in enumerate(self.gaps):
            if size <= room:
                self.segment.contents[start : start + size] = padded
                del self.gaps[number]
                self._leave(start + size, room - size)
                return start
        start = self.segment.place(padded, size, _LINE)
        self._leave(start + size, -size % _LINE)
        self.segment.contents += _TRAP * (-size % _LINE)
        return start

    def _leave(self, start: int, room: int) -> None:
        if room:
            self.gaps.append((start, room))
            del self.gaps[:-_OPEN_LINES]


def link(objects: Iterable[bytes]) -> Image:
    """Link object files; `NotSupported` if they are not of the kind read here."""
    return _Linker([ObjectFile(data) for data in objects]).link()


class _Linker:
    def __init__(self, files: list[ObjectFile]) -> None:
        self.files = files
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
            segment.contents += bytes(-len(segment.contents) % _PAGE_BYTES)
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
        handlers = _Lines(self.code)
        for number, file in enumerate(self.files):
            for index, section in enumerate(file.sections):
                if not file.is_loaded(index):
                    continue
                if section.flags & WRITE and section.flags & EXECUTE:
                    raise NotSupported("a section that is written and executed")
                segment = self.data if section.flags & WRITE else self.code
                if section.name.startswith(_HANDLER_SECTIONS):
                    place = handlers.place(section.contents)
                else:
                    place = segment.place(section.contents, section.size, section.alignment)
                self.places[number, index] = segment, place

    def _add_indirections(self) -> None:
        """A word for every symbol whose address is loaded, and a jump through it for what is not ours."""
        defined = {s.name for file in self.files for s in file.symbols if s.section != _UNDEFINED and not s.is_local}
        for file in self.files:
            for _, relocations in file.relocations():
                for relocation in relocations:
                    name = file.symbols[relocation.symbol].name
                    foreign = file.symbols[relocation.symbol].section == _UNDEFINED and name not in defined
                    if (relocation.kind in _R_GOT or foreign) and name not in self.slots:
                        self.slots[name] = self.data.place(b"", 8, 8)
                    if foreign and name not in self.stubs:
                        self.stubs[name] = self.code.place(_STUB, _STUB_BYTES, 8)

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
        if symbol.section == _ABSOLUTE:
            raise NotSupported("an absolute symbol")
        if symbol.section != _UNDEFINED:
            return self._address(file, symbol.section) + symbol.value
        return self.symbols[symbol.name] if symbol.name in self.symbols else self.stubs[symbol.name]

    def _apply(self, image: bytearray, file: int, start: int, relocation: Relocation) -> None:
        place = start + relocation.offset
        kind = relocation.kind
        if kind == _R_64:
            struct.pack_into("<q", image, place, self._target(file, relocation) + relocation.addend)
            self.words.append(place)
            return
        if kind in _R_GOT:
            name = self.files[file].symbols[relocation.symbol].name
            target = self.base[id(self.data)] + self.slots[name]
        elif kind in (_R_PC32, _R_PLT32):
            target = self._target(file, relocation)
        else:
            raise NotSupported(f"relocation {kind}")
        struct.pack_into("<i", image, place, target + relocation.addend - place)

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
            struct.pack_into("<i", image, stub + 2, imports[name] - (stub + 6))
        return imports


def _runs(words: list[int]) -> list[tuple[int, int]]:
    """Consecutive words together."""
    runs: list[tuple[int, int]] = []
    for word in sorted(words):
        if runs and runs[-1][0] + 8 * runs[-1][1] == word:
            runs[-1] = runs[-1][0], runs[-1][1] + 1
        else:
            runs.append((word, 1))
    return runs
