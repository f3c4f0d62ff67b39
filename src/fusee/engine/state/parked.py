"""Calls that wait, out of the way of others: their frames, and what it means that there is no room."""

from typing import Final

from fusee.kernel.lang import struct, u32, usize

MOST_PARKED_BYTES: Final = 64 << 20  # of frames of guests that wait, in a store
CANNOT_WAIT: Final = usize(0)  # what `park` gives in place of an address: something else waits for the call, too
NO_ROOM: Final = usize(1)


@struct
class Parked:
    """Frames of a guest that waits, out of the store's stack: their words follow."""

    next: usize
    previous: usize
    start: usize  # where the first word was
    instance: usize  # that has called the host function
    count: u32  # of words
    call: u32  # which of them is slot 0 of the host function's frame
