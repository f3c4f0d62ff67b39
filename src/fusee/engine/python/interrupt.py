"""Stopping a guest that runs, without a check in its code.

Whoever wants a guest to pause replaces the handlers of the first cells of its functions and loops (`runtime.heads`).
The guest that comes past one leaves the native code, restores them all, lets Python do what there is to do, and goes
on where it was.

Only whoever holds the interpreter lock patches, and only while the guest is in native code: it cannot leave meanwhile.
All that it, and others in the same code, may do at the same time is to translate another function, whose code is
complete once it is in the module's table, and to have calls lead there, which changes no handler. So a guest may come
through once more without meeting `interrupted`. Who waits for it patches again.

Guests of several threads run in the same code. One that nobody wants to pause meets `interrupted`, too: it leaves the
native code and waits until all have come out that are wanted (`Engine.wanted`), which takes them a moment, and whose
cells have their own handlers again. When one restores cells that others are wanted by, too, the code of these is
patched anew.
"""

from typing import Final

from fusee.engine.python.state import IDLE, OVERDUE, READABLE, Embedder, Python, Watch
from fusee.engine.runtime.heads import replace_heads
from fusee.engine.state.runtime import Engine, Store
from fusee.engine.state.tiering import Tiering
from fusee.kernel.lang import (
    Order,
    Ptr,
    Static,
    address,
    atomic_fence,
    atomic_load,
    atomic_store,
    cast,
    i32,
    kernel,
    null,
    offset_of,
    span,
    u8,
    u32,
    u64,
    usize,
)  # fmt: skip

TICK_MILLISECONDS: Final = i32(10)
GLANCES: Final = u32(10_000)  # a third of a nanosecond each
IDLE_TICKS: Final = 50  # without a guest on the main thread, after which nobody watches any more


@kernel
def interrupt_running(e: Embedder) -> None:
    """Have the guest pause if it is in native code. Needs the interpreter lock."""
    if e.running != 0:
        interrupt_guest(cast(Store, e.running), False)


@kernel
def interrupt_soon(e: Embedder) -> bool:
    """Have the guest pause that runs a moment later; whether it does at once, as all do that are interpreted.

    Needs the interpreter lock, which is free during that moment. It is taken and made use of without any Python code
    in between. That takes as long as some guests need from one call of the embedder to the next: they would have come
    out meanwhile, wait for the lock, and pass no cell.
    """
    let_run(e.python)
    if e.running == 0:
        return False
    interrupt_guest(cast(Store, e.running), True)
    return is_sampled(cast(Tiering, cast(Store, e.running).engine.tiering))


@kernel
def interrupt_interpreted(e: Embedder) -> bool:
    """The same, but not where native code begins or looks whether it shall pause.

    Of native and interpreted code that call each other all the time it might always be the former that is met. Nobody
    waits for this pause: if the guest executes native code only, the cells stay as they are.
    """
    let_run(e.python)
    if e.running == 0:
        return False
    replace_heads(cast(Store, e.running), True, True, True)
    return is_sampled(cast(Tiering, cast(Store, e.running).engine.tiering))


@kernel
def is_sampled(tiering: Tiering) -> bool:
    """Whether a guest comes past a cell within some microseconds: `interrupted` is in no cache.

    Who is seen later has executed other code until then, which passes none: native code, for instance.
    """
    place = cast(Ptr[u64], cast(Ptr[u8], tiering) + offset_of(Tiering, "sampled"))
    for _ in span(GLANCES):
        if atomic_load(place, Order.RELAXED) != 0:
            return True
    return False


@kernel
def let_run(python: Python) -> None:
    """Let others have the interpreter lock for a moment."""
    if address(python.poll) != 0:
        state = python.save_thread()
        python.poll(null(Ptr[u64]), usize(0), i32(1))
        python.restore_thread(state)


@kernel
def interrupt_store(world: Store) -> None:
    """Have the store's guest come to see that it shall stop, if it is in native code. Needs the interpreter lock."""
    interrupt_running(cast(Embedder, world.embedder))


@kernel
def interrupt_guest(world: Store, is_mixed: Static[bool]) -> None:
    """Have the store's guest meet `interrupted`, wherever it comes next; `is_mixed`: as `replace_heads` has it."""
    e = cast(Embedder, world.embedder)
    if world.is_wanted == 0:
        e.next_wanted = world.engine.wanted[0]
        atomic_store(world.engine.wanted, address(e), Order.RELAXED)
    world.is_wanted = u32(1)
    atomic_fence(Order.SEQ_CST)
    replace_heads(world, True, False, is_mixed)


@kernel
def restore_code(world: Store) -> None:
    """A guest has come out that was wanted. Needs the interpreter lock."""
    replace_heads(world, False, False, False)
    if world.is_wanted != 0:
        world.is_wanted = u32(0)
        strike_out(world.engine.wanted, cast(Embedder, world.embedder))
    interrupt_wanted(world.engine)


@kernel
def interrupt_wanted(engine: Engine) -> None:
    """Patch anew for those that are wanted and have not come out: other code than before, perhaps."""
    at = engine.wanted[0]
    while at != 0:
        e = cast(Embedder, at)
        at = e.next_wanted
        interrupt_running(e)


@kernel
def strike_out(wanted: Ptr[usize], e: Embedder) -> None:
    """Nobody wants this one any more."""
    if wanted[0] == address(e):
        atomic_store(wanted, e.next_wanted, Order.RELAXED)
        return
    before = cast(Embedder, wanted[0])
    while before.next_wanted != address(e):
        before = cast(Embedder, before.next_wanted)
    before.next_wanted = e.next_wanted


@kernel
def watch_main_thread(watch: Watch, python: Python) -> u32:
    """Wait until there is something to do for the guest of the main thread. Without the interpreter lock."""
    entries = watch.entries
    idle = u32(0)
    while idle < IDLE_TICKS:
        if python.poll(watch.polled, usize(1), TICK_MILLISECONDS) > 0:
            return READABLE
        if watch.entries != entries:
            idle = u32(0)
        elif watch.running == 0:
            idle += 1
        elif watch.is_listening == 0 or watch.is_patched != 0:
            return OVERDUE
        entries = watch.entries
    return IDLE


@kernel
def interrupt_main_thread(watch: Watch) -> None:
    """Have the guest of the main thread pause. Needs the interpreter lock."""
    if watch.running != 0:
        watch.is_patched = u32(1)
        interrupt_guest(cast(Store, watch.running), False)


@kernel
def stop_watching(watch: Watch) -> bool:
    """Say that nobody watches any more, unless there is a guest to watch. Needs the interpreter lock."""
    if watch.running != 0:
        return False
    watch.is_asleep = u32(1)
    return True


@kernel
def forget_running(e: Embedder) -> None:
    """In a new process, without the thread that was running a guest: leave nothing patched."""
    running = e.running
    e.running = usize(0)
    if running != 0:
        restore_code(cast(Store, running))
