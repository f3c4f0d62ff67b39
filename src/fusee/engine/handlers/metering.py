"""The handlers of metered code: who pays for which stretch of instructions (`translate/metering.py`)."""

from fusee.engine.handlers.control import frame_loop, target
from fusee.engine.handlers.regs import Regs, code_at, field, following_code, look_ahead
from fusee.engine.handlers.trap import on_trap
from fusee.engine.isa.control import TICK
from fusee.engine.isa.forms import NOWHERE
from fusee.engine.isa.row import Row, cell
from fusee.engine.runtime.metering import come_for_fuel
from fusee.engine.state.runtime import MOST_FUEL
from fusee.kernel.lang import (
    Static,
    handler,
    kernel,
    load,
    size_of,
    store,
    tail,
    u64,
    unlikely,
    usize,
)  # fmt: skip


@kernel(inline=True)
def cost_of(f: Regs) -> u64:
    """What a `tick` charges."""
    return field(f, cell(TICK, NOWHERE, (), size_of(usize)).immediates[0])


@kernel(inline=True)
def is_short(f: Regs, cost: u64) -> bool:
    """Pay, or say that there is too little fuel at hand."""
    left = f.ctx.fuel - cost
    if unlikely(left > MOST_FUEL):
        return True
    f.ctx.fuel = left
    return False


@kernel(inline=True)
def take_branch(f: Regs, row: Static[Row], forms: Static[tuple[int, ...]]) -> None:
    """To a label or to the loop pointer."""
    if row.family.endswith("loop"):
        f.pc = f.lp
    elif row.family.endswith("frame"):
        f.pc = frame_loop(f)
    else:
        f.pc = target(f, row, forms)


@handler(raises_to=on_trap, status="acc")
def pay(f: Regs) -> None:
    """Make fuel available for a `tick`, then run it again. Registers may hold values."""
    come_for_fuel(f.ctx, cost_of(f))
    return tail(code_at(f), f)


@handler(raises_to=on_trap, status="acc")
def tick(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> None:
    """Pay for what follows; only metered code has these."""
    following = following_code(f.pc + cell(row, dst, forms, size_of(usize)).size)
    if row.detail != 0:
        if is_short(f, cost_of(f) if row.detail is None else u64(row.detail)):
            return tail(pay, f)
    f.pc = f.pc + cell(row, dst, forms, size_of(usize)).size
    look_ahead(f)
    return tail(following, f)


@kernel(inline=True)
def count(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> None:
    """Count the executions of the block that starts here, in the cell itself; only profiled code has these."""
    counter = f.pc + cell(row, dst, forms, size_of(usize)).immediates[0]
    store(counter, load(u64, counter) + 1)
