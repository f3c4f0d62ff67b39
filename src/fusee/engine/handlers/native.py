"""The cell in front of a function's native code, by which interpreted code enters it (`docs/native.md`)."""

from fusee.engine.handlers.across import across
from fusee.engine.handlers.control import leave_frame
from fusee.engine.handlers.opening import blame_caller
from fusee.engine.handlers.operands import float_register, lose_registers, read_float, read_int
from fusee.engine.handlers.regs import Regs, code_at, reload_memory
from fusee.engine.handlers.trap import on_native_error
from fusee.engine.handlers.unwind import unwind
from fusee.engine.isa.forms import PIN, PINS
from fusee.engine.present import HAS_EXCEPTIONS, HAS_VECTORS
from fusee.engine.state.agreed import HEADER_SLOTS, LEFT_LOOP, TAIL_CALL, WIDE_RESULT
from fusee.engine.state.code import CODE_START, MOST_PINS, Code
from fusee.engine.state.native import NativeCell, Resume
from fusee.engine.state.runtime import Func, Instance
from fusee.kernel.lang import (
    Fn,
    Ptr,
    address,
    bitcast,
    cast,
    f64,
    from_low,
    handler,
    kernel,
    load,
    null,
    offset_of,
    span,
    tail,
    u8,
    u64,
    unlikely,
    unroll,
    usize,
    v128,
)  # fmt: skip

Entry = Fn[[Instance, Ptr[u64], usize], u64]
"""Calls native code with the arguments in a frame, and leaves the results there: instance, slot 0, code -> status.

What goes on in a loop is given its `Resume` instead of code."""


@handler
def run_native(f: Regs) -> None:
    """Run a function's native code in the frame that is open for it, and return."""
    entry = cast(Entry, load(usize, f.pc + offset_of(NativeCell, "entry")))
    code = load(usize, f.pc + offset_of(NativeCell, "code"))
    lose_registers(f)
    f.pc = null(Ptr[u8])
    f.acc = entry(f.ctx, f.fp, code)
    if unlikely(f.acc != 0):
        return tail(leave_native, f)
    take_results(f)
    return tail(code_at(f), f)


@kernel(inline=True)
def take_results(f: Regs) -> None:
    """Return from a function whose results are in its frame already, the first of which is no vector.

    It is read once, and as wide as it has been stored a moment ago: a processor that cannot take all of it from one
    store waits until that has come to memory.
    """
    f.acc = f.fp[0]
    f.facc = from_low(bitcast(f64, f.acc))
    leave_frame(f)
    reload_memory(f)


@handler
def take_wide_results(f: Regs) -> None:
    """The same if it is one."""
    f.facc = cast(Ptr[v128], f.fp)[0]
    leave_frame(f)
    reload_memory(f)
    return tail(code_at(f), f)


@handler
def call_handed_over(f: Regs) -> None:
    """Native code ends with a call, which gets the frame: go on in the function that it names."""
    func = cast(Func, f.ctx.store.tail_callee)
    for number in span(func.param_slots):
        f.fp[number] = f.fp[HEADER_SLOTS + number]
    f.acc = u64(address(func))
    if unlikely(func.instance != address(f.ctx)):
        return tail(across, f)
    reload_memory(f)
    f.pc = func.code
    return tail(code_at(f), f)


@handler
def leave_native(f: Regs) -> None:
    """An error, whose status is in `acc`, has left native code; an exception may be caught further out.

    Or it is none (`TAIL_CALL`, `WIDE_RESULT`).
    """
    if HAS_VECTORS and f.acc == WIDE_RESULT:
        return tail(take_wide_results, f)
    if f.acc == TAIL_CALL:
        return tail(call_handed_over, f)
    blame_caller(f)
    if HAS_EXCEPTIONS and f.ctx.store.exception != 0:
        return tail(unwind, f)
    return tail(on_native_error, f)


# Functions that have been interpreted before they get native code. Their cells stay as they are: one word of a cell
# is replaced, its handler, by another thread, while guests come past.


@handler
def run_tiered(f: Regs) -> None:
    """In the first cell of a translated function: go on in the cell that leads to its native code."""
    code = cast(Code, f.pc - CODE_START)
    f.pc = cast(Ptr[u8], f.ctx.module.tiers[code.index])
    return tail(run_native, f)


@handler
def resume_natively(f: Regs) -> None:
    """In a loop's first cell: go on in native code, until the function returns.

    What is at a label is in canonical slots, and what is pinned in registers.
    """
    store_all_pins(f, resume_here(f))
    lose_registers(f)
    return tail(resume_in_frame, f)


@handler
def resume_in_frame(f: Regs) -> None:
    """The same where everything is in the frame: in the newest code that there is."""
    found = resume_here(f)
    f.acc = cast(Entry, found.entry)(f.ctx, f.fp, address(found))
    if unlikely(f.acc != 0):
        return tail(leave_resumed, f)
    take_results(f)
    return tail(code_at(f), f)


@handler
def leave_resumed(f: Regs) -> None:
    """As `leave_native`; the arguments of a call that is handed over are behind the frame."""
    if f.acc == LEFT_LOOP:
        return tail(resume_in_frame, f)
    if f.acc == TAIL_CALL:
        source = f.fp + resume_here(f).slots
        for number in span(cast(Func, f.ctx.store.tail_callee).param_slots):
            f.fp[HEADER_SLOTS + number] = source[HEADER_SLOTS + number]
    return tail(leave_native, f)


@kernel(inline=True)
def resume_here(f: Regs) -> Resume:
    """What there is for the cell at hand."""
    found = cast(Resume, f.ctx.module.resumes)
    while found.cell != address(f.pc):
        found = cast(Resume, found.next)
    return found


@kernel(inline=True)
def store_all_pins(f: Regs, at: Resume) -> None:
    """Make every slot hold its local."""
    for pin in unroll(range(PINS)):
        if pin < at.int_pins:
            f.fp[at.pins[pin]] = read_int(f, PIN + pin, 0)
        if pin < at.float_pins:
            slot = f.fp + at.pins[MOST_PINS + pin]
            if at.wide_pins >> pin & 1 != 0:
                cast(Ptr[v128], slot)[0] = float_register(f, PIN + pin)
            else:
                slot[0] = bitcast(u64, read_float(f, PIN + pin, 0))
