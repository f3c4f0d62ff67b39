"""Which types match which (spec 3.3): value types, heap types, and defined types by canonical ids."""

from typing import Final

from fusee.engine.present import HAS_AGGREGATES
from fusee.engine.registry import TypeRegistry
from fusee.engine.state.module import (
    ABSTRACT,
    AGGREGATE,
    HEAP_MASK,
    ID_MASK,
    KIND_ARRAY,
    KIND_FUNC,
    NULLABLE,
    REF,
    Module,
    TypeDef,
)  # fmt: skip
from fusee.kernel.lang import (
    cast,
    kernel,
    table,
    u16,
    u32,
    usize,
)  # fmt: skip
from fusee.spec.types import FIRST_HEAP, SUPERTYPES, Heap

BOTTOM_HEAP: Final = ABSTRACT  # without a code: matches every heap type (spec 3.3.4)


def _mask(heap: Heap) -> int:
    return sum(1 << (above - FIRST_HEAP) for above in {heap, *SUPERTYPES.get(heap, ())})


SUPERTYPE_MASKS: Final = table(u16, [_mask(heap) for heap in Heap])
"""Of each abstract heap type, a bit for each that it matches."""


@kernel(inline=True)
def is_function(t: TypeDef) -> bool:
    """Whether it is a function type. All are, where structures and arrays are refused when they are decoded."""
    return not HAS_AGGREGATES or t.kind == KIND_FUNC


@kernel(inline=True)
def canonical_value_type(m: Module, value_type: u32) -> u32:
    """A value type of `m` that means the same in all modules: a type index becomes its canonical id."""
    if value_type & (REF | ABSTRACT) != REF:
        return value_type
    t = m.types[value_type & HEAP_MASK]
    return value_type & (REF | NULLABLE) | t.canonical | (u32(0) if is_function(t) else AGGREGATE)


@kernel
def is_subtype_canonical(registry: usize, a: u32, b: u32) -> bool:
    """Whether value type `a` matches `b` (spec 3.3.3 to 3.3.5); heap type indices are canonical ids."""
    if a == b:
        return True
    if a & b & REF == 0 or (a & NULLABLE != 0 and b & NULLABLE == 0):
        return False
    return heap_matches(cast(TypeRegistry, registry), a & (ABSTRACT | HEAP_MASK), b & (ABSTRACT | HEAP_MASK))


@kernel
def heap_matches(registry: TypeRegistry, a: u32, b: u32) -> bool:
    if a == b or a == BOTTOM_HEAP:
        return True
    if b & ABSTRACT != 0:
        heap = a & HEAP_MASK
        if a & ABSTRACT == 0:
            heap = u32(heap_of_kind(registry.types[a & ID_MASK].kind))
        return (u32(SUPERTYPE_MASKS[heap - FIRST_HEAP]) >> ((b & HEAP_MASK) - FIRST_HEAP)) & 1 != 0
    if a & ABSTRACT != 0:
        bottom: Heap = Heap.NONE if HAS_AGGREGATES and b & AGGREGATE != 0 else Heap.NOFUNC
        return a & HEAP_MASK == bottom
    return is_subtype_of(registry, a & ID_MASK, b & ID_MASK)


@kernel(inline=True)
def is_subtype_of(registry: TypeRegistry, a: u32, b: u32) -> bool:
    """Whether one defined type matches another, both by canonical ids (spec 3.3.9)."""
    if a == b:
        return True
    record = registry.types[a]
    depth = registry.types[b].depth
    return record.depth > depth and record.display[depth] == b


@kernel(inline=True)
def heap_of_kind(kind: u32) -> Heap:
    """The abstract heap type right above all types of a kind."""
    if not HAS_AGGREGATES or kind == KIND_FUNC:
        return Heap.FUNC
    return Heap.ARRAY if kind == KIND_ARRAY else Heap.STRUCT
