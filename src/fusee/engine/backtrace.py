"""Where a guest has stopped: its frames, and the instruction at which each of them is."""

from fusee.engine.runtime.codes import code_of, notes_end
from fusee.engine.runtime.frames import Walk, find_frame, to_caller, walk_from_trap
from fusee.engine.runtime.notes import IN_CODE, describe
from fusee.engine.runtime.positions import source_offset
from fusee.engine.state.code import NO_POSITIONS
from fusee.engine.state.runtime import FRAME_WORDS, UNKNOWN_OFFSET, Instance, Store
from fusee.kernel.lang import Ptr, cast, kernel, minimum, span, stack_array, u8, u32, u64, usize


@kernel
def backtrace(world: Store, into: Ptr[u64], capacity: u32) -> u32:
    """Describe up to `capacity` frames of what stopped last, the innermost first; gives their number.

    Each takes `FRAME_WORDS` words. The stack must be as it was then. None if no guest was running.
    """
    if world.trap_instance == 0:
        return u32(0)
    w = stack_array(Walk, 1)[0]
    walk_from_trap(w, world)
    count = minimum(world.noted, capacity)
    for word in span(count * FRAME_WORDS):
        into[word] = world.notes[word]
    while count < capacity and find_frame(w):
        describe(w, into + count * FRAME_WORDS)
        count += 1
        to_caller(w)
    for number in span(count):
        locate(into + number * FRAME_WORDS)
    return count


@kernel
def locate(frame: Ptr[u64]) -> None:
    """Find the instruction at which a frame is, if so far its place in the code is known."""
    if frame[2] & IN_CODE == 0:
        return
    m = cast(Instance, usize(frame[0])).module
    index = u32(frame[1])
    code = code_of(m, index + 1)
    found = UNKNOWN_OFFSET
    if code.positions != NO_POSITIONS:
        table = cast(Ptr[u8], code) + notes_end(code)
        start = m.bodies[index - m.imported_func_count].code.start
        found = source_offset(table, code.positions, start, u32(frame[2]))
    frame[2] = found
