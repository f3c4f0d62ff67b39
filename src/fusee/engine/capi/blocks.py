"""Memory for the C API's objects, from the platform that was given last.

Vectors and types are made without an engine at hand, so the platform is remembered for the whole program; before one
is given, it is the default one (`capi/platform`). What is made may be deleted when its engine is long gone, so
each block knows how it is released.
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
    fill_bytes,
    is_null,
    kernel,
    null,
    size_of,
    stack_array,
    struct,
    u8,
    usize,
)  # fmt: skip

HEADER_BYTES: Final = 16  # keeps the alignment of what `allocate` gives
SYSTEM_CELLS = cells(usize, 11)


@struct
class Header:
    """What stands before each block."""

    release: Fn[[Ptr[u8]], None]


@kernel(external="fusee_default_platform")
def default_platform(out: System) -> bool:
    """What there is without being told; false if nothing. Another part of the library, or the app, defines it."""
    return False


@kernel(cold=True)
def given_system() -> System:
    """The platform that was given last; all null before that."""
    return cast(System, SYSTEM_CELLS)


@kernel
def is_usable(platform: System) -> bool:
    """Whether it has what nothing works without."""
    return not is_null(platform) and address(platform.allocate) != 0 and address(platform.release) != 0


@kernel
def system(room: System) -> System:
    """The platform that was given last, or the default one, which then is in `room`; null if there is neither."""
    given = given_system()
    if is_usable(given):
        return given
    fill_bytes(cast(Ptr[u8], room), u8(0), usize(size_of(System)))
    return room if default_platform(room) and is_usable(room) else null(System)


@kernel
def set_system(given: System) -> bool:
    """Remember a platform; false if it is unusable."""
    if not is_usable(given):
        return False
    copy_bytes(cast(Ptr[u8], given_system()), cast(Ptr[u8], given), usize(size_of(System)))
    return True


@kernel
def new_block(size: usize) -> Ptr[u8]:
    """Zeroed memory, or null."""
    platform = system(stack_array(System, 1)[0])
    if is_null(platform) or size + HEADER_BYTES < size:
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
    """Empty a vector of bytes; nothing if it is null."""
    if is_null(bytes):
        return
    delete_block(bytes.data)
    bytes.size = usize(0)
    bytes.data = null(Ptr[u8])
