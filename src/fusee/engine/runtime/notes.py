"""Frames that are noted: in a backtrace, and of native code when it is left by an error.

A noted frame is `FRAME_WORDS` words: its instance, its function, and its place. That is the offset in the module, or of
an interpreted function the offset in its code, with `IN_CODE`.
"""

from typing import Final

from fusee.engine.runtime.codes import code_of, find_code
from fusee.engine.runtime.frames import Walk, find_frame, to_caller, walk_from_trap
from fusee.engine.state.runtime import FRAME_WORDS, MOST_FRAMES, UNKNOWN_OFFSET, Instance, Store
from fusee.kernel.lang import Ptr, address, kernel, stack_array, u32, u64

IN_CODE: Final = 1 << 32


@kernel
def describe(w: Walk, into: Ptr[u64]) -> None:
    """Which function of the instance's module a frame is of, and where in its code that is."""
    m = w.instance.module
    number = find_code(m, address(w.place))
    into[0] = address(w.instance)
    into[1] = u64(0)
    into[2] = UNKNOWN_OFFSET
    if number != 0:
        into[1] = u64(number - 1)
        into[2] = u64(address(w.place) - address(code_of(m, number))) | IN_CODE


@kernel
def note_native(instance: Instance, function: u32, offset: u32) -> None:
    """A native frame is left by an error, at an offset in the module."""
    world = instance.store
    if world.noted < MOST_FRAMES:
        into = world.notes + world.noted * FRAME_WORDS
        into[0] = address(instance)
        into[1] = function
        into[2] = offset
        world.noted += 1


@kernel
def note_interpreted(world: Store) -> None:
    """The frames are left that the interpreter has stopped in, up to where native code, or the embedder, called it."""
    w = stack_array(Walk, 1)[0]
    walk_from_trap(w, world)
    while world.noted < MOST_FRAMES and find_frame(w):
        describe(w, world.notes + world.noted * FRAME_WORDS)
        world.noted += 1
        to_caller(w)
