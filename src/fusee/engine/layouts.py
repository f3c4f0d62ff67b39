"""Where the fields of structures and the elements of arrays are, and the displays of types: made once for each group.

An object starts with a header of eight bytes: its type's canonical id, and an array's length. Fields follow in their
order, each aligned to its size but at most to eight bytes, so that a subtype's fields are where its supertype has them
(spec 3.3.9). A reference in an object is as wide as a pointer.
"""

from typing import Final

from fusee.engine.arena import new_memory
from fusee.engine.errors import Invalid
from fusee.engine.present import HAS_AGGREGATES
from fusee.engine.registry import CanonicalType, Group, TypeRegistry
from fusee.engine.state.agreed import OBJECT_HEADER_BYTES
from fusee.engine.state.module import (
    ABSTRACT,
    AGGREGATE,
    HEAP_MASK,
    KIND_ARRAY,
    NONE,
    REF,
    VAL_F32,
    VAL_I32,
    VAL_V128,
    Module,
    TypeDef,
)  # fmt: skip
from fusee.engine.subtyping import canonical_value_type, is_function
from fusee.kernel.lang import (
    Ptr,
    address,
    cast,
    kernel,
    minimum,
    size_of,
    span,
    struct,
    u8,
    u32,
    u64,
    usize,
)  # fmt: skip
from fusee.spec.errors import ModuleError
from fusee.spec.limits import MAX_SUBTYPING_DEPTH
from fusee.spec.types import PACKED_I8, PACKED_I16, Heap

HEADER_BYTES: Final = u32(OBJECT_HEADER_BYTES)
TYPE_AT: Final = 0
LENGTH_AT: Final = 4
FIELD_WORDS: Final = 3  # offset, storage type and mutability


@struct
class Layout:
    """A structure type or an array type, whose only field is its element."""

    kind: u8
    is_final: bool
    element_log2: u8  # of an array: the size of an element
    size_bytes: u32  # of a structure with its header, a multiple of eight; of an array's header
    field_count: u32
    reference_count: u32
    offsets: Ptr[u32]  # of fields, from the object's start
    storage: Ptr[u32]  # their types: canonical value types or packed ones; then flags, whether they can be set
    references: Ptr[u32]  # offsets of the fields that the collector follows: all references but those to functions


@struct
class Words:
    """What is left of a group's memory."""

    next: Ptr[u32]
    left: u64


@kernel(inline=True)
def layout_of(registry: TypeRegistry, type: u32) -> Layout:  # noqa: A002
    """The layout of a structure or array type, by its canonical id."""
    return cast(Layout, registry.types[type].layout)


@kernel(inline=True)
def size_log2(storage: u32) -> u32:
    """The size of a field of a storage type."""
    if storage & REF != 0:
        return u32(3) if size_of(usize) == 8 else u32(2)
    if storage == PACKED_I8 or storage == PACKED_I16:
        return u32(PACKED_I8) - storage
    if storage == VAL_V128:
        return u32(4)
    return u32(2) if storage == VAL_I32 or storage == VAL_F32 else u32(3)


@kernel(inline=True)
def is_mutable(layout: Layout, field: u32) -> bool:
    """Whether a field can be set."""
    return layout.storage[layout.field_count + field] != 0


@kernel
def is_followed(m: Module, storage: u32) -> bool:
    """Whether the collector follows values of a storage type of `m`."""
    if storage & REF == 0:
        return False
    if storage & ABSTRACT == 0:
        return not is_function(m.types[storage & HEAP_MASK])
    return storage & HEAP_MASK != Heap.FUNC and storage & HEAP_MASK != Heap.NOFUNC


@kernel(inline=True)
def is_followed_type(value_type: u32) -> bool:
    """Whether values of a canonical value type may refer to objects, exceptions or what the embedder gave."""
    if value_type & REF == 0:
        return False
    if value_type & ABSTRACT == 0:
        return value_type & AGGREGATE != 0
    return value_type & HEAP_MASK != Heap.FUNC and value_type & HEAP_MASK != Heap.NOFUNC


@kernel
def record_types(m: Module, registry: TypeRegistry, group: Group, first: u32, end: u32) -> None:
    """Tell the registry what subtyping and execution ask of a group's types, whose canonical ids are known."""
    is_plain = True
    for i in span(first, end):
        t = m.types[i]
        record = registry.types[t.canonical]
        record.kind = u8(t.kind)
        record.supertype = NONE
        if t.supertype != NONE:
            record_supertype(m, registry, record, t)
        is_plain = is_plain and is_function(t) and t.is_final and t.supertype == NONE
    if not is_plain and group.layouts == 0:
        make_layouts(m, registry, group, first, end)


@kernel
def record_supertype(m: Module, registry: TypeRegistry, record: CanonicalType, t: TypeDef) -> None:
    """A supertype must not be final (spec 3.2.10): those are in nobody's display."""
    above = m.types[t.supertype]
    if above.is_final or (HAS_AGGREGATES and above.kind != t.kind):
        raise Invalid(ModuleError.SUB_TYPE, t.offset)
    record.supertype = above.canonical
    record.depth = registry.types[above.canonical].depth + 1
    if record.depth > MAX_SUBTYPING_DEPTH:
        raise Invalid(ModuleError.LIMIT_SUBTYPING_DEPTH, t.offset)


@kernel
def make_layouts(m: Module, registry: TypeRegistry, group: Group, first: u32, end: u32) -> None:
    words = u64(0)
    for i in span(first, end):
        words += words_for(m, m.types[i], registry.types[m.types[i].canonical].depth)
    layouts = u64(end - first) * size_of(Layout)
    base = new_memory(registry.platform, layouts + words * 4)
    group.layouts = address(base)
    place = cast(Ptr[u32], base + usize(layouts))
    for i in span(first, end):
        t = m.types[i]
        record = registry.types[t.canonical]
        place = place + make_display(registry, record, t, place)
        if HAS_AGGREGATES and not is_function(t):
            layout = cast(Ptr[Layout], base)[i - first]
            record.layout = address(layout)
            place = place + make_layout(m, layout, t, place)


@kernel
def words_for(m: Module, t: TypeDef, depth: u32) -> u64:
    """What `make_display` and `make_layout` take for a type."""
    words = u64(0) if t.is_final else u64(depth + 1)
    if HAS_AGGREGATES:
        for field in span(t.field_count):
            words += u64(is_followed(m, t.fields[field])) + FIELD_WORDS
    return words


@kernel
def make_display(registry: TypeRegistry, record: CanonicalType, t: TypeDef, place: Ptr[u32]) -> u32:
    """A type's supertypes; gives how many words were written. A final type needs no list of its own."""
    if record.supertype != NONE:
        record.display = registry.types[record.supertype].display
    if t.is_final:
        return u32(0)
    for depth in span(u32(record.depth)):
        place[depth] = record.display[depth]
    place[record.depth] = t.canonical
    record.display = place
    return u32(record.depth) + 1


@kernel
def make_layout(m: Module, layout: Layout, t: TypeDef, place: Ptr[u32]) -> u32:
    """Fill in the layout of a structure or an array; gives how many words were written."""
    layout.kind = u8(t.kind)
    layout.is_final = t.is_final
    layout.field_count = t.field_count
    layout.offsets = place
    layout.storage = place + t.field_count
    position = HEADER_BYTES
    for field in span(t.field_count):
        size = u32(1) << size_log2(t.fields[field])
        alignment = minimum(size, HEADER_BYTES)
        position = (position + alignment - 1) & ~(alignment - 1)
        layout.offsets[field] = position
        layout.storage[field] = canonical_value_type(m, t.fields[field])
        layout.storage[t.field_count + field] = t.mutable[field]
        position += size
    layout.size_bytes = (position + HEADER_BYTES - 1) & ~(HEADER_BYTES - 1)
    if t.kind == KIND_ARRAY:
        layout.size_bytes = HEADER_BYTES
        layout.element_log2 = u8(size_log2(t.fields[0]))
    words = t.field_count * FIELD_WORDS
    return words + list_references(m, layout, t, place + words)


@kernel
def list_references(m: Module, layout: Layout, t: TypeDef, place: Ptr[u32]) -> u32:
    """The list of the fields that are references; gives how many words were written."""
    layout.references = place
    for field in span(t.field_count):
        if is_followed(m, t.fields[field]):
            layout.references[layout.reference_count] = layout.offsets[field]
            layout.reference_count += 1
    return layout.reference_count
