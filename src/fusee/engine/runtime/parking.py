"""Guests that wait: their frames are copied out of the store's stack, and into it when they go on.

A host function's call loses all registers, so that its guest is in its frames as a whole. What frames know of the stack
is where the caller's frame is; that is moved with them, since they may come back to another place.
"""

from fusee.engine.arena import new_unset
from fusee.engine.errors import Trap
from fusee.engine.runtime.frames import header
from fusee.engine.runtime.heap.chunks import blocks_of
from fusee.engine.runtime.heap.stack import mark_words, words_of
from fusee.engine.state.agreed import HEADER_SLOTS
from fusee.engine.state.parked import CANNOT_WAIT, MOST_PARKED_BYTES, NO_ROOM, Parked
from fusee.engine.state.runtime import MAY_WAIT, SLOT_BYTES, Cells, Store
from fusee.kernel.lang import (
    Ptr,
    address,
    cast,
    copy_bytes,
    diff,
    is_null,
    kernel,
    null,
    size_of,
    u8,
    u32,
    u64,
    usize,
)  # fmt: skip
from fusee.spec.traps import TrapCode


@kernel
def move_links(cells: Cells, frame: Ptr[u64], distance: usize) -> Ptr[u64]:
    """Have a frame, and all that it returns to, find their callers by so much further up; gives the outermost one.

    Null if that was not entered by `advance`: then there is native code or a host function between the two.
    """
    while True:
        place = header(frame, 2)[0]
        link = header(frame, 1)
        if place == address(cells.return_across):
            link[0] = address(frame)
            place = header(frame, 4)[0]
            link = header(frame, 3)
        if place == address(cells.leave):
            return frame if link[0] == MAY_WAIT else null(Ptr[u64])
        link[0] = link[0] + distance
        frame = cast(Ptr[u64], link[0])


@kernel
def park(world: Store, instance: usize, frame: Ptr[u64]) -> usize:
    """The guest waits that has called a host function: put its frames aside. Gives the address of a `Parked`.

    For the host function, which is given `instance` and `frame` by `Platform.call_host`, and has that give something
    other than 0 then. Otherwise `CANNOT_WAIT`, if something else than guest code waits for the call, too; or `NO_ROOM`.
    """
    if instance == 0:
        return CANNOT_WAIT
    base = move_links(world.engine.cells, frame, usize(0))
    if is_null(base):
        return CANNOT_WAIT
    start = base - HEADER_SLOTS
    count = diff(world.stack_top, start)
    size = count * SLOT_BYTES
    if world.parked_bytes + size > MOST_PARKED_BYTES:
        return NO_ROOM
    memory = new_unset(world.engine.platform, size + size_of(Parked))
    if is_null(memory):
        return NO_ROOM
    parked = cast(Parked, memory)
    parked.start = address(start)
    parked.instance = instance
    parked.count = u32(count)
    parked.call = u32(diff(frame, start))
    copy_bytes(cast(Ptr[u8], words_of(parked)), cast(Ptr[u8], start), size)
    parked.previous = usize(0)
    parked.next = world.parked
    if world.parked != 0:
        cast(Parked, world.parked).previous = address(parked)
    world.parked = address(parked)
    world.parked_bytes += size
    world.suspended = address(parked)
    return address(parked)


@kernel
def unpark(world: Store, parked: Parked) -> Ptr[u64]:
    """Put frames on top of the stack, which ends behind them then; gives the host function's. Nothing else is left.

    Raises `Trap` if the stack has no room for them.
    """
    start = world.stack_top
    count = usize(parked.count)
    if start + count > world.stack_limit:
        drop_parked(world, parked)
        raise Trap(TrapCode.STACK_OVERFLOW, 0)
    words = words_of(parked)
    if world.heap.is_marking:
        mark_words(world, blocks_of(world).marker, words, words + count)
    copy_bytes(cast(Ptr[u8], start), cast(Ptr[u8], words), count * SLOT_BYTES)
    frame = start + parked.call
    move_links(world.engine.cells, frame, address(start) - parked.start)
    world.stack_top = start + count
    drop_parked(world, parked)
    return frame


@kernel
def drop_parked(world: Store, parked: Parked) -> None:
    """Its guest does not go on any more, or has its frames elsewhere."""
    if parked.next != 0:
        cast(Parked, parked.next).previous = parked.previous
    if parked.previous != 0:
        cast(Parked, parked.previous).next = parked.next
    else:
        world.parked = parked.next
    if world.heap.is_marking and blocks_of(world).marker.parked == address(parked):
        blocks_of(world).marker.parked = parked.next
        blocks_of(world).marker.parked_index = u32(0)
    if world.suspended == address(parked):
        world.suspended = usize(0)
    world.parked_bytes -= u64(parked.count) * SLOT_BYTES
    world.engine.platform.release(cast(Ptr[u8], parked))
