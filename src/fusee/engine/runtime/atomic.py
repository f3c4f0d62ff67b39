"""Where atomic instructions go, and waiting for each other (threads proposal)."""

from fusee.engine.errors import Trap
from fusee.engine.isa.atomic import SIZE_MASK
from fusee.engine.runtime.memory import memory_at
from fusee.engine.state.runtime import Instance
from fusee.kernel.lang import Ptr, kernel, u8, u16, u32, u64, unlikely, usize
from fusee.spec.traps import TrapCode


@kernel
def atomic_place(ctx: Instance, index: u32, start: u64, offset: u64, flags: u16) -> Ptr[u8]:
    """Where an access goes, which must be aligned to its size; that is looked at first, as in wasmtime."""
    memory = memory_at(ctx, u64(index))
    length = memory.length_bytes
    if not memory.is_64:
        start &= 0xFFFF_FFFF
    size = u64(1) << u64(flags & SIZE_MASK)
    if unlikely((start + offset) & (size - 1) != 0):
        raise Trap(TrapCode.HEAP_MISALIGNED, 0)
    if unlikely(start > length or offset > length or start + offset + size > length):
        raise Trap(TrapCode.MEMORY_OUT_OF_BOUNDS, 0)
    return memory.base + usize(start + offset)
