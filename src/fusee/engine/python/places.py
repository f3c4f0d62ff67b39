"""Where linear memories are in a Python process: address space, and views of it that outlive the memory.

A guest reserves and returns it while it runs, on any thread, without the interpreter lock. No Python code is executed
for that: a handler of a signal could raise in it, and there is nobody to whom a memory's growth could raise.
"""

from typing import Final

from fusee.engine.python.state import Places
from fusee.engine.state.runtime import Engine
from fusee.kernel.lang import (
    Fn,
    Order,
    Ptr,
    address,
    atomic_add,
    cast,
    cells,
    i32,
    i64,
    kernel,
    null,
    stack_array,
    table,
    u8,
    u32,
    usize,
)  # fmt: skip

FAILED: Final = i32(-1)  # of `mmap`
READ_WRITE: Final = i32(3)

# Linear memories are placed where the system puts nothing of its own accord. Between other mappings they
# would drive them apart, and the parts of compiled code must stay within 2 GiB of each other.
FIRST_PLACE: Final = usize(0x2000_0000_0000)
PLACES: Final = 0x3000_0000  # of 64 KiB each, which is the largest page that there is
PLACE_BITS: Final = 16

PAGE_MASK: Final = usize(0xFFF)
HEADER_BYTES: Final = 16
"""What is not a mapping begins so far behind a multiple of the page size; the header has the heap's block."""


PLACES_CELL = cells(usize, 1)


@kernel(cold=True)
def places_cell() -> Ptr[usize]:
    """Where the address of this process's `Places` is."""
    return PLACES_CELL


@kernel
def places() -> Places:
    return cast(Places, places_cell()[0])


@kernel
def reserve_place(size: usize) -> Ptr[u8]:
    """`Platform.reserve`: a mapping, or memory of the heap, which to the engine is the same."""
    p = places()
    if address(p.map) != 0:
        number = atomic_add(p.next, u32(size >> PLACE_BITS) + 2, Order.ACQ_REL)
        hint = FIRST_PLACE + (usize(number % PLACES) << PLACE_BITS)
        mapped = p.map(hint, size, READ_WRITE, i32(u32(p.flags)), FAILED, i64(0))
        if mapped != usize(0) - 1:
            return cast(Ptr[u8], mapped)
    room = size + (PAGE_MASK + 1 + HEADER_BYTES)
    if address(p.allocate) == 0 or room < size:
        return null(Ptr[u8])
    block = p.allocate(room, usize(1))
    if block == 0:
        return null(Ptr[u8])
    start = ((block + PAGE_MASK) & ~PAGE_MASK) + HEADER_BYTES
    cast(Ptr[usize], start - HEADER_BYTES)[0] = block
    return cast(Ptr[u8], start)


@kernel
def return_place(at: usize, size: usize) -> None:
    """Give back what was reserved, and nobody is shown."""
    p = places()
    if at & PAGE_MASK == 0:
        p.unmap(at, size)
    else:
        p.release(cast(Ptr[usize], at - HEADER_BYTES)[0])


@kernel
def unreserve_place(start: Ptr[u8], size: usize) -> None:
    """`Platform.unreserve`: give it back, or let the end of its lease do that."""
    p = places()
    state = p.python.lock()
    is_leased = note_returned(p, address(start), size)
    p.python.unlock(state)
    if not is_leased:
        return_place(address(start), size)


@kernel
def note_returned(p: Places, at: usize, size: usize) -> bool:
    """Whether somebody is shown the memory. Executes no Python code; an exception that is set stays so."""
    exception = stack_array(usize, 3)
    p.python.fetch(exception, exception + 1, exception + 2)
    key = p.python.number(at)
    is_leased = key == 0 or p.python.find(p.leases, key) != 0  # without memory for a number it is not returned at all
    if key != 0 and is_leased:
        length = p.python.number(size)
        if length != 0:
            p.python.enter(p.returned, key, length)
            p.python.drop(length)
    if key != 0:
        p.python.drop(key)
    p.python.clear()
    p.python.restore(exception[0], exception[1], exception[2])
    return is_leased


RESERVE = table(Fn[[usize], Ptr[u8]], [reserve_place])
UNRESERVE = table(Fn[[Ptr[u8], usize], None], [unreserve_place])


@kernel
def install_places(engine: Engine, p: Places) -> None:
    """Have the memories of an engine's stores be where this process has room."""
    places_cell()[0] = address(p)
    engine.platform.reserve = RESERVE[0]
    engine.platform.unreserve = UNRESERVE[0]
