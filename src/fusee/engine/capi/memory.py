"""Memories as the embedder makes, reads and grows them."""

from fusee.engine.capi.engine_types import narrowed, read_memorytype
from fusee.engine.capi.messages import MISSING, OUT_OF_MEMORY
from fusee.engine.capi.refs import is_kind, new_ref
from fusee.engine.capi.state import KIND_MEMORY, ExternType, Ref, StoreObject
from fusee.engine.capi.types import NO_MAXIMUM
from fusee.engine.runtime.memory import grow_for, length_word
from fusee.engine.runtime.objects import new_memory
from fusee.engine.state import module as engine
from fusee.engine.state.runtime import NOT_GROWN, Memory
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
from fusee.spec.limits import MAX_PAGES_32, PAGE_SIZE_LOG2


@kernel(inline=True)
def memory_in(ref: Ref) -> Memory:
    return cast(Memory, ref.target)


@kernel(export="wasm_memory_new")
def new_memory_ref(s: StoreObject, type: ExternType) -> Ref:  # noqa: A002
    """Null if a limit or the system's memory is exceeded."""
    if is_null(s):
        return null(Ref)
    if is_null(type) or type.kind != KIND_MEMORY:
        s.status = MISSING
        return null(Ref)
    target = stack_array(usize, 1)
    if not type.is_64 and type.limits.minimum > MAX_PAGES_32:
        s.status = OUT_OF_MEMORY
        return null(Ref)
    s.status = caught(make_memory, s, type, target)
    return null(Ref) if s.status != 0 else new_ref(s, KIND_MEMORY, target[0])


@kernel
def make_memory(s: StoreObject, type: ExternType, target: Ptr[usize]) -> None:  # noqa: A002
    limits = stack_array(engine.Limits, 1)[0]
    write_limits(limits, type)
    limits.page_size_log2 = u32(PAGE_SIZE_LOG2)
    target[0] = address(new_memory(s.store, limits))


@kernel
def write_limits(limits: engine.Limits, type: ExternType) -> None:  # noqa: A002
    """C's limits as the engine's."""
    limits.minimum = type.limits.minimum
    limits.maximum = type.limits.maximum
    limits.has_maximum = type.limits.maximum != NO_MAXIMUM
    limits.is_64 = type.is_64
    limits.is_shared = type.is_shared
    limits.page_size_log2 = u32(0)


@kernel(export="wasm_memory_type")
def memory_type(ref: Ref) -> ExternType:
    """With the size now as the minimum."""
    if not is_kind(ref, KIND_MEMORY):
        return null(ExternType)
    return type_of(memory_in(ref))


@kernel
def type_of(memory: Memory) -> ExternType:
    return read_memorytype(pages_of(memory), memory.has_maximum, memory.maximum_pages, memory.is_shared, memory.is_64)


@kernel
def pages_of(memory: Memory) -> u64:
    """How large it is now, in its own pages."""
    return atomic_load(length_word(memory), Order.SEQ_CST) >> memory.page_size_log2


@kernel(export="wasm_memory_data")
def memory_data(ref: Ref) -> Ptr[u8]:
    """Where the bytes are, until the memory grows; for ever if it is shared."""
    return memory_in(ref).base if is_kind(ref, KIND_MEMORY) else null(Ptr[u8])


@kernel(export="wasm_memory_data_size")
def memory_data_size(ref: Ref) -> usize:
    return usize(memory_in(ref).length_bytes) if is_kind(ref, KIND_MEMORY) else usize(0)


@kernel(export="wasm_memory_size")
def memory_pages(ref: Ref) -> u32:
    """In the memory's own pages; as many as the number holds."""
    if not is_kind(ref, KIND_MEMORY):
        return u32(0)
    return narrowed(pages_of(memory_in(ref)))


@kernel(export="wasm_memory_grow")
def grow(ref: Ref, delta: u32) -> bool:
    """False if a limit or the system's memory is exceeded."""
    return is_kind(ref, KIND_MEMORY) and grow_for(ref.store.store, memory_in(ref), delta) != NOT_GROWN
