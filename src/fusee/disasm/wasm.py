"""WebAssembly instructions as text, one by one, from a validated body (spec 5.4)."""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from fusee.spec import opcodes
from fusee.spec.op import BY_INDEX, INDEX_BASE, Imm, Op
from fusee.spec.types import EMPTY_BLOCK, REF_CODE, REF_NULL_CODE, Heap

OPENING: Final = {opcodes.BLOCK, opcodes.LOOP, opcodes.IF, opcodes.TRY_TABLE, opcodes.TRY}
ARMS: Final = {opcodes.ELSE, opcodes.CATCH, opcodes.CATCH_ALL}
CLOSING: Final = {opcodes.END, opcodes.DELEGATE, *ARMS}
NUMBER_TYPES: Final = {0x7F: "i32", 0x7E: "i64", 0x7D: "f32", 0x7C: "f64", 0x7B: "v128"}
MEMARG_HAS_MEMORY: Final = 0x40
CATCHES: Final = ("catch", "catch_ref", "catch_all", "catch_all_ref")
F32_END: Final = 3.4028235677973366e38  # what is nearer to zero does not round to infinity
MNEMONICS: Final = {"select_t": "select"}  # two opcodes, one mnemonic


@dataclass(frozen=True)
class WasmInstruction:
    """An instruction with its offset in the module and the number of blocks around it."""

    offset: int
    depth: int
    text: str


class Cursor:
    """Reads the encodings of chapter 5.2; the module is valid, so nothing is checked."""

    def __init__(self, source: bytes, position: int) -> None:
        self.source = source
        self.position = position

    def byte(self) -> int:
        self.position += 1
        return self.source[self.position - 1]

    def bytes(self, count: int) -> bytes:
        self.position += count
        return self.source[self.position - count : self.position]

    def unsigned(self) -> int:
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def signed(self) -> int:
        start = self.position
        value = self.unsigned()
        bits = 7 * (self.position - start)
        return value - (1 << bits) if value >> (bits - 1) else value

    def nothing(self) -> str:
        """A byte that is there for nothing."""
        self.position += 1
        return ""

    def opcode(self) -> Op:
        code = self.byte()
        return BY_INDEX[INDEX_BASE[code] + self.unsigned() if code in INDEX_BASE else code]

    def heap_type(self) -> str:
        code = self.signed()
        return str(code) if code >= 0 else Heap(code & 0x7F).name.lower()

    def value_type(self) -> str:
        code = self.source[self.position]
        if code in NUMBER_TYPES:
            self.position += 1
            return NUMBER_TYPES[code]
        if code in (REF_CODE, REF_NULL_CODE):
            self.position += 1
            return f"(ref {'null ' if code == REF_NULL_CODE else ''}{self.heap_type()})"
        return f"{self.heap_type()}ref"

    def block_type(self) -> str:
        if self.source[self.position] == EMPTY_BLOCK:
            self.position += 1
            return ""
        if self.source[self.position] & 0xC0 == 0x40:
            return f"(result {self.value_type()})"
        return f"(type {self.signed()})"

    def memarg(self) -> str:
        flags = self.unsigned()
        parts = [str(self.unsigned())] if flags & MEMARG_HAS_MEMORY else []
        offset = self.unsigned()
        parts += [f"offset={offset}"] if offset else []
        return " ".join([*parts, f"align={1 << (flags & 0x3F)}"])

    def catches(self) -> str:
        clauses = []
        for _ in range(self.unsigned()):
            kind = self.byte()
            indices = [self.unsigned() for _ in range(2 if kind < 2 else 1)]
            clauses.append(f"({CATCHES[kind]} {' '.join(map(str, indices))})")
        return " ".join(clauses)


def _index(cursor: Cursor) -> str:
    return str(cursor.unsigned())


def _value_types(cursor: Cursor) -> str:
    return f"(result {' '.join(cursor.value_type() for _ in range(cursor.unsigned()))})"


def _labels(cursor: Cursor) -> str:
    return " ".join(str(cursor.unsigned()) for _ in range(cursor.unsigned() + 1))


def show_float(encoded: bytes) -> str:
    """The shortest decimal that reads as the same f32 or f64; of a NaN the bits."""
    layout = "<f" if len(encoded) == 4 else "<d"
    value: float = struct.unpack(layout, encoded)[0]
    if value != value:
        return f"nan:0x{int.from_bytes(encoded, 'little'):x}"
    for digits in range(1, 18):
        rounded = float(f"{value:.{digits}g}")
        if (abs(rounded) < F32_END or len(encoded) == 8) and struct.pack(layout, rounded) == encoded:
            return repr(rounded)
    return repr(value)


IMMEDIATES: Final[dict[Imm, Callable[[Cursor], str]]] = {
    Imm.BLOCK_TYPE: Cursor.block_type,
    Imm.LABELS: _labels,
    Imm.CATCHES: Cursor.catches,
    Imm.HEAP_TYPE: Cursor.heap_type,
    Imm.VALUE_TYPES: _value_types,
    Imm.MEMARG: Cursor.memarg,
    Imm.LANE: lambda cursor: str(cursor.byte()),
    Imm.LANES: lambda cursor: " ".join(map(str, cursor.bytes(16))),
    Imm.I32: lambda cursor: str(cursor.signed()),
    Imm.I64: lambda cursor: str(cursor.signed()),
    Imm.F32: lambda cursor: show_float(cursor.bytes(4)),
    Imm.F64: lambda cursor: show_float(cursor.bytes(8)),
    Imm.V128: lambda cursor: f"0x{int.from_bytes(cursor.bytes(16), 'little'):032x}",
    Imm.CAST_FLAGS: lambda cursor: str(cursor.byte()),
    Imm.ZERO: Cursor.nothing,
}
"""How the kinds that are not simply an index are written."""


def read_instructions(source: bytes, start: int, end: int) -> Iterator[WasmInstruction]:
    """The instructions between two offsets of a module, which are those of one body."""
    cursor = Cursor(source, start)
    depth = 0
    while cursor.position < end:
        offset = cursor.position
        row = cursor.opcode()
        immediates = [IMMEDIATES.get(kind, _index)(cursor) for kind in row.immediates]
        if row in CLOSING:
            depth -= 1
        yield WasmInstruction(offset, max(depth, 0), " ".join([mnemonic(row), *filter(None, immediates)]))
        if row in OPENING or row in ARMS:
            depth += 1


def mnemonic(row: Op) -> str:
    """The row's name in the text format."""
    return MNEMONICS.get(row.mnemonic, row.mnemonic)
