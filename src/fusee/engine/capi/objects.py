"""A store's `Object`s: what guests hold as externrefs, and where host info is of what has no place for it itself.

Functions, globals, tables, memories and instances live as long as their store, so their objects may go whenever no
guest holds them and nothing is attached. A foreign object is nothing but its `Object`: it ends when no handle is left
and no guest holds it, which is looked for when their number has doubled.
"""

from typing import Final

from fusee.engine.capi.blocks import delete_block, delete_bytes, new_block
from fusee.engine.capi.counts import drop_module, finalize
from fusee.engine.capi.state import (
    KIND_FOREIGN,
    KIND_MODULE,
    KIND_TRAP,
    HostInfo,
    ModuleObject,
    Object,
    Objects,
    StoreObject,
    Trap,
)
from fusee.engine.runtime.heap.collect import reach_hosts
from fusee.engine.state.runtime import TAG_HOST, TAG_MASK, Exn
from fusee.kernel.lang import (
    Fn,
    Ptr,
    address,
    cast,
    is_null,
    kernel,
    maximum,
    minimum,
    null,
    size_of,
    span,
    table,
    u8,
    u32,
    u64,
    usize,
)  # fmt: skip

FIRST_BUCKETS: Final = u32(16)
FIRST_COLLECTION: Final = u64(256)
PLACES: Final = 16  # that are looked at for one object: large tables wait for many
MOST_BUCKETS: Final = u32(0x100_0000)
PRIME: Final = 0x9E37_79B9_7F4A_7C15


@kernel
def bucket_of(objects: Objects, target: usize) -> u32:
    """Where the objects of a target are, if there are buckets."""
    return u32(u64(target) * PRIME >> 40) & (objects.bucket_count - 1)


@kernel
def find_object(s: StoreObject, kind: u32, target: usize) -> Object:
    """What is known of a thing of the runtime's; null if nothing is."""
    if s.objects.bucket_count != 0:
        at = s.objects.buckets[bucket_of(s.objects, target)]
        while at != 0:
            object_ = cast(Object, at)
            if object_.target == target and object_.kind == kind:
                return object_
            at = object_.next
    return null(Object)


@kernel
def object_for(s: StoreObject, kind: u32, target: usize) -> Object:
    """The same, made where there is none yet; null if there is no memory."""
    found = find_object(s, kind, target)
    return new_object(s, kind, target) if is_null(found) else found


@kernel
def new_object(s: StoreObject, kind: u32, target: usize) -> Object:
    """An object of its own; the target of a foreign one is itself."""
    objects = s.objects
    if objects.count >= objects.bucket_count and not more_buckets(objects):
        return null(Object)
    made = cast(Object, new_block(usize(size_of(Object))))
    if not is_null(made):
        made.kind = kind
        made.target = address(made) if kind == KIND_FOREIGN else target
        link(objects, made)
        objects.count += 1
    return made


@kernel
def link(objects: Objects, object_: Object) -> None:
    bucket = bucket_of(objects, object_.target)
    object_.next = objects.buckets[bucket]
    objects.buckets[bucket] = address(object_)


@kernel
def more_buckets(objects: Objects) -> bool:
    """Twice as many; false if there is no memory for the first ones."""
    wanted = maximum(objects.bucket_count * 2, FIRST_BUCKETS)
    if wanted > MOST_BUCKETS:
        return True
    larger = new_block(wanted * usize(size_of(usize)))
    if is_null(larger):
        return objects.bucket_count != 0
    all_ = unlink_all(objects)
    delete_block(cast(Ptr[u8], objects.buckets))
    objects.buckets = cast(Ptr[usize], larger)
    objects.bucket_count = wanted
    while all_ != 0:
        object_ = cast(Object, all_)
        all_ = object_.next
        link(objects, object_)
    return True


@kernel
def unlink_all(objects: Objects) -> usize:
    """Take all objects out of the buckets, into one list."""
    first = usize(0)
    for bucket in span(objects.bucket_count):
        at = objects.buckets[bucket]
        objects.buckets[bucket] = usize(0)
        while at != 0:
            object_ = cast(Object, at)
            at = object_.next
            object_.next = first
            first = address(object_)
    return first


# The end of objects.


@kernel
def collect(s: StoreObject) -> None:
    """End the objects that nothing needs any more, if no guest runs: references in frames are not looked at."""
    objects = s.objects
    if s.depth != 0 or objects.is_collecting:
        return
    objects.is_collecting = True
    places = reach_hosts(s.store, REACH[0])
    if places == 0:
        objects.is_collecting = False
        return
    at = unlink_all(objects)
    dead = usize(0)
    objects.count = u32(0)
    while at != 0:
        object_ = cast(Object, at)
        at = object_.next
        if is_needed(object_):
            link(objects, object_)
            objects.count += 1
        else:
            object_.next = dead
            dead = address(object_)
        object_.is_reached = False
    more = maximum(maximum(objects.count, places // PLACES), FIRST_COLLECTION)
    objects.collect_at = objects.count + u32(minimum(more, MOST_BUCKETS))
    end_objects(dead)
    objects.is_collecting = False


@kernel
def reach(reference: usize) -> None:
    """Note that something holds an embedder's reference."""
    object_of(reference).is_reached = True


REACH: Final = table(Fn[[usize], None], [reach])


@kernel(inline=True)
def object_of(reference: u64) -> Object:
    """What a guest knows by a reference of the embedder's."""
    return cast(Object, usize(reference & ~u64(TAG_MASK)))


@kernel(inline=True)
def reference_to(object_: Object) -> u64:
    """How a guest knows an object; null for none."""
    return u64(0) if is_null(object_) else u64(address(object_)) | TAG_HOST


@kernel
def is_needed(object_: Object) -> bool:
    """Whether a guest or a handle refers to an object, or it is the place of host info."""
    return object_.is_reached or object_.handles != 0 or (object_.kind != KIND_FOREIGN and has_info(object_.info))


@kernel
def has_info(info: HostInfo) -> bool:
    return info.data != 0 or info.finalizer != 0


@kernel
def end_objects(first: usize) -> None:
    """End a list of objects, one by one: a finalizer may do anything, but it does not see this list."""
    at = first
    while at != 0:
        object_ = cast(Object, at)
        at = object_.next
        kind = object_.kind
        target = object_.target
        data = object_.info.data
        finalizer = object_.info.finalizer
        delete_block(cast(Ptr[u8], object_))
        finalize(data, finalizer)
        if kind == KIND_MODULE:
            drop_module(cast(ModuleObject, target))
        elif kind == KIND_TRAP:
            release_trap(cast(Trap, target))


@kernel
def release_trap(trap: Trap) -> None:
    """No guest holds a trap by the object that ends: it ends with its last handle, or here.

    A finalizer may have given it to a guest again.
    """
    trap.is_external = not is_null(find_object(cast(StoreObject, trap.store), KIND_TRAP, address(trap)))
    if trap.count == 0 and not trap.is_external:
        free_trap(trap)


@kernel
def forget_exn(trap: Trap) -> None:
    """The trap is no exception any more: one holder less of what it was."""
    if trap.exn != 0:
        cast(Exn, trap.exn).holders -= 1
        trap.exn = usize(0)


@kernel
def free_trap(trap: Trap) -> None:
    """End a trap that neither a handle nor a guest holds. The one in a store's reserve only loses its host info."""
    s = cast(StoreObject, trap.store)
    data = trap.info.data
    finalizer = trap.info.finalizer
    forget_exn(trap)
    if not is_null(s) and trap == s.spare:
        trap.info.data = usize(0)
        trap.info.finalizer = usize(0)
    else:
        delete_block(cast(Ptr[u8], trap.frames))
        delete_bytes(trap.message)
        delete_block(cast(Ptr[u8], trap))
    finalize(data, finalizer)


@kernel
def end_all_objects(s: StoreObject) -> None:
    """With the store."""
    end_objects(unlink_all(s.objects))
    delete_block(cast(Ptr[u8], s.objects.buckets))
