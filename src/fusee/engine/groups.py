"""Recursive groups of types, which modules hold and let go of."""

from fusee.engine.arena import new_memory
from fusee.engine.hashing import hash_bytes
from fusee.engine.locks import lock, try_lock, unlock
from fusee.engine.registry import Group, TypeRegistry, release_group, size_class, take_ids
from fusee.engine.state.module import (
    Module,
)  # fmt: skip
from fusee.kernel.lang import (
    Ptr,
    address,
    cast,
    copy_bytes,
    kernel,
    null,
    size_of,
    span,
    u8,
    u32,
    u64,
    usize,
)  # fmt: skip
from fusee.spec.limits import MAX_GROUP_WORDS


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
