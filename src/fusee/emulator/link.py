"""Links object files into one image, as an app's linker would."""

from collections.abc import Callable, Sequence
from functools import partial

from fusee.emulator.objects import ObjectFile, Relocation, Section, Symbol
from fusee.emulator.relocate import Fixup, relocations_of, second_halves_of
from fusee.freestanding import GLOBAL_OFFSET_TABLE
from fusee.kernel.target import Target

_TABLE_ALIGNMENT = 16
_LABELS = ("ltmp", "l_", ".L", "$")  # symbols that name no function


def most_bytes(target: Target, objects: Sequence[ObjectFile]) -> int:
    """What the image of these objects takes at most."""
    sections = [section for item in objects for section in item.sections.values()]
    slots = sum(len(section.relocations) for section in sections) * target.pointer_width
    return _TABLE_ALIGNMENT + slots + sum(section.size + section.alignment for section in sections if section.is_loaded)


class Image:
    """What is loaded at `start`. `define` gives the addresses of functions that no object has."""

    def __init__(self, target: Target, start: int, objects: Sequence[ObjectFile], define: Callable[[str], int]) -> None:
        self.start = start
        self.objects = objects
        self.contents = bytearray()
        self.symbols: dict[str, int] = {}
        self.pointer_bytes = target.pointer_width
        self._define = define
        self._apply = relocations_of(target.object_format, target.architecture)
        self._last = second_halves_of(target.object_format, target.architecture)
        self._uppers: dict[int, int] = {}
        self._places: dict[tuple[int, int], int] = {}  # (object, section) -> offset
        for is_zero in (False, True):  # large arrays at the end, so that code is close together
            for number in range(len(objects)):
                self._place(number, is_zero)
        for number in range(len(objects)):
            self._define_symbols(number)
        self._slots: dict[str, int] = {}  # addresses, by symbol
        self._table = self._append(b"", _TABLE_ALIGNMENT)
        for (number, index), place in list(self._places.items()):
            section = objects[number].sections[index]
            for relocation in sorted(section.relocations, key=lambda r: r.kind in self._last):
                self._relocate(self.contents, place, self.start + place, number, relocation)

    def _append(self, contents: bytes, alignment: int) -> int:
        """Add bytes; the address of the first."""
        self.contents += bytes(-len(self.contents) % alignment)
        self.contents += contents
        return self.start + len(self.contents) - len(contents)

    def _place(self, number: int, is_zero: bool) -> None:
        for index, section in self.objects[number].sections.items():
            if section.is_loaded and is_zero == (not section.contents):
                zeros = bytes(section.size - len(section.contents))
                address = self._append(section.contents + zeros, section.alignment)
                self._places[number, index] = address - self.start

    def _define_symbols(self, number: int) -> None:
        for symbol in self.objects[number].symbols:
            if symbol.is_global and symbol.section is not None:
                self.symbols[symbol.name] = self._section_address(number, symbol.section) + symbol.offset

    def _section_address(self, number: int, section: int) -> int:
        """Debug sections are not loaded; their addresses are offsets."""
        place = self._places.get((number, section))
        return 0 if place is None else self.start + place

    def _symbol_address(self, number: int, symbol: Symbol) -> int:
        if symbol.section is not None:
            return self._section_address(number, symbol.section) + symbol.offset
        if symbol.name == GLOBAL_OFFSET_TABLE:
            return self._table
        if symbol.name not in self.symbols:
            self.symbols[symbol.name] = self._define(symbol.name)
        return self.symbols[symbol.name]

    def _slot(self, name: str, address: int) -> int:
        """The word of the global offset table that holds a symbol's address."""
        if name not in self._slots:
            contents = address.to_bytes(self.pointer_bytes, "little")
            self._slots[name] = self._append(contents, self.pointer_bytes)
        return self._slots[name]

    def _relocate(self, contents: bytearray, start: int, address: int, number: int, r: Relocation) -> None:
        if r.symbol is not None:
            target = self._symbol_address(number, r.symbol)
            slot = partial(self._slot, f"{number}:{r.symbol.name}", target)
        else:
            assert r.section is not None
            target = self._section_address(number, r.section) - self.objects[number].sections[r.section].address
            slot = partial(self._slot, f"{number}:{r.section}", target)
        if r.minus is not None:
            target -= self._symbol_address(number, r.minus)
        apply = self._apply.get(r.kind)
        if apply is None:
            raise ValueError(f"{self.objects[number].name}: relocation of kind {r.kind}")
        offset = start + r.offset
        place = address + r.offset
        apply(Fixup(contents, offset, place, target, r.addend, r.size, slot, self._table, self._uppers))

    def c_address(self, name: str) -> int:
        """The address of a function by its name in C, before which Mach-O writes an underscore."""
        return self.symbols.get(name) or self.symbols[f"_{name}"]

    def object_at(self, address: int) -> int | None:
        """The number of the object that an address belongs to."""
        for (number, index), place in self._places.items():
            if 0 <= address - self.start - place < self.objects[number].sections[index].size:
                return number
        return None

    def locate(self, address: int) -> str | None:
        """`function + offset`, if there is code at an address."""
        number = self.object_at(address)
        if number is None:
            return None
        # Without the bit that marks Thumb code: no instruction starts at an odd address.
        places = ((self._symbol_address(number, s) & -2, s.name) for s in self.objects[number].symbols if s.section)
        below = [place for place in places if place[0] <= address and not place[1].startswith(_LABELS)]
        if not below:
            return None
        start, name = max(below)
        return f"{name} + {address - start:#x}"

    def handlers(self) -> list[int]:
        """Addresses of the code in a program's shards, whose objects have a number at the end of their names."""
        shards = [n for n, item in enumerate(self.objects) if item.name.rpartition(".")[2].isdigit()]
        roots = ((n, symbol) for n in shards for symbol in self.objects[n].symbols if symbol.is_global)
        return [self._symbol_address(n, symbol) for n, symbol in roots if symbol.section is not None]

    def code(self) -> list[tuple[int, int]]:
        """Address and size of each section of code."""
        sections = ((place, self.objects[n].sections[index]) for (n, index), place in self._places.items())
        return [(self.start + place, section.size) for place, section in sections if section.is_code]

    def debug_section(self, number: int, section: Section) -> bytes:
        """A section that is not loaded, with its relocations filled in."""
        contents = bytearray(section.contents)
        for relocation in section.relocations:
            self._relocate(contents, 0, 0, number, relocation)
        return bytes(contents)
