"""What the collector is told of references that are overwritten while it marks (`mark.py`).

So all is found that was reachable when marking began, however references are moved about meanwhile. Globals need no
such care: they are looked at when marking begins, at once.
"""

from fusee.engine.present import HAS_OBJECTS
from fusee.engine.runtime.heap.blocks import is_object
from fusee.engine.runtime.heap.chunks import blocks_of
from fusee.engine.runtime.heap.mark import mark_object
from fusee.engine.state.runtime import Store
from fusee.kernel.lang import Ptr, kernel, span, u64, unlikely, usize


@kernel(inline=True)
def before_write(world: Store, old: u64) -> None:
    """A reference in an object or a table, which may be a function's, is about to be overwritten."""
    if HAS_OBJECTS and unlikely(world.heap.is_marking):
        mark_overwritten(world, usize(old))


@kernel(cold=True)
def mark_overwritten(world: Store, old: usize) -> None:
    if is_object(world, old):
        mark_object(world, blocks_of(world).marker, old)


@kernel
def before_writes(world: Store, places: Ptr[u64], count: u64) -> None:
    """The same for so many slots of a table or a segment."""
    if HAS_OBJECTS and world.heap.is_marking:
        for i in span(count):
            mark_overwritten(world, usize(places[i]))
