"""Reading the binary format (spec 5) of modules that are valid: whoever asks for native code has validated them."""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import fusee.spec.opcodes  # noqa: F401  # the rows
from fusee.spec.op import BY_INDEX, INDEX_BASE, Imm, Op

OPENING: Final = frozenset({"block", "loop", "if", "try", "try_table"})  # instructions that begin a block (spec 2.4.8)
CLOSING: Final = frozenset({"end", "delegate"})  # and that end one, or the function
_MEMORY_INDEX = 0x40  # in a memarg's alignment: a memory's index follows
_CATCH_WITH_TAG = (0, 1)  # kinds of catch clauses that name a tag


class MalformedBytes(Exception):
    """These bytes are no module; at which offset."""


class Instruction(NamedTuple):
    """An instruction of a body: its row, its immediates in their order, where it is in the module."""

    op: Op
    immediates: tuple[object, ...]
    offset: int


class Reader:
    """A place in the bytes of a module."""

    def __init__(self, data: bytes, position: int = 0, end: int | None = None) -> None:
        self.data = data
        self.position = position
        self.end = len(data) if end is None else end

    def byte(self) -> int:
        if self.position >= self.end:
            raise MalformedBytes(self.position)
        self.position += 1
        return self.data[self.position - 1]

    def take(self, count: int) -> bytes:
        start = self.position
        if count > self.end - start:
            raise MalformedBytes(start)
        self.position += count
        return self.data[start : self.position]

    def u32(self) -> int:
        """An unsigned number of any size (spec 5.2.2)."""
        byte = self.byte()
        if byte < 0x80:
            return byte
        result, shift = byte & 0x7F, 7
        while byte & 0x80:
            byte = self.byte()
            result |= (byte & 0x7F) << shift
            shift += 7
        return result

    def signed(self) -> int:
        """A signed number of any size."""
        byte = self.byte()
        result, shift = byte & 0x7F, 7
        while byte & 0x80:
            byte = self.byte()
            result |= (byte & 0x7F) << shift
            shift += 7
        return result - (1 << shift) if byte & 0x40 else result

    def name(self) -> bytes:
        return self.take(self.u32())

    def value_type(self) -> int:
        """The first byte of a value type; of one that names its heap type, what `heap_type` gives, above 256."""
        code = self.byte()
        return 0x100 + self.signed() % (1 << 33) if code in (0x63, 0x64) else code

    def block_type(self) -> int | None:
        """A type's index; or None, no result; or minus a value type as `value_type` gives it."""
        code = self.data[self.position]
        if code == 0x40:
            self.position += 1
            return None
        if code & 0xC0 == 0x40:
            return -self.value_type()
        return self.signed()

    def instruction(self) -> Instruction:
        """The next instruction."""
        offset = self.position
        code = self.byte()
        if code in INDEX_BASE:
            code = INDEX_BASE[code] + self.u32()
        op = BY_INDEX.get(code)
        if op is None:
            raise MalformedBytes(offset)
        kinds = op.immediates
        return Instruction(op, tuple([_IMMEDIATES[kind](self) for kind in kinds]) if kinds else (), offset)

    def instructions(self) -> Iterator[Instruction]:
        """The instructions up to the end."""
        while self.position < self.end:
            yield self.instruction()

    def _memarg(self) -> tuple[int, int]:
        """Index of the memory, and offset (spec 5.4.6)."""
        flags = self.u32()
        memory = self.u32() if flags & _MEMORY_INDEX else 0
        return memory, self.u32()

    def _labels(self) -> list[int]:
        return [self.u32() for _ in range(self.u32() + 1)]

    def _value_types(self) -> list[int]:
        return [self.value_type() for _ in range(self.u32())]

    def _catches(self) -> list[tuple[int, int, int]]:
        return [self._catch() for _ in range(self.u32())]

    def _catch(self) -> tuple[int, int, int]:
        kind = self.byte()
        tag = self.u32() if kind in _CATCH_WITH_TAG else 0
        return kind, tag, self.u32()


def _number(width: int) -> Callable[[Reader], int]:
    """What reads an unsigned number of so many bytes."""
    return lambda reader: int.from_bytes(reader.take(width), "little")


_INDICES = (
    Imm.LABEL, Imm.FUNC, Imm.TYPE, Imm.TABLE, Imm.MEMORY, Imm.TAG, Imm.GLOBAL, Imm.LOCAL, Imm.ELEM, Imm.DATA, Imm.FIELD,
    Imm.COUNT,
)  # fmt: skip
_BYTES = {
    Imm.F32: 4, Imm.F64: 8, Imm.V128: 16, Imm.LANES: 16, Imm.LANE: 1, Imm.CAST_FLAGS: 1, Imm.ZERO: 1,
}  # fmt: skip
_IMMEDIATES: dict[Imm, Callable[[Reader], object]] = {
    **dict.fromkeys(_INDICES, Reader.u32),
    **dict.fromkeys((Imm.I32, Imm.I64, Imm.HEAP_TYPE), Reader.signed),
    **{kind: _number(width) for kind, width in _BYTES.items()},
    Imm.MEMARG: Reader._memarg,
    Imm.BLOCK_TYPE: Reader.block_type,
    Imm.LABELS: Reader._labels,
    Imm.VALUE_TYPES: Reader._value_types,
    Imm.CATCHES: Reader._catches,
}
"""What reads an immediate, by its kind."""
