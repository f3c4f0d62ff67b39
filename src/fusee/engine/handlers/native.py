"""The cell in front of a function's native code, by which interpreted code enters it (`docs/native.md`)."""

from fusee.engine.handlers.call import across, blame_caller
from fusee.engine.handlers.control import leave_frame
from fusee.engine.handlers.regs import Regs, code_at, reload_memory
from fusee.engine.handlers.trap import on_native_error
from fusee.engine.handlers.unwind import unwind
from fusee.engine.state.runtime import HEADER_SLOTS, TAIL_CALL, Func, Instance
from fusee.kernel.lang import (
    Fn,
    Ptr,
    address,
    cast,
    handler,
    load,
    offset_of,
    span,
    struct,
    tail,
    u64,
    unlikely,
    usize,
    v128,
)  # fmt: skip

Entry = Fn[[Instance, Ptr[u64], usize], u64]
"""Calls native code with the arguments in a frame, and leaves the results there: instance, slot 0, code -> status."""


@struct
class NativeCell:
    """The only cell of a function that has native code."""

    handler: usize
    entry: usize  # an `Entry` for the function's type
    code: usize


@handler
def run_native(f: Regs) -> None:
    """Run a function's native code in the frame that is open for it, and return."""
    entry = cast(Entry, load(usize, f.pc + offset_of(NativeCell, "entry")))
    f.acc = entry(f.ctx, f.fp, load(usize, f.pc + offset_of(NativeCell, "code")))
    if unlikely(f.acc != 0):
        return tail(leave_native, f)
    f.acc = f.fp[0]
    f.facc = cast(Ptr[v128], f.fp)[0]
    leave_frame(f)
    reload_memory(f)
    return tail(code_at(f.pc), f)


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
    return tail(code_at(f.pc), f)


@handler
def leave_native(f: Regs) -> None:
    """An error, whose status is in `acc`, has left native code; an exception may be caught further out."""
    if f.acc == TAIL_CALL:
        return tail(call_handed_over, f)
    blame_caller(f)
    if f.ctx.store.exception != 0:
        return tail(unwind, f)
    return tail(on_native_error, f)
