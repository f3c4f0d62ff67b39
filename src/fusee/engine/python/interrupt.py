"""Stopping a guest that runs, without a check in its code.

Every loop and every recursion comes past the first cell of a loop or of a function, again and again. Whoever wants a
guest to pause replaces the handlers in these cells, of all code of the store's modules, by `interrupted`: each a single
store of a word, seen by the guest at once or a little later. The guest that comes past one leaves the native code,
restores them all, lets Python do what there is to do, and goes on where it was.

Only whoever holds the interpreter lock patches, and only while a guest of the engine is in native code: it cannot leave
meanwhile. All that it may do at the same time is to translate another function, whose code is complete once it is
in the module's table, and to execute a `call_lazy`, the only cell that writes over its handler, which is left alone.
So a guest may come through once more without meeting `interrupted`. Who waits for it patches again.
"""

from typing import Final

from fusee.engine.python.state import IDLE, OVERDUE, READABLE, Embedder, Gate, Python, Watch
from fusee.engine.runtime.codes import code_of, loop_heads
from fusee.engine.runtime.holdings import BLOCK_INSTANCE, Block, contents, holdings_of
from fusee.engine.state.code import CODE_START
from fusee.engine.state.runtime import Cells, Instance, Store
from fusee.kernel.lang import (
    Order,
    Ptr,
    address,
    atomic_add,
    cast,
    i32,
    is_null,
    kernel,
    load,
    null,
    size_of,
    span,
    store,
    u8,
    u32,
    usize,
)  # fmt: skip

TICK_MILLISECONDS: Final = i32(10)
IDLE_TICKS: Final = 50  # without a guest on the main thread, after which nobody watches any more


@kernel
def interrupt_running(gate: Gate) -> None:
    """Have the guest pause that is in native code now, if there is one. Needs the interpreter lock."""
    if gate.running != 0:
        interrupt_guest(cast(Store, gate.running))


@kernel
def interrupt_store(world: Store) -> None:
    """Have the store's guest come to see that it shall stop, if it is in native code. Needs the interpreter lock."""
    if cast(Embedder, world.embedder).gate.running == address(world):
        interrupt_guest(world)


@kernel
def interrupt_guest(world: Store) -> None:
    """Patch all code that the store's guest may come through."""
    e = cast(Embedder, world.embedder)
    gate = e.gate
    if gate.patch_count != 0:
        restore_code(world)
    world.is_wanted = u32(1)
    atomic_add(world.fence, 0, Order.ACQ_REL)
    capacity = each_head(world, gate, u32(0))
    gate.patches = cast(Ptr[usize], e.python.allocate(usize(capacity) * 2, usize(size_of(usize))))
    if not is_null(gate.patches):
        each_head(world, gate, capacity)


@kernel
def each_head(world: Store, gate: Gate, capacity: u32) -> u32:
    """Patch up to `capacity` first cells of functions and loops; gives how many there are."""
    cells = world.engine.cells
    count = u32(0)
    at = holdings_of(world).newest
    while at != 0:
        block = cast(Block, at)
        at = block.next
        if block.kind == BLOCK_INSTANCE:
            m = cast(Instance, contents(block)).module
            for index in span(m.imported_func_count, m.func_count):
                if m.code_table[index] != 0:
                    code = code_of(m, index + 1)
                    heads = loop_heads(code)
                    patch(cells, gate, cast(Ptr[u8], code) + CODE_START, capacity)
                    for number in span(heads[0]):
                        patch(cells, gate, cast(Ptr[u8], code) + heads[number + 1], capacity)
                    count += heads[0] + 1
    return count


@kernel
def patch(cells: Cells, gate: Gate, cell: Ptr[u8], capacity: u32) -> None:
    """Replace a cell's handler, and note it."""
    handler = load(usize, cell)
    if gate.patch_count < capacity and handler != cells.interrupted and handler != cells.call_lazy and handler != 0:
        note = gate.patches + gate.patch_count * 2
        note[0] = address(cell)
        note[1] = handler
        gate.patch_count += 1
        store(cell, cells.interrupted)


@kernel
def restore_code(world: Store) -> None:
    """Give all cells that were patched for a store their handlers back. Needs the interpreter lock."""
    e = cast(Embedder, world.embedder)
    gate = e.gate
    world.is_wanted = u32(0)
    for number in span(gate.patch_count):
        note = gate.patches + number * 2
        store(cast(Ptr[u8], note[0]), note[1])
    gate.patch_count = u32(0)
    e.python.release(cast(Ptr[u8], gate.patches))
    gate.patches = null(Ptr[usize])


@kernel
def watch_main_thread(watch: Watch, python: Python) -> u32:
    """Wait until there is something to do for the guest of the main thread. Without the interpreter lock."""
    entries = watch.entries
    idle = u32(0)
    while idle < IDLE_TICKS:
        if python.poll(watch.polled, usize(1), TICK_MILLISECONDS) > 0:
            return u32(READABLE)
        if watch.entries != entries:
            idle = u32(0)
        elif watch.running == 0:
            idle += 1
        elif watch.is_listening == 0 or watch.is_patched != 0:
            return OVERDUE
        entries = watch.entries
    return u32(IDLE)


@kernel
def interrupt_main_thread(watch: Watch) -> None:
    """Have the guest of the main thread pause. Needs the interpreter lock."""
    if watch.running != 0:
        watch.is_patched = u32(1)
        interrupt_guest(cast(Store, watch.running))


@kernel
def stop_watching(watch: Watch) -> bool:
    """Say that nobody watches any more, unless there is a guest to watch. Needs the interpreter lock."""
    if watch.running != 0:
        return False
    watch.is_asleep = u32(1)
    return True


@kernel
def forget_running(gate: Gate) -> None:
    """In a new process, without the thread that was running a guest: leave nothing patched."""
    if gate.running != 0:
        restore_code(cast(Store, gate.running))
    gate.running = usize(0)
