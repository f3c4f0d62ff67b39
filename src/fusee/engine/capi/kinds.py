"""Kinds of values in C, and the engine's codes of value types."""

from fusee.engine.capi.state import VAL_ANYREF, VAL_EXNREF, VAL_EXTERNREF, VAL_FUNCREF, VAL_V128
from fusee.engine.state.module import ABSTRACT, AGGREGATE, HEAP_MASK, NULLABLE, REF
from fusee.engine.state.module import VAL_I32 as CODE_I32
from fusee.engine.state.module import VAL_V128 as CODE_V128
from fusee.kernel.lang import kernel, u8, u32
from fusee.spec.types import Heap


@kernel
def kind_from_code(value_type: u32) -> u32:
    """C's kind of a value type."""
    if value_type & REF == 0:
        return CODE_I32 - value_type  # in the same order, counted down
    heap = value_type & HEAP_MASK
    if value_type & (ABSTRACT | AGGREGATE) == AGGREGATE:
        return VAL_ANYREF
    if value_type & ABSTRACT == 0 or heap == Heap.FUNC or heap == Heap.NOFUNC:
        return VAL_FUNCREF
    if heap == Heap.EXTERN or heap == Heap.NOEXTERN:
        return VAL_EXTERNREF
    if heap == Heap.EXN or heap == Heap.NOEXN:
        return VAL_EXNREF
    return VAL_ANYREF


@kernel
def code_from_kind(kind: u32) -> u32:
    """The value type that C means; 0 if there is none."""
    if kind <= VAL_V128:
        return CODE_I32 - kind
    if kind == VAL_FUNCREF:
        return REF | NULLABLE | ABSTRACT | Heap.FUNC
    if kind == VAL_EXTERNREF:
        return REF | NULLABLE | ABSTRACT | Heap.EXTERN
    if kind == VAL_EXNREF:
        return REF | NULLABLE | ABSTRACT | Heap.EXN
    if kind == VAL_ANYREF:
        return REF | NULLABLE | ABSTRACT | Heap.ANY
    return u32(0)


@kernel(inline=True)
def slots_of(code: u32) -> u32:
    """How many of the interpreter's slots a value of a type takes."""
    return u32(1) + u32(code == CODE_V128)


@kernel(inline=True)
def is_owner(kind: u8) -> bool:
    """Whether a value of a kind owns what its bits point to."""
    return kind >= VAL_EXTERNREF or kind == VAL_V128
