"""Going on where an exception is caught (spec 4.6.9)."""

from fusee.engine.handlers.operands import WRITE
from fusee.engine.handlers.regs import Regs, code_at, reload_memory
from fusee.engine.handlers.trap import on_trap
from fusee.engine.isa.forms import PIN, PINS
from fusee.engine.runtime.exceptions import land, stop_throwing
from fusee.engine.state.code import Clauses
from fusee.engine.state.runtime import Instance
from fusee.kernel.lang import Ptr, bitcast, cast, f64, handler, kernel, tail, unlikely, unroll, v128


@handler(raises_to=on_trap, status="acc")
def unwind(f: Regs) -> None:
    """Go on where the exception under way is caught, as at any label: with all pins loaded."""
    if unlikely(f.ctx.store.engine.is_metered):
        stop_throwing(f.ctx.store)
    land(f.ctx, f.pc, f.fp)
    landing = f.ctx.store.landing
    f.pc = landing.pc
    f.fp = landing.frame
    f.ctx = cast(Instance, landing.instance)
    load_all_pins(f, landing.clauses)
    reload_memory(f)
    return tail(code_at(f), f)


@kernel(inline=True)
def load_all_pins(f: Regs, clauses: Clauses) -> None:
    """Those that the function does not use get some slot's value, which nobody reads."""
    for pin in unroll(range(PINS)):
        WRITE["i64"](f, PIN + pin, 0, f.fp[clauses.pins[pin]])
        slot = f.fp + clauses.pins[PINS + pin]
        if clauses.wide_pins >> pin & 1 != 0:
            WRITE["v128"](f, PIN + pin, 0, cast(Ptr[v128], slot)[0])
        else:
            WRITE["f64"](f, PIN + pin, 0, bitcast(f64, slot[0]))
