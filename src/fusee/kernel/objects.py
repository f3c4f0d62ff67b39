"""Object files as LLVM writes them for machines that Fusee runs on, in one form: `elf` and `macho` read them."""

from collections.abc import Callable, Iterator
from enum import Enum, auto
from typing import Final, NamedTuple, Protocol

WRITE, ALLOC, EXECUTE = 1, 2, 4  # flags of a section, with the numbers of ELF's sh_flags
UNDEFINED = 0  # as a symbol's section
ABSOLUTE = 0xFFF1


class NotSupported(Exception):
    """Something in an object file that is not expected of LLVM's output for kernels."""


class Fill(Enum):
    """What a relocation writes. S is the symbol's address, A the addend, P the place, G a word that holds S."""

    ADDRESS = auto()  # S + A, 64 bits
    RELATIVE = auto()  # S + A - P, 32 bits
    SLOT_RELATIVE = auto()  # G + A - P, 32 bits
    BRANCH = auto()  # AArch64's B and BL to S + A
    PAGE = auto()  # AArch64's ADRP: the page of S + A
    PAGE_OFFSET = auto()  # the rest, in an ADD, a load or a store
    SLOT_PAGE = auto()  # the same of G
    SLOT_PAGE_OFFSET = auto()

    @property
    def needs_slot(self) -> bool:
        return self in (Fill.SLOT_RELATIVE, Fill.SLOT_PAGE, Fill.SLOT_PAGE_OFFSET)


class Section(NamedTuple):
    name: str
    flags: int
    contents: bytes
    size: int
    alignment: int

    @property
    def is_loaded(self) -> bool:
        return bool(self.flags & ALLOC)


class Symbol(NamedTuple):
    name: str
    is_local: bool
    section: int
    value: int  # an offset in the section


class Relocation(NamedTuple):
    offset: int
    fill: Fill
    symbol: int
    addend: int


class Reader(Protocol):
    """Sections by their number in the file, symbols, and relocations."""

    architecture: str  # "x86_64" or "aarch64"
    page_bytes: int  # the largest page that a system with such files has
    sections: list[Section]
    symbols: list[Symbol]

    def relocations(self) -> Iterator[tuple[int, list[Relocation]]]:
        """The relocations of each section that is loaded, by its number."""
        ...


_BEGINNINGS: Final = {"elf": (b"\x7fELF",), "macho": (b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe")}


def checked_object(object_format: str, contents: memoryview) -> bytes:
    """What the cache has of an object file of that format. Raises `ValueError` unless it begins as one."""
    data = bytes(contents)
    if not data.startswith(_BEGINNINGS.get(object_format, b"")):
        raise ValueError(f"not an object file of the format {object_format}")
    return data


def read_object(data: bytes) -> Reader:
    """Read an object file; `NotSupported` if it is of no kind that is read here."""
    from fusee.kernel.elf import ElfFile
    from fusee.kernel.macho import MachoFile

    readers: dict[bytes, Callable[[bytes], Reader]] = {b"\x7fELF": ElfFile, b"\xcf\xfa\xed\xfe": MachoFile}
    reader = readers.get(data[:4])
    if reader is None:
        raise NotSupported("neither an ELF file nor a 64-bit Mach-O file")
    return reader(data)
