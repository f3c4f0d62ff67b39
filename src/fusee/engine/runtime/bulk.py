"""Bulk instructions on memories (spec 4.6.10): they pause, are paid for, and can be stopped in the middle."""

from fusee.engine.errors import Trap
from fusee.engine.runtime.memory import memory_at, out_of_range
from fusee.engine.runtime.metering import CHUNK_BYTES, charge, look
from fusee.engine.state.runtime import Instance, Memory, Segment, Store
from fusee.kernel.lang import (
    Ptr,
    address,
    copy_bytes,
    fill_bytes,
    kernel,
    minimum,
    u8,
    u32,
    u64,
    unlikely,
    usize,
)
from fusee.spec.traps import TrapCode


@kernel
def memory_fill(ctx: Instance, index: u64, start: u64, value: u64, count: u64) -> None:
    """`memory.fill` (spec 4.6.10)."""
    memory = memory_at(ctx, index)
    if unlikely(out_of_range(start, count, memory.length_bytes)):
        raise Trap(TrapCode.MEMORY_OUT_OF_BOUNDS, 0)
    if takes_long(ctx.store, count):
        fill_patiently(ctx.store, memory, start, value, count)
    elif count != 0:
        fill_bytes(memory.base + usize(start), u8(value), usize(count))


@kernel(inline=True)
def takes_long(world: Store, count: u64) -> bool:
    """Whether so many bytes are to be paid for, or the guest to be looked after. Others are done without a frame."""
    return unlikely(count > CHUNK_BYTES or world.engine.is_metered)


@kernel(cold=True)
def fill_patiently(world: Store, memory: Memory, start: u64, value: u64, count: u64) -> None:
    charge(world, count)
    done = u64(0)
    while done < count:
        part = minimum(count - done, CHUNK_BYTES)
        fill_bytes(memory.base + usize(start + done), u8(value), usize(part))
        done += part
        if done < count:
            look(world)


@kernel
def memory_copy(ctx: Instance, to_index: u64, from_index: u64, to: u64, start: u64, count: u64) -> None:
    """`memory.copy` (spec 4.6.10); the ranges may overlap."""
    target = memory_at(ctx, to_index)
    origin = memory_at(ctx, from_index)
    if unlikely(out_of_range(to, count, target.length_bytes) or out_of_range(start, count, origin.length_bytes)):
        raise Trap(TrapCode.MEMORY_OUT_OF_BOUNDS, 0)
    if takes_long(ctx.store, count):
        move_patiently(ctx.store, target, origin, to, start, count)
    elif count != 0:
        copy_bytes(target.base + usize(to), origin.base + usize(start), usize(count))


@kernel(cold=True)
def move_patiently(world: Store, target: Memory, origin: Memory, to: u64, start: u64, count: u64) -> None:
    charge(world, count)
    is_backward = address(target) == address(origin) and to > start
    done = u64(0)
    while done < count:
        part = minimum(count - done, CHUNK_BYTES)
        at = count - done - part if is_backward else done
        copy_bytes(target.base + usize(to + at), origin.base + usize(start + at), usize(part))
        done += part
        if done < count:
            look(world)


@kernel
def check_segment(memory: Memory, segment: Segment, to: u64, start: u64, count: u64) -> None:
    """Trap unless a part of a data segment, and the place in `memory` where it shall go, are there."""
    if unlikely(out_of_range(to, count, memory.length_bytes) or out_of_range(start, count, segment.length)):
        raise Trap(TrapCode.MEMORY_OUT_OF_BOUNDS, 0)


@kernel
def write_segment(world: Store, memory: Memory, segment: Segment, to: u64, start: u64, count: u64) -> None:
    """Copy part of a data segment into `memory` for a guest of `world`; `check_segment` has been called."""
    done = u64(0)
    while done < count:
        part = minimum(count - done, CHUNK_BYTES)
        copy_bytes(memory.base + usize(to + done), segment.items + usize(start + done), usize(part))
        done += part
        if done < count:
            look(world)


@kernel
def memory_init(ctx: Instance, index: u64, segment: u64, to: u64, start: u64, count: u64) -> None:
    """`memory.init` (spec 4.6.10)."""
    memory = memory_at(ctx, index)
    check_segment(memory, ctx.datas[segment], to, start, count)
    charge(ctx.store, count)
    write_segment(ctx.store, memory, ctx.datas[segment], to, start, count)


@kernel
def data_drop(ctx: Instance, segment: u64) -> None:
    """`data.drop` (spec 4.6.10): from here on the segment is empty."""
    ctx.datas[segment].length = u64(0)


@kernel
def read_memory(memory: Memory, into: Ptr[u8], start: u64, count: u64) -> u32:
    """The embedder's read (spec 7.1.8): 1 if the range is outside of the memory."""
    if out_of_range(start, count, memory.length_bytes):
        return u32(1)
    if count != 0:
        copy_bytes(into, memory.base + usize(start), usize(count))
    return u32(0)
