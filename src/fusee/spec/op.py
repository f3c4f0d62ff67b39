"""What a row of the opcode table says, and the registry that the rows fill."""

from collections.abc import Iterator
from enum import IntEnum
from functools import cache
from typing import Final, NamedTuple

from fusee.spec.families import reason_without
from fusee.spec.features import Feature, Unsupported

NO_FEATURE: Final = Feature(0)


class Imm(IntEnum):
    """Kinds of immediate operands, in the words of the binary format (spec 5.4)."""

    BLOCK_TYPE = 1
    LABEL = 2
    LABELS = 3  # vector of labels, and the default label
    CATCHES = 4  # vector of catch clauses
    FUNC = 5
    TYPE = 6
    TABLE = 7
    MEMORY = 8
    TAG = 9
    GLOBAL = 10
    LOCAL = 11
    ELEM = 12
    DATA = 13
    FIELD = 14
    COUNT = 15  # a number of operands
    HEAP_TYPE = 16
    VALUE_TYPES = 17  # vector of value types
    MEMARG = 18
    LANE = 19
    LANES = 20  # sixteen lane indices
    I32 = 21
    I64 = 22
    F32 = 23
    F64 = 24
    V128 = 25
    CAST_FLAGS = 26
    ZERO = 27  # a byte that must be zero


SIGNATURE_TYPES: Final = ("i32", "i64", "f32", "f64", "v128", "addr")
"""What a row's signature is made of; `addr` is the address type of the memory that the instruction names."""


class Op(NamedTuple):
    """One instruction of the binary format.

    `params` and `results` are None where the signature depends on immediates or on the operand
    stack; such an instruction has a validation rule of its own. All others need none.
    """

    code: int  # prefix byte (if any) and, below it, twelve bits of opcode: 0x6A, 0xFC_00A, 0xFD_100
    mnemonic: str
    params: tuple[str, ...] | None
    results: tuple[str, ...] | None
    immediates: tuple[Imm, ...] = ()
    commutes: bool = False
    negated: str = ""  # comparisons: the mnemonic that gives the opposite answer
    mirrored: str = ""  # comparisons: the mnemonic that gives the same answer for swapped operands
    width: int = 0  # bytes of memory accessed
    lanes: int = 0  # exclusive bound of a lane immediate
    traps: bool = False  # may trap by itself, apart from memory bounds
    constant: bool = False  # allowed in constant expressions (spec 3.4.13)
    feature: Feature = NO_FEATURE  # zero: always there
    unsupported: Unsupported = Unsupported.NONE

    @property
    def name(self) -> str:
        """The row's name in the file where it stands."""
        return self.mnemonic.replace(".", "_").upper()

    @property
    def prefix(self) -> int:
        """The prefix byte, or 0 for a one-byte opcode."""
        return self.code >> 12

    @property
    def index(self) -> int:  # type: ignore[override]  # what a tuple has of that name, nobody asks a row for
        """A dense number for tables: see `INDEX_BASE`."""
        return self.code if not self.prefix else INDEX_BASE[self.prefix] + (self.code & 0xFFF)


INDEX_BASE: Final = {0xFB: 0x100, 0xFC: 0x120, 0xFD: 0x140, 0xFE: 0x260}
"""Where the opcodes behind each prefix start among the indices."""

INDEX_LIMIT: Final = {0xFB: 0x20, 0xFC: 0x20, 0xFD: 0x120, 0xFE: 0x50}
"""How many opcodes behind each prefix have an index."""

INDEX_COUNT: Final = 0x260 + 0x50

BY_MNEMONIC: Final[dict[str, Op]] = {}
BY_INDEX: Final[dict[int, Op]] = {}


def op(
    code: int,
    mnemonic: str,
    signature: str | None,
    *immediates: Imm,
    commutes: bool = False,
    negated: str = "",
    mirrored: str = "",
    width: int = 0,
    lanes: int = 0,
    traps: bool = False,
    constant: bool = False,
    feature: Feature = NO_FEATURE,
) -> Op:
    """Make and register a row; `signature` reads "i32 i32 -> i32", or is None for an instruction with its own rule."""
    params, results = (None, None) if signature is None else _parse_signature(signature)
    row = Op(
        code, mnemonic, params, results, immediates, commutes, negated, mirrored, width, lanes, traps, constant,
        feature, reason_without(feature),
    )  # fmt: skip
    if mnemonic in BY_MNEMONIC or row.index in BY_INDEX:
        raise ValueError(f"{mnemonic}: the mnemonic or the opcode is taken")
    BY_MNEMONIC[mnemonic] = BY_INDEX[row.index] = row
    return row


@cache
def _parse_signature(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    params, arrow, results = text.partition("->")
    types = [*params.split(), *results.split()]
    if not arrow or any(t not in SIGNATURE_TYPES for t in types):
        raise ValueError(f"not a signature: {text!r}")
    return tuple(params.split()), tuple(results.split())


def rows() -> Iterator[Op]:
    """All rows in the order of their indices."""
    return iter([BY_INDEX[index] for index in sorted(BY_INDEX)])
