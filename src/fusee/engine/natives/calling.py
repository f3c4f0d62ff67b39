"""What native code calls to call others, and to note that something has been raised (`helpers`)."""

from fusee.engine.errors import Trap
from fusee.engine.handlers.call import check_subtype
from fusee.engine.handlers.entering import run
from fusee.engine.natives.host_stack import is_deep
from fusee.engine.runtime.frames import header
from fusee.engine.runtime.metering import is_late
from fusee.engine.runtime.notes import note_interpreted, note_native
from fusee.engine.state.runtime import Func, Instance
from fusee.kernel.lang import Ptr, address, cast, caught, kernel, maximum, u32, u64, usize
from fusee.spec.traps import TrapCode

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
    run(func, frame)
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
