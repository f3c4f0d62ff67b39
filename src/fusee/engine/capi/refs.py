"""Handles of the runtime's objects, traps and modules: copying, comparing and deleting them, and their host info.

All that a `wasm_ref_t` may be begins with its kind.
"""

from fusee.engine.capi.alarm import end_alarm
from fusee.engine.capi.blocks import delete_block, new_block
from fusee.engine.capi.counts import attach, drop_engine, drop_module, drop_world, finalize
from fusee.engine.capi.messages import OUT_OF_MEMORY
from fusee.engine.capi.objects import end_all_objects, find_object, free_trap, object_for
from fusee.engine.capi.state import (
    KIND_ANY,
    KIND_EXN,
    KIND_FOREIGN,
    KIND_INSTANCE,
    KIND_MODULE,
    KIND_NONE,
    KIND_TRAP,
    HostInfo,
    ModuleObject,
    Object,
    Ref,
    StoreObject,
    Trap,
    World,
)
from fusee.engine.capi.types import delete_externtype
from fusee.engine.capi.wasi.config import delete_wasi
from fusee.engine.capi.wasi.state import Wasi
from fusee.engine.present import HAS_EXCEPTIONS, HAS_WASI
from fusee.engine.runtime.heap.roots import hold_exn, new_root
from fusee.engine.runtime.store import release_store
from fusee.engine.state.runtime import Exn
from fusee.kernel.lang import (
    Ptr,
    Static,
    address,
    cast,
    caught,
    is_null,
    kernel,
    null,
    size_of,
    stack_array,
    u8,
    u32,
    u64,
    usize,
)


@kernel
def new_ref(store: StoreObject, kind: u32, target: usize) -> Ref:
    """A handle, which keeps its store alive; null if there is no memory."""
    ref = cast(Ref, new_block(usize(size_of(Ref))))
    if not is_null(ref):
        ref.kind = kind
        ref.store = store
        ref.target = target
        store.count += 1
        if kind == KIND_FOREIGN:
            cast(Object, target).handles += 1
        elif HAS_EXCEPTIONS and kind == KIND_EXN:
            hold_exn(store.store, cast(Exn, target))
    else:
        store.status = OUT_OF_MEMORY
    return ref


@kernel
def new_any(store: StoreObject, reference: u64) -> Ref:
    """A handle of a reference of the `any` hierarchy, which keeps what that refers to; null if there is no memory."""
    root = stack_array(usize, 1)
    store.status = caught(make_root, store, reference, root)
    if store.status != 0:
        return null(Ref)
    ref = new_ref(store, KIND_ANY, root[0])
    if is_null(ref):
        cast(Ptr[u64], root[0])[0] = u64(0)
    return ref


@kernel
def make_root(store: StoreObject, reference: u64, root: Ptr[usize]) -> None:
    root[0] = address(new_root(store.store, reference))


@kernel(inline=True)
def reference_of(ref: Ref) -> u64:
    """What a handle of that kind refers to, as guests know it."""
    return cast(Ptr[u64], ref.target)[0]


@kernel
def delete_ref(handle: usize) -> None:
    """`wasm_…_delete` of all kinds: end a handle; nothing if it is null."""
    if handle == 0:
        return
    ref = cast(Ref, handle)
    if ref.kind == KIND_MODULE:
        drop_module(cast(ModuleObject, handle))
    elif ref.kind == KIND_TRAP:
        drop_trap(cast(Trap, handle))
    else:
        store = ref.store
        if ref.kind == KIND_FOREIGN:
            cast(Object, ref.target).handles -= 1
        elif ref.kind == KIND_EXN:
            cast(Exn, ref.target).holders -= 1
        elif ref.kind == KIND_ANY:
            cast(Ptr[u64], ref.target)[0] = u64(0)
        delete_block(cast(Ptr[u8], handle))
        drop_store(store)


@kernel
def copy_ref(handle: usize) -> usize:
    """`wasm_…_copy` of all kinds: another handle of the same object; 0 for null, and if there is no memory."""
    if handle == 0:
        return handle
    ref = cast(Ref, handle)
    if ref.kind == KIND_MODULE:
        cast(ModuleObject, handle).count += 1
        return handle
    if ref.kind == KIND_TRAP:
        hold_trap(cast(Trap, handle))
        return handle
    if ref.kind == KIND_ANY:
        return address(new_any(ref.store, reference_of(ref)))
    return address(new_ref(ref.store, ref.kind, ref.target))


@kernel(export="wasm_extern_kind")
def kind_of(ref: Ref) -> u8:
    return KIND_NONE if is_null(ref) else u8(ref.kind)


@kernel
def same_ref(a: Ref, b: Ref) -> bool:
    """`wasm_…_same`: whether two handles are of the same object."""
    if is_null(a) or is_null(b) or a.kind != b.kind or a.kind == KIND_MODULE or a.kind == KIND_TRAP:
        return a == b
    if a.kind == KIND_ANY:
        return a.store == b.store and reference_of(a) == reference_of(b)
    return a.target == b.target


@kernel
def as_ref(ref: Ref) -> Ref:
    """From a kind of handles to a more general one."""
    return ref


@kernel
def from_ref(ref: Ref, kind: Static[int]) -> Ref:
    """The other way; null if the handle is of another kind."""
    return ref if is_kind(ref, u32(kind)) else null(Ref)


@kernel
def extern_from_ref(ref: Ref) -> Ref:
    """`wasm_ref_as_extern`"""
    return null(Ref) if is_null(ref) or ref.kind >= KIND_INSTANCE else ref


@kernel
def is_kind(ref: Ref, kind: u32) -> bool:
    """Whether a handle is there, and of a kind: in C a pointer may arrive as a pointer to something else."""
    return not is_null(ref) and ref.kind == kind


# Host info, which belongs to the object: all of its handles have the same.


@kernel
def get_host_info(ref: Ref) -> usize:
    """`wasm_…_get_host_info`; 0 if nothing was attached."""
    if is_null(ref):
        return usize(0)
    if ref.kind == KIND_MODULE:
        return cast(ModuleObject, ref).info.data
    if ref.kind == KIND_TRAP:
        return cast(Trap, ref).info.data
    object_ = cast(Object, ref.target)
    if ref.kind != KIND_FOREIGN:
        object_ = find_object(ref.store, ref.kind, ref.target)
    return usize(0) if is_null(object_) else object_.info.data


@kernel
def set_host_info(ref: Ref, data: usize) -> None:
    """`wasm_…_set_host_info`"""
    set_finalized_info(ref, data, usize(0))


@kernel
def set_finalized_info(ref: Ref, data: usize, finalizer: usize) -> None:
    """`wasm_…_set_host_info_with_finalizer`. Without memory nothing is attached; `fusee_store_error` then says so."""
    info = info_for(ref)
    if not is_null(info):
        attach(info, data, finalizer)


@kernel
def info_for(ref: Ref) -> HostInfo:
    """Where an object's host info is; null if there is no memory for it. Exceptions and objects of guests have none."""
    if is_null(ref) or ref.kind == KIND_EXN or ref.kind == KIND_ANY:
        return null(HostInfo)
    if ref.kind == KIND_MODULE:
        return cast(ModuleObject, ref).info
    if ref.kind == KIND_TRAP:
        return cast(Trap, ref).info
    if ref.kind == KIND_FOREIGN:
        return cast(Object, ref.target).info
    object_ = object_for(ref.store, ref.kind, ref.target)
    if is_null(object_):
        ref.store.status = OUT_OF_MEMORY
        return null(HostInfo)
    return object_.info


# Traps and stores, which are referred to by count.


@kernel
def hold_trap(trap: Trap) -> None:
    """One more handle; with the first one the trap keeps its store."""
    if trap.count == 0 and trap.store != 0:
        cast(StoreObject, trap.store).count += 1
    trap.count += 1


@kernel
def drop_trap(trap: Trap) -> None:
    """One handle less. With the last one the trap ends, unless a guest holds it."""
    trap.count -= 1
    if trap.count == 0:
        store = trap.store
        if not trap.is_external:
            free_trap(trap)
        if store != 0:
            drop_store(cast(StoreObject, store))


@kernel
def drop_store(store: StoreObject) -> None:
    """One reference to a store less; with the last one it ends."""
    store.count -= 1
    if store.count != 0:
        return
    engine = store.engine
    world = store.world
    end_alarm(store)
    end_all_objects(store)
    finalize_hosts(store)
    if HAS_WASI:
        delete_wasi(cast(Wasi, store.wasi))
    release_store(store.store)
    drop_held(world)
    delete_block(cast(Ptr[u8], store))
    drop_world(world)
    drop_engine(engine)


@kernel
def drop_held(world: World) -> None:
    """Let go of the modules that the store has held. Their finalizers may end others: so from the latest each time."""
    at = world.modules
    while at != 0:
        module = cast(ModuleObject, at)
        at = module.older
        if module.is_held:
            module.is_held = False
            drop_module(module)
            at = world.modules


@kernel
def finalize_hosts(store: StoreObject) -> None:
    """Tell the embedder that its functions' environments are no longer needed."""
    from_last = store.host_count
    while from_last != 0:
        from_last -= 1
        host = store.hosts[from_last]
        finalize(host.environment, host.finalizer)
        delete_externtype(address(host.type))
    delete_block(cast(Ptr[u8], store.hosts))
