"""Stopping a store's guests from another thread, without a check in their code (`fusee_store_interrupt`).

Why they shall stop is in `Store.interrupt`, a bit for each reason. As long as there is one, the first cells of
functions and loops have the handler `interrupted` (`runtime.heads`), and guests that are called trap at once, so that
none runs code that came after these were replaced. What waits or works long looks at the reasons itself.

An engine that is metered, or interruptible, leaves its cells alone: its guests look at the reasons where they pay.
"""

from typing import Final

from fusee.engine.capi.state import StoreObject
from fusee.engine.capi.waiting import give_lock, rouse, take_lock
from fusee.engine.errors import Trap
from fusee.engine.interpreter import invoke
from fusee.engine.runtime.heads import replace_heads
from fusee.engine.state.runtime import Func, Store
from fusee.kernel.lang import (
    Fn,
    Order,
    Ptr,
    atomic_fence,
    atomic_store,
    cast,
    is_null,
    kernel,
    offset_of,
    table,
    u8,
    u32,
    u64,
    usize,
)  # fmt: skip
from fusee.spec.traps import TrapCode

ASKED: Final = u32(1)  # reasons: by `fusee_store_interrupt`
OVERDUE: Final = u32(2)  # and by `capi.alarm`


@kernel(export="fusee_store_interrupt")
def interrupt(s: StoreObject, is_interrupted: u32) -> None:
    """Stop guests, and all that wait, until it is called with false; any thread may call this at any time."""
    if is_null(s):
        return
    if s.engine.is_metered:
        s.store.interrupt = is_interrupted & 0xFF
        rouse(s)
    else:
        change_reason(s, ASKED, is_interrupted & 0xFF != 0)


@kernel
def change_reason(s: StoreObject, reason: u32, holds: bool) -> None:
    """Note that a reason to stop is there, or is there no more, and have guests notice."""
    world = s.store
    take_lock(s.engine.system, s.interrupting)
    before = world.interrupt
    after = before | reason if holds else before & ~reason
    atomic_store(cast(Ptr[u32], cast(Ptr[u8], world) + offset_of(Store, "interrupt")), after, Order.RELAXED)
    world.is_wanted = u32(after != 0)  # native code looks at this
    if (before != 0) != (after != 0):
        atomic_fence(Order.SEQ_CST)
        replace_heads(world, after != 0, False, False)
    give_lock(s.engine.system, s.interrupting)
    rouse(s)


@kernel
def call_guest(world: Store, func: Func, slots: Ptr[u64]) -> None:
    """Call a function, unless guests shall stop."""
    if world.interrupt != 0 and func.instance != 0:
        world.trap_instance = usize(0)  # it happens in no guest's frame
        raise Trap(TrapCode.INTERRUPT, 0)
    invoke(world, func, slots)


@kernel
def let_go_on(world: usize) -> u32:
    """`Engine.pause`: a guest has met `interrupted`, and may go on when its cells have their handlers again."""
    s = cast(StoreObject, cast(Store, world).embedder)
    take_lock(s.engine.system, s.interrupting)
    give_lock(s.engine.system, s.interrupting)
    return u32(0)


PAUSE = table(Fn[[usize], u32], [let_go_on])
