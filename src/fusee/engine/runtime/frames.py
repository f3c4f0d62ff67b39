"""The one walker of guest frames: from where a guest has stopped to whoever entered it (`docs/bytecode.md`, calls).

A `Walk` stands at a guest's frame, or at what lies between two of them: where a call crosses into another
instance, the frame's header leads back to the caller by three more words. `find_frame` steps over those.
"""

from fusee.engine.state.runtime import Cells, Instance, Store
from fusee.kernel.lang import Ptr, Static, cast, kernel, struct, u8, u64, usize


@kernel(inline=True)
def header(frame: Ptr[u64], below: Static[int]) -> Ptr[usize]:
    """The frame header's word `below` words under slot 0: there are `HEADER_SLOTS`. The two that each call writes and
    each return reads lie together, so that AArch64 does it in one instruction."""
    return cast(Ptr[usize], frame) - below


@struct
class Walk:
    """A frame, and where its function is."""

    cells: Cells
    instance: Instance
    frame: Ptr[u64]
    place: Ptr[u8]  # in the cell that is executed: where it begins, or in a frame that waits the last byte of the call


@kernel
def walk_from_trap(w: Walk, world: Store) -> None:
    """Begin where the interpreter has stopped last; it must have: `world.trap_instance` is not 0."""
    w.cells = world.engine.cells
    w.instance = cast(Instance, world.trap_instance)
    w.frame = world.trap_fp
    w.place = world.trap_pc


@kernel
def find_frame(w: Walk) -> bool:
    """Go to the nearest frame from here on; false if there is none up to the call from the embedder."""
    across = w.cells.return_across
    while w.place == across or w.place + 1 == across:
        w.instance = cast(Instance, header(w.frame, 5)[0])
        w.place = cast(Ptr[u8], header(w.frame, 4)[0]) - 1
        w.frame = cast(Ptr[u64], header(w.frame, 3)[0])
    return w.place + 1 != w.cells.leave


@kernel
def to_caller(w: Walk) -> None:
    """From a frame to what called it."""
    w.place = cast(Ptr[u8], header(w.frame, 2)[0]) - 1
    w.frame = cast(Ptr[u64], header(w.frame, 1)[0])
