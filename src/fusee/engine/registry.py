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
from fusee.engine.state.module import (
    NONE,
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
    offset_of,
    size_of,
    span,
    struct,
    u8,
    u32,
    u64,
    usize,
)  # fmt: skip
from fusee.spec.errors import ModuleError

SIZE_CLASSES: Final = u32(32)
FIRST_BUCKETS: Final = u32(256)
FIRST_IDS: Final = u32(256)
MAX_IDS: Final = 0x0800_0000
TYPES_OFFSET: Final = 16  # from the start of their room


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
def release_group(platform: Platform, group: Group) -> None:
    platform.release(cast(Ptr[u8], group.layouts))
    platform.release(cast(Ptr[u8], group))
