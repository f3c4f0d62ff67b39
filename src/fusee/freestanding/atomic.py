"""Atomic operations of processors that have none: with one core and no threads, any operation is atomic."""

from fusee.kernel.lang import Ptr, kernel, u32


@kernel(libcall=("__atomic_fetch_add_4", "__sync_fetch_and_add_4"))
def fetch_add(place: Ptr[u32], amount: u32, order: u32) -> u32:
    """The older of the two names has no `order`, which does not matter here."""
    before = place[0]
    place[0] = before + amount
    return before
