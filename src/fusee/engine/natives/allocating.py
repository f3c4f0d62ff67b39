"""What native code calls of the collector (`helpers`)."""

from fusee.engine.runtime.heap.allocate import cell_of_next_run
from fusee.engine.runtime.heap.barrier import mark_overwritten
from fusee.engine.runtime.heap.collect import note_embedder
from fusee.engine.state.runtime import Instance, Store
from fusee.kernel.lang import Ptr, caught, kernel, u32, u64, usize


@kernel
def note_guest(world: Store, end: Ptr[u64]) -> None:
    """Before something is allocated for native code: where guests' frames end."""
    note_embedder(world)
    world.stack_top = end


@kernel
def new_cell(ctx: Instance, slots: Ptr[u64], number: u32, unused: u32) -> u64:
    """A cell of a size class whose run is used up; it has no header yet."""
    note_guest(ctx.store, slots)
    return caught(take_cell, ctx.store, slots, number)


@kernel
def take_cell(world: Store, slots: Ptr[u64], number: u32) -> None:
    slots[0] = cell_of_next_run(world, number)


@kernel
def overwritten(ctx: Instance, slots: Ptr[u64], unused: u32, unused_too: u32) -> u64:
    """The collector marks, and a reference is about to be overwritten."""
    mark_overwritten(ctx.store, usize(slots[0]))
    return u64(0)
