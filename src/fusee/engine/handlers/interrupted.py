"""What a loop or function begins with while somebody wants the guest to pause or to stop."""

from fusee.engine.errors import Trap
from fusee.engine.handlers.regs import Regs, code_at, reload_memory, save_registers
from fusee.engine.handlers.trap import on_trap
from fusee.engine.runtime.codes import code_of, find_code, slots_at
from fusee.engine.runtime.metering import leave_registers
from fusee.engine.state.tiering import Tiering
from fusee.kernel.lang import address, cast, handler, kernel, tail, u64
from fusee.spec.traps import TrapCode


@kernel(inline=True)
def note_sample(f: Regs) -> None:
    """Say which function, or which loop of it, has met `interrupted`. Whoever reads it looks for the module first."""
    m = f.ctx.module
    if f.ctx.store.engine.tiering != 0:
        tiering = cast(Tiering, f.ctx.store.engine.tiering)
        code = code_of(m, find_code(m, address(f.pc)))
        tiering.sampled_module = address(m)
        tiering.sampled = u64(code.index) << 32 | u64(address(f.pc) - address(code))


@handler(raises_to=on_trap, status="acc")
def interrupted(f: Regs) -> None:
    """In the first cell of a loop or function, in place of its own handler, which comes back while we pause.

    The embedder may call guests meanwhile, whose frames are built behind what this function may use.
    """
    world = f.ctx.store
    if world.interrupt != 0:
        raise Trap(TrapCode.INTERRUPT, 0)
    top = f.fp + slots_at(f.ctx.module, address(f.pc))
    note_sample(f)
    save_registers(f)
    leave_registers(world, top)
    if world.engine.pause(address(world)) != 0:
        raise Trap(TrapCode.EMBEDDER, 0)
    if world.interrupt != 0:
        raise Trap(TrapCode.INTERRUPT, 0)
    reload_memory(f)
    return tail(code_at(f), f)
