"""What random programs with objects are written with: instructions, sizes, locals."""

from typing import Final

from tests.fuzz.assemble import Node
from tests.fuzz.object_types import PACKED, Types, code
from tests.hostile.encoding import signed, unsigned

Code = list[Node]

I32_BINARY: Final = (0x6A, 0x6B, 0x6C, 0x71, 0x72, 0x73, 0x74, 0x76, 0x77, 0x46, 0x48, 0x4D)
I64_BINARY: Final = (0x7C, 0x7D, 0x7E, 0x83, 0x84, 0x85, 0x86, 0x89)
GET, SET, TEE = b"\x20", b"\x21", b"\x22"
BLOCK, IF, ELSE, BR, BR_IF, END, DROP = b"\x02", b"\x04", b"\x05", b"\x0c", b"\x0d", b"\x0b", b"\x1a"
CAREFUL: Final = 0.997  # how often what might trap is avoided
LENGTH: Final = 8  # of arrays, at least, but for some
SEGMENT: Final = 12  # elements or words of a segment
FUNCTIONS: Final = 5
RESULTS: Final = ("i32", "any", "i64", "i32", "i32")  # of each function
PARAMETERS: Final = ("i32", "i64", "any", "eq")
TABLE: Final = 10  # its length, at the beginning


def constant(value: int) -> bytes:
    return b"\x41" + signed((value + (1 << 31)) % (1 << 32) - (1 << 31))


def gc(number: int, *immediates: int) -> bytes:
    return b"\xfb" + unsigned(number) + b"".join(map(unsigned, immediates))


class Locals:
    """A function's locals: some of each kind, which programs use, and scratch ones, which hold a value for a moment."""

    def __init__(self, types: Types) -> None:
        self.kinds = [*PARAMETERS, "i32", "i64", "f64", "any", "eq", "i31", "extern", *types.kinds]
        self.used = len(self.kinds)
        self.scratch = {kind: self.add(kind) for kind in ("i32", "any", *types.kinds)}

    def add(self, kind: str) -> int:
        self.kinds.append(kind)
        return len(self.kinds) - 1

    def of(self, kind: str) -> list[int]:
        return [index for index, each in enumerate(self.kinds[: self.used]) if each == kind]

    def declared(self) -> list[tuple[int, bytes]]:
        return [(1, code(kind)) for kind in self.kinds[len(PARAMETERS) :]]


def unpacked(kind: str) -> str:
    return "i32" if kind in PACKED else kind
