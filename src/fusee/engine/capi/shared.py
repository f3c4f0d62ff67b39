"""`fusee_sharedmemory_t`: memories that the stores of an engine share. Each handle holds a `SharedMemory` once more."""

from fusee.engine.capi.engine import platform_of
from fusee.engine.capi.memory import memory_in, pages_of, type_of, write_limits
from fusee.engine.capi.messages import MISSING
from fusee.engine.capi.refs import is_kind, new_ref
from fusee.engine.capi.state import KIND_MEMORY, EngineObject, ExternType, Ref, StoreObject
from fusee.engine.runtime.memory import extend, greatest_bytes, length_word
from fusee.engine.runtime.shared import borrow_shared, drop_shared, hold_shared, new_shared
from fusee.engine.state.module import Limits
from fusee.engine.state.platform import Platform
from fusee.engine.state.runtime import NO_LIMIT, NOT_GROWN, SharedMemory
from fusee.kernel.lang import (
    Order,
    Ptr,
    address,
    atomic_load,
    cast,
    caught,
    is_null,
    kernel,
    null,
    stack_array,
    u8,
    u32,
    u64,
    usize,
)  # fmt: skip
from fusee.spec.limits import PAGE_SIZE_LOG2


@kernel(export="fusee_sharedmemory_new")
def new_sharedmemory(engine: EngineObject, type: ExternType) -> SharedMemory:  # noqa: A002
    """Null unless the type is a shared memory's, and if the system has not so much memory."""
    if is_null(engine) or is_null(type) or type.kind != KIND_MEMORY or not type.is_shared:
        return null(SharedMemory)
    limits = stack_array(Limits, 1)[0]
    write_limits(limits, type)
    limits.page_size_log2 = u32(PAGE_SIZE_LOG2)
    made = new_shared(platform_of(engine, stack_array(Platform, 1)[0]), limits, NO_LIMIT)
    if not is_null(made):
        made.embedder = address(engine)
    return made


@kernel(export="fusee_sharedmemory_clone")
def clone(shared: SharedMemory) -> SharedMemory:
    """Another handle."""
    if not is_null(shared):
        hold_shared(shared)
    return shared


@kernel(export="fusee_sharedmemory_delete")
def delete(shared: SharedMemory) -> None:
    """One handle less; the memory lives as long as a store has it, or another handle is there."""
    if not is_null(shared):
        drop_shared(shared)


@kernel(export="fusee_memory_share")
def share(ref: Ref) -> SharedMemory:
    """A handle of a store's memory that other stores may obtain; null if its type is not shared."""
    if not is_kind(ref, KIND_MEMORY) or not memory_in(ref).is_shared:
        return null(SharedMemory)
    shared = cast(SharedMemory, ref.target)
    shared.embedder = address(ref.store.engine)
    return clone(shared)


@kernel(export="fusee_sharedmemory_obtain")
def obtain(s: StoreObject, shared: SharedMemory) -> Ref:
    """The memory as an extern of a store; null if that is another engine's, or there is no memory."""
    if is_null(s):
        return null(Ref)
    s.status = MISSING
    if is_null(shared) or shared.embedder != address(s.engine):
        return null(Ref)
    s.status = caught(borrow_shared, s.store, shared)
    return null(Ref) if s.status != 0 else new_ref(s, KIND_MEMORY, address(shared))


@kernel(export="fusee_sharedmemory_type")
def sharedmemory_type(shared: SharedMemory) -> ExternType:
    """With the size now as the minimum."""
    return null(ExternType) if is_null(shared) else type_of(shared.memory)


@kernel(export="fusee_sharedmemory_data")
def data(shared: SharedMemory) -> Ptr[u8]:
    """Where the bytes are, as long as the memory lives."""
    return null(Ptr[u8]) if is_null(shared) else shared.memory.base


@kernel(export="fusee_sharedmemory_data_size")
def data_size(shared: SharedMemory) -> usize:
    return usize(0) if is_null(shared) else usize(atomic_load(length_word(shared.memory), Order.SEQ_CST))


@kernel(export="fusee_sharedmemory_size")
def pages(shared: SharedMemory) -> u64:
    return u64(0) if is_null(shared) else pages_of(shared.memory)


@kernel(export="fusee_sharedmemory_grow")
def grow(shared: SharedMemory, delta: u64, before: Ptr[u64]) -> bool:
    """Add pages, and say how many there were if `before` is given; false beyond the maximum."""
    if is_null(shared):
        return False
    was = pages_of(shared.memory)
    if delta != 0:
        was = extend(shared.memory, delta, greatest_bytes(shared.memory))
    if was == NOT_GROWN:
        return False
    if not is_null(before):
        before[0] = was
    return True
