"""What native code calls to throw and to catch exceptions (`helpers`)."""

from fusee.engine.errors import Trap
from fusee.engine.natives.allocating import note_guest
from fusee.engine.runtime.exceptions import capture, stop_throwing, take_caught
from fusee.engine.state.runtime import Instance, Tag
from fusee.kernel.lang import Ptr, cast, caught, kernel, u32, u64, usize
from fusee.spec.traps import TrapCode


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
