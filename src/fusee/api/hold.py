"""Holds: what a store is made of stays where it is as long as somebody looks at it.

Python reads a store's globals, tables and types without its lock, beside a guest that runs. Another thread may close
the store between the look whether it is open and the read. So the look gives a hold, which whoever reads keeps in a
variable, and the store's memory is given back when the last hold is gone: by `close` itself if nobody reads.
"""

import weakref
from collections.abc import Callable

from fusee.api.ending import Ending
from fusee.kernel.space import Space


class Hold:
    """Whoever has it may read the store's memory in `space`, for as long as a variable refers to it."""

    __slots__ = ("__weakref__", "space")

    def __init__(self, space: Space) -> None:
        self.space = space


class Tenure:
    """Of a store: how long its memory can be read. Does not keep the store alive."""

    __slots__ = ("hold",)

    def __init__(self, space: Space) -> None:
        self.hold: Hold | None = Hold(space)
        """None after the end."""

    def end(self, end: Callable[[], object]) -> None:
        """Give no more holds, and call `end`, which is done once: now, or where the last hold is let go of."""
        if self.hold is None:
            return
        gone = weakref.ref(self.hold)
        self.hold = None
        held = gone()
        if held is None:
            end()
        else:
            Ending(held, end)
