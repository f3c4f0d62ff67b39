"""Frames of callees: where they begin, what their headers say, and whose fault an error in a new one is."""

from fusee.engine.handlers.operands import slot_number
from fusee.engine.handlers.regs import Regs, field
from fusee.engine.isa.forms import NOWHERE
from fusee.engine.isa.row import Row, cell
from fusee.engine.runtime.frames import header
from fusee.kernel.lang import Ptr, Static, address, cast, kernel, size_of, u8, u32, u64, usize


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
