"""The collector's cycle: mark what was reachable when it began, then sweep.

Both are done in slices, which allocation pays for. What is allocated while marking goes on is marked; what is
overwritten meanwhile is marked, too (`barrier.py`). So a cycle frees what was unreachable when it began.
"""

from typing import Final

from fusee.engine.errors import Trap
from fusee.engine.present import HAS_OBJECTS
from fusee.engine.runtime.heap.blocks import LEAST_BYTES, block_of, granule_bit, granule_word, open_blocks
from fusee.engine.runtime.heap.chunks import blocks_of
from fusee.engine.runtime.heap.mark import rescan, scan_next, shrink_stack
from fusee.engine.runtime.heap.roots import mark_first, mark_next
from fusee.engine.runtime.heap.stack import mark_copied, mark_parked
from fusee.engine.runtime.heap.sweep import begin_sweep, blacken_runs, sweep_next
from fusee.engine.runtime.metering import is_late
from fusee.engine.state.heap import BITMAP_WORDS, IDLE, MARKING, SWEEPING, Marker
from fusee.engine.state.runtime import SAVED_REGISTERS, Store
from fusee.kernel.lang import Fn, Ptr, fill_bytes, kernel, maximum, null, span, u8, u32, u64, usize
from fusee.spec.traps import TrapCode

NO_BUDGET: Final = u64(0xFFFF_FFFF_FFFF_FFFF)
SLICE_WORDS: Final = u64(0x2000)  # that a slice looks at, when a run is wanted
LARGE_SHIFT: Final = 3  # for large objects it is a word for eight of their bytes, if that is more
KEPT_STACK: Final = 0x1000
LITTLE_SHIFT: Final = 6  # a 64th of the heap is little room
MOST_FRUITLESS: Final = 4


@kernel(inline=True)
def note_embedder(world: Store) -> None:
    """Before the embedder allocates or collects: guests' frames end at the store's `stack_top`."""
    world.saved_fp = null(Ptr[u64])
    for number in span(SAVED_REGISTERS):
        world.saved[number] = u64(0)


@kernel
def pay(world: Store, size_bytes: u64) -> None:
    """Do a slice's work before something is allocated, if there is any."""
    heap = world.heap
    m = blocks_of(world).marker
    if heap.stress != 0:
        collect_all(world)
    elif m.phase != IDLE:
        collect_slice(world, maximum(SLICE_WORDS, size_bytes >> LARGE_SHIFT))
    elif heap.since_bytes >= heap.start_bytes and heap.held == 0:
        begin_cycle(world, m)


@kernel
def begin_cycle(world: Store, m: Marker) -> None:
    """All blocks are swept, and nothing is marked."""
    heap = world.heap
    m.phase = MARKING
    m.marked_bytes = u64(0)
    heap.since_bytes = u64(0)
    heap.is_marking = True
    world.spare_exn = usize(0)
    if HAS_OBJECTS:
        blacken_runs(world)
    mark_first(world, m)


@kernel
def mark_slice(world: Store, m: Marker, budget: u64) -> u64:
    """Look at about `budget` words; the number of them. Afterwards marking may have ended."""
    spent = u64(0)
    while spent < budget:
        if HAS_OBJECTS and m.count != 0:
            spent += scan_next(world, m)
        elif HAS_OBJECTS and m.copy_left != 0:
            spent += mark_copied(world, m)
        elif m.parked != 0:
            spent += mark_parked(world, m)
        elif m.root_holding != 0:
            spent += mark_next(world, m)
        elif HAS_OBJECTS and (m.is_overflowed or m.rescan_at != 0):
            spent += rescan(world, m)
        else:
            end_marking(world, m)
            return spent
    return spent


@kernel
def end_marking(world: Store, m: Marker) -> None:
    """What is not marked is free. The next cycle begins when a part as large as what is left has been allocated."""
    heap = world.heap
    heap.is_marking = False
    if not HAS_OBJECTS:
        m.phase = IDLE
        return
    if world.spare_exn != 0:
        block_of(world.spare_exn).marks[granule_word(world.spare_exn)] |= granule_bit(world.spare_exn)
    heap.start_bytes = maximum(LEAST_BYTES, (m.marked_bytes + heap.since_bytes) * 2 // 5)
    if m.capacity > KEPT_STACK:
        shrink_stack(world, m)
    begin_sweep(world, m)
    m.phase = SWEEPING


@kernel
def collect_slice(world: Store, budget: u64) -> bool:
    """Look at about so many words of objects, or begin a cycle. Whether one has been completed."""
    m = blocks_of(world).marker
    spent = u64(0)
    if m.phase == IDLE:
        if world.heap.held != 0:
            return True
        begin_cycle(world, m)
        spent = u64(m.copy_left)  # a deep stack has been copied: that was work, too
    if m.phase == MARKING and spent < budget:
        spent += mark_slice(world, m, budget - spent)
    while HAS_OBJECTS and m.phase == SWEEPING and spent < budget:
        spent += BITMAP_WORDS * 2
        if not sweep_next(world, m):
            m.phase = IDLE
    return m.phase == IDLE


@kernel
def collect_all(world: Store) -> None:
    """Complete the present cycle, and another one: what is unreachable now is freed."""
    if world.heap.blocks == 0:
        return
    if blocks_of(world).marker.phase != IDLE:
        collect_slice(world, NO_BUDGET)
    if world.heap.held == 0:
        collect_slice(world, NO_BUDGET)


@kernel(cold=True)
def make_room(world: Store) -> None:
    """`collect_all`, since an allocation has found no place; the guest can be stopped meanwhile.

    Raises `Trap` if that has been needed again and again and has helped little: a heap that is nearly full would be
    looked through for every few objects.
    """
    heap = world.heap
    if heap.room_bytes >= heap.used_bytes >> LITTLE_SHIFT:
        heap.fruitless = u32(0)
    heap.room_bytes = u64(0)
    heap.fruitless += 1
    if heap.fruitless > MOST_FRUITLESS:
        raise Trap(TrapCode.OUT_OF_MEMORY, 0)
    if blocks_of(world).marker.phase != IDLE:
        complete_cycle(world)
    complete_cycle(world)


@kernel
def complete_cycle(world: Store) -> None:
    while not collect_slice(world, SLICE_WORDS * 4):
        if is_late(world):
            raise Trap(TrapCode.INTERRUPT, 0)


# For the embedder


@kernel
def collect_for(world: Store, budget: u64) -> bool:
    """`collect_slice`, as the embedder asks for it: between calls, or from a host function."""
    note_embedder(world)
    return world.heap.blocks == 0 or collect_slice(world, budget)


@kernel
def collect_all_for(world: Store) -> None:
    """`collect_all`, in the same way."""
    note_embedder(world)
    collect_all(world)


@kernel
def end_objects(world: Store, budget: u64) -> bool:
    """Free all objects but the exceptions that C holds, in steps of about so many words; whether all are.

    From the first one on no guest may run, and nobody look at an object.
    """
    heap = world.heap
    if heap.blocks == 0:
        return True
    if not heap.is_ending and blocks_of(world).marker.phase != IDLE:
        collect_slice(world, budget)  # what is under way is completed
        return False
    heap.is_ending = True
    return collect_slice(world, budget)


@kernel
def collect_hosts(world: Store, marks: Ptr[u8], count: u64) -> u64:
    """Set a mark for each of Python's handles, `count` in number, that something in the store refers to.

    Marks everything at once. Gives the number of words that were looked at.
    """
    note_embedder(world)
    if world.heap.blocks == 0 and not open_blocks(world):
        fill_bytes(marks, u8(1), usize(count))
        return u64(0)
    world.heap.host_marks = marks
    world.heap.host_count = count
    looked_at = mark_all(world)
    world.heap.host_marks = null(Ptr[u8])
    return looked_at


@kernel
def reach_hosts(world: Store, reach: Fn[[usize], None]) -> u64:
    """Call `reach` for every reference of the embedder's that something in the store holds; 0 if there is no memory."""
    note_embedder(world)
    if world.heap.blocks == 0 and not open_blocks(world):
        return u64(0)
    world.heap.reach_host = reach
    looked_at = mark_all(world)
    world.heap.reach_host = null(Fn[[usize], None])
    return looked_at


@kernel
def mark_all(world: Store) -> u64:
    """Everything at once that is reachable now. Gives the number of words that were looked at."""
    m = blocks_of(world).marker
    if m.phase != IDLE:
        collect_slice(world, NO_BUDGET)
    begin_cycle(world, m)
    return mark_slice(world, m, NO_BUDGET) + 1
