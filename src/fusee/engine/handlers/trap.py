"""Leaving the interpreter by a trap or another error."""

from fusee.engine.handlers.regs import Regs
from fusee.kernel.lang import Ptr, address, handler, kernel, null, u32, u64


@handler
def on_trap(f: Regs) -> None:
    """Where a handler that raises goes: keep the status (in `acc`) and the place for the embedder."""
    stop(f)
    if f.ctx.store.exception == 0:  # else native code may have been left by it already
        f.ctx.store.noted = u32(0)
    return


@handler
def on_native_error(f: Regs) -> None:
    """The same for errors that have left frames of native code, which are noted."""
    stop(f)
    return


@kernel(inline=True)
def stop(f: Regs) -> None:
    store = f.ctx.store
    store.status = f.acc
    store.trap_pc = f.pc
    store.trap_fp = f.fp
    store.trap_instance = address(f.ctx)
    store.place_fp = null(Ptr[u64])
