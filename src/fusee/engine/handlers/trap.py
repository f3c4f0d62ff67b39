"""Leaving the interpreter by a trap or another error."""

from fusee.engine.handlers.regs import Regs
from fusee.kernel.lang import Ptr, address, handler, null, u64


@handler
def on_trap(f: Regs) -> None:
    """Where a handler that raises goes: keep the status (in `acc`) and the place for the embedder."""
    store = f.ctx.store
    store.status = f.acc
    store.trap_pc = f.pc
    store.trap_fp = f.fp
    store.trap_instance = address(f.ctx)
    store.place_fp = null(Ptr[u64])
    return
