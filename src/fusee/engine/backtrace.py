"""Where a guest has stopped: its frames, and the instruction at which each of them is."""

from fusee.engine.runtime.frames import Walk, find_frame, to_caller, walk_from_trap
from fusee.engine.runtime.notes import IN_CODE, describe
from fusee.engine.state.runtime import FRAME_WORDS, UNKNOWN_OFFSET, Engine, Instance, Store
from fusee.engine.translate.buffers import KEPT_BYTES, shrink, translator_of
from fusee.engine.translate.function import run
from fusee.engine.translate.state import Translator
from fusee.kernel.lang import Ptr, cast, caught, kernel, minimum, null, span, stack_array, u32, u64, usize


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
        locate(world.engine, into + number * FRAME_WORDS, count - number)
    if world.engine.translator != 0:
        shrink(cast(Translator, world.engine.translator), u64(KEPT_BYTES))
    return count


@kernel
def locate(engine: Engine, frames: Ptr[u64], count: u32) -> None:
    """Find the instruction of the first of these frames, and of all that are of the same function.

    Nothing is kept for this: the function is translated again, once, and this time the offsets are noted.
    """
    if frames[2] & IN_CODE == 0:
        return
    m = cast(Instance, usize(frames[0])).module
    index = frames[1]
    t = translator_of(engine)
    t.world = null(Store)
    if caught(run, t, m, u32(index), engine.is_metered, True) != 0:
        t.map_count = u32(0)
    for number in span(count):
        frame = frames + number * FRAME_WORDS
        if frame[2] & IN_CODE != 0 and frame[1] == index and cast(Instance, usize(frame[0])).module == m:
            frame[2] = u64(source_offset(t, u32(frame[2])))


@kernel
def source_offset(t: Translator, code_offset: u32) -> u32:
    """The offset in the module of the instruction to which the cell at or before a code offset belongs."""
    low = u32(0)
    high = t.map_count
    while low < high:
        middle = (low + high) // 2
        if t.map[middle * 2] <= code_offset:
            low = middle + 1
        else:
            high = middle
    return u32(UNKNOWN_OFFSET) if low == 0 else t.map[low * 2 - 1]
