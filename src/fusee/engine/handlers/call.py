"""Handlers of calls: within the instance, through references, into other instances and the host."""

from typing import Final

from fusee.engine.errors import Trap
from fusee.engine.handlers.control import leave_frame
from fusee.engine.handlers.regs import (
    READ,
    Regs,
    code_at,
    field,
    note_place,
    reload_memory,
    save_registers,
    slot_number,
)
from fusee.engine.handlers.trap import on_trap
from fusee.engine.handlers.unwind import unwind
from fusee.engine.isa.forms import NOWHERE, ROOMY
from fusee.engine.isa.row import Row, cell
from fusee.engine.isa.table import NUMBER, ROWS
from fusee.engine.present import HAS_EXCEPTIONS, HAS_NATIVE
from fusee.engine.registry import is_subtype_canonical
from fusee.engine.runtime.codes import code_of, find_code, slots_at
from fusee.engine.runtime.frames import header
from fusee.engine.runtime.metering import fuel_of, is_late, leave_registers, pause
from fusee.engine.runtime.table import callee_at
from fusee.engine.state.module import REF
from fusee.engine.state.runtime import Func, Instance, Tiering
from fusee.engine.translate.function import translate
from fusee.kernel.lang import (
    Order,
    Ptr,
    Static,
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
    unlikely,
    usize,
    v128,
)  # fmt: skip
from fusee.spec.traps import TrapCode

CALL: Final = ROWS[NUMBER["call"]]


@kernel(inline=True)
def slot_field(f: Regs, row: Static[Row], forms: Static[tuple[int, ...]], number: Static[int]) -> u32:
    return slot_number(f, cell(row, NOWHERE, forms, size_of(usize)).immediates[number])


@kernel(inline=True)
def imm32(f: Regs, row: Static[Row], forms: Static[tuple[int, ...]], number: Static[int]) -> u32:
    return u32(field(f, cell(row, NOWHERE, forms, size_of(usize)).immediates[number]))


@kernel(inline=True)
def prepare_frame(f: Regs, out: u32, size: Static[int]) -> Ptr[u64]:
    """The callee's frame at slot `out`, returning to the cell after this one. Nobody is in it yet."""
    frame = f.fp + out
    header(frame, 2)[0] = address(f.pc + size)
    header(frame, 1)[0] = address(f.fp)
    return frame


@kernel(inline=True)
def open_frame(f: Regs, out: u32, size: Static[int]) -> None:
    """Enter it."""
    f.fp = prepare_frame(f, out, size)


@kernel(inline=True)
def reuse_frame(f: Regs, out: u32, count: u32) -> None:
    """For a tail call: move the arguments down to this frame's start; whoever called us is returned to."""
    source = f.fp + out
    end = source + count
    to = f.fp
    while source < end:
        to[0] = source[0]
        to = to + 1
        source = source + 1


@kernel(inline=True)
def blame_caller(f: Regs) -> None:
    """Before an error in a frame that runs no code yet: the backtrace starts inside the call."""
    frame = f.fp
    f.pc = cast(Ptr[u8], header(frame, 2)[0]) - 1
    f.fp = cast(Ptr[u64], header(frame, 1)[0])


@kernel(inline=True)
def call(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> None:
    """A direct call of a function of the same instance, or of its stub.

    The sooner a computer knows where it goes, the better. On a watch an instruction less is needed if it is last.
    """
    target = cast(Ptr[usize], f.pc + cell(row, dst, forms, size_of(usize)).immediates[0])
    if ROOMY:
        code = atomic_load(target, Order.RELAXED)  # `first_call` changes it
        open_frame(f, slot_field(f, row, forms, 1), cell(row, dst, forms, size_of(usize)).size)
        f.pc = cast(Ptr[u8], code)
    else:
        open_frame(f, slot_field(f, row, forms, 1), cell(row, dst, forms, size_of(usize)).size)
        f.pc = cast(Ptr[u8], atomic_load(target, Order.RELAXED))


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


@handler(raises_to=on_trap, status="acc")
def call_import(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> None:
    """A call of an imported function."""
    func = cast(Func, f.ctx.functions[imm32(f, row, forms, 0)])
    f.acc = u64(address(func))
    open_frame(f, slot_field(f, row, forms, 1), cell(row, dst, forms, size_of(usize)).size)
    if func.instance != address(f.ctx):
        return tail(across, f)
    f.pc = func.code
    return tail(code_at(f), f)


@kernel(inline=True)
def element(f: Regs, row: Static[Row], forms: Static[tuple[int, ...]]) -> Func:
    """The function that a `call_indirect` selects; its type is still to be checked."""
    index: u64 = u64(READ[row.sources[0]](f, forms[0], cell(row, NOWHERE, forms, size_of(usize)).sources[0]))
    return callee_at(f.ctx, imm32(f, row, forms, 1), index)


@kernel(cold=True)
def check_subtype(ctx: Instance, canonical: u32, expected: u32) -> None:
    """A function of a declared subtype may stand for its supertype; any other type traps."""
    if not is_subtype_canonical(ctx.store.engine.registry, canonical | REF, expected | REF):
        raise Trap(TrapCode.BAD_SIGNATURE, 0)


# A handler that calls a kernel saves and moves registers on every path through it. So the rare types are the business
# of handlers of their own: they get the function in `acc` and the expected type in `lp`, which calls lose anyway.


@handler(raises_to=on_trap, status="acc")
def call_subtype(f: Regs) -> None:
    """Go on with a call, whose frame is open, of a function that is not of the very type expected."""
    func = cast(Func, usize(f.acc))
    frame = f.fp
    blame_caller(f)
    check_subtype(f.ctx, func.canonical, u32(address(f.lp)))
    f.fp = frame
    if func.instance != address(f.ctx):
        return tail(across, f)
    f.pc = func.code
    return tail(code_at(f), f)


@handler(raises_to=on_trap, status="acc")
def return_call_subtype(f: Regs) -> None:
    """The same for a tail call, which has no frame of its own yet to be blamed for it."""
    func = cast(Func, usize(f.acc))
    check_subtype(f.ctx, func.canonical, u32(address(f.lp)))
    if func.instance != address(f.ctx):
        return tail(across, f)
    f.pc = func.code
    return tail(code_at(f), f)


@handler
def call_elsewhere(f: Regs) -> None:
    """Go on with a call, whose frame is open, of a function in `acc` of another type or instance."""
    if cast(Func, usize(f.acc)).canonical != u32(address(f.lp)):
        return tail(call_subtype, f)
    return tail(across, f)


# Of calls through tables and references there are three parts: the callee, with its frame open; whether it is anywhere
# but here; and the handler for that. So each is one straight line, alone and behind another cell.


@kernel(inline=True)
def enter_element(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> Func:
    """The callee of a `call_indirect`, also in `acc`."""
    if not ROOMY:  # on a watch, who has no frame yet need not keep the caller's for an error
        found = element(f, row, forms)
        open_frame(f, slot_field(f, row, forms, 2), cell(row, dst, forms, size_of(usize)).size)
        f.acc = u64(address(found))
        return found
    frame = prepare_frame(f, slot_field(f, row, forms, 2), cell(row, dst, forms, size_of(usize)).size)
    func = element(f, row, forms)
    f.acc = u64(address(func))
    f.fp = frame
    return func


@kernel(inline=True)
def is_other_element(f: Regs, row: Static[Row], forms: Static[tuple[int, ...]], func: Func) -> bool:
    """Whether it is not of the very type expected, or not of this instance."""
    return (func.canonical ^ imm32(f, row, forms, 0)) | (func.instance ^ address(f.ctx)) != 0


@kernel(inline=True)
def note_expected(f: Regs, row: Static[Row], forms: Static[tuple[int, ...]]) -> None:
    """For `call_elsewhere`: the type that a `call_indirect` expects, which its cell has in a place that depends on the
    operand's form."""
    if row.family == "call_indirect":
        f.lp = cast(Ptr[u8], usize(imm32(f, row, forms, 0)))


@kernel(inline=True)
def enter_reference(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> Func:
    """The callee of a `call_ref`, whose reference is in `acc`."""
    frame = prepare_frame(f, slot_field(f, row, forms, 0), cell(row, dst, forms, size_of(usize)).size)
    if unlikely(f.acc == 0):
        raise Trap(TrapCode.NULL_FUNCTION, 0)
    f.fp = frame
    return cast(Func, usize(f.acc))


@kernel(inline=True)
def is_of_other_instance(f: Regs, row: Static[Row], forms: Static[tuple[int, ...]], func: Func) -> bool:
    return func.instance != address(f.ctx)


@handler(raises_to=on_trap, status="acc")
def translate_here(f: Regs) -> None:
    """Translate the function whose index is in `acc`, then run the cell again that needs it."""
    note_place(f)
    translated(f.ctx, u32(f.acc))
    reload_memory(f)
    return tail(code_at(f), f)


@handler(raises_to=on_trap, status="acc")
def return_call(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> None:
    """A tail call within the instance (spec 4.6.10, return_call)."""
    code = atomic_load(f.ctx.code + imm32(f, row, forms, 0), Order.RELAXED)  # as the target of a `call`
    if unlikely(code == 0):
        f.acc = u64(imm32(f, row, forms, 0))
        return tail(translate_here, f)
    reuse_frame(f, slot_field(f, row, forms, 1), slot_field(f, row, forms, 2))
    f.pc = cast(Ptr[u8], code)
    return tail(code_at(f), f)


@handler(raises_to=on_trap, status="acc")
def return_call_func(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> None:
    """Tail calls of an import, of a table's element, or of the reference in `acc`."""
    if row.family == "return_call_import":
        f.acc = u64(f.ctx.functions[imm32(f, row, forms, 0)])
    elif row.family == "return_call_indirect":
        f.acc = u64(address(element(f, row, forms)))
    elif unlikely(f.acc == 0):
        raise Trap(TrapCode.NULL_FUNCTION, 0)
    last = len(row.immediates) - 1
    reuse_frame(f, slot_field(f, row, forms, last - 1), slot_field(f, row, forms, last))
    func = cast(Func, usize(f.acc))
    if row.family == "return_call_indirect":
        if unlikely(func.canonical != imm32(f, row, forms, 0)):
            f.lp = cast(Ptr[u8], usize(imm32(f, row, forms, 0)))
            return tail(return_call_subtype, f)
    if unlikely(func.instance != address(f.ctx)):
        return tail(across, f)
    f.pc = func.code
    return tail(code_at(f), f)
