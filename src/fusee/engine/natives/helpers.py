"""What native code calls: whatever it does not do itself.

All have one signature, and are called through a table: instance, slots, two numbers -> status. Operands are in
consecutive slots, i32 ones zero-extended, and results are left there.
"""

from typing import Any, Final

from fusee.engine.errors import Trap
from fusee.engine.handlers.atomic import notify, wait
from fusee.engine.handlers.on_slots import ON_SLOTS
from fusee.engine.isa.memory import ALLOCATING, PAUSING, SPREAD
from fusee.engine.natives.allocating import new_cell, note_guest, overwritten
from fusee.engine.natives.calling import (
    call_function,
    call_handed_over,
    call_of_type,
    call_reference,
    check_callee,
    note_first,
    note_further,
)  # fmt: skip
from fusee.engine.natives.numbers import NAMES, WIDE
from fusee.engine.natives.throwing import catch, throw, throw_ref
from fusee.engine.runtime.metering import come_for_fuel, leave_registers
from fusee.engine.state.runtime import Instance, Store
from fusee.engine.state.tiering import SAMPLED_NATIVE, Tiering
from fusee.kernel.lang import (
    Fn,
    Ptr,
    Static,
    address,
    cast,
    caught,
    instance,
    kernel,
    null,
    table,
    u16,
    u32,
    u64,
    usize,
)  # fmt: skip
from fusee.spec.families import Family, left_out
from fusee.spec.traps import TrapCode

Helper = Fn[[Instance, Ptr[u64], u32, u32], u64]

OFFSET_OF: Final = {"wait": 3, "notify": 2}  # of atomic instructions: in which slot it is, behind the operands

MOST_SLOTS: Final = 8  # that operands have of an instruction on slots that may pause
MOST_SLOTS_OF_NEW: Final = 128  # and of one that makes an object


# Pauses


@kernel
def poll(ctx: Instance, top: Ptr[u64], unused: u32, unused_too: u32) -> u64:
    """Stop the guest if it shall, or let it pause; `top` is the end of its frame."""
    return caught(pause, ctx.store, top)


@kernel
def pause(world: Store, top: Ptr[u64]) -> None:
    if world.interrupt != 0:
        raise Trap(TrapCode.INTERRUPT, 0)
    if world.engine.tiering != 0:
        cast(Tiering, world.engine.tiering).sampled = SAMPLED_NATIVE
    leave_registers(world, top)
    if world.engine.pause(address(world)) != 0:
        raise Trap(TrapCode.EMBEDDER, 0)
    if world.interrupt != 0:
        raise Trap(TrapCode.INTERRUPT, 0)


@kernel
def pay(ctx: Instance, slots: Ptr[u64], cost: u32, unused: u32) -> u64:
    """Pay for a stretch for which there is too little fuel at hand (`native.metering`)."""
    return caught(pay_here, ctx, u64(cost))


@kernel
def pay_here(ctx: Instance, cost: u64) -> None:
    come_for_fuel(ctx, cost)
    ctx.fuel -= cost


# Instructions on slots


@kernel
def on_slots(
    ctx: Instance, slots: Ptr[u64], first: u32, second: u32, name: Static[str], narrow: Static[int]
) -> u64:  # fmt: skip
    """Run a kernel of `ON_SLOTS`; the two numbers are the instruction's immediates."""
    world = ctx.store
    if name in PAUSING:
        world.place_fp = slots + MOST_SLOTS
        world.place_instance = usize(0)
    if name in ALLOCATING:
        note_guest(world, slots + MOST_SLOTS_OF_NEW)
    status = caught(ON_SLOTS[name], ctx, slots, u16(narrow), first, second)
    world.place_fp = null(Ptr[u64])
    return status


@kernel
def atomic_wait(ctx: Instance, slots: Ptr[u64], memory: u32, size: u32) -> u64:
    """`memory.atomic.wait`: the operands, then the memarg's offset; `size` is the binary logarithm of the word's."""
    return pausing(ctx, slots, memory, size, wait)


@kernel
def atomic_notify(ctx: Instance, slots: Ptr[u64], memory: u32, size: u32) -> u64:
    return pausing(ctx, slots, memory, size, notify)


@kernel(inline=True)
def pausing(ctx: Instance, slots: Ptr[u64], memory: u32, size: u32, body: Static[Any]) -> u64:
    offset = slots[OFFSET_OF[body.name]]
    world = ctx.store
    world.place_fp = slots + MOST_SLOTS
    world.place_instance = usize(0)
    status = caught(body, ctx, slots, u16(size), offset, memory)
    world.place_fp = null(Ptr[u64])
    return status


# The whole


@kernel
def absent(ctx: Instance, slots: Ptr[u64], unused: u32, unused_too: u32) -> u64:
    """In place of those of a family that the engine is built without: nothing that is executed needs them."""
    return caught(raise_absent)


@kernel
def raise_absent() -> None:
    raise Trap(TrapCode.UNREACHABLE, 0)


def _is_left_out(name: str) -> bool:
    if name in ("throw", "throw_ref", "catch"):
        return Family.EXCEPTIONS in left_out()
    if name.startswith("atomic_"):
        return Family.THREADS in left_out()
    return Family.GC in left_out() and (name in ("new_cell", "overwritten") or name.startswith("array_"))


_OWN: Final[dict[str, Any]] = {
    body.name: body
    for body in (
        note_first, note_further, call_function, call_reference, call_of_type, check_callee, call_handed_over, throw,
        throw_ref, catch, poll, pay, new_cell, overwritten, atomic_wait, atomic_notify,
    )
}  # fmt: skip


def _helper(name: str) -> Any:
    """The kernel of a name; those that are not defined here do an instruction on slots."""
    plain = name.removesuffix(WIDE)
    return _OWN.get(name) or instance(on_slots, name=plain, narrow=0 if plain == name else SPREAD)


HELPERS = table(Helper, [absent if _is_left_out(name) else _helper(name) for name in NAMES])
