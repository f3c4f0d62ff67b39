"""Which loops may use the loop pointer, and before which loop it is set: found in the first pass.

Innermost loops without calls may: they are *quiet*. Where such a loop is the only one in another loop, which makes no
calls either, nobody changes the pointer there. So it is set once, before the outermost such loop, not each time that
the quiet one is entered: where that mostly has few turns, as in a scanner, this is a dispatch saved in each turn of
the outer one.

The *framed* ones are those around quiet loops only, without calls: their place is in the frame. Where there are calls,
`fp` is loaded behind each, and so nothing would be known sooner.
"""

from typing import Final

from fusee.engine.arena import grow_buffer
from fusee.engine.translate.state import Translator
from fusee.kernel.lang import Ptr, cast, kernel, size_of, u32, u64

# Kinds of loops
OTHER: Final = u32(0)
QUIET: Final = u32(1)  # sets the pointer itself
INNER: Final = u32(2)  # quiet, and an `OUTER` one has set the pointer
OUTER: Final = u32(3)  # not quiet; sets the pointer for the only quiet one in it
KINDS: Final = u32(3)
FRAMED: Final = u32(4)  # besides: it is named by the frame


@kernel
def begin_nesting(t: Translator) -> None:
    """No loop is known yet."""
    t.loop_count = u32(0)
    t.open_loop = u32(0)
    t.newest_quiet = u32(0)
    t.quiet_before = u32(0)
    t.newest_outer = u32(0)
    t.newest_framed = u32(0)
    t.loops_at_call = u32(0)


@kernel
def enter_loop(t: Translator) -> None:
    """The first pass meets a loop. While it is open, `t.loops` has which one is around it."""
    needed = (u64(t.loop_count) + 1) * size_of(u32)
    if needed > t.loops_buffer.capacity_bytes:
        grow_buffer(t.loops_buffer, needed)
    t.loops = cast(Ptr[u32], t.loops_buffer.data)
    t.loops[t.loop_count] = t.open_loop
    t.loop_count += 1
    t.open_loop = t.loop_count


@kernel
def leave_loop(t: Translator) -> None:
    """The first pass comes to the end of the innermost open loop. Loops in it have greater numbers, those before it
    smaller ones; and so it is with how many loops there were when there was a call."""
    number = t.open_loop - 1
    t.open_loop = t.loops[number]
    t.loops[number] = OTHER
    if t.loops_at_call > number:
        return
    if t.loop_count == number + 1:
        t.loops[number] = QUIET
        t.quiet_before = t.newest_quiet
        t.newest_quiet = number + 1
        t.newest_outer = u32(0)
        return
    if t.quiet_before <= number:
        if t.newest_outer != 0:
            t.loops[t.newest_outer - 1] &= FRAMED
        t.loops[number] = OUTER
        t.loops[t.newest_quiet - 1] = INNER
        t.newest_outer = number + 1
    if t.newest_framed <= number:
        t.loops[number] |= FRAMED
        t.newest_framed = number + 1
