"""Why a guest trapped, by wasmtime's names and numbers, and in its words.

The engine tells more causes apart than wasmtime does: what the specification calls undefined element, null structure
reference and so on. `Trap.reason` has those words.
"""

from enum import Enum
from typing import Final

from fusee.spec.traps import TrapCode as Cause


class TrapCode(Enum):
    """Names and numbers are those of wasmtime 50; its codes for asynchronous components are not here."""

    STACK_OVERFLOW = 0
    MEMORY_OUT_OF_BOUNDS = 1
    HEAP_MISALIGNED = 2
    TABLE_OUT_OF_BOUNDS = 3
    INDIRECT_CALL_TO_NULL = 4
    BAD_SIGNATURE = 5
    INTEGER_OVERFLOW = 6
    INTEGER_DIVISION_BY_ZERO = 7
    BAD_CONVERSION_TO_INTEGER = 8
    UNREACHABLE = 9
    INTERRUPT = 10
    OUT_OF_FUEL = 11
    ATOMIC_WAIT_NON_SHARED_MEMORY = 12
    NULL_REFERENCE = 13
    ARRAY_OUT_OF_BOUNDS = 14
    ALLOCATION_TOO_LARGE = 15
    CAST_FAILURE = 16
    CANNOT_ENTER_COMPONENT = 17
    CANNOT_LEAVE_COMPONENT = 23
    INVALID_CHAR = 25
    STRING_OUT_OF_BOUNDS = 30
    LIST_OUT_OF_BOUNDS = 31
    INVALID_DISCRIMINANT = 32
    UNALIGNED_POINTER = 33
    UNCAUGHT_EXCEPTION = 49


_UNDER_ANOTHER_NAME: Final = {
    Cause.UNDEFINED_ELEMENT: TrapCode.TABLE_OUT_OF_BOUNDS,
    Cause.NULL_FUNCTION: TrapCode.NULL_REFERENCE,
    Cause.NULL_STRUCTURE: TrapCode.NULL_REFERENCE,
    Cause.NULL_ARRAY: TrapCode.NULL_REFERENCE,
    Cause.NULL_I31: TrapCode.NULL_REFERENCE,
    Cause.OUT_OF_MEMORY: TrapCode.ALLOCATION_TOO_LARGE,
}

_IN_OTHER_WORDS: Final = {
    TrapCode.TABLE_OUT_OF_BOUNDS: "undefined element: out of bounds table access",
    TrapCode.UNREACHABLE: "wasm `unreachable` instruction executed",
    TrapCode.OUT_OF_FUEL: "all fuel consumed by WebAssembly",
    TrapCode.ATOMIC_WAIT_NON_SHARED_MEMORY: "atomic wait on non-shared memory",
    TrapCode.NULL_REFERENCE: "null reference",
    TrapCode.ALLOCATION_TOO_LARGE: "allocation size too large",
}


def code_of(cause: Cause) -> TrapCode | None:
    """wasmtime's code for what the engine found; None if it has none."""
    return _UNDER_ANOTHER_NAME.get(cause) or TrapCode.__members__.get(cause.name)


def words_of(cause: Cause) -> str:
    """wasmtime's words for what the engine found."""
    code = code_of(cause)
    return cause.message if code is None else _IN_OTHER_WORDS.get(code, cause.message)
