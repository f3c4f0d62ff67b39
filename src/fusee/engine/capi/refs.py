"""Handles of the runtime's objects: copying, comparing and deleting them, and what keeps what alive."""

from fusee.engine.capi.blocks import delete_block, new_block
from fusee.engine.capi.messages import OUT_OF_MEMORY
from fusee.engine.capi.state import (
    EngineObject,
    HeldModule,
    ModuleObject,
    Ref,
    StoreObject,
)
from fusee.engine.capi.types import delete_externtype
from fusee.engine.capi.wasi.config import delete_wasi
from fusee.engine.capi.wasi.state import Wasi
from fusee.engine.interpreter import close_module, uninstall_interpreter
from fusee.engine.runtime.store import release_engine, release_store
from fusee.kernel.lang import Fn, Ptr, Static, address, cast, is_null, kernel, null, size_of, u8, u32, u64, usize


@kernel
def new_ref(store: StoreObject, kind: u32, target: usize) -> Ref:
    """A handle, which keeps its store alive; null if there is no memory."""
    ref = cast(Ref, new_block(usize(size_of(Ref))))
    if not is_null(ref):
        ref.kind = kind
        ref.store = store
        ref.target = target
        store.count += 1
    else:
        store.status = u64(OUT_OF_MEMORY)
    return ref


@kernel
def delete_ref(ref: Ref) -> None:
    """End a handle; nothing if it is null."""
    if not is_null(ref):
        store = ref.store
        delete_block(cast(Ptr[u8], ref))
        drop_store(store)


@kernel
def copy_ref(ref: Ref) -> Ref:
    """Another handle of the same object."""
    if is_null(ref):
        return ref
    return new_ref(ref.store, ref.kind, ref.target)


@kernel
def delete_extern(ref: usize) -> None:
    """`delete_ref` for vectors."""
    delete_ref(cast(Ref, ref))


@kernel
def copy_extern(ref: usize) -> usize:
    """`copy_ref` for vectors."""
    return address(copy_ref(cast(Ref, ref)))


@kernel(export="wasm_extern_kind")
def kind_of(ref: Ref) -> u8:
    return u8(ref.kind)


@kernel
def same_ref(a: Ref, b: Ref) -> bool:
    """Whether two handles are of the same object."""
    if is_null(a) or is_null(b):
        return a == b
    return a.target == b.target and a.kind == b.kind


@kernel
def as_extern(ref: Ref) -> Ref:
    """From a function, global, table or memory to the extern that it is."""
    return ref


@kernel
def from_extern(ref: Ref, kind: Static[int]) -> Ref:
    """The other way; null if the extern is of another kind."""
    if is_null(ref) or ref.kind != kind:
        return null(Ref)
    return ref


# What is referred to by count.


@kernel
def drop_store(store: StoreObject) -> None:
    """One reference to a store less; with the last one it ends."""
    store.count -= 1
    if store.count != 0:
        return
    engine = store.engine
    finalize_hosts(store)
    delete_wasi(cast(Wasi, store.wasi))
    release_store(store.store)
    held = store.modules
    while held != 0:
        entry = cast(HeldModule, held)
        held = entry.next
        drop_module(entry.module)
        delete_block(cast(Ptr[u8], entry))
    delete_block(cast(Ptr[u8], store))
    drop_engine(engine)


@kernel
def finalize_hosts(store: StoreObject) -> None:
    """Tell the embedder that its functions' environments are no longer needed."""
    from_last = store.host_count
    while from_last != 0:
        from_last -= 1
        host = store.hosts[from_last]
        if host.finalizer != 0:
            cast(Fn[[usize], None], host.finalizer)(host.environment)
        delete_externtype(address(host.type))
    delete_block(cast(Ptr[u8], store.hosts))


@kernel
def drop_module(module: ModuleObject) -> None:
    """One reference to a module less; with the last one it ends."""
    module.count -= 1
    if module.count == 0:
        engine = module.engine
        close_module(module.module)
        delete_block(module.source)
        delete_block(cast(Ptr[u8], module))
        drop_engine(engine)


@kernel
def drop_engine(engine: EngineObject) -> None:
    """One reference to an engine less; with the last one it ends."""
    engine.count -= 1
    if engine.count == 0:
        uninstall_interpreter(engine.engine)
        release_engine(engine.engine)
        delete_block(cast(Ptr[u8], engine))
