"""Which types a reference is of, at run time (spec 4.2.11, 4.6.5)."""

from fusee.engine.layouts import TYPE_AT
from fusee.engine.registry import TypeRegistry
from fusee.engine.state.module import ABSTRACT, AGGREGATE, HEAP_MASK, ID_MASK, KIND_ARRAY, KIND_STRUCT, NULLABLE
from fusee.engine.state.runtime import TAG_HOST, TAG_I31, TAG_MASK, Engine, Func
from fusee.engine.subtyping import is_subtype_of
from fusee.kernel.lang import Ptr, cast, kernel, load, u8, u32, u64, usize
from fusee.spec.types import Heap


@kernel(inline=True)
def type_of(reference: u64) -> u32:
    """The canonical id of an object's type."""
    return load(u32, cast(Ptr[u8], usize(reference)) + TYPE_AT)


@kernel(inline=True)
def is_object(reference: u64) -> bool:
    """Whether a reference of the `any` or `extern` hierarchy is one to a structure or an array."""
    return reference != 0 and reference & TAG_MASK == 0


@kernel
def reference_matches(registry: TypeRegistry, reference: u64, value_type: u32) -> bool:
    """Whether a reference, which is of the right hierarchy, is of a canonical reference type."""
    if reference == 0:
        return value_type & NULLABLE != 0
    if value_type & ABSTRACT != 0:
        return matches_abstract(registry, reference, value_type & HEAP_MASK)
    if value_type & AGGREGATE == 0:
        return is_subtype_of(registry, cast(Func, usize(reference)).canonical, value_type & ID_MASK)
    return is_object(reference) and is_subtype_of(registry, type_of(reference), value_type & ID_MASK)


@kernel
def matches_abstract(registry: TypeRegistry, reference: u64, heap: u32) -> bool:
    """The same for an abstract heap type; the reference is not null."""
    if heap == Heap.I31:
        return reference & TAG_I31 != 0
    if heap == Heap.EQ:
        return reference & TAG_MASK != TAG_HOST
    if heap == Heap.STRUCT:
        return is_object(reference) and registry.types[type_of(reference)].kind == KIND_STRUCT
    if heap == Heap.ARRAY:
        return is_object(reference) and registry.types[type_of(reference)].kind == KIND_ARRAY
    return heap == Heap.ANY or heap == Heap.EXTERN or heap == Heap.FUNC or heap == Heap.EXN


@kernel
def is_of_type(engine: Engine, reference: u64, value_type: u32) -> bool:
    """`reference_matches`, for the embedder."""
    return reference_matches(cast(TypeRegistry, engine.registry), reference, value_type)


@kernel
def kind_of_object(engine: Engine, reference: u64) -> u32:
    """Whether an object is a structure (`KIND_STRUCT`) or an array (`KIND_ARRAY`)."""
    return cast(TypeRegistry, engine.registry).types[type_of(reference)].kind
