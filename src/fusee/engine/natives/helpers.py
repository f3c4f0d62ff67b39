"""What native code calls: whatever it does not do itself.

All have one signature, and are called through a table: instance, slots, two numbers -> status. Operands are in
consecutive slots, i32 ones zero-extended, and results are left there.
"""

from typing import Any, Final

from fusee.engine.errors import Trap
from fusee.engine.handlers.atomic import notify, wait
from fusee.engine.handlers.call import check_subtype
from fusee.engine.handlers.entering import enter
from fusee.engine.handlers.on_slots import ON_SLOTS
from fusee.engine.isa.memory import ALLOCATING, PAUSING, SPREAD
from fusee.engine.natives.host_stack import is_deep
from fusee.engine.natives.numbers import NAMES, WIDE
from fusee.engine.runtime.exceptions import capture, stop_throwing, take_caught
from fusee.engine.runtime.frames import header
from fusee.engine.runtime.heap.allocate import cell_of_next_run
from fusee.engine.runtime.heap.barrier import mark_overwritten
from fusee.engine.runtime.heap.collect import note_embedder
from fusee.engine.runtime.metering import come_for_fuel, is_late, leave_registers
from fusee.engine.runtime.notes import note_interpreted, note_native
from fusee.engine.state.runtime import SAMPLED_NATIVE, Func, Instance, Store, Tag, Tiering
from fusee.kernel.lang import (
    Fn,
    Ptr,
    Static,
    address,
    cast,
    caught,
    instance,
    kernel,
    maximum,
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


# Errors


@kernel
def note_first(ctx: Instance, slots: Ptr[u64], function: u32, offset: u32) -> u64:
    """Native code raises, at an offset in the module."""
    ctx.store.noted = u32(0)
    note_native(ctx, function, offset)
    return u64(0)


@kernel
def note_further(ctx: Instance, slots: Ptr[u64], function: u32, offset: u32) -> u64:
    """What it has called has raised."""
    note_native(ctx, function, offset)
    return u64(0)


# Calls


@kernel
def call_function(ctx: Instance, frame: Ptr[u64], function: u32, unused: u32) -> u64:
    """Call a function by its index, with arguments and results in the frame. Below it there is room for its header."""
    return call_func(ctx, cast(Func, ctx.functions[function]), frame)


@kernel
def call_reference(ctx: Instance, frame: Ptr[u64], unused: u32, unused_too: u32) -> u64:
    """Call a function by its address, which is below the frame."""
    return call_func(ctx, cast(Func, usize((frame - 1)[0])), frame)


@kernel
def call_of_type(ctx: Instance, frame: Ptr[u64], type_index: u32, unused: u32) -> u64:
    """The same for one whose type may be a subtype of the one that is expected, or wrong."""
    func = cast(Func, usize((frame - 1)[0]))
    status = caught(check_subtype, ctx, func.canonical, ctx.module.types[type_index].canonical)
    if status != 0:
        ctx.store.noted = u32(0)
        return status
    return call_func(ctx, func, frame)


@kernel
def check_callee(ctx: Instance, slots: Ptr[u64], type_index: u32, unused: u32) -> u64:
    """Whether a function, whose address is in the slot, is of a type, as `call_of_type` asks."""
    return caught(check_subtype, ctx, cast(Func, usize(slots[0])).canonical, ctx.module.types[type_index].canonical)


@kernel
def call_handed_over(ctx: Instance, frame: Ptr[u64], unused: u32, unused_too: u32) -> u64:
    """Native code has returned `TAIL_CALL`."""
    return call_func(ctx, cast(Func, ctx.store.tail_callee), frame)


@kernel
def call_func(ctx: Instance, func: Func, frame: Ptr[u64]) -> u64:
    """Call a function in the interpreter or of the host; what it raises has its frames noted."""
    world = ctx.store
    # Asked once: what is asked again further down the host's stack, or not so far down, may be answered otherwise.
    no_room = frame + maximum(func.param_slots, func.result_slots) > world.stack_limit or is_deep(world)
    if not no_room:  # a host function may look for who waits for it (`parking`)
        header(frame, 2)[0] = address(world.engine.cells.leave)
        header(frame, 1)[0] = usize(0)
    if no_room or func.instance == 0:
        world.noted = u32(0)
        return caught(call_host, ctx, func, frame, no_room)
    world.status = u64(0)
    enter(func, frame)
    status = world.status
    world.status = u64(0)
    if status != 0:
        note_interpreted(world)
    return status


@kernel
def call_host(ctx: Instance, func: Func, frame: Ptr[u64], no_room: bool) -> None:
    """Call a host function, unless one of the stacks is full: then `func` may be any."""
    world = ctx.store
    if no_room:
        raise Trap(TrapCode.STACK_OVERFLOW, 0)
    world.stack_top = frame + maximum(func.param_slots, func.result_slots)
    if world.engine.platform.call_host(address(world), func.index, address(ctx), frame) != 0:
        if world.exception != 0:
            raise Trap(TrapCode.UNCAUGHT_EXCEPTION, 0)
        raise Trap(TrapCode.EMBEDDER, 0)
    if world.interrupt != 0 or world.deadline != 0:
        if is_late(world):
            raise Trap(TrapCode.INTERRUPT, 0)


# Exceptions


@kernel
def note_guest(world: Store, end: Ptr[u64]) -> None:
    """Before something is allocated for native code: where guests' frames end."""
    note_embedder(world)
    world.stack_top = end


@kernel
def throw(ctx: Instance, slots: Ptr[u64], tag: u32, spread: u32) -> u64:
    """`throw`, with the tag's values in the slots, `1 << spread` apart."""
    world = ctx.store
    note_guest(world, slots + (cast(Tag, ctx.tags[tag]).slot_count << spread))
    world.noted = u32(0)
    status = caught(capture, ctx, tag, slots, spread)
    if status != 0:
        return status
    return caught(raise_thrown)


@kernel
def throw_ref(ctx: Instance, slots: Ptr[u64], unused: u32, unused_too: u32) -> u64:
    """`throw_ref`"""
    world = ctx.store
    world.noted = u32(0)
    status = caught(check_exception, slots[0])
    if status != 0:
        return status
    world.exception = usize(slots[0])
    return caught(raise_thrown)


@kernel
def check_exception(reference: u64) -> None:
    if reference == 0:
        raise Trap(TrapCode.NULL_REFERENCE, 0)


@kernel
def raise_thrown() -> None:
    """The status while an exception is under way."""
    raise Trap(TrapCode.UNCAUGHT_EXCEPTION, 0)


@kernel
def catch(ctx: Instance, slots: Ptr[u64], kind: u32, unused: u32) -> u64:
    """The exception under way is caught by a clause of a kind: leave in the slots what that gives."""
    world = ctx.store
    if world.engine.is_metered:
        status = caught(stop_throwing, world)
        if status != 0:
            return status
    take_caught(world, kind, slots)
    return u64(0)


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


# Objects


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
