"""Calls of functions that have no code yet: they are translated, and run."""

from typing import Final

from fusee.engine.errors import Trap
from fusee.engine.handlers.opening import blame_caller
from fusee.engine.handlers.regs import Regs, code_at, note_place, reload_memory
from fusee.engine.handlers.trap import on_trap
from fusee.engine.isa.forms import NOWHERE
from fusee.engine.isa.row import cell
from fusee.engine.isa.table import NUMBER, ROWS
from fusee.engine.present import HAS_NATIVE
from fusee.engine.runtime.frames import header
from fusee.engine.runtime.metering import pause
from fusee.engine.state.runtime import Func, Instance
from fusee.engine.translate.function import translate
from fusee.kernel.lang import (
    Order,
    Ptr,
    address,
    atomic_fence,
    atomic_load,
    atomic_store,
    cast,
    handler,
    is_null,
    kernel,
    maximum,
    null,
    size_of,
    tail,
    u8,
    u32,
    u64,
    usize,
)  # fmt: skip
from fusee.spec.traps import TrapCode

CALL: Final = ROWS[NUMBER["call"]]


@kernel(inline=True)
def use_native_code(ctx: Instance, index: u32, code: usize) -> None:
    """Have translated code lead to the native code that the function has got meanwhile.

    If somebody else wants a guest to pause at this moment, and has replaced this handler: who waits does so again.
    """
    m = ctx.module
    if HAS_NATIVE and not is_null(m.tiers) and atomic_load(m.tiers + index, Order.ACQUIRE) != 0:
        atomic_store(cast(Ptr[usize], code), ctx.store.engine.cells.tiered, Order.RELAXED)


@kernel(cold=True)
def translated(ctx: Instance, index: u32) -> usize:
    """The code of a function of `ctx`, translated now if nobody has called it before. `Store.place_fp` is set.

    Whoever wants a guest to stop or pause says so, and then patches the code that there is: with a fence on both sides
    either this code is patched, too, or it is seen here. If it is another thread's guest that shall pause, which may
    call the function already, this one pauses, too, and the code is patched meanwhile.
    """
    world = ctx.store
    code = atomic_load(ctx.code + index, Order.ACQUIRE)
    if code == 0:
        code = translate(world, ctx.module, index)
        atomic_fence(Order.SEQ_CST)
        if world.interrupt != 0:
            raise Trap(TrapCode.INTERRUPT, 0)
        use_native_code(ctx, index, code)
        if atomic_load(world.engine.wanted, Order.RELAXED) != 0:
            pause(world)
    world.place_fp = null(Ptr[u64])
    return code


@handler(raises_to=on_trap, status="acc")
def first_call(f: Regs) -> None:
    """A function's stub, which its place in `Module.stubs` tells: translate it and go on there.

    The call that has led here leads to the code from now on. Other threads execute it meanwhile: all that changes is
    this one word, and whoever reads the new one sees the whole code.
    """
    frame = f.fp
    call = cell(CALL, NOWHERE, (), size_of(usize))
    target = header(frame, 2)[0] - call.size + call.immediates[0]
    index = u32((address(f.pc) - address(f.ctx.module.stubs)) // size_of(usize))
    definition = f.ctx.module.types[f.ctx.module.func_types[index]]
    f.ctx.store.place_fp = frame + maximum(definition.param_slots, definition.result_slots)
    f.ctx.store.place_instance = usize(0)
    blame_caller(f)
    code = translated(f.ctx, index)
    atomic_store(cast(Ptr[usize], target), code, Order.RELEASE)
    f.fp = frame
    f.pc = cast(Ptr[u8], code)
    reload_memory(f)  # which others may have grown while the translator paused
    return tail(code_at(f), f)


@handler(raises_to=on_trap, status="acc")
def cell_translate(f: Regs) -> None:
    """The code of a function that has not been called through its `Func` yet (the one in `acc`)."""
    frame = f.fp
    func = cast(Func, usize(f.acc))
    f.ctx.store.place_fp = frame + maximum(func.param_slots, func.result_slots)
    f.ctx.store.place_instance = usize(0)
    blame_caller(f)
    func.code = cast(Ptr[u8], translated(f.ctx, func.index))
    f.fp = frame
    f.pc = func.code
    reload_memory(f)
    return tail(code_at(f), f)


@handler(raises_to=on_trap, status="acc")
def translate_here(f: Regs) -> None:
    """Translate the function whose index is in `acc`, then run the cell again that needs it."""
    note_place(f)
    translated(f.ctx, u32(f.acc))
    reload_memory(f)
    return tail(code_at(f), f)
