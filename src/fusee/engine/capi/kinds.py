"""Kinds of values in C, and the engine's codes of value types."""

from fusee.engine.capi.state import VAL_EXTERNREF, VAL_FUNCREF, VAL_OTHER, VAL_V128
from fusee.engine.state.module import ABSTRACT, HEAP_MASK, NULLABLE, REF
from fusee.engine.state.module import VAL_I32 as CODE_I32
from fusee.kernel.lang import kernel, u32
from fusee.spec.types import Heap


@kernel
def kind_from_code(value_type: u32) -> u32:
    """C's kind of a value type."""
    if value_type & REF == 0:
        return u32(CODE_I32) - value_type  # in the same order, counted down
    heap = value_type & HEAP_MASK
    if value_type & ABSTRACT == 0 or heap == Heap.FUNC or heap == Heap.NOFUNC:
        return u32(VAL_FUNCREF)
    if heap == Heap.EXTERN or heap == Heap.NOEXTERN:
        return u32(VAL_EXTERNREF)
    return u32(VAL_OTHER)


@kernel
def code_from_kind(kind: u32) -> u32:
    """The value type that C means; 0 if there is none."""
    if kind <= VAL_V128:
        return u32(CODE_I32) - kind
    if kind == VAL_FUNCREF:
        return u32(REF | NULLABLE | ABSTRACT | Heap.FUNC)
    if kind == VAL_EXTERNREF:
        return u32(REF | NULLABLE | ABSTRACT | Heap.EXTERN)
    return u32(0)


@kernel
def is_expressible(code: u32) -> bool:
    """Whether a `wasm_val_t` can hold values of a type: not vectors, nor references that C has no name for."""
    kind = kind_from_code(code)
    return code != 0 and kind != VAL_V128 and kind < VAL_OTHER
