"""The engine's defined types, each recursive group once (spec 3.1.2, 3.3).

Types are compared iso-recursively: two are equivalent if their groups are, after references into the
group itself have been replaced by positions in it and all others by canonical ids. A group in
that form is a list of words; equal lists share one entry, and its types have consecutive ids. A
module holds every group that it mentions, once for each mention, and so holds the groups that
those refer to; what no module holds is forgotten, and its ids are given out again.
"""

from typing import Annotated, Final

from fusee.engine.arena import new_memory
from fusee.engine.errors import Invalid, raise_again
from fusee.engine.hashing import hash_bytes
from fusee.engine.locks import lock, try_lock, unlock
from fusee.engine.present import HAS_AGGREGATES
from fusee.engine.state.module import (
    ABSTRACT,
    AGGREGATE,
    HEAP_MASK,
    ID_MASK,
    KIND_ARRAY,
    KIND_FUNC,
    NONE,
    NULLABLE,
    REF,
    Module,
    TypeDef,
)  # fmt: skip
from fusee.engine.state.platform import Platform
from fusee.kernel.lang import (
    Count,
    Order,
    Ptr,
    address,
    atomic_store,
    cast,
    caught,
    clz,
    copy_bytes,
    is_null,
    kernel,
    null,
    offset_of,
    size_of,
    span,
    struct,
    table,
    u8,
    u16,
    u32,
    u64,
    usize,
)  # fmt: skip
from fusee.spec.errors import ModuleError
from fusee.spec.limits import MAX_GROUP_WORDS
from fusee.spec.types import FIRST_HEAP, SUPERTYPES, Heap

SIZE_CLASSES: Final = u32(32)
FIRST_BUCKETS: Final = u32(256)
FIRST_IDS: Final = u32(256)
MAX_IDS: Final = 0x0800_0000
TYPES_OFFSET: Final = 16  # from the start of their room

BOTTOM_HEAP: Final = ABSTRACT  # without a code: matches every heap type (spec 3.3.4)


def _mask(heap: Heap) -> int:
    return sum(1 << (above - FIRST_HEAP) for above in {heap, *SUPERTYPES.get(heap, ())})


SUPERTYPE_MASKS: Final = table(u16, [_mask(heap) for heap in Heap])
"""Of each abstract heap type, a bit for each that it matches."""


@struct
class Group:
    """A recursive group that some module holds; its words follow."""

    next: usize  # in its bucket
    hash: u64
    layouts: usize  # memory of what its types have in `CanonicalType.layout` and `display`
    first_id: u32
    type_count: u32
    size_bytes: u32  # of the words
    holds: u32


@struct
class CanonicalType:
    """What subtyping needs to know of a type, by canonical id."""

    group: usize
    layout: usize  # of a structure or array: its `layouts.Layout`
    display: Ptr[u32]  # its supertypes from the outermost on, as many as `depth`; then itself, unless it is final
    supertype: u32  # canonical id, or NONE; of a free id: the next free one
    kind: u8
    depth: u8


@struct
class TypeRegistry:
    """All types of an engine.

    Whoever changes it, or holds and lets go of groups, has the lock. Guests read the types of modules that live
    without it: what is known of these does not change, and where `types` has been it stays readable.
    """

    platform: Platform
    lock: Annotated[Ptr[u32], Count(1)]
    buckets: Ptr[usize]
    bucket_count: u32  # a power of two
    group_count: u32
    types: Ptr[CanonicalType]
    older: Ptr[usize]  # before the types: where they were before they became more
    type_capacity: u32
    type_count: u32
    free: Annotated[Ptr[u32], Count(SIZE_CLASSES)]  # ids of free ranges, by logarithm of their size


@kernel
def new_registry(platform: Platform) -> TypeRegistry:
    registry = cast(TypeRegistry, new_memory(platform, u64(size_of(TypeRegistry))))
    registry.platform = platform
    status = caught(open_tables, registry)
    if status != 0:
        release_registry(registry)
        raise_again(status)
    for i in span(SIZE_CLASSES):
        registry.free[i] = NONE
    return registry


@kernel
def open_tables(registry: TypeRegistry) -> None:
    """The registry's first buckets and ids."""
    buckets = new_memory(registry.platform, FIRST_BUCKETS * size_of(usize))
    registry.buckets = cast(Ptr[usize], buckets)
    registry.bucket_count = FIRST_BUCKETS
    open_types(registry, FIRST_IDS)


@kernel
def release_registry(registry: TypeRegistry) -> None:
    """End the registry, and what modules still hold in it."""
    platform = registry.platform
    for i in span(registry.bucket_count):
        at = registry.buckets[i]
        while at != 0:
            group = cast(Group, at)
            at = group.next
            release_group(platform, group)
    platform.release(cast(Ptr[u8], registry.buckets))
    older = registry.older
    while not is_null(older):
        following = cast(Ptr[usize], older[0])
        platform.release(cast(Ptr[u8], older))
        older = following
    platform.release(cast(Ptr[u8], registry))


@kernel
def hold_group(registry: TypeRegistry, words: Ptr[u32], word_count: u32, type_count: u32) -> Group:
    """The group with these words, made if it is new; it is then held once more."""
    assert word_count <= MAX_GROUP_WORDS
    size = word_count * 4
    digest = hash_bytes(cast(Ptr[u8], words), size, address(registry))
    at = registry.buckets[digest & u64(registry.bucket_count - 1)]
    while at != 0:
        group = cast(Group, at)
        if group.hash == digest and group.size_bytes == size and same_words(group, words, word_count):
            group.holds += 1
            return group
        at = group.next
    return add_group(registry, words, size, type_count, digest)


@kernel
def same_words(group: Group, words: Ptr[u32], word_count: u32) -> bool:
    own = group_words(group)
    for i in span(word_count):
        if own[i] != words[i]:
            return False
    return True


@kernel(inline=True)
def group_words(group: Group) -> Ptr[u32]:
    return cast(Ptr[u32], cast(Ptr[u8], group) + size_of(Group))


@kernel
def add_group(registry: TypeRegistry, words: Ptr[u32], size: u32, type_count: u32, digest: u64) -> Group:
    if registry.group_count >= registry.bucket_count:
        double_buckets(registry)
    first_id = take_ids(registry, type_count)
    group = cast(Group, new_memory(registry.platform, u64(size) + size_of(Group)))
    group.hash = digest
    group.first_id = first_id
    group.type_count = type_count
    group.size_bytes = size
    group.holds = u32(1)
    copy_bytes(cast(Ptr[u8], group_words(group)), cast(Ptr[u8], words), size)
    bucket = digest & u64(registry.bucket_count - 1)
    group.next = registry.buckets[bucket]
    registry.buckets[bucket] = address(group)
    registry.group_count += 1
    for i in span(first_id, first_id + type_count):
        record = registry.types[i]
        record.group = address(group)
        record.layout = usize(0)
        record.display = null(Ptr[u32])
        record.depth = u8(0)
    return group


@kernel
def double_buckets(registry: TypeRegistry) -> None:
    count = registry.bucket_count * 2
    buckets = cast(Ptr[usize], new_memory(registry.platform, u64(count) * size_of(usize)))
    for i in span(registry.bucket_count):
        at = registry.buckets[i]
        while at != 0:
            group = cast(Group, at)
            at = group.next
            bucket = group.hash & u64(count - 1)
            group.next = buckets[bucket]
            buckets[bucket] = address(group)
    registry.platform.release(cast(Ptr[u8], registry.buckets))
    registry.buckets = buckets
    registry.bucket_count = count


@kernel(inline=True)
def size_class(type_count: u32) -> u32:
    """The logarithm of the size that a range of ids is rounded up to."""
    return u32(0) if type_count <= 1 else u32(32) - clz(type_count - 1)


@kernel
def take_ids(registry: TypeRegistry, type_count: u32) -> u32:
    """A free range of ids; ranges have sizes that are powers of two, so that they can be used again."""
    logarithm = size_class(type_count)
    first = registry.free[logarithm]
    if first != NONE:
        registry.free[logarithm] = registry.types[first].supertype
        return first
    first = registry.type_count
    following = first + (u32(1) << logarithm)
    if following > MAX_IDS:
        raise Invalid(ModuleError.LIMIT_TYPES, 0)
    if following > registry.type_capacity:
        grow_types(registry, following)
    registry.type_count = following
    return first


@kernel
def grow_types(registry: TypeRegistry, needed: u32) -> None:
    capacity = registry.type_capacity
    while capacity < needed:
        capacity *= 2
    open_types(registry, capacity)


@kernel
def open_types(registry: TypeRegistry, capacity: u32) -> None:
    """Room for so many types, with those that there are. The room before stays: a guest may be reading there."""
    room = new_memory(registry.platform, TYPES_OFFSET + u64(capacity) * size_of(CanonicalType))
    types = room + TYPES_OFFSET
    if registry.type_count != 0:
        copy_bytes(types, cast(Ptr[u8], registry.types), usize(registry.type_count) * size_of(CanonicalType))
    cast(Ptr[usize], room)[0] = address(registry.older)
    registry.older = cast(Ptr[usize], room)
    place = cast(Ptr[u8], registry) + offset_of(TypeRegistry, "types")
    atomic_store(cast(Ptr[usize], place), address(types), Order.RELEASE)
    registry.type_capacity = capacity


@kernel
def release_types(m: Module) -> None:
    """Let go of every group that `m` holds."""
    if m.registered_types != 0:
        registry = cast(TypeRegistry, m.registry)
        lock(registry.lock, registry.platform)
        release_groups(registry, m)
        unlock(registry.lock)


@kernel
def try_release_types(m: Module) -> bool:
    """The same, unless somebody uses the registry; whether it was done."""
    registry = cast(TypeRegistry, m.registry)
    if not try_lock(registry.lock):
        return False
    release_groups(registry, m)
    unlock(registry.lock)
    return True


@kernel
def release_groups(registry: TypeRegistry, m: Module) -> None:
    """The last first: no group outlives one that it refers to."""
    remaining = m.registered_types
    while remaining != 0:
        group = cast(Group, registry.types[m.types[remaining - 1].canonical].group)
        remaining -= group.type_count
        group.holds -= 1
        if group.holds == 0:
            remove_group(registry, group)
    m.registered_types = u32(0)


@kernel
def remove_group(registry: TypeRegistry, group: Group) -> None:
    bucket = group.hash & u64(registry.bucket_count - 1)
    at = registry.buckets[bucket]
    if at == address(group):
        registry.buckets[bucket] = group.next
    else:
        while cast(Group, at).next != address(group):
            at = cast(Group, at).next
        cast(Group, at).next = group.next
    for i in span(group.first_id, group.first_id + group.type_count):
        registry.types[i].layout = usize(0)
    logarithm = size_class(group.type_count)
    registry.types[group.first_id].supertype = registry.free[logarithm]
    registry.free[logarithm] = group.first_id
    registry.group_count -= 1
    release_group(registry.platform, group)


@kernel
def release_group(platform: Platform, group: Group) -> None:
    platform.release(cast(Ptr[u8], group.layouts))
    platform.release(cast(Ptr[u8], group))


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
