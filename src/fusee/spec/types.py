"""Codes of types in the binary format (spec 5.3)."""

from enum import IntEnum
from typing import Final


class Heap(IntEnum):
    """Abstract heap types (spec 5.3.3)."""

    EXN = 0x69
    ARRAY = 0x6A
    STRUCT = 0x6B
    I31 = 0x6C
    EQ = 0x6D
    ANY = 0x6E
    EXTERN = 0x6F
    FUNC = 0x70
    NONE = 0x71
    NOEXTERN = 0x72
    NOFUNC = 0x73
    NOEXN = 0x74


FIRST_HEAP: Final = Heap.EXN
LAST_HEAP: Final = Heap.NOEXN

SUPERTYPES: Final = {
    Heap.NONE: {Heap.I31, Heap.STRUCT, Heap.ARRAY, Heap.EQ, Heap.ANY},
    Heap.I31: {Heap.EQ, Heap.ANY},
    Heap.STRUCT: {Heap.EQ, Heap.ANY},
    Heap.ARRAY: {Heap.EQ, Heap.ANY},
    Heap.EQ: {Heap.ANY},
    Heap.NOFUNC: {Heap.FUNC},
    Heap.NOEXTERN: {Heap.EXTERN},
    Heap.NOEXN: {Heap.EXN},
}
"""Of each abstract heap type, all that it matches besides itself (spec 3.3.4)."""

COLLECTED: Final = frozenset({Heap.NONE, Heap.I31, Heap.STRUCT, Heap.ARRAY, Heap.EQ, Heap.ANY})
"""Heap types whose values live in the garbage-collected heap."""


class Clause(IntEnum):
    """Kinds of `try_table`'s clauses (spec 5.4.1)."""

    CATCH = 0
    CATCH_REF = 1
    CATCH_ALL = 2
    CATCH_ALL_REF = 3


PACKED_I8: Final = 0x78
PACKED_I16: Final = 0x77

CAST_FROM_NULLABLE: Final = 1  # flags of the branches on casts (spec 5.4.1)
CAST_TO_NULLABLE: Final = 2
CAST_FLAGS_END: Final = 4

REF_CODE: Final = 0x64  # (ref ht)
REF_NULL_CODE: Final = 0x63  # (ref null ht)
EMPTY_BLOCK: Final = 0x40

COMP_FUNC: Final = 0x60
COMP_STRUCT: Final = 0x5F
COMP_ARRAY: Final = 0x5E
SUB: Final = 0x50
SUB_FINAL: Final = 0x4F
REC: Final = 0x4E
