"""Throwing (spec 4.6.9)."""

from fusee.engine.errors import Trap
from fusee.engine.handlers.opening import imm32, slot_field
from fusee.engine.handlers.regs import Regs, save_registers
from fusee.engine.handlers.trap import on_trap
from fusee.engine.handlers.unwind import unwind
from fusee.engine.isa.row import Row
from fusee.engine.runtime.exceptions import capture, has_spare
from fusee.engine.state.runtime import Tag
from fusee.kernel.lang import Static, cast, handler, tail, u32, unlikely, usize
from fusee.spec.traps import TrapCode


@handler(raises_to=on_trap, status="acc")
def throw(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> None:
    if unlikely(not has_spare(f.ctx.store, cast(Tag, f.ctx.tags[imm32(f, row, forms, 0)]))):
        save_registers(f)
    capture(f.ctx, imm32(f, row, forms, 0), f.fp + slot_field(f, row, forms, 1), slot_field(f, row, forms, 2))
    f.ctx.store.noted = u32(0)
    return tail(unwind, f)


@handler(raises_to=on_trap, status="acc")
def throw_ref(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> None:
    """The reference is in `acc`."""
    if unlikely(f.acc == 0):
        raise Trap(TrapCode.NULL_REFERENCE, 0)
    f.ctx.store.exception = usize(f.acc)
    f.ctx.store.noted = u32(0)
    return tail(unwind, f)
