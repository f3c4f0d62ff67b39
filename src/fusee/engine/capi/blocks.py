"""Memory for the C API's objects, from the platform that was given last.

Vectors and types are made without an engine at hand, so the platform is remembered for the whole program;
they may be deleted when their engine is long gone, so each block knows how it is released.
"""

from typing import Final

from fusee.engine.capi.state import System, Vector
from fusee.kernel.lang import (
    Fn,
    Ptr,
    address,
    cast,
    cells,
    copy_bytes,
    is_null,
    kernel,
    null,
    size_of,
    struct,
    u8,
    usize,
)  # fmt: skip

HEADER_BYTES: Final = 16  # keeps the alignment of what `allocate` gives
SYSTEM_CELLS = cells(usize, 8)


@struct
class Header:
    """What stands before each block."""

    release: Fn[[Ptr[u8]], None]


@kernel(cold=True)
def system() -> System:
    """The platform that was given last; all null before that."""
    return cast(System, SYSTEM_CELLS)


@kernel
def set_system(given: System) -> bool:
    """Remember a platform; false if it lacks what nothing works without."""
    if is_null(given) or address(given.allocate) == 0 or address(given.release) == 0:
        return False
    copy_bytes(cast(Ptr[u8], system()), cast(Ptr[u8], given), usize(size_of(System)))
    return True


@kernel
def new_block(size: usize) -> Ptr[u8]:
    """Zeroed memory, or null."""
    platform = system()
    if address(platform.allocate) == 0 or size + HEADER_BYTES < size:
        return null(Ptr[u8])
    base = platform.allocate(usize(1), size + HEADER_BYTES)
    if is_null(base):
        return base
    cast(Header, base).release = platform.release
    return base + HEADER_BYTES


@kernel
def delete_block(block: Ptr[u8]) -> None:
    """Give a block back; nothing if it is null."""
    if not is_null(block):
        base = block - HEADER_BYTES
        cast(Header, base).release(base)


@kernel
def new_bytes(out: Vector, size: usize) -> bool:
    """Make `out` a vector of zero bytes; if there is no memory, an empty one."""
    out.size = usize(0)
    out.data = null(Ptr[u8])
    if size == 0:
        return True
    out.data = new_block(size)
    if is_null(out.data):
        return False
    out.size = size
    return True


@kernel
def copy_to_bytes(out: Vector, data: Ptr[u8], size: usize) -> bool:
    """Make `out` a copy of `size` bytes."""
    if not new_bytes(out, size):
        return False
    if size != 0:
        copy_bytes(out.data, data, size)
    return True


@kernel
def delete_bytes(bytes: Vector) -> None:  # noqa: A002
    """Empty a vector of bytes."""
    delete_block(bytes.data)
    bytes.size = usize(0)
    bytes.data = null(Ptr[u8])
