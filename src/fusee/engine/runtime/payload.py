"""Where an exception's values are."""

from fusee.engine.state.runtime import Exn
from fusee.kernel.lang import Ptr, cast, kernel, size_of, u8, u64, usize


@kernel(inline=True)
def payload(exn: Exn) -> Ptr[u64]:
    """An exception's values, as they are in a frame."""
    return cast(Ptr[u64], cast(Ptr[u8], exn) + usize((size_of(Exn) + 7) & ~7))


@kernel(inline=True)
def exn_bytes(slots: usize) -> usize:
    """What an exception takes with so many slots of values."""
    return usize((size_of(Exn) + 7) & ~7) + (slots << 3)
