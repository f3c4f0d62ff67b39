"""The cell in front of a function's native code, by which interpreted code enters it (`docs/native.md`)."""

from fusee.engine.handlers.call import blame_caller
from fusee.engine.handlers.control import leave_frame
from fusee.engine.handlers.regs import Regs, code_at, reload_memory
from fusee.engine.handlers.trap import on_native_error
from fusee.engine.handlers.unwind import unwind
from fusee.engine.state.runtime import Instance
from fusee.kernel.lang import Fn, Ptr, cast, handler, load, offset_of, struct, tail, u64, unlikely, usize, v128

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
def leave_native(f: Regs) -> None:
    """An error, whose status is in `acc`, has left native code; an exception may be caught further out."""
    blame_caller(f)
    if f.ctx.store.exception != 0:
        return tail(unwind, f)
    return tail(on_native_error, f)
