"""Why execution can stop, with the specification's words (spec 4.2.2; the wording of its test suite)."""

from fusee.spec.worded import WordedCode


class TrapCode(WordedCode):
    """Each member carries the message that users see."""

    STACK_OVERFLOW = 0, "call stack exhausted"
    MEMORY_OUT_OF_BOUNDS = 1, "out of bounds memory access"
    HEAP_MISALIGNED = 2, "unaligned atomic"
    TABLE_OUT_OF_BOUNDS = 3, "out of bounds table access"
    INDIRECT_CALL_TO_NULL = 4, "uninitialized element"
    BAD_SIGNATURE = 5, "indirect call type mismatch"
    INTEGER_OVERFLOW = 6, "integer overflow"
    INTEGER_DIVISION_BY_ZERO = 7, "integer divide by zero"
    BAD_CONVERSION_TO_INTEGER = 8, "invalid conversion to integer"
    UNREACHABLE = 9, "unreachable"
    INTERRUPT = 10, "interrupt"
    OUT_OF_FUEL = 11, "all fuel consumed"
    NULL_REFERENCE = 12, "null reference"
    UNDEFINED_ELEMENT = 13, "undefined element"
    NULL_FUNCTION = 14, "null function reference"
    CAST_FAILURE = 15, "cast failure"
    ARRAY_OUT_OF_BOUNDS = 16, "out of bounds array access"
    NULL_STRUCTURE = 17, "null structure reference"
    NULL_ARRAY = 18, "null array reference"
    NULL_I31 = 19, "null i31 reference"
    ATOMIC_WAIT_NON_SHARED_MEMORY = 20, "expected shared memory"
    UNCAUGHT_EXCEPTION = 21, "uncaught exception"
    OUT_OF_MEMORY = 22, "out of memory"
    EMBEDDER = 23, "stopped by a host function"
