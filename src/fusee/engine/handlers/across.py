"""Calls into other instances and of the host, and the cells that these return to."""

from fusee.engine.errors import Trap
from fusee.engine.handlers.control import leave_frame
from fusee.engine.handlers.opening import blame_caller
from fusee.engine.handlers.operands import lose_registers
from fusee.engine.handlers.regs import Regs, code_at, reload_memory
from fusee.engine.handlers.trap import on_trap
from fusee.engine.handlers.unwind import unwind
from fusee.engine.present import HAS_EXCEPTIONS
from fusee.engine.runtime.frames import header
from fusee.engine.runtime.metering import fuel_of, is_late
from fusee.engine.state.runtime import Func, Instance
from fusee.kernel.lang import (
    Ptr,
    address,
    cast,
    handler,
    kernel,
    maximum,
    null,
    tail,
    u8,
    u32,
    u64,
    unlikely,
    usize,
    v128,
)
from fusee.spec.traps import TrapCode


@kernel(inline=True)
def hand_over(f: Regs, guest: Instance) -> None:
    """Go on in another instance, which gets the fuel that this one has at hand: it would come for it (`pay`)."""
    left = f.ctx.fuel
    if left != 0:
        f.ctx.fuel = u64(0)
        guest.fuel = left
        guest.store.fuel_at = fuel_of(guest)
    f.ctx = guest


@handler(raises_to=on_trap, status="acc")
def across(f: Regs) -> None:
    """Go on in the function in `acc`, whose frame is open and which is not of this instance."""
    func = cast(Func, usize(f.acc))
    if func.instance == 0:
        world = f.ctx.store
        world.stack_top = f.fp + maximum(func.param_slots, func.result_slots)
        lose_registers(f)
        f.pc = null(Ptr[u8])
        if world.engine.platform.call_host(address(world), func.index, address(f.ctx), f.fp) != 0:
            blame_caller(f)
            if HAS_EXCEPTIONS and world.exception != 0:
                world.noted = u32(0)
                return tail(unwind, f)
            raise Trap(TrapCode.EMBEDDER, 0)
        if unlikely(world.interrupt != 0 or world.deadline != 0):
            if is_late(world):
                blame_caller(f)
                raise Trap(TrapCode.INTERRUPT, 0)
        f.acc = f.fp[0]
        f.facc = cast(Ptr[v128], f.fp)[0]
        leave_frame(f)
    else:
        back = f.ctx.store.engine.cells.return_across
        if header(f.fp, 2)[0] != address(back):
            header(f.fp, 5)[0] = address(f.ctx)
            header(f.fp, 4)[0] = header(f.fp, 2)[0]
            header(f.fp, 3)[0] = header(f.fp, 1)[0]
            header(f.fp, 2)[0] = address(back)
            header(f.fp, 1)[0] = address(f.fp)
        hand_over(f, cast(Instance, func.instance))
        f.pc = func.code
    reload_memory(f)
    return tail(code_at(f), f)


@handler
def cell_return_across(f: Regs) -> None:
    """The cell that a call into another instance returns to."""
    frame = f.fp
    hand_over(f, cast(Instance, header(frame, 5)[0]))
    f.pc = cast(Ptr[u8], header(frame, 4)[0])
    f.fp = cast(Ptr[u64], header(frame, 3)[0])
    reload_memory(f)
    return tail(code_at(f), f)


@handler
def cell_leave(f: Regs) -> None:
    """The cell that the outermost function of an invocation returns to."""
    return
