"""Entering and leaving the interpreter, and looking at its stack (spec 7.1.7, func_invoke)."""

from fusee.engine.arena import Arena
from fusee.engine.decode.module import release_module
from fusee.engine.errors import Suspended, Trap, raise_again
from fusee.engine.handlers.across import across, cell_leave, cell_return_across
from fusee.engine.handlers.entering import enter, go_on
from fusee.engine.handlers.first_call import cell_translate, first_call
from fusee.engine.handlers.interrupted import interrupted
from fusee.engine.handlers.native import resume_natively, run_native, run_tiered
from fusee.engine.handlers.regs import Code
from fusee.engine.handlers.table import HANDLERS
from fusee.engine.natives.helpers import HELPERS
from fusee.engine.natives.host_stack import measure_stack
from fusee.engine.present import HAS_NATIVE
from fusee.engine.runtime.codes import release_code
from fusee.engine.runtime.exceptions import take_exn
from fusee.engine.runtime.frames import header
from fusee.engine.runtime.heap.roots import new_root
from fusee.engine.runtime.parking import unpark
from fusee.engine.state.agreed import HEADER_SLOTS
from fusee.engine.state.module import Module
from fusee.engine.state.parked import Parked
from fusee.engine.state.runtime import MAY_WAIT, Engine, Func, Instance, Store
from fusee.engine.translate.buffers import release_translator
from fusee.kernel.lang import Ptr, address, cast, caught, kernel, maximum, span, table, u8, u32, u64, usize
from fusee.spec.traps import TrapCode

CELL_HANDLERS = table(Code, [cell_translate, across, cell_leave, cell_return_across])
FIRST_CALL = table(Code, [first_call])
INTERRUPTED = table(Code, [interrupted])
NATIVE = table(Code, [run_native, run_tiered, resume_natively])


@kernel
def install_interpreter(engine: Engine) -> None:
    """Tell the engine where the handlers are, and make the cells that belong to no function."""
    engine.handlers = cast(Ptr[usize], HANDLERS)
    cells = engine.cells
    cells.first_call = address(FIRST_CALL[0])
    cells.interrupted = address(INTERRUPTED[0])
    if HAS_NATIVE:
        cells.native = address(NATIVE[0])
        cells.tiered = address(NATIVE[1])
        cells.resumed = address(NATIVE[2])
        engine.helpers = cast(Ptr[usize], HELPERS)
    for number in span(u32(4)):
        cells.words[number] = address(CELL_HANDLERS[number])
    cells.translate = cast(Ptr[u8], cells.words)
    cells.host = cast(Ptr[u8], cells.words + 1)
    cells.leave = cast(Ptr[u8], cells.words + 2)
    cells.return_across = cast(Ptr[u8], cells.words + 3)


@kernel
def uninstall_interpreter(engine: Engine) -> None:
    """Before the engine is released."""
    release_translator(engine)


@kernel
def close_module(m: Module) -> None:
    """End a module and the code of its functions."""
    release_code(m, cast(Arena, m.arena).platform)
    release_module(m)


@kernel
def invoke(world: Store, func: Func, slots: Ptr[u64]) -> None:
    """Call a function. `slots` holds the arguments, and then the results. Raises what stopped it."""
    begin(world, func, slots, usize(0))


@kernel
def begin(world: Store, func: Func, slots: Ptr[u64], mark: usize) -> None:
    """`invoke`; `mark` is 0, or `MAY_WAIT`."""
    world.trap_instance = usize(0)  # what is raised before a guest runs has no frames
    measure_stack(world)
    frame = world.stack_top + HEADER_SLOTS
    if frame + maximum(func.param_slots, func.result_slots) > world.stack_limit:
        raise Trap(TrapCode.STACK_OVERFLOW, 0)
    if func.instance == 0:
        if world.engine.platform.call_host(address(world), func.index, usize(0), slots) != 0:
            world.trap_instance = usize(0)  # and what traps the host has met meanwhile are not this one
            if world.exception != 0:
                raise Trap(TrapCode.UNCAUGHT_EXCEPTION, 0)
            raise Trap(TrapCode.EMBEDDER, 0)
        return
    for place in span(func.param_slots):
        frame[place] = slots[place]
    header(frame, 2)[0] = address(world.engine.cells.leave)
    header(frame, 1)[0] = mark
    world.status = u64(0)
    enter(func, frame)
    end(world, func, frame, slots)


@kernel(inline=True)
def end(world: Store, func: Func, frame: Ptr[u64], slots: Ptr[u64]) -> None:
    """A function that was called by the embedder has returned, or something has stopped it."""
    world.stack_top = frame - HEADER_SLOTS
    status = world.status
    world.status = u64(0)  # an outer invocation may go on
    if status != 0:
        raise_again(status)
    for place in span(func.result_slots):
        slots[place] = frame[place]


@kernel
def resume(world: Store, func: Func, parked: Parked, slots: Ptr[u64]) -> None:
    """Go on behind the call of a host function that `park` was called by, as if it returned what is in the first slot.

    `func` is the function that was called by the embedder, and has not returned. Results and errors are as of `invoke`;
    `parked` is used up.
    """
    world.trap_instance = usize(0)
    measure_stack(world)
    base = world.stack_top + HEADER_SLOTS
    instance = cast(Instance, parked.instance)
    frame = unpark(world, parked)
    frame[0] = slots[0]
    world.status = u64(0)
    go_on(instance, frame)
    end(world, func, base, slots)


@kernel
def proceed(world: Store, func: Func, parked: usize, slots: Ptr[u64]) -> None:
    """Call a function, which may wait, or let it go on."""
    if parked == 0:
        begin(world, func, slots, MAY_WAIT)
    else:
        resume(world, func, cast(Parked, parked), slots)


@kernel
def advance_keeping(world: Store, func: Func, parked: usize, slots: Ptr[u64]) -> None:
    """`proceed`, as `invoke_keeping`. Raises `Suspended` if the guest waits: what `park` gave is in the first slot."""
    status = caught(proceed, world, func, parked, slots)
    suspended = world.suspended
    if suspended != 0:
        world.suspended = usize(0)
        slots[0] = suspended
        raise Suspended(0, 0)
    keep_thrown(world, slots)
    raise_again(status)


@kernel
def invoke_keeping(world: Store, func: Func, slots: Ptr[u64]) -> None:
    """`invoke`, for Python: what nobody has caught is kept by a place (`new_root`), whose address is in the first slot.

    Nothing of it is left in the store, which others may use before the caller looks.
    """
    status = caught(invoke, world, func, slots)
    keep_thrown(world, slots)
    raise_again(status)


@kernel(inline=True)
def keep_thrown(world: Store, slots: Ptr[u64]) -> None:
    if world.exception != 0:
        slots[0] = address(new_root(world, take_exn(world)))
